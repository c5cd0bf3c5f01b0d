// SPDX-License-Identifier: GPL-2.0-only
// The walk: one instruction after the other along a path, path after path. No rules here but reserved fields.
// Counterparts: do_check, do_check_insn.

import { E2BIG, EACCES, EFAULT, EINVAL, ENOENT, EPERM } from '../gen/errno.gen'
import { BPF_FUNC_spin_unlock } from '../gen/uapi-enums.gen'
import { insnClass, insnCode, insnDst, insnImm, insnOff, insnSrc } from '../insn/raw'
import { checkAluOp } from './alu/alu'
import { pushHistory } from './backtrack/history'
import { checkCondJump } from './branch/cond-jump'
import { prepareFuncExit } from './call/callback'
import { checkHelperCall } from './call/helper'
import { checkKfuncCall } from './call/kfunc'
import { isThrow, mayCallLocked } from './call/kfunc-add'
import { checkFuncCall } from './call/subprog'
import {
  BPF_COMPLEXITY_LIMIT_INSNS,
  BPF_LOG_LEVEL,
  BPF_LOG_LEVEL2,
  Env,
  auxAt,
  insnOf,
  markRegScratched,
  markStateScratched,
} from './env'
import { commitStackWrites, resetStackWrites, updateLiveStack } from './liveness'
import { verboseInsn } from './log/disasm'
import { printInsnState, printState } from './log/print-state'
import { verboseLinfo } from './log/source-line'
import { S, reject, verbose, verifierBug } from './log/verbose'
import { checkLoad, checkStore, checkStoreImm } from './mem/access'
import { checkAtomic } from './mem/atomic'
import { checkLdAbs, checkLdImm } from './mem/ld-abs'
import { checkResourceLeak } from './refs'
import { checkReturnCode } from './return-code'
import { updateBranchCounts } from './states/scc-visit'
import { popStack } from './states/stack'
import { isStateVisited } from './states/visited'

const PATH_ENDS: i32 = 1
/** Set when the next state is to be printed whole. */
const PRINT: usize = memory.data(8, 4)

/** Notes that the instruction is reached; paths that only a processor's guess takes do not count. */
export function sanitizeMarkSeen(env: Env): void {
  if (!env.cur.speculative) auxAt(env, env.insnIdx).seen = env.passCnt
}

function processExit(env: Env): i32 {
  let err = checkResourceLeak(env, false, env.cur.curframe == 0, 'BPF_EXIT instruction in main prog')
  if (err) return err
  if (env.cur.curframe) {
    err = updateLiveStack(env)
    if (err) return err
    err = prepareFuncExit(env)
    if (err) return err
    store<i32>(PRINT, 1)
    return 0
  }
  err = checkReturnCode(env, 0)
  return err ? err : PATH_ENDS
}

/** An exception leaves the program from whatever frame; what it returns has been checked with the call. */
function processThrow(env: Env): i32 {
  const err = checkResourceLeak(env, true, true, 'bpf_throw')
  return err ? err : PATH_ENDS
}

function checkCall(env: Env, p: usize): i32 {
  const src = insnSrc(p)
  if (insnCode(p) & 8 || (src != 2 && insnOff(p) != 0) || src > 2 || insnDst(p) || insnClass(p) == 6)
    return reject(env, -EINVAL, 'BPF_CALL uses reserved fields\n')
  if (env.cur.activeLocks && ((src == 0 && insnImm(p) != BPF_FUNC_spin_unlock) || (src == 2 && !mayCallLocked(p))))
    return reject(env, -EINVAL, 'function calls are not allowed while holding a lock\n')
  const err = src == 1 ? checkFuncCall(env, p) : src == 2 ? checkKfuncCall(env, p) : checkHelperCall(env, p)
  if (err) return err
  markRegScratched(env, 0)
  return src == 2 && isThrow(p) ? processThrow(env) : 0
}

function checkJump(env: Env, p: usize): i32 {
  const code = insnCode(p)
  const short = insnClass(p) == 5
  env.jmpsProcessed++
  switch (code & 0xf0) {
    case 0x80: {
      const err = checkCall(env, p)
      if (err) return err
      break
    }
    case 0:
      if (code & 8 || insnSrc(p) || insnDst(p) || (short ? insnImm(p) != 0 : insnOff(p) != 0))
        return reject(env, -EINVAL, 'BPF_JA uses reserved fields\n')
      env.insnIdx += (short ? insnOff(p) : insnImm(p)) + 1
      return 0
    case 0x90:
      if (code & 8 || insnImm(p) || insnSrc(p) || insnDst(p) || !short)
        return reject(env, -EINVAL, 'BPF_EXIT uses reserved fields\n')
      return processExit(env)
    default: {
      const err = checkCondJump(env, p)
      if (err) return err
    }
  }
  env.insnIdx++
  return 0
}

function checkInsn(env: Env): i32 {
  const p = insnOf(env, env.insnIdx)
  const code = insnCode(p)
  const mode = code & 0xe0
  let err = 0
  switch (insnClass(p)) {
    case 4:
    case 7:
      err = checkAluOp(env, p)
      break
    case 1:
      err = checkLoad(env, p, false, mode == 0x80, true, 'ldx')
      break
    case 3:
      if (mode == 0xc0) err = checkAtomic(env, p)
      else if (mode != 0x60 || insnImm(p)) err = reject(env, -EINVAL, 'BPF_STX uses reserved fields\n')
      else err = checkStore(env, p, false)
      break
    case 2:
      if (mode != 0x60 || insnSrc(p)) err = reject(env, -EINVAL, 'BPF_ST uses reserved fields\n')
      else err = checkStoreImm(env, p)
      break
    case 5:
    case 6:
      return checkJump(env, p)
    default:
      if (mode == 0x20 || mode == 0x40) err = checkLdAbs(env, p)
      else if (mode == 0) {
        err = checkLdImm(env, p)
        if (err) return err
        env.insnIdx++
        sanitizeMarkSeen(env)
      } else err = reject(env, -EINVAL, 'invalid BPF_LD mode\n')
  }
  if (err) return err
  env.insnIdx++
  return 0
}

@inline function speculativeNote(env: Env): i64 {
  return S(env.cur.speculative ? ' (speculative execution)' : '')
}

function logBefore(env: Env): void {
  const st = env.cur
  if (env.log.level & BPF_LOG_LEVEL2 && load<i32>(PRINT)) {
    verbose(env, '\nfrom %d to %d%s:', env.prevInsnIdx, env.insnIdx, speculativeNote(env))
    printState(env, st, st.curframe, true)
    store<i32>(PRINT, 0)
  }
  if (!(env.log.level & BPF_LOG_LEVEL)) return
  if (env.scratchedRegs || env.scratchedStack) printInsnState(env, st, st.curframe)
  verboseLinfo(env, env.insnIdx)
  env.prevLogPos = env.log.endPos
  verbose(env, '%d: ', env.insnIdx)
  verboseInsn(env, insnOf(env, env.insnIdx))
  env.prevInsnPrintPos = <u32>(env.log.endPos - env.prevLogPos)
  env.prevLogPos = env.log.endPos
}

@inline function recoverable(err: i32): bool {
  return err == -EPERM || err == -EACCES || err == -EINVAL
}

/** One instruction of the path. PATH_ENDS, 0 or -errno. */
function step(env: Env): i32 {
  const st = env.cur
  st.lastInsnIdx = env.prevInsnIdx
  st.insnIdx = env.insnIdx
  const aux = auxAt(env, env.insnIdx)
  if (aux.prunePoint) {
    const ret = isStateVisited(env, env.insnIdx)
    if (ret < 0) return ret
    if (ret == 1) {
      if (env.log.level & BPF_LOG_LEVEL) {
        if (load<i32>(PRINT))
          verbose(env, '\nfrom %d to %d%s: safe\n', env.prevInsnIdx, env.insnIdx, speculativeNote(env))
        else verbose(env, '%d: safe\n', env.insnIdx)
      }
      return PATH_ENDS
    }
  }
  if (aux.jmpPoint) {
    const err = pushHistory(env, st, 0, 0)
    if (err) return err
  }
  logBefore(env)
  sanitizeMarkSeen(env)
  store<i32>(PREV, env.insnIdx)
  if (st.speculative && aux.nospec) return PATH_ENDS
  let err = resetStackWrites(env, env.insnIdx)
  if (err) return err
  const cls = insnClass(insnOf(env, env.insnIdx))
  const ret = checkInsn(env)
  if (ret >= 0 || recoverable(ret)) {
    err = commitStackWrites(env)
    if (err) return err
  }
  if (recoverable(ret) && st.speculative) {
    // A barrier keeps the processor from guessing beyond this point.
    aux.nospec = true
    aux.aluState = 0
    return PATH_ENDS
  }
  if (ret) return ret
  if (st.speculative && aux.nospecResult) {
    if (cls == 5 || cls == 6)
      return verifierBug(env, 'speculation barrier after jump instruction may not have the desired effect')
    return PATH_ENDS
  }
  return 0
}

/** The instruction before the one that comes. */
const PREV: usize = memory.data(8, 4)

export function doCheck(env: Env): i32 {
  const popLog = !(env.log.level & BPF_LOG_LEVEL2)
  store<i32>(PRINT, 0)
  store<i32>(PREV, -1)
  do {
    env.curHist = 0
    env.prevInsnIdx = load<i32>(PREV)
    if (env.insnIdx >= env.len) return reject(env, -EFAULT, 'invalid insn idx %d insn_cnt %d\n', env.insnIdx, env.len)
    if (++env.insnProcessed > BPF_COMPLEXITY_LIMIT_INSNS)
      return reject(env, -E2BIG, 'BPF program is too large. Processed %d insn\n', env.insnProcessed)
    const ret = step(env)
    if (ret < 0) return ret
    if (ret == 0) continue
    markStateScratched(env)
    let err = updateBranchCounts(env, env.cur)
    if (err) return err
    err = updateLiveStack(env)
    if (err) return err
    err = popStack(env, PREV, popLog)
    if (err == -ENOENT) return 0
    if (err) return err
    store<i32>(PRINT, 1)
  } while (true)
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// What programs without CAP_PERFMON may do with pointers, given that a processor may run ahead of a check.
// Kernel counterpart: sanitize_* of verifier.c (6.18). Nothing is masked at run time: there is no speculation to fear
// in a sandbox; the rules, and the extra paths that are walked, decide what is accepted.

import { EACCES, ENOMEM, EOPNOTSUPP } from '../../gen/errno.gen'
import { PTR_TO_MAP_VALUE, PTR_TO_STACK } from '../../gen/verifier-types.gen'
import { insnCode, insnDst, insnSrc } from '../../insn/raw'
import { isConst, markUnknown } from '../bounds'
import { Aux, curAux, Env, MAX_BPF_STACK } from '../env'
import { reject, S, verbose, verifierBug, Z } from '../log/verbose'
import { ACCESS_HELPER } from '../mem/kinds'
import { checkMapAccess } from '../mem/map-value'
import { copyReg, frameOf, regOf, RegState, VState } from '../state'
import { pushStack } from '../states/stack'

const REASON_BOUNDS: i32 = -1
const REASON_TYPE: i32 = -2
const REASON_PATHS: i32 = -3
const REASON_LIMIT: i32 = -4
const REASON_STACK: i32 = -5

const ALU_SANITIZE_SRC: u32 = 1
const ALU_SANITIZE_DST: u32 = 2
const ALU_NEG_VALUE: u32 = 4
const ALU_NON_POINTER: u32 = 8
const ALU_IMMEDIATE: u32 = 16

const OP_ADD: i32 = 0x00
const OP_SUB: i32 = 0x10
const SRC_X: i32 = 8

/** What the first of the two looks at one operation passes to the second: state u32, limit u32, left bool. */
@unmanaged export class SanitizeInfo {
  aluState: u32
  aluLimit: u32
  maskToLeft: bool
}
const INFO: usize = memory.data(16, 8)
const SAVED: usize = memory.data(112, 8)

@inline export function sanitizeNeeded(op: i32): bool {
  return op == OP_ADD || op == OP_SUB
}

/** Fresh state for one operation. */
export function sanitizeBegin(): SanitizeInfo {
  memory.fill(INFO, 0, 16)
  return changetype<SanitizeInfo>(INFO)
}

export function canSkipSanitation(env: Env, p: usize): bool {
  return env.bypassSpecV1 || (insnCode(p) & SRC_X) == 0 || curAux(env).nospec
}

function retrievePtrLimit(ptr: RegState, left: bool, out: usize): i32 {
  let limit: u32 = 0
  let most: u32 = 0
  if (ptr.type == PTR_TO_STACK) {
    most = <u32>MAX_BPF_STACK + (left ? 1 : 0)
    limit = <u32>-(<i32>ptr.varValue + ptr.off)
  } else if (ptr.type == PTR_TO_MAP_VALUE) {
    most = ptr.map.valueSize
    limit = <u32>((left ? <u64>ptr.smin : ptr.umax) + <u64>(<i64>ptr.off))
  } else return REASON_TYPE
  if (limit >= most) return REASON_LIMIT
  store<u32>(out, limit)
  return 0
}

/** Paths that disagree about an operation cannot be made safe together. */
function updateAux(aux: Aux, state: u32, limit: u32): i32 {
  if (aux.aluState && (<u32>aux.aluState != state || aux.aluLimit != limit)) return REASON_PATHS
  aux.aluState = <u8>state
  aux.aluLimit = limit
  return 0
}

export function sanitizeValAlu(env: Env, p: usize): i32 {
  if (canSkipSanitation(env, p)) return 0
  return updateAux(curAux(env), ALU_NON_POINTER, 0)
}

/** Queues a path that only a mispredicting processor takes; with an instruction its operands become unknown there. */
export function sanitizeSpeculativePath(env: Env, p: usize, next: i32, cur: i32): VState {
  const st = pushStack(env, next, cur, true)
  if (changetype<usize>(st) != 0 && p != 0) {
    const f = frameOf(st, st.curframe)
    markUnknown(env, regOf(f, insnDst(p)))
    if ((insnCode(p) & SRC_X) != 0) markUnknown(env, regOf(f, insnSrc(p)))
  }
  return st
}

export function sanitizePtrAlu(
  env: Env,
  p: usize,
  ptr: RegState,
  off: RegState,
  dst: RegState,
  info: SanitizeInfo,
  commit: bool,
): i32 {
  if (canSkipSanitation(env, p)) return 0
  const offIsImm = isConst(off)
  const ptrIsDst = changetype<usize>(ptr) == changetype<usize>(dst)
  if (!env.cur.speculative) {
    const err = limitWindow(env, p, ptr, off, ptrIsDst, info, commit)
    if (err < 0) return err
  }
  if (commit || offIsImm) return 0
  // The operation with the offset masked to zero, as it may be seen ahead of its check.
  const saved = changetype<RegState>(SAVED)
  if (!ptrIsDst) {
    copyReg(saved, dst)
    copyReg(dst, ptr)
  }
  const st = sanitizeSpeculativePath(env, 0, env.insnIdx + 1, env.insnIdx)
  if (changetype<usize>(st) == 0) return REASON_STACK
  if (!ptrIsDst) copyReg(dst, saved)
  return 0
}

const LIMIT: usize = memory.data(8, 8)

function limitWindow(
  env: Env,
  p: usize,
  ptr: RegState,
  off: RegState,
  ptrIsDst: bool,
  info: SanitizeInfo,
  commit: bool,
): i32 {
  const op = insnCode(p) & 0xf0
  const offIsNeg = off.smin < 0
  if (!commit) {
    if (!isConst(off) && off.smin < 0 != off.smax < 0) return REASON_BOUNDS
    info.maskToLeft = (op == OP_ADD && offIsNeg) || (op == OP_SUB && !offIsNeg)
  }
  const err = retrievePtrLimit(ptr, info.maskToLeft, LIMIT)
  if (err < 0) return err
  const limit = load<u32>(LIMIT)
  if (commit) {
    const moved = <i32>(info.aluLimit - limit)
    return updateAux(curAux(env), info.aluState, <u32>(moved < 0 ? -moved : moved))
  }
  const offIsImm = isConst(off)
  let state: u32 = offIsNeg ? ALU_NEG_VALUE : 0
  if (offIsImm) state |= ALU_IMMEDIATE
  state |= ptrIsDst ? ALU_SANITIZE_SRC : ALU_SANITIZE_DST
  if (!offIsImm) env.exploreAluLimits = true
  info.aluState = state
  info.aluLimit = limit
  return 0
}

export function sanitizeErr(env: Env, p: usize, reason: i32, off: RegState, dst: RegState): i32 {
  const d = insnDst(p)
  const s = insnSrc(p)
  const offIsDst = changetype<usize>(off) == changetype<usize>(dst)
  const err = S('pointer arithmetic with it prohibited for !root')
  const op = (insnCode(p) & 0xf0) == OP_ADD ? S('add') : S('sub')
  switch (reason) {
    case REASON_BOUNDS:
      verbose(env, 'R%d has unknown scalar with mixed signed bounds, %s\n', offIsDst ? d : s, err)
      break
    case REASON_TYPE:
      verbose(env, 'R%d has pointer with unsupported alu operation, %s\n', offIsDst ? s : d, err)
      break
    case REASON_PATHS:
      verbose(env, 'R%d tried to %s from different maps, paths or scalars, %s\n', d, op, err)
      break
    case REASON_LIMIT:
      verbose(env, 'R%d tried to %s beyond pointer bounds, %s\n', d, op, err)
      break
    case REASON_STACK:
      return reject(env, -ENOMEM, 'R%d could not be pushed for speculative verification, %s\n', d, err)
    default:
      verifierBug(env, 'unknown reason (%d)', reason)
  }
  return -EACCES
}

/** Without CAP_PERFMON a pointer must stay inside its object after every step. */
export function sanitizeCheckBounds(env: Env, p: usize, dst: RegState): i32 {
  if (env.bypassSpecV1) return 0
  const d = insnDst(p)
  if (dst.type == PTR_TO_STACK) {
    const off = <i32>(<u64>(<i64>dst.off) + dst.varValue)
    if (!isConst(dst)) {
      return reject(
        env,
        -EACCES,
        'R%d variable stack access prohibited for !root, var_off=%T off=%d\n',
        d,
        Z(dst.varOff),
        off,
      )
    }
    if (off >= 0 || off < -MAX_BPF_STACK) {
      return reject(
        env,
        -EACCES,
        'R%d stack pointer arithmetic goes out of range, prohibited for !root; off=%d\n',
        d,
        off,
      )
    }
    return 0
  }
  if (dst.type == PTR_TO_MAP_VALUE) {
    if (checkMapAccess(env, d, dst.off, 1, false, ACCESS_HELPER)) {
      return reject(env, -EACCES, 'R%d pointer arithmetic of map value goes out of range, prohibited for !root\n', d)
    }
    return 0
  }
  return -EOPNOTSUPP
}

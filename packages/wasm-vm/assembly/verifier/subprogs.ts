// SPDX-License-Identifier: GPL-2.0-only
// Where subprograms begin, and that no jump leaves one.
// Counterparts: add_subprog_and_kfunc, check_subprogs, check_max_stack_depth.

import { E2BIG, EACCES, EINVAL, EPERM } from '../gen/errno.gen'
import {
  BPF_FUNC_tail_call,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_TRACEPOINT,
} from '../gen/uapi-enums.gen'
import { insnClass, insnCode, insnImm, insnSrc, jumpDistance } from '../insn/raw'
import { findExceptionCallback } from './btf-facts'
import { checkKfuncKnown, isThrow } from './call/kfunc-add'
import {
  BPF_LOG_LEVEL2,
  BPF_MAX_SUBPROGS,
  Env,
  MAX_BPF_STACK,
  NO_PRIV_STACK,
  PRIV_STACK_ADAPTIVE,
  SUBPROG_SIZE,
  findSubprog,
  insnOf,
  subprogAt,
} from './env'
import { reject, verbose, verifierBug } from './log/verbose'
import { MAX_CALL_FRAMES } from './state'

export const CODE_CALL: i32 = 0x85
export const CODE_LD_IMM64: i32 = 0x18

@inline export function isPseudoCall(p: usize): bool {
  return insnCode(p) == CODE_CALL && insnSrc(p) == 1
}

@inline export function isKfuncCall(p: usize): bool {
  return insnCode(p) == CODE_CALL && insnSrc(p) == 2
}

@inline export function isHelperCall(p: usize): bool {
  return insnCode(p) == CODE_CALL && insnSrc(p) == 0
}

@inline export function isPseudoFunc(p: usize): bool {
  return insnCode(p) == CODE_LD_IMM64 && insnSrc(p) == 4
}

/** Adds a start, kept in order. */
function addSubprog(env: Env, off: i32): i32 {
  if (off >= env.len || off < 0) return reject(env, -EINVAL, 'call to invalid destination\n')
  const known = findSubprog(env, off)
  if (known >= 0) return known
  if (env.subprogCnt >= BPF_MAX_SUBPROGS) return reject(env, -E2BIG, 'too many subprograms\n')
  let i = env.subprogCnt
  while (i > 0 && subprogAt(env, i - 1).start > off) i--
  const at = changetype<usize>(subprogAt(env, i))
  memory.copy(at + SUBPROG_SIZE, at, <usize>(env.subprogCnt - i) * SUBPROG_SIZE)
  memory.fill(at, 0, SUBPROG_SIZE)
  subprogAt(env, i).start = off
  env.subprogCnt++
  return env.subprogCnt - 1
}

export function addSubprogsAndKfuncs(env: Env): i32 {
  let ret = addSubprog(env, 0)
  if (ret < 0) return ret
  for (let i = 0; i < env.len; i++) {
    const p = insnOf(env, i)
    const sub = isPseudoCall(p) || isPseudoFunc(p)
    if (!sub && !isKfuncCall(p)) continue
    if (!env.bpfCapable)
      return reject(
        env,
        -EPERM,
        'loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN\n',
      )
    ret = sub ? addSubprog(env, i + insnImm(p) + 1) : checkKfuncKnown(env, p)
    if (ret < 0) return ret
  }
  ret = findExceptionCallback(env)
  if (ret < 0) return ret
  if (ret) {
    const off = ret
    ret = addSubprog(env, off)
    if (ret < 0) return ret
    const i = findSubprog(env, off)
    if (i > 0) {
      env.exceptionCb = i
      const s = subprogAt(env, i)
      s.isCb = true
      s.isAsyncCb = true
      s.isExceptionCb = true
    }
  }
  // The end of the program as one more start makes the end of each subprogram the start of the next.
  subprogAt(env, env.subprogCnt).start = env.len
  if (env.log.level & BPF_LOG_LEVEL2)
    for (let i = 0; i < env.subprogCnt; i++) verbose(env, 'func#%d @%d\n', i, subprogAt(env, i).start)
  return 0
}

export function checkSubprogs(env: Env): i32 {
  let cur = 0
  let start = subprogAt(env, 0).start
  let end = subprogAt(env, 1).start
  for (let i = 0; i < env.len; i++) {
    const p = insnOf(env, i)
    const code = insnCode(p)
    const cls = insnClass(p)
    const sub = subprogAt(env, cur)
    if (isHelperCall(p) && insnImm(p) == BPF_FUNC_tail_call) {
      sub.hasTailCall = true
      sub.tailCallReachable = true
    }
    if (cls == 0 && ((code & 0xe0) == 0x20 || (code & 0xe0) == 0x40)) sub.hasLdAbs = true
    const op = code & 0xf0
    if ((cls == 5 || cls == 6) && op != 0x90 && op != 0x80) {
      const to = i + jumpDistance(p) + 1
      if (to < start || to >= end) return reject(env, -EINVAL, 'jump out of range from insn %d to %d\n', i, to)
    }
    if (i == end - 1) {
      if (code != 0x95 && code != 0x06 && code != 0x05) return reject(env, -EINVAL, 'last insn is not an exit or jmp\n')
      start = end
      cur++
      if (cur < env.subprogCnt) end = subprogAt(env, cur + 1).start
    }
  }
  return 0
}

@inline function roundedDepth(depth: i32): i32 {
  return (depth + 15) & ~15
}

/** Whether a function or one of those that lead to it is called back. */
function inCallback(env: Env, idx: i32, frame: i32, callers: usize): bool {
  if (subprogAt(env, idx).isCb) return true
  for (let c = 0; c < frame; c++) if (subprogAt(env, load<i32>(callers + (c << 2))).isCb) return true
  return false
}

/** Follows all calls from one function with a stack of its own; recursion was ruled out before. */
function maxDepthFrom(env: Env, idx: i32, privStack: bool): i32 {
  const retInsn = memory.data(32, 4)
  const retProg = memory.data(32, 4)
  let depth = 0
  let frame = 0
  let reachable = false
  let i = subprogAt(env, idx).start
  let enter = true
  while (true) {
    let sub = subprogAt(env, idx)
    if (enter) {
      if (!privStack) sub.privStackMode = NO_PRIV_STACK
      if (idx && sub.hasTailCall && depth >= 256)
        return reject(
          env,
          -EACCES,
          'tail_calls are not allowed when call stack of previous frames is %d bytes. Too large\n',
          depth,
        )
      const own = roundedDepth(sub.stackDepth)
      if (privStack && sub.privStackMode == 0 && own >= 64) sub.privStackMode = PRIV_STACK_ADAPTIVE
      if (sub.privStackMode == PRIV_STACK_ADAPTIVE) {
        if (own > MAX_BPF_STACK) return reject(env, -EACCES, 'stack size of subprog %d is %d. Too large\n', idx, own)
      } else {
        depth += own
        if (depth > MAX_BPF_STACK)
          return reject(env, -EACCES, 'combined stack size of %d calls is %d. Too large\n', frame + 1, depth)
      }
      enter = false
    }
    const end = subprogAt(env, idx + 1).start
    for (; i < end; i++) {
      const p = insnOf(env, i)
      if (isKfuncCall(p) && isThrow(p) && inCallback(env, idx, frame, retProg))
        return reject(env, -EINVAL, 'bpf_throw kfunc (insn %d) cannot be called from callback subprog %d\n', i, idx)
      if (!isPseudoCall(p) && !isPseudoFunc(p)) continue
      store<i32>(retInsn + (frame << 2), i + 1)
      store<i32>(retProg + (frame << 2), idx)
      const next = i + insnImm(p) + 1
      const s = findSubprog(env, next)
      if (s < 0) return verifierBug(env, 'callee not found at insn %d', next)
      const callee = subprogAt(env, s)
      if (callee.isAsyncCb) {
        if (callee.hasTailCall) return verifierBug(env, 'subprog has tail_call and async cb')
        if (!isPseudoCall(p)) continue
        if (callee.isExceptionCb) return reject(env, -EINVAL, 'insn %d cannot call exception cb directly', i)
      }
      i = next
      idx = s
      if (callee.hasTailCall) reachable = true
      frame++
      if (frame >= MAX_CALL_FRAMES) return reject(env, -E2BIG, 'the call stack of %d frames is too deep !\n', frame)
      enter = true
      break
    }
    if (enter) continue
    if (reachable)
      for (let j = 0; j < frame; j++) {
        const caller = subprogAt(env, load<i32>(retProg + (j << 2)))
        if (caller.isExceptionCb) return reject(env, -EINVAL, 'cannot tail call within exception cb\n')
        caller.tailCallReachable = true
      }
    if (frame == 0) return 0
    sub = subprogAt(env, idx)
    if (sub.privStackMode != PRIV_STACK_ADAPTIVE) depth -= roundedDepth(sub.stackDepth)
    frame--
    i = load<i32>(retInsn + (frame << 2))
    idx = load<i32>(retProg + (frame << 2))
  }
  return 0
}

/** Program types that the compiler gives a private stack for deep functions. */
function wantsPrivStack(type: i32): bool {
  return (
    type == BPF_PROG_TYPE_KPROBE ||
    type == BPF_PROG_TYPE_TRACEPOINT ||
    type == BPF_PROG_TYPE_PERF_EVENT ||
    type == BPF_PROG_TYPE_RAW_TRACEPOINT
  )
}

export function checkMaxStackDepth(env: Env): i32 {
  let priv = wantsPrivStack(<i32>env.prog.type)
  for (let i = 0; i < env.subprogCnt; i++) if (subprogAt(env, i).hasTailCall) priv = false
  for (let i = env.subprogCnt - 1; i >= 0; i--) {
    if (i && !subprogAt(env, i).isAsyncCb) continue
    const err = maxDepthFrom(env, i, i == 0 && priv)
    if (err < 0) return err
  }
  return 0
}

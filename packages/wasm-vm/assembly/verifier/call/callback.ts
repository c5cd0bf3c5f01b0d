// SPDX-License-Identifier: GPL-2.0-only
// Subprograms that helpers run: their arguments, entering and leaving them; entering static subprograms as well.
// Counterparts: setup_func_entry, push_callback_call, set_*_callback_state, prepare_func_exit.

import { kernelType, kernelTypes } from '../../btf/name-index'
import { E2BIG, EACCES, EFAULT, EINVAL, ENOMEM, ENOTSUPP } from '../../gen/errno.gen'
import {
  BPF_DYNPTR_TYPE_LOCAL,
  CONST_PTR_TO_MAP,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_STACK,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { BpfMap } from '../../maps/map'
import { markChainPrecision } from '../backtrack/precision'
import { markDynptrReg, markKnownZero, markNotInit } from '../bounds'
import { KIND_STRUCT } from '../btf-facts'
import { BPF_LOG_LEVEL, Env, auxAt, subprogAt } from '../env'
import { printState } from '../log/print-state'
import { reject, verbose, verifierBug } from '../log/verbose'
import { hasForEach } from '../map-facts'
import { enterTreeCallback } from '../special/graph'
import { retvalWithin, verboseInvalidScalar } from '../return-code'
import {
  FuncState,
  MAX_CALL_FRAMES,
  RegState,
  VState,
  copyReg,
  curFrame,
  frameOf,
  freeFunc,
  newFunc,
  regOf,
  setFrame,
} from '../state'
import { findPrevEntry, initFrame, pushAsyncCallback, pushStack, widenImpreciseScalars } from '../states/stack'
import { checkSubprogCall } from './func-match'
import { isAsyncCallbackKfunc } from './kfunc-add'
import { isAsyncCallbackCall } from './kinds'

export const ENTER_SUBPROG: i32 = 0
export const ENTER_MAP_ELEM: i32 = 1
export const ENTER_TIMER: i32 = 2
export const ENTER_FIND_VMA: i32 = 3
export const ENTER_LOOP: i32 = 4
export const ENTER_USER_RINGBUF: i32 = 5
export const ENTER_TASK_WORK: i32 = 6
export const ENTER_TREE_LESS: i32 = 7

function setMapReg(r: RegState, type: i32, map: BpfMap): void {
  r.type = type
  markKnownZero(r)
  r.map = map
}
function noArgsFrom(env: Env, f: FuncState, first: i32): void {
  for (let i = first; i <= 5; i++) markNotInit(env, regOf(f, i))
}
function asCallback(f: FuncState, lo: i32, hi: i32): void {
  f.inCallbackFn = true
  f.cbRetMin = lo
  f.cbRetMax = hi
}

/** A callback that gets the map and the element that holds what runs it. */
function enterLater(env: Env, callee: FuncState, map: BpfMap): void {
  setMapReg(regOf(callee, 1), CONST_PTR_TO_MAP, map)
  setMapReg(regOf(callee, 2), PTR_TO_MAP_KEY, map)
  setMapReg(regOf(callee, 3), PTR_TO_MAP_VALUE, map)
  noArgsFrom(env, callee, 4)
  callee.inAsyncCallbackFn = true
}

/** Arguments of the callee, from those of the caller. */
function enter(env: Env, how: i32, caller: FuncState, callee: FuncState, insn: i32): i32 {
  switch (how) {
    case ENTER_SUBPROG:
      for (let i = 1; i <= 5; i++) copyReg(regOf(callee, i), regOf(caller, i))
      return 0
    case ENTER_MAP_ELEM: {
      const map = changetype<BpfMap>(auxAt(env, insn).mapPtr)
      if (!hasForEach(map)) return reject(env, -ENOTSUPP, 'callback function not allowed for map\n')
      const arg = regOf(caller, 1).map
      copyReg(regOf(callee, 1), regOf(caller, 1))
      setMapReg(regOf(callee, 2), PTR_TO_MAP_KEY, arg)
      setMapReg(regOf(callee, 3), PTR_TO_MAP_VALUE, arg)
      copyReg(regOf(callee, 4), regOf(caller, 3))
      noArgsFrom(env, callee, 5)
      asCallback(callee, 0, 1)
      return 0
    }
    case ENTER_TIMER:
      enterLater(env, callee, regOf(caller, 1).map)
      callee.cbRetMin = 0
      callee.cbRetMax = 0
      return 0
    case ENTER_TASK_WORK:
      enterLater(env, callee, regOf(caller, 3).map)
      callee.cbRetMin = i32.MIN_VALUE
      callee.cbRetMax = i32.MAX_VALUE
      return 0
    case ENTER_FIND_VMA:
      copyReg(regOf(callee, 1), regOf(caller, 1))
      regOf(callee, 2).type = PTR_TO_BTF_ID
      markKnownZero(regOf(callee, 2))
      regOf(callee, 2).btf = changetype<usize>(kernelTypes())
      regOf(callee, 2).btfId = kernelType('vm_area_struct', KIND_STRUCT)
      copyReg(regOf(callee, 3), regOf(caller, 4))
      noArgsFrom(env, callee, 4)
      asCallback(callee, 0, 1)
      return 0
    case ENTER_LOOP:
      regOf(callee, 1).type = SCALAR_VALUE
      copyReg(regOf(callee, 2), regOf(caller, 3))
      noArgsFrom(env, callee, 3)
      asCallback(callee, 0, 1)
      return 0
    case ENTER_TREE_LESS: {
      const err = enterTreeCallback(env, regOf(caller, 1), regOf(callee, 1), regOf(callee, 2))
      if (err) return err
      noArgsFrom(env, callee, 3)
      asCallback(callee, 0, 1)
      return 0
    }
  }
  markNotInit(env, regOf(callee, 0))
  markDynptrReg(regOf(callee, 1), BPF_DYNPTR_TYPE_LOCAL, true, ++env.idGen)
  copyReg(regOf(callee, 2), regOf(caller, 3))
  noArgsFrom(env, callee, 3)
  asCallback(callee, 0, 1)
  return 0
}

/** A new innermost frame of a state. */
export function setupFuncEntry(env: Env, subprog: i32, callsite: i32, how: i32, st: VState): i32 {
  const next = st.curframe + 1
  if (next >= MAX_CALL_FRAMES) return reject(env, -E2BIG, 'the call stack of %d frames is too deep\n', st.curframe + 2)
  if (changetype<usize>(frameOf(st, next))) return verifierBug(env, 'Frame %d already allocated', next)
  const p = newFunc(env)
  if (!p) return -ENOMEM
  setFrame(st, next, p)
  const callee = changetype<FuncState>(p)
  initFrame(env, callee, callsite, next, subprog)
  const err = enter(env, how, frameOf(st, st.curframe), callee, callsite)
  if (err) {
    freeFunc(env, p)
    setFrame(st, next, 0)
    return err
  }
  st.curframe = next
  return 0
}

/** Queues a run of the callback; the call itself goes on. */
export function pushCallbackCall(env: Env, p: usize, insn: i32, subprog: i32, how: i32): i32 {
  const caller = curFrame(env)
  let err = checkSubprogCall(env, subprog, caller)
  if (err == -EFAULT) return err
  const sub = subprogAt(env, subprog)
  sub.isCb = true
  if (isAsyncCallbackCall(p)) {
    sub.isAsyncCb = true
    const e = pushAsyncCallback(env, sub.start, insn, subprog, isAsyncCallbackKfunc(p))
    if (!changetype<usize>(e)) return -EFAULT
    const callee = frameOf(e, 0)
    callee.asyncEntryCnt = caller.asyncEntryCnt + 1
    return enter(env, how, caller, callee, insn)
  }
  const st = pushStack(env, sub.start, insn, false)
  if (!changetype<usize>(st)) return -ENOMEM
  err = setupFuncEntry(env, subprog, insn, how, st)
  if (err) return err
  st.callbackUnrollDepth++
  frameOf(st, st.curframe - 1).callbackDepth++
  caller.callbackDepth = 0
  return 0
}

/** Leaves the innermost frame at its exit; env.insnIdx becomes where the caller goes on. */
export function prepareFuncExit(env: Env): i32 {
  const st = env.cur
  const callee = curFrame(env)
  const r0 = regOf(callee, 0)
  if (r0.type == PTR_TO_STACK) return reject(env, -EINVAL, 'cannot return stack pointer to the caller\n')
  const caller = frameOf(st, st.curframe - 1)
  const inCallback = callee.inCallbackFn
  if (inCallback) {
    if (r0.type != SCALAR_VALUE) return reject(env, -EACCES, 'R0 not a scalar value\n')
    const err = markChainPrecision(env, 0)
    if (err) return err
    if (!retvalWithin(r0, callee.cbRetMin, callee.cbRetMax)) {
      verboseInvalidScalar(env, r0, callee.cbRetMin, callee.cbRetMax, 'At callback return', 'R0')
      return -EINVAL
    }
    if (!auxAt(env, callee.callsite).callsCallback)
      return verifierBug(env, 'in callback at %d, callsite %d !calls_callback', env.insnIdx, callee.callsite)
  } else copyReg(regOf(caller, 0), r0)
  // A callback returns to the call, which runs it again until nothing new happens.
  env.insnIdx = inCallback ? callee.callsite : callee.callsite + 1
  if (env.log.level & BPF_LOG_LEVEL) {
    verbose(env, 'returning from callee:\n')
    printState(env, st, callee.frameno, true)
    verbose(env, 'to caller at %d:\n', env.insnIdx)
    printState(env, st, caller.frameno, true)
  }
  freeFunc(env, changetype<usize>(callee))
  setFrame(st, st.curframe, 0)
  st.curframe--
  if (inCallback) {
    const prev = findPrevEntry(env, st, env.insnIdx)
    if (changetype<usize>(prev)) widenImpreciseScalars(env, prev, st)
  }
  return 0
}

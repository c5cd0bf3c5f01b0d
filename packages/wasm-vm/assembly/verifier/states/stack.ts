// SPDX-License-Identifier: GPL-2.0-only
// The stack of branches that wait, new frames, and the lists of states by instruction.
// Counterparts: push_stack, push_async_cb, pop_stack, init_func_state, explored_state, find_prev_entry.

import { ENOENT } from '../../gen/errno.gen'
import { PTR_TO_STACK, SCALAR_VALUE } from '../../gen/verifier-types.gen'
import { markKnownZero, markNotInit, markUnknown } from '../bounds'
import { BPF_COMPLEXITY_LIMIT_JMP_SEQ, Env, markStateScratched } from '../env'
import { logReset } from '../log/buffer'
import { verbose } from '../log/verbose'
import { poolFree, poolZalloc } from '../pool'
import { DEF_NOT_SUBREG } from '../regs'
import {
  BPF_MAIN_FUNC,
  BPF_REG_FP,
  FuncState,
  MAX_BPF_REG,
  RegState,
  STACK_ELEM_SIZE,
  StackElem,
  StateList,
  VState,
  copyState,
  frameOf,
  freeStateParts,
  isSpilledReg,
  newFunc,
  regOf,
  setFrame,
  slotCnt,
  spilledOf,
} from '../state'
import { regsExact, resetIdmap } from './ids'

export function initFrame(env: Env, f: FuncState, callsite: i32, frameno: i32, subprog: i32): void {
  f.callsite = callsite
  f.frameno = frameno
  f.subprogno = subprog
  f.cbRetMin = 0
  f.cbRetMax = 0
  for (let i = 0; i < MAX_BPF_REG; i++) {
    markNotInit(env, regOf(f, i))
    regOf(f, i).subregDef = DEF_NOT_SUBREG
  }
  const fp = regOf(f, BPF_REG_FP)
  fp.type = PTR_TO_STACK
  markKnownZero(fp)
  fp.frameno = frameno
  markStateScratched(env)
}

function pushElem(env: Env, insnIdx: i32, prevIdx: i32): StackElem {
  const p = poolZalloc(env.pool, STACK_ELEM_SIZE)
  const e = changetype<StackElem>(p)
  if (!p) return e
  e.elemInsnIdx = insnIdx
  e.elemPrevInsnIdx = prevIdx
  e.elemNext = env.head
  e.logPos = env.log.endPos
  env.head = p
  env.stackSize++
  return e
}

const NONE: usize = 0

/** Queues a copy of the current state to go on at an instruction later; 0 on failure. */
export function pushStack(env: Env, insnIdx: i32, prevIdx: i32, speculative: bool): StackElem {
  const e = pushElem(env, insnIdx, prevIdx)
  if (!changetype<usize>(e) || copyState(env, e, env.cur)) return changetype<StackElem>(NONE)
  if (speculative) e.speculative = true
  if (env.stackSize > BPF_COMPLEXITY_LIMIT_JMP_SEQ) {
    verbose(env, 'The sequence of %d jumps is too complex.\n', env.stackSize)
    return changetype<StackElem>(NONE)
  }
  if (e.parent) changetype<VState>(e.parent).branches++
  return e
}

/** Queues a callback that the kernel runs on its own, on a fresh stack. */
export function pushAsyncCallback(env: Env, insnIdx: i32, prevIdx: i32, subprog: i32, sleepable: bool): StackElem {
  const e = pushElem(env, insnIdx, prevIdx)
  if (!changetype<usize>(e)) return e
  if (env.stackSize > BPF_COMPLEXITY_LIMIT_JMP_SEQ) {
    verbose(env, 'The sequence of %d jumps is too complex for async cb.\n', env.stackSize)
    return changetype<StackElem>(NONE)
  }
  e.branches = 1
  e.inSleepable = sleepable
  const f = newFunc(env)
  if (!f) return changetype<StackElem>(NONE)
  initFrame(env, changetype<FuncState>(f), BPF_MAIN_FUNC, 0, subprog)
  setFrame(e, 0, f)
  return e
}

/** Takes the newest branch: its place is put into insnIdx; the caller gets the instruction before it at prev. */
export function popStack(env: Env, prev: usize, popLog: bool): i32 {
  if (!env.head) return -ENOENT
  const e = changetype<StackElem>(env.head)
  if (changetype<usize>(env.cur)) {
    const err = copyState(env, env.cur, e)
    if (err) return err
  }
  if (popLog) logReset(env.log, e.logPos)
  env.insnIdx = e.elemInsnIdx
  if (prev) store<i32>(prev, e.elemPrevInsnIdx)
  env.head = e.elemNext
  freeStateParts(env, e)
  poolFree(env.pool, changetype<usize>(e), STACK_ELEM_SIZE)
  env.stackSize--
  return 0
}

/** Head of the list in which states of an instruction are: { next, prev } of StateList entries. */
export function exploredHead(env: Env, insn: i32): usize {
  const f = frameOf(env.cur, env.cur.curframe)
  return env.explored + ((<usize>(<u32>(insn ^ f.callsite) % <u32>env.len)) << 3)
}

export function listUnlink(e: StateList): void {
  const next = e.next
  const prev = e.prev
  store<usize>(prev, next)
  store<usize>(next, prev, 4)
}
/** Entries link through the address of their own next field, as heads do. */
export function listAdd(e: StateList, head: usize): void {
  const at = linkOf(e)
  const first = load<usize>(head)
  e.next = first
  e.prev = head
  store<usize>(first, at, 4)
  store<usize>(head, at)
}

@inline export function linkOf(e: StateList): usize {
  return changetype<usize>(e) + offsetof<StateList>('next')
}

@inline export function entryOf(link: usize): StateList {
  return changetype<StateList>(link - offsetof<StateList>('next'))
}

export function sameCallsites(a: VState, b: VState): bool {
  if (a.curframe != b.curframe) return false
  for (let i = a.curframe; i >= 0; i--) if (frameOf(a, i).callsite != frameOf(b, i).callsite) return false
  return true
}

/** Instruction at which a frame of a state stands. */
@inline export function frameInsn(st: VState, i: i32): i32 {
  return i == st.curframe ? st.insnIdx : frameOf(st, i + 1).callsite
}

/** The nearest earlier state of this loop at an instruction, still being explored. */
export function findPrevEntry(env: Env, cur: VState, insn: i32): VState {
  const head = exploredHead(env, insn)
  for (let l = load<usize>(head); l != head; l = load<usize>(l)) {
    const st = entryOf(l)
    if (st.insnIdx == insn && st.branches && sameCallsites(st, cur) && st.dfsDepth < cur.dfsDepth) return st
  }
  return changetype<VState>(NONE)
}

function maybeWiden(env: Env, old: RegState, cur: RegState): void {
  if (old.type != SCALAR_VALUE || cur.type != SCALAR_VALUE) return
  if (old.precise || cur.precise || regsExact(env, old, cur)) return
  markUnknown(env, cur)
}

/** Forgets what changes from round to round of a loop and was not relied on. */
export function widenImpreciseScalars(env: Env, old: VState, cur: VState): void {
  resetIdmap(env)
  for (let fr = old.curframe; fr >= 0; fr--) {
    const a = frameOf(old, fr)
    const b = frameOf(cur, fr)
    for (let i = 0; i < MAX_BPF_REG; i++) maybeWiden(env, regOf(a, i), regOf(b, i))
    const n = min<i32>(slotCnt(a), slotCnt(b))
    for (let i = 0; i < n; i++)
      if (isSpilledReg(a, i) && isSpilledReg(b, i)) maybeWiden(env, spilledOf(a, i), spilledOf(b, i))
  }
}

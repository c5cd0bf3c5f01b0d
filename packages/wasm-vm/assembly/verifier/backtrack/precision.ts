// SPDX-License-Identifier: GPL-2.0-only
// Marks the scalars that a decision rested on as precise, back along the path through all parent states.
// Counterparts: __mark_chain_precision, mark_all_scalars_precise, propagate_precision.
//
//   from the last instruction of the state backwards: backtrackInsn changes the sets of registers and slots
//   at the first instruction: mark what is left in the parent state precise, go on in the parent with what was not yet
//   until the sets are empty

import { ENOENT, ENOTSUPP } from '../../gen/errno.gen'
import { SCALAR_VALUE } from '../../gen/verifier-types.gen'
import { BPF_LOG_LEVEL2, Env } from '../env'
import { printStackMask } from '../liveness'
import { printState } from '../log/print-state'
import { verbose, verifierBug } from '../log/verbose'
import {
  BPF_MAIN_FUNC,
  BPF_REG_FP,
  Hist,
  VState,
  frameOf,
  isSpilledReg,
  isSpilledScalar,
  regOf,
  slotCnt,
  spilledOf,
} from '../state'
import { historyEntry, prevInsn } from './history'
import { backtrackInsn, printRegMask } from './insn'
import {
  btClearFrameReg,
  btClearFrameSlot,
  btClearReg,
  btEmpty,
  btFrameRegs,
  btFrameSlots,
  btRegs,
  btReset,
  btSetFrameReg,
  btSetFrameSlot,
  btSetReg,
  btSlots,
} from './masks'

/** The big hammer, when the way back cannot be followed: all scalars of the parent states. */
export function markAllScalarsPrecise(env: Env, from: VState): void {
  const log = (env.log.level & BPF_LOG_LEVEL2) != 0
  if (log) verbose(env, 'mark_precise: frame%d: falling back to forcing all scalars precise\n', from.curframe)
  for (let p = from.parent; p; p = changetype<VState>(p).parent) {
    const st = changetype<VState>(p)
    for (let i = 0; i <= st.curframe; i++) {
      const f = frameOf(st, i)
      for (let j = 0; j < BPF_REG_FP; j++) {
        const r = regOf(f, j)
        if (r.type != SCALAR_VALUE || r.precise) continue
        r.precise = true
        if (log) verbose(env, 'force_precise: frame%d: forcing r%d to be precise\n', i, j)
      }
      const n = slotCnt(f)
      for (let j = 0; j < n; j++) {
        if (!isSpilledReg(f, j)) continue
        const r = spilledOf(f, j)
        if (r.type != SCALAR_VALUE || r.precise) continue
        r.precise = true
        if (log) verbose(env, 'force_precise: frame%d: forcing fp%d to be precise\n', i, -(j + 1) * 8)
      }
    }
  }
}

export function markAllScalarsImprecise(st: VState): void {
  for (let i = 0; i <= st.curframe; i++) {
    const f = frameOf(st, i)
    for (let j = 0; j < BPF_REG_FP; j++) {
      const r = regOf(f, j)
      if (r.type == SCALAR_VALUE) r.precise = false
    }
    const n = slotCnt(f)
    for (let j = 0; j < n; j++) if (isSpilledScalar(f, j)) spilledOf(f, j).precise = false
  }
}

/** Before the first instruction of a global function: its arguments. */
function atFunctionEntry(env: Env, st: VState, changed: usize): i32 {
  const f = frameOf(st, 0)
  if (st.curframe == 0 && f.subprogno > 0 && f.callsite == BPF_MAIN_FUNC && !btSlots(env) && !(btRegs(env) & ~0x3e)) {
    for (let i = 1; i <= 5; i++) {
      if (!((btRegs(env) >> i) & 1)) continue
      const r = regOf(f, i)
      btClearReg(env, i)
      if (r.type == SCALAR_VALUE) {
        r.precise = true
        store<bool>(changed, true)
      }
    }
    return 0
  }
  return verifierBug(
    env,
    'backtracking func entry subprog %d reg_mask %x stack_mask %llx',
    f.subprogno,
    btRegs(env),
    <i64>btSlots(env),
  )
}

/** Marks what is looked for in a frame of a parent state; what was marked before need not be followed. */
function markFrame(env: Env, st: VState, fr: i32, changed: usize): i32 {
  const f = frameOf(st, fr)
  for (let mask = btFrameRegs(env, fr), i = 0; mask; mask >>= 1, i++) {
    if (!(mask & 1)) continue
    const r = regOf(f, i)
    if (r.type != SCALAR_VALUE || r.precise) btClearFrameReg(env, fr, i)
    else {
      r.precise = true
      store<bool>(changed, true)
    }
  }
  for (let mask = btFrameSlots(env, fr), i = 0; mask; mask >>= 1, i++) {
    if (!(mask & 1)) continue
    if (i >= slotCnt(f)) return verifierBug(env, 'stack slot %d, total slots %d', i, slotCnt(f))
    if (!isSpilledScalar(f, i) || spilledOf(f, i).precise) btClearFrameSlot(env, fr, i)
    else {
      spilledOf(f, i).precise = true
      store<bool>(changed, true)
    }
  }
  if (env.log.level & BPF_LOG_LEVEL2) {
    verbose(env, 'mark_precise: frame%d: parent state regs=', fr)
    printRegMask(env, btFrameRegs(env, fr))
    verbose(env, ' stack=')
    printStackMask(env, btFrameSlots(env, fr))
    verbose(env, ': ')
    printState(env, st, fr, true)
  }
  return 0
}

const IGNORED: usize = memory.data(8, 1)
const PLACE: usize = memory.data(8, 4)

export function markChain(env: Env, from: VState, regno: i32, changed: usize): i32 {
  if (!env.bpfCapable) return 0
  if (!changed) changed = IGNORED
  let st = from
  let first = st.firstInsnIdx
  let last = from.insnIdx
  let next = -1
  let skip = true
  env.btFrame = from.curframe
  if (regno >= 0) {
    if (regOf(frameOf(st, env.btFrame), regno).type != SCALAR_VALUE) return verifierBug(env, 'backtracking misuse')
    btSetReg(env, regno)
  }
  if (btEmpty(env)) return 0
  for (;;) {
    store<i32>(PLACE, st.histCnt)
    if (env.log.level & BPF_LOG_LEVEL2)
      verbose(env, 'mark_precise: frame%d: last_idx %d first_idx %d subseq_idx %d \n', env.btFrame, last, first, next)
    if (last < 0) return atFunctionEntry(env, st, changed)
    for (let i = last; ;) {
      if (skip) skip = false
      else {
        const hist: Hist = historyEntry(st, load<i32>(PLACE), i)
        const err = backtrackInsn(env, i, next, hist)
        if (err == -ENOTSUPP) {
          markAllScalarsPrecise(env, from)
          btReset(env)
          return 0
        }
        if (err) return err
      }
      if (btEmpty(env)) return 0
      next = i
      i = prevInsn(st, i, PLACE)
      if (i == -ENOENT) break
      // A negative number but -ENOENT is past every program as well.
      if (<u32>i >= <u32>env.len) return verifierBug(env, 'backtracking idx %d', i)
    }
    if (!st.parent) break
    st = changetype<VState>(st.parent)
    for (let fr = env.btFrame; fr >= 0; fr--) {
      const err = markFrame(env, st, fr, changed)
      if (err) return err
    }
    if (btEmpty(env)) return 0
    next = first
    last = st.lastInsnIdx
    first = st.firstInsnIdx
  }
  if (!btEmpty(env)) {
    markAllScalarsPrecise(env, from)
    btReset(env)
  }
  return 0
}

/** The value of a register of the current state was relied on. */
export function markChainPrecision(env: Env, regno: i32): i32 {
  return markChain(env, env.cur, regno, 0)
}

/** What the old state holds precise must be so on the path to cur as well. */
export function propagatePrecision(env: Env, old: VState, cur: VState, changed: usize): i32 {
  const log = (env.log.level & BPF_LOG_LEVEL2) != 0
  for (let fr = old.curframe; fr >= 0; fr--) {
    const f = frameOf(old, fr)
    let first = true
    for (let i = 0; i < BPF_REG_FP; i++) {
      const r = regOf(f, i)
      if (r.type != SCALAR_VALUE || !r.precise) continue
      if (log) {
        if (first) verbose(env, 'frame %d: propagating r%d', fr, i)
        else verbose(env, ',r%d', i)
      }
      btSetFrameReg(env, fr, i)
      first = false
    }
    const n = slotCnt(f)
    for (let i = 0; i < n; i++) {
      if (!isSpilledScalar(f, i) || !spilledOf(f, i).precise) continue
      if (log) {
        if (first) verbose(env, 'frame %d: propagating fp%d', fr, (-i - 1) * 8)
        else verbose(env, ',fp%d', (-i - 1) * 8)
      }
      btSetFrameSlot(env, fr, i)
      first = false
    }
    if (!first) verbose(env, '\n')
  }
  const err = markChain(env, cur, -1, changed)
  return err < 0 ? err : 0
}

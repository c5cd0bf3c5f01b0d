// SPDX-License-Identifier: GPL-2.0-only
// Whether all that can follow the current state was explored from an old one.
// Counterparts: regsafe, stacksafe, refsafe, states_equal.

import {
  NOT_INIT,
  PTR_TO_ARENA,
  PTR_TO_BUF,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_STACK,
  PTR_TO_TP_BUFFER,
  SCALAR_VALUE,
  STACK_DYNPTR,
  STACK_INVALID,
  STACK_IRQ_FLAG,
  STACK_ITER,
  STACK_MISC,
  STACK_SPILL,
  STACK_ZERO,
} from '../../gen/verifier-types.gen'
import { baseType } from '../bounds'
import { Env, auxAt } from '../env'
import { sameIrqSlot } from '../special/irq'
import { sameDynptrSlot } from '../special/dynptr'
import { sameIterSlot } from '../special/iterator'
import {
  BPF_ADD_CONST,
  BPF_REG_SIZE,
  FuncState,
  MAX_BPF_REG,
  REF_TYPE_LOCK_MASK,
  REG_PREFIX_ID,
  REG_PREFIX_VAR_OFF,
  RegState,
  VState,
  frameOf,
  isSpilledScalar64,
  refOf,
  regOf,
  sameBytes,
  slotType,
  spilledOf,
} from '../state'
import { tnumIn } from '../tnum'
import { checkIds, checkScalarIds, regsExact, resetIdmap } from './ids'
import { frameInsn } from './stack'

export const NOT_EXACT: i32 = 0
export const EXACT: i32 = 1
export const RANGE_WITHIN: i32 = 2

function rangeWithin(old: RegState, cur: RegState): bool {
  return (
    old.umin <= cur.umin &&
    old.umax >= cur.umax &&
    old.smin <= cur.smin &&
    old.smax >= cur.smax &&
    old.u32min <= cur.u32min &&
    old.u32max >= cur.u32max &&
    old.s32min <= cur.s32min &&
    old.s32max >= cur.s32max
  )
}

@inline function bitsWithin(old: RegState, cur: RegState): bool {
  return tnumIn(old.varValue, old.varMask, cur.varValue, cur.varMask)
}

function scalarSafe(env: Env, old: RegState, cur: RegState, exact: i32): bool {
  if (env.exploreAluLimits) return sameBytes(old, cur, REG_PREFIX_ID) && checkScalarIds(env, old.id, cur.id)
  if (!old.precise && exact == NOT_EXACT) return true
  // A register that was no copy does not mind being one; a copy must be one, at the same distance.
  const oldDelta = (old.id & BPF_ADD_CONST) != 0
  const curDelta = (cur.id & BPF_ADD_CONST) != 0
  if (old.id && oldDelta != curDelta) return false
  if (oldDelta && old.off != cur.off) return false
  return checkScalarIds(env, old.id, cur.id) && rangeWithin(old, cur) && bitsWithin(old, cur)
}

function regSafe(env: Env, old: RegState, cur: RegState, exact: i32): bool {
  if (exact == EXACT) return regsExact(env, old, cur)
  if (old.type == NOT_INIT && (exact == NOT_EXACT || cur.type == NOT_INIT)) return true
  if (old.type != cur.type) return false
  switch (baseType(old.type)) {
    case SCALAR_VALUE:
      return scalarSafe(env, old, cur, exact)
    case PTR_TO_MAP_KEY:
    case PTR_TO_MAP_VALUE:
    case PTR_TO_MEM:
    case PTR_TO_BUF:
    case PTR_TO_TP_BUFFER:
      return (
        sameBytes(old, cur, REG_PREFIX_VAR_OFF) &&
        rangeWithin(old, cur) &&
        bitsWithin(old, cur) &&
        checkIds(env, old.id, cur.id) &&
        checkIds(env, old.refObjId, cur.refObjId)
      )
    case PTR_TO_PACKET_META:
    case PTR_TO_PACKET:
      // Negative ranges say that it lies at or behind the end, which is no measure.
      if (old.range < 0 || cur.range < 0 ? old.range != cur.range : old.range > cur.range) return false
      if (old.off != cur.off || !checkIds(env, old.id, cur.id)) return false
      return rangeWithin(old, cur) && bitsWithin(old, cur)
    case PTR_TO_STACK:
      return regsExact(env, old, cur) && old.frameno == cur.frameno
    case PTR_TO_ARENA:
      return true
  }
  return regsExact(env, old, cur)
}

function allMisc(env: Env, f: FuncState, spi: i32): bool {
  for (let i = 0; i < BPF_REG_SIZE; i++) {
    const t = slotType(f, spi, i)
    if (t != STACK_MISC && !(t == STACK_INVALID && env.allowUninitStack)) return false
  }
  return true
}

/** The scalar that a load of the whole slot would give, 0 if none. */
function scalarOfSlot(env: Env, f: FuncState, spi: i32): RegState {
  if (isSpilledScalar64(f, spi)) return spilledOf(f, spi)
  return allMisc(env, f, spi) ? env.unboundReg : changetype<RegState>(0)
}

function sameSpecial(env: Env, type: i32, a: FuncState, b: FuncState, spi: i32, exact: i32): bool {
  const x = spilledOf(a, spi)
  const y = spilledOf(b, spi)
  switch (type) {
    case STACK_SPILL:
      return regSafe(env, x, y, exact)
    case STACK_DYNPTR:
      return sameDynptrSlot(env, x, y)
    case STACK_ITER:
      return sameIterSlot(env, x, y)
    case STACK_IRQ_FLAG:
      return sameIrqSlot(env, x, y)
  }
  return type == STACK_MISC || type == STACK_ZERO || type == STACK_INVALID
}

function stackSafe(env: Env, old: FuncState, cur: FuncState, exact: i32): bool {
  for (let i = 0; i < old.allocatedStack; i++) {
    const spi = i >> 3
    const byte = i & 7
    const inside = i < cur.allocatedStack
    const ot = slotType(old, spi, byte)
    if (exact != NOT_EXACT && (!inside || ot != slotType(cur, spi, byte))) return false
    if (ot == STACK_INVALID) continue
    if (env.allowUninitStack && ot == STACK_MISC) continue
    if (!inside) return false
    const oldReg = scalarOfSlot(env, old, spi)
    const curReg = scalarOfSlot(env, cur, spi)
    if (changetype<usize>(oldReg) && changetype<usize>(curReg)) {
      if (!regSafe(env, oldReg, curReg, exact)) return false
      i += BPF_REG_SIZE - 1
      continue
    }
    const ct = slotType(cur, spi, byte)
    // Zeroes where anything was fine are fine.
    if (ot == STACK_MISC && ct == STACK_ZERO) continue
    if (ot != ct) return false
    if (byte != 7) continue
    if (!sameSpecial(env, ot, old, cur, spi, exact)) return false
  }
  return true
}

function refsSafe(env: Env, old: VState, cur: VState): bool {
  if (old.acquiredRefs != cur.acquiredRefs || old.activeLocks != cur.activeLocks) return false
  if (old.activePreemptLocks != cur.activePreemptLocks || old.activeRcuLock != cur.activeRcuLock) return false
  if (!checkIds(env, old.activeIrqId, cur.activeIrqId)) return false
  if (!checkIds(env, old.activeLockId, cur.activeLockId) || old.activeLockPtr != cur.activeLockPtr) return false
  for (let i = 0; i < old.acquiredRefs; i++) {
    const a = refOf(old, i)
    const b = refOf(cur, i)
    if (!checkIds(env, a.id, b.id) || a.type != b.type) return false
    if (a.type & REF_TYPE_LOCK_MASK && a.ptr != b.ptr) return false
  }
  return true
}

function framesEqual(env: Env, old: FuncState, cur: FuncState, insn: i32, exact: i32): bool {
  if (old.callbackDepth > cur.callbackDepth) return false
  const live = <u32>auxAt(env, insn).liveRegs
  for (let i = 0; i < MAX_BPF_REG; i++)
    if ((live >> i) & 1 && !regSafe(env, regOf(old, i), regOf(cur, i), exact)) return false
  return stackSafe(env, old, cur, exact)
}

export function statesEqual(env: Env, old: VState, cur: VState, exact: i32): bool {
  if (old.curframe != cur.curframe) return false
  resetIdmap(env)
  if (old.speculative && !cur.speculative) return false
  if (old.inSleepable != cur.inSleepable) return false
  if (!refsSafe(env, old, cur)) return false
  for (let i = 0; i <= old.curframe; i++) {
    const a = frameOf(old, i)
    const b = frameOf(cur, i)
    if (a.callsite != b.callsite) return false
    if (!framesEqual(env, a, b, frameInsn(old, i), exact)) return false
  }
  return true
}

// SPDX-License-Identifier: GPL-2.0-only
// Open-coded iterators on the stack: one or two slots, the first (at the lower address, of the higher number) holds the
// reference. Counterparts: process_iter_arg, mark_stack_slots_iter, process_iter_next_call.

import { EINVAL, ENOMEM, ERANGE } from '../../gen/errno.gen'
import {
  BPF_ITER_STATE_ACTIVE,
  BPF_ITER_STATE_DRAINED,
  PTR_TO_STACK,
  STACK_INVALID,
  STACK_ITER,
} from '../../gen/verifier-types.gen'
import { markConstZero, markKnownZero, markNotInit, markPtrNotNull } from '../bounds'
import { isIterDestroy, isIterNew, iterName, iterSlots, iterTypeOf } from '../call/kfunc-kinds'
import { Meta } from '../call/meta'
import { Env, markSlotScratched } from '../env'
import { markStackRead, markStackWrite } from '../liveness'
import { S, reject, verifierBug } from '../log/verbose'
import { checkMemAccess } from '../mem/access'
import { WRITE } from '../mem/kinds'
import { acquireReference, releaseReference } from '../refs'
import {
  FuncState,
  RegState,
  VState,
  curReg,
  frameOf,
  frameOfReg,
  regOf,
  setSlotTypes,
  slotType,
  slotTypes,
  spilledOf,
} from '../state'
import { checkIds } from '../states/ids'
import { findPrevEntry, pushStack, sameCallsites, widenImpreciseScalars } from '../states/stack'
import { stackObjectSpi } from './dynptr'

const ALL_ITER: u64 = <u64>STACK_ITER * 0x0101010101010101

/** The depth does not count: it only tells rounds apart. */
export function sameIterSlot(env: Env, old: RegState, cur: RegState): bool {
  if (old.btf != cur.btf || old.btfId != cur.btfId || old.iterState != cur.iterState) return false
  return checkIds(env, old.refObjId, cur.refObjId)
}

function validUninit(env: Env, reg: RegState, slots: i32): bool {
  const spi = stackObjectSpi(env, reg, 'iter', slots)
  if (spi == -ERANGE) return true
  if (spi < 0) return false
  const f = frameOfReg(env, reg)
  for (let i = 0; i < slots; i++) for (let j = 0; j < 8; j++) if (slotType(f, spi - i, j) == STACK_ITER) return false
  return true
}

function validInit(env: Env, reg: RegState, type: u32, slots: i32): bool {
  const spi = stackObjectSpi(env, reg, 'iter', slots)
  if (spi < 0) return false
  const f = frameOfReg(env, reg)
  for (let i = 0; i < slots; i++) {
    const r = spilledOf(f, spi - i)
    if ((i == 0) != (r.refObjId != 0) || r.btfId != type || slotTypes(f, spi - i) != ALL_ITER) return false
  }
  return true
}

function markSlots(env: Env, reg: RegState, type: u32, slots: i32): i32 {
  const f = frameOfReg(env, reg)
  const spi = stackObjectSpi(env, reg, 'iter', slots)
  if (spi < 0) return spi
  const ref = acquireReference(env, env.insnIdx)
  if (ref < 0) return ref
  for (let i = 0; i < slots; i++) {
    const r = spilledOf(f, spi - i)
    markKnownZero(r)
    r.type = PTR_TO_STACK
    r.refObjId = i == 0 ? ref : 0
    r.btf = 0
    r.btfId = type
    r.iterState = BPF_ITER_STATE_ACTIVE
    r.iterDepth = 0
    setSlotTypes(f, spi - i, STACK_ITER)
    markStackWrite(env, f.frameno, (<u64>1) << (spi - i))
    markSlotScratched(env, spi - i)
  }
  return 0
}

function unmarkSlots(env: Env, f: FuncState, spi: i32, slots: i32): void {
  releaseReference(env, spilledOf(f, spi).refObjId)
  for (let i = 0; i < slots; i++) {
    markNotInit(env, spilledOf(f, spi - i))
    setSlotTypes(f, spi - i, STACK_INVALID)
    markStackWrite(env, f.frameno, (<u64>1) << (spi - i))
    markSlotScratched(env, spi - i)
  }
}

/** What iterNextCall needs stays in the meta: regno is the slot, mapUid the frame. */
export function processIterArg(env: Env, k: i32, regno: i32, meta: Meta): i32 {
  const reg = curReg(env, regno)
  if (reg.type != PTR_TO_STACK)
    return reject(env, -EINVAL, 'arg#%d expected pointer to an iterator on stack\n', regno - 1)
  const type = iterTypeOf(k)
  const slots = iterSlots(type)
  if (isIterNew(k)) {
    if (!validUninit(env, reg, slots))
      return reject(env, -EINVAL, 'expected uninitialized iter_%s as arg #%d\n', S(iterName(type)), regno - 1)
    for (let i = 0; i < slots * 8; i += 8) {
      const err = checkMemAccess(env, env.insnIdx, regno, i, 8, WRITE, -1, false, false)
      if (err) return err
    }
    return markSlots(env, reg, type, slots)
  }
  if (!validInit(env, reg, type, slots))
    return reject(env, -EINVAL, 'expected an initialized iter_%s as arg #%d\n', S(iterName(type)), regno - 1)
  const spi = stackObjectSpi(env, reg, 'iter', slots)
  if (spi < 0) return spi
  for (let i = 0; i < slots; i++) {
    const err = markStackRead(env, <i32>reg.frameno, env.insnIdx, (<u64>1) << (spi - i))
    if (err) return err
    markSlotScratched(env, spi - i)
  }
  meta.regno = spi
  meta.mapUid = reg.frameno
  meta.refObjId = spilledOf(frameOfReg(env, reg), spi).refObjId
  if (isIterDestroy(k)) unmarkSlots(env, frameOfReg(env, reg), spi, slots)
  return 0
}

@inline function iterOf(st: VState, meta: Meta): RegState {
  return spilledOf(frameOf(st, <i32>meta.mapUid), meta.regno)
}

/** One state goes on with a next element, the other one with none. */
export function iterNextCall(env: Env, meta: Meta): i32 {
  const cur = env.cur
  const it = iterOf(cur, meta)
  if (it.iterState == BPF_ITER_STATE_ACTIVE) {
    const parent = changetype<VState>(cur.parent)
    if (!cur.parent || parent.insnIdx != env.insnIdx || !sameCallsites(parent, cur))
      return verifierBug(env, 'bad parent state for iter next call')
    const prev = findPrevEntry(env, parent, env.insnIdx)
    const queued: VState = pushStack(env, env.insnIdx + 1, env.insnIdx, false)
    if (!changetype<usize>(queued)) return -ENOMEM
    const next = iterOf(queued, meta)
    next.iterState = BPF_ITER_STATE_ACTIVE
    next.iterDepth++
    if (changetype<usize>(prev)) widenImpreciseScalars(env, prev, queued)
    markPtrNotNull(regOf(frameOf(queued, queued.curframe), 0))
  }
  it.iterState = BPF_ITER_STATE_DRAINED
  markConstZero(env, curReg(env, 0))
  return 0
}

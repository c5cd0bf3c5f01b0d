// SPDX-License-Identifier: GPL-2.0-only
// Dynptrs: two stack slots, the first (at the lower address, of the higher number) says what it is.
// Counterparts: mark_stack_slots_dynptr, destroy_if_dynptr_stack_slot, process_dynptr_func.

import { EINVAL, ERANGE } from '../../gen/errno.gen'
import {
  ARG_PTR_TO_DYNPTR,
  BPF_DYNPTR_TYPE_INVALID,
  BPF_DYNPTR_TYPE_LOCAL,
  BPF_DYNPTR_TYPE_RINGBUF,
  BPF_DYNPTR_TYPE_SKB,
  BPF_DYNPTR_TYPE_SKB_META,
  BPF_DYNPTR_TYPE_XDP,
  CONST_PTR_TO_DYNPTR,
  DYNPTR_TYPE_LOCAL,
  DYNPTR_TYPE_RINGBUF,
  DYNPTR_TYPE_SKB,
  DYNPTR_TYPE_SKB_META,
  DYNPTR_TYPE_XDP,
  MEM_RDONLY,
  MEM_UNINIT,
  PTR_MAYBE_NULL,
  PTR_TO_MEM,
  PTR_TO_STACK,
  STACK_DYNPTR,
  STACK_INVALID,
} from '../../gen/verifier-types.gen'
import { markDynptrReg, markInvalid, markNotInit, isConst } from '../bounds'
import { Env, markSlotScratched } from '../env'
import { markStackRead, markStackWrite } from '../liveness'
import { dynptrTypeStr } from '../log/names'
import { S, reject, verifierBug } from '../log/verbose'
import { checkMemAccess } from '../mem/access'
import { WRITE } from '../mem/kinds'
import { acquireReference, releaseReference } from '../refs'
import { firstReg, more, nextReg } from '../reg-iter'
import {
  BPF_REG_SIZE,
  FuncState,
  RegState,
  curReg,
  frameOfReg,
  setSlotTypes,
  slotCnt,
  slotType,
  slotTypes,
  spiOf,
  spilledOf,
} from '../state'
import { checkIds } from '../states/ids'

export const DYNPTR_TYPE_FLAG_MASK: i32 =
  DYNPTR_TYPE_LOCAL | DYNPTR_TYPE_RINGBUF | DYNPTR_TYPE_SKB | DYNPTR_TYPE_XDP | DYNPTR_TYPE_SKB_META
const ALL_DYNPTR: u64 = 0x0404040404040404

/** Slot of an object that a stack pointer points to, or -errno; -ERANGE: the stack is not known that deep yet. */
export function stackObjectSpi(env: Env, reg: RegState, kind: string, slots: i32): i32 {
  if (!isConst(reg)) return reject(env, -EINVAL, '%s has to be at a constant offset\n', S(kind))
  const off = reg.off + <i32>reg.varValue
  if (off % BPF_REG_SIZE) return reject(env, -EINVAL, 'cannot pass in %s at an offset=%d\n', S(kind), off)
  const spi = spiOf(off)
  if (spi + 1 < slots) return reject(env, -EINVAL, 'cannot pass in %s at an offset=%d\n', S(kind), off)
  return spi < slotCnt(frameOfReg(env, reg)) ? spi : -ERANGE
}
export function dynptrSpi(env: Env, reg: RegState): i32 {
  return stackObjectSpi(env, reg, 'dynptr', 2)
}

function typeOfArg(arg: i32): i32 {
  switch (arg & DYNPTR_TYPE_FLAG_MASK) {
    case DYNPTR_TYPE_LOCAL:
      return BPF_DYNPTR_TYPE_LOCAL
    case DYNPTR_TYPE_RINGBUF:
      return BPF_DYNPTR_TYPE_RINGBUF
    case DYNPTR_TYPE_SKB:
      return BPF_DYNPTR_TYPE_SKB
    case DYNPTR_TYPE_XDP:
      return BPF_DYNPTR_TYPE_XDP
    case DYNPTR_TYPE_SKB_META:
      return BPF_DYNPTR_TYPE_SKB_META
  }
  return BPF_DYNPTR_TYPE_INVALID
}

@inline function refcounted(type: i32): bool {
  return type == BPF_DYNPTR_TYPE_RINGBUF
}

@inline function pairMask(spi: i32): u64 {
  return (<u64>3) << (spi - 1)
}

function clearPair(env: Env, f: FuncState, spi: i32): void {
  setSlotTypes(f, spi, STACK_INVALID)
  setSlotTypes(f, spi - 1, STACK_INVALID)
  markNotInit(env, spilledOf(f, spi))
  markNotInit(env, spilledOf(f, spi - 1))
  markStackWrite(env, f.frameno, pairMask(spi))
}

/** A write to a slot of a dynptr ends it, and the slices made from it. */
export function destroyDynptrSlot(env: Env, f: FuncState, spi: i32): i32 {
  if (slotType(f, spi, 0) != STACK_DYNPTR) return 0
  if (!spilledOf(f, spi).firstSlot) spi++
  const d = spilledOf(f, spi)
  if (refcounted(d.dynptrType)) return reject(env, -EINVAL, 'cannot overwrite referenced dynptr\n')
  markSlotScratched(env, spi)
  markSlotScratched(env, spi - 1)
  const id = d.id
  setSlotTypes(f, spi, STACK_INVALID)
  setSlotTypes(f, spi - 1, STACK_INVALID)
  for (let r = firstReg(env.cur); more(r); r = nextReg()) {
    if (r.type != (PTR_TO_MEM | PTR_MAYBE_NULL) && r.type != PTR_TO_MEM) continue
    if (r.dynptrId == id) markInvalid(env, r)
  }
  clearPair(env, f, spi)
  return 0
}

function markSlots(env: Env, reg: RegState, arg: i32, insnIdx: i32, cloneRef: i32): i32 {
  const f = frameOfReg(env, reg)
  const spi = dynptrSpi(env, reg)
  if (spi < 0) return spi
  let err = destroyDynptrSlot(env, f, spi)
  if (err) return err
  err = destroyDynptrSlot(env, f, spi - 1)
  if (err) return err
  setSlotTypes(f, spi, STACK_DYNPTR)
  setSlotTypes(f, spi - 1, STACK_DYNPTR)
  const type = typeOfArg(arg)
  if (type == BPF_DYNPTR_TYPE_INVALID) return -EINVAL
  const id = ++env.idGen
  markDynptrReg(spilledOf(f, spi), type, true, id)
  markDynptrReg(spilledOf(f, spi - 1), type, false, id)
  if (refcounted(type)) {
    const ref = cloneRef ? cloneRef : acquireReference(env, insnIdx)
    if (ref < 0) return ref
    spilledOf(f, spi).refObjId = ref
    spilledOf(f, spi - 1).refObjId = ref
  }
  markStackWrite(env, f.frameno, pairMask(spi))
  return 0
}

/** A helper gave the dynptr's memory back: it, its clones and slices are gone. */
export function unmarkDynptr(env: Env, reg: RegState): i32 {
  const f = frameOfReg(env, reg)
  const spi = dynptrSpi(env, reg)
  if (spi < 0) return spi
  const d = spilledOf(f, spi)
  if (!refcounted(d.dynptrType)) {
    clearPair(env, f, spi)
    return 0
  }
  const ref = d.refObjId
  releaseReference(env, ref)
  const n = slotCnt(f)
  for (let i = 1; i < n; i++) {
    if (spilledOf(f, i).refObjId != ref) continue
    if (slotType(f, i, 0) != STACK_DYNPTR) return verifierBug(env, 'misconfigured ref_obj_id')
    if (spilledOf(f, i).firstSlot) clearPair(env, f, i)
  }
  return 0
}

function validUninit(env: Env, reg: RegState): bool {
  if (reg.type == CONST_PTR_TO_DYNPTR) return false
  const spi = dynptrSpi(env, reg)
  return spi >= 0 || spi == -ERANGE
}

function validInit(env: Env, reg: RegState): bool {
  if (reg.type == CONST_PTR_TO_DYNPTR) return true
  const f = frameOfReg(env, reg)
  const spi = dynptrSpi(env, reg)
  if (spi < 0 || !spilledOf(f, spi).firstSlot) return false
  return slotTypes(f, spi) == ALL_DYNPTR && slotTypes(f, spi - 1) == ALL_DYNPTR
}

/** What describes the dynptr behind a register: the register or a stack slot; 0 if there is none. */
export function dynptrOf(env: Env, reg: RegState): RegState {
  if (reg.type == CONST_PTR_TO_DYNPTR) return reg
  const spi = dynptrSpi(env, reg)
  return spi < 0 ? changetype<RegState>(0) : spilledOf(frameOfReg(env, reg), spi)
}

function typeExpected(env: Env, reg: RegState, arg: i32): bool {
  if (arg == ARG_PTR_TO_DYNPTR) return true
  const d = dynptrOf(env, reg)
  return changetype<usize>(d) != 0 && d.dynptrType == typeOfArg(arg)
}

export function processDynptrArg(env: Env, regno: i32, insnIdx: i32, arg: i32, cloneRef: i32): i32 {
  const reg = curReg(env, regno)
  if (reg.type != PTR_TO_STACK && reg.type != CONST_PTR_TO_DYNPTR)
    return reject(env, -EINVAL, 'arg#%d expected pointer to stack or const struct bpf_dynptr\n', regno - 1)
  if (arg & MEM_UNINIT) {
    if (!validUninit(env, reg)) return reject(env, -EINVAL, 'Dynptr has to be an uninitialized dynptr\n')
    for (let i = 0; i < 16; i += 8) {
      const err = checkMemAccess(env, insnIdx, regno, i, 8, WRITE, -1, false, false)
      if (err) return err
    }
    return markSlots(env, reg, arg, insnIdx, cloneRef)
  }
  if (reg.type == CONST_PTR_TO_DYNPTR && !(arg & MEM_RDONLY))
    return reject(env, -EINVAL, 'cannot pass pointer to const bpf_dynptr, the helper mutates it\n')
  if (!validInit(env, reg)) return reject(env, -EINVAL, 'Expected an initialized dynptr as arg #%d\n', regno - 1)
  if (!typeExpected(env, reg, arg & ~MEM_RDONLY))
    return reject(env, -EINVAL, 'Expected a dynptr of type %s as arg #%d\n', dynptrTypeStr(typeOfArg(arg)), regno - 1)
  if (reg.type == CONST_PTR_TO_DYNPTR) return 0
  const spi = dynptrSpi(env, reg)
  if (spi < 0) return spi
  for (let i = 0; i < 2; i++) {
    const err = markStackRead(env, <i32>reg.frameno, env.insnIdx, (<u64>1) << (spi - i))
    if (err) return err
    markSlotScratched(env, spi - i)
  }
  return 0
}

export function sameDynptrSlot(env: Env, old: RegState, cur: RegState): bool {
  if (old.dynptrType != cur.dynptrType || old.firstSlot != cur.firstSlot) return false
  return checkIds(env, old.refObjId, cur.refObjId)
}

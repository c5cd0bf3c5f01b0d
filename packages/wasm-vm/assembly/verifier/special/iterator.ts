// SPDX-License-Identifier: GPL-2.0-only
// Open-coded iterators on the stack: as many slots as their structure fills, the first (at the lower address, of the higher number) holds the
// reference. Counterparts: process_iter_arg, mark_stack_slots_iter, process_iter_next_call.

import { btfKind, btfNameOf, btfSize, btfType, btfTypeById } from '../../btf/btf'
import { btfTypeSkipModifiers } from '../../btf/kinds'
import { EINVAL, ENOMEM, EPROTO, ERANGE } from '../../gen/errno.gen'
import {
  BPF_ITER_STATE_ACTIVE,
  BPF_ITER_STATE_DRAINED,
  MEM_RCU,
  PTR_TO_STACK,
  PTR_UNTRUSTED,
  STACK_INVALID,
  STACK_ITER,
} from '../../gen/verifier-types.gen'
import { markConstZero, markKnownZero, markNotInit, markPtrNotNull } from '../bounds'
import { KIND_PTR, KIND_STRUCT, startsWith } from '../btf-facts'
import { KfuncMeta, isIterDestroy, isIterNew, isRcuProtected, paramType } from '../call/kfunc-meta'
import { Env, inRcuCs, markSlotScratched } from '../env'
import { markStackRead, markStackWrite } from '../liveness'
import { iterTypeStr } from '../log/names'
import { Z, reject, verifierBug } from '../log/verbose'
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

const ID: usize = memory.data(4, 4)
const ITER_PREFIX: string = 'bpf_iter_'
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

/** 0, -EINVAL, or -EPROTO: it was made where nothing protects what it visits. */
function checkInit(env: Env, reg: RegState, btf: usize, id: u32, slots: i32): i32 {
  const spi = stackObjectSpi(env, reg, 'iter', slots)
  if (spi < 0) return -EINVAL
  const f = frameOfReg(env, reg)
  for (let i = 0; i < slots; i++) {
    const r = spilledOf(f, spi - i)
    if (r.type & PTR_UNTRUSTED) return -EPROTO
    if ((i == 0) != (r.refObjId != 0) || r.btf != btf || r.btfId != id || slotTypes(f, spi - i) != ALL_ITER)
      return -EINVAL
  }
  return 0
}

function markSlots(env: Env, m: KfuncMeta, reg: RegState, id: u32, slots: i32): i32 {
  const f = frameOfReg(env, reg)
  const spi = stackObjectSpi(env, reg, 'iter', slots)
  if (spi < 0) return spi
  const ref = acquireReference(env, env.insnIdx)
  if (ref < 0) return ref
  for (let i = 0; i < slots; i++) {
    const r = spilledOf(f, spi - i)
    markKnownZero(r)
    r.type = PTR_TO_STACK
    if (isRcuProtected(m)) r.type |= inRcuCs(env) ? MEM_RCU : PTR_UNTRUSTED
    r.refObjId = i == 0 ? ref : 0
    r.btf = changetype<usize>(m.btf)
    r.btfId = id
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

/** Number of the structure that the parameter points to if it is one of an iterator, else 0. */
function iterStruct(m: KfuncMeta, i: i32): u32 {
  const ptr = btfTypeSkipModifiers(m.btf, paramType(m, i), 0)
  if (!ptr || btfKind(ptr) != KIND_PTR) return 0
  const t = btfTypeSkipModifiers(m.btf, btfType(ptr), ID)
  if (!t || btfKind(t) != KIND_STRUCT || !startsWith(btfNameOf(m.btf, t), ITER_PREFIX)) return 0
  return load<u32>(ID)
}

function newIter(env: Env, m: KfuncMeta, regno: i32, id: u32, slots: i32): i32 {
  const reg = curReg(env, regno)
  if (!validUninit(env, reg, slots))
    return reject(env, -EINVAL, 'expected uninitialized iter_%S as arg #%d\n', iterTypeStr(m.btf, id), regno - 1)
  for (let i = 0; i < slots * 8; i += 8) {
    const err = checkMemAccess(env, env.insnIdx, regno, i, 8, WRITE, -1, false, false)
    if (err) return err
  }
  return markSlots(env, m, reg, id, slots)
}

export function processIterArg(env: Env, m: KfuncMeta, regno: i32): i32 {
  const reg = curReg(env, regno)
  if (reg.type != PTR_TO_STACK)
    return reject(env, -EINVAL, 'arg#%d expected pointer to an iterator on stack\n', regno - 1)
  const id = iterStruct(m, regno - 1)
  if (!id) return reject(env, -EINVAL, 'expected valid iter pointer as arg #%d\n', regno - 1)
  const slots = <i32>(btfSize(btfTypeById(m.btf, id)) >> 3)
  if (isIterNew(m)) return newIter(env, m, regno, id, slots)
  const bad = checkInit(env, reg, changetype<usize>(m.btf), id, slots)
  if (bad == -EINVAL)
    return reject(env, bad, 'expected an initialized iter_%S as arg #%d\n', iterTypeStr(m.btf, id), regno - 1)
  if (bad) return reject(env, bad, 'expected an RCU CS when using %S\n', Z(m.name))
  const spi = stackObjectSpi(env, reg, 'iter', slots)
  if (spi < 0) return spi
  for (let i = 0; i < slots; i++) {
    const err = markStackRead(env, <i32>reg.frameno, env.insnIdx, (<u64>1) << (spi - i))
    if (err) return err
    markSlotScratched(env, spi - i)
  }
  m.iterSpi = spi
  m.iterFrame = reg.frameno
  const f = frameOfReg(env, reg)
  m.refObjId = spilledOf(f, spi).refObjId
  if (isIterDestroy(m)) unmarkSlots(env, f, spi, slots)
  return 0
}

@inline export function iterOf(st: VState, m: KfuncMeta): RegState {
  return spilledOf(frameOf(st, <i32>m.iterFrame), m.iterSpi)
}

/** One state goes on with a next element, the other one with none. */
export function iterNextCall(env: Env, m: KfuncMeta): i32 {
  const cur = env.cur
  const it = iterOf(cur, m)
  if (it.iterState == BPF_ITER_STATE_ACTIVE) {
    const parent = changetype<VState>(cur.parent)
    if (!cur.parent || parent.insnIdx != env.insnIdx || !sameCallsites(parent, cur))
      return verifierBug(env, 'bad parent state for iter next call')
    const prev = findPrevEntry(env, parent, env.insnIdx)
    const queued: VState = pushStack(env, env.insnIdx + 1, env.insnIdx, false)
    if (!changetype<usize>(queued)) return -ENOMEM
    const next = iterOf(queued, m)
    next.iterState = BPF_ITER_STATE_ACTIVE
    next.iterDepth++
    if (changetype<usize>(prev)) widenImpreciseScalars(env, prev, queued)
    markPtrNotNull(regOf(frameOf(queued, queued.curframe), 0))
  }
  it.iterState = BPF_ITER_STATE_DRAINED
  markConstZero(env, curReg(env, 0))
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// What r0 is after a kernel function. Counterparts: check_special_kfunc, the end of check_kfunc_call.

import { BPF_RES_SPIN_LOCK, BPF_SPIN_LOCK, recordHas } from '../../btf/record'
import { btfKind, btfNameOf, btfSize, btfType, btfTypeById } from '../../btf/btf'
import { btfTypeSkipModifiers } from '../../btf/kinds'
import { EINVAL } from '../../gen/errno.gen'
import {
  KFUNC_bpf_cast_to_kern_ctx,
  KFUNC_bpf_dynptr_slice,
  KFUNC_bpf_dynptr_slice_rdwr,
  KFUNC_bpf_get_kmem_cache,
  KFUNC_bpf_obj_new_impl,
  KFUNC_bpf_percpu_obj_new_impl,
  KFUNC_bpf_rdonly_cast,
  KFUNC_bpf_refcount_acquire_impl,
  KFUNC_bpf_res_spin_lock,
  KFUNC_bpf_res_spin_lock_irqsave,
} from '../../gen/kfuncs.gen'
import {
  MEM_RCU,
  MEM_RDONLY,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
} from '../../gen/verifier-types.gen'
import { KIND_PTR, KIND_STRUCT, kindStr, resolveSize } from '../btf-facts'
import { markConstZero, markKnownZero, markUnknown } from '../bounds'
import { Env } from '../env'
import { S, Z, reject } from '../log/verbose'
import { acquireReference } from '../refs'
import { regRecord } from '../reg-record'
import { DEF_NOT_SUBREG } from '../regs'
import { iterOf } from '../special/iterator'
import { setNonOwning } from '../special/graph'
import { RegState, curReg } from '../state'
import { sliceResult } from './kfunc-dynptr'
import { isScalarType, isStructOrUnion } from './kfunc-kinds'
import { KfuncMeta, isAcquire, isIterNext, isRcuProtected, mayReturnNull } from './kfunc-meta'
import { isNodeType, objectResult } from './kfunc-objects'

const ID: usize = memory.data(4, 4)

function setStruct(env: Env, r0: RegState, m: KfuncMeta, id: u32, flags: i32): void {
  markKnownZero(r0)
  r0.type = PTR_TO_BTF_ID | flags
  r0.btf = changetype<usize>(m.btf)
  r0.btfId = id
}

function castResult(env: Env, m: KfuncMeta): i32 {
  const r0 = curReg(env, 0)
  const id = <u32>m.constValue
  const t = btfTypeById(m.btf, id)
  if (!t) return reject(env, -EINVAL, 'Unknown type ID %lld passed to kfunc bpf_rdonly_cast\n', <i64>m.constValue)
  if (isStructOrUnion(t)) {
    setStruct(env, r0, m, id, PTR_UNTRUSTED)
    return 1
  }
  if (btfKind(t) != 0)
    return reject(env, -EINVAL, 'kfunc bpf_rdonly_cast type ID argument must be of a struct or void\n')
  markKnownZero(r0)
  r0.type = PTR_TO_MEM | MEM_RDONLY | PTR_UNTRUSTED
  r0.memSize = 0
  return 1
}

/** Results that the prototype alone does not tell: 1: set, 0: none of them. */
function specialResult(env: Env, m: KfuncMeta, pointee: usize): i32 {
  switch (m.row) {
    case KFUNC_bpf_cast_to_kern_ctx:
      setStruct(env, curReg(env, 0), m, m.retBtfId, PTR_TRUSTED)
      return 1
    case KFUNC_bpf_rdonly_cast:
      return castResult(env, m)
    case KFUNC_bpf_dynptr_slice:
    case KFUNC_bpf_dynptr_slice_rdwr: {
      const err = sliceResult(env, m)
      return err ? err : 1
    }
  }
  return objectResult(env, m, pointee)
}

/** Memory of a size that an argument or the type gives. */
function memoryResult(env: Env, m: KfuncMeta, pointee: usize): i32 {
  if (!m.r0Size) {
    const size = resolveSize(m.btf, pointee)
    if (size > 0) {
      m.r0Size = <u64>size
      m.r0Rdonly = true
    }
  }
  if (!m.r0Size)
    return reject(
      env,
      -EINVAL,
      'kernel function %S returns pointer type %s %S is not supported\n',
      Z(m.name),
      S(kindStr(pointee)),
      Z(btfNameOf(m.btf, pointee)),
    )
  const r0 = curReg(env, 0)
  markKnownZero(r0)
  r0.type = PTR_TO_MEM
  r0.memSize = <u32>m.r0Size
  if (m.r0Rdonly) r0.type |= MEM_RDONLY
  // The memory goes with what it was made from.
  if (m.refObjId) r0.refObjId = m.refObjId
  if (isRcuProtected(m)) r0.type |= MEM_RCU
  return 0
}

function structResult(env: Env, m: KfuncMeta, id: u32): void {
  let flags = 0
  if (m.row == KFUNC_bpf_get_kmem_cache) flags = PTR_UNTRUSTED
  else if (isRcuProtected(m)) flags = MEM_RCU
  if (isIterNext(m)) flags |= iterOf(env.cur, m).type & MEM_RCU ? MEM_RCU : PTR_TRUSTED
  setStruct(env, curReg(env, 0), m, id, flags)
}

function pointerResult(env: Env, m: KfuncMeta, ptr: usize): i32 {
  const pointee = btfTypeSkipModifiers(m.btf, btfType(ptr), ID)
  const id = load<u32>(ID)
  const r0 = curReg(env, 0)
  const special = specialResult(env, m, pointee)
  if (special < 0) return special
  if (!special) {
    if (btfKind(pointee) == 0) markUnknown(env, r0)
    else if (btfKind(pointee) == KIND_STRUCT) structResult(env, m, id)
    else {
      const err = memoryResult(env, m, pointee)
      if (err) return err
    }
  }
  if (mayReturnNull(m)) {
    r0.type |= PTR_MAYBE_NULL
    r0.id = ++env.idGen
  }
  r0.subregDef = DEF_NOT_SUBREG
  if (isAcquire(m)) {
    const ref = acquireReference(env, env.insnIdx)
    if (ref < 0) return ref
    if (mayReturnNull(m)) r0.id = ref
    r0.refObjId = ref
  } else if (isNodeType(m, pointee)) setNonOwning(env, r0)
  if (!r0.id && recordHas(regRecord(r0), BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK)) r0.id = ++env.idGen
  return 0
}

function returnsStruct(m: KfuncMeta, t: usize): bool {
  if (btfKind(t) != KIND_PTR) return false
  return isStructOrUnion(btfTypeSkipModifiers(m.btf, btfType(t), 0))
}

function givesObject(row: i32): bool {
  return row == KFUNC_bpf_obj_new_impl || row == KFUNC_bpf_percpu_obj_new_impl || row == KFUNC_bpf_refcount_acquire_impl
}

/** r0 to r5 are forgotten already. */
export function setKfuncResult(env: Env, m: KfuncMeta): i32 {
  const t = btfTypeSkipModifiers(m.btf, btfType(m.proto), 0)
  if (isAcquire(m) && !returnsStruct(m, t) && !givesObject(m.row))
    return reject(env, -EINVAL, 'acquire kernel function does not return PTR_TO_BTF_ID\n')
  const r0 = curReg(env, 0)
  if (isScalarType(t)) {
    if (m.row == KFUNC_bpf_res_spin_lock || m.row == KFUNC_bpf_res_spin_lock_irqsave) markConstZero(env, r0)
    else markUnknown(env, r0)
    r0.subregDef = btfSize(t) == 8 ? DEF_NOT_SUBREG : env.insnIdx + 1
    return 0
  }
  return btfKind(t) == KIND_PTR ? pointerResult(env, m, t) : 0
}

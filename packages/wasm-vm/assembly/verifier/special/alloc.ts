// SPDX-License-Identifier: GPL-2.0-only
// Pointers to objects that programs allocate, and the functions that make, share and drop them.
// Counterparts: type_is_ptr_alloc_obj, reg_btf_record, the cases of check_kfunc_args and check_special_kfunc.

import { structRecord } from '../../btf/check/struct-metas'
import { Btf, btfKind, btfSize, btfTypeById, btfVlen } from '../../btf/btf'
import { btfTypeSkipModifiers, memberType } from '../../btf/kinds'
import { EINVAL } from '../../gen/errno.gen'
import {
  KFUNC_bpf_obj_drop_impl,
  KFUNC_bpf_percpu_obj_drop_impl,
  KFUNC_bpf_percpu_obj_new_impl,
} from '../../gen/kfuncs.gen'
import { MEM_ALLOC, MEM_PERCPU, NON_OWN_REF, PTR_TO_BTF_ID } from '../../gen/verifier-types.gen'
import { markKnownZero } from '../bounds'
import { KIND_ARRAY, KIND_STRUCT, isEnum } from '../btf-facts'
import { KfuncMeta } from '../call/kfunc-meta'
import { Env } from '../env'
import { reject, verifierBug } from '../log/verbose'
import { isAllocatedObject, regRecord } from '../reg-record'
import { RegState, curReg } from '../state'

/** An object that the program owns. */
export const OBJECT: i32 = PTR_TO_BTF_ID | MEM_ALLOC
const PERCPU_MAX_SIZE: u32 = 512
const MAX_SCALAR_DEPTH: u32 = 4
const KIND_INT: u32 = 1

@inline export function isNonOwning(type: i32): bool {
  return isAllocatedObject(type) && (type & NON_OWN_REF) != 0
}

/** The object that bpf_obj_drop and its like take. */
export function checkDropArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  if (reg.type == OBJECT) {
    if (m.row != KFUNC_bpf_obj_drop_impl) return reject(env, -EINVAL, 'arg#%d expected for bpf_obj_drop_impl()\n', i)
  } else if (reg.type == (OBJECT | MEM_PERCPU)) {
    if (m.row != KFUNC_bpf_percpu_obj_drop_impl)
      return reject(env, -EINVAL, 'arg#%d expected for bpf_percpu_obj_drop_impl()\n', i)
  } else return reject(env, -EINVAL, 'arg#%d expected pointer to allocated object\n', i)
  if (!reg.refObjId) return reject(env, -EINVAL, 'allocated object must be referenced\n')
  m.argBtf = reg.btf
  m.argBtfId = reg.btfId
  return 0
}

/** The object that bpf_refcount_acquire takes. */
export function checkRefcountedArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  if (!isAllocatedObject(reg.type)) return reject(env, -EINVAL, 'arg#%d is neither owning or non-owning ref\n', i)
  if (!isNonOwning(reg.type)) m.owningRef = true
  const record = regRecord(reg)
  if (!changetype<usize>(record)) return verifierBug(env, "Couldn't find btf_record")
  if (record.refcountOff < 0) return reject(env, -EINVAL, "arg#%d doesn't point to a type with bpf_refcount field\n", i)
  m.argBtf = reg.btf
  m.argBtfId = reg.btfId
  return 0
}

export function setObject(r0: RegState, type: i32, btf: usize, id: u32): void {
  markKnownZero(r0)
  r0.type = type
  r0.btf = btf
  r0.btfId = id
}

/** Structures of numbers, and of such structures. */
function isScalarStruct(btf: Btf, t: usize, depth: u32): bool {
  if (depth >= MAX_SCALAR_DEPTH) return false
  const n = btfVlen(t)
  for (let i: u32 = 0; i < n; i++) {
    let m = btfTypeSkipModifiers(btf, memberType(t, i), 0)
    if (btfKind(m) == KIND_STRUCT) {
      if (!isScalarStruct(btf, m, depth + 1)) return false
      continue
    }
    if (btfKind(m) == KIND_ARRAY) {
      if (!load<u32>(m, 20)) return false
      m = btfTypeSkipModifiers(btf, load<u32>(m, 12), 0)
    }
    if (btfKind(m) != KIND_INT && !isEnum(m)) return false
  }
  return true
}

/** r0 of bpf_obj_new and bpf_percpu_obj_new: the type's number in the program's BTF is the constant argument. */
export function setNewObject(env: Env, m: KfuncMeta): i32 {
  const value = m.constValue
  if (value > 0xffffffff) return reject(env, -EINVAL, 'local type ID argument must be in range [0, U32_MAX]\n')
  const btf = env.prog.btf
  if (!changetype<usize>(btf)) return reject(env, -EINVAL, 'bpf_obj_new/bpf_percpu_obj_new requires prog BTF\n')
  const id = <u32>value
  const t = btfTypeById(btf, id)
  if (!t || btfKind(t) != KIND_STRUCT)
    return reject(env, -EINVAL, 'bpf_obj_new/bpf_percpu_obj_new type ID argument must be of a struct\n')
  const percpu = m.row == KFUNC_bpf_percpu_obj_new_impl
  if (percpu) {
    if (btfSize(t) > PERCPU_MAX_SIZE)
      return reject(env, -EINVAL, 'bpf_percpu_obj_new type size (%d) is greater than %d\n', btfSize(t), PERCPU_MAX_SIZE)
    if (!isScalarStruct(btf, t, 0))
      return reject(env, -EINVAL, 'bpf_percpu_obj_new type ID argument must be of a struct of scalars\n')
    if (changetype<usize>(structRecord(btf, id)))
      return reject(env, -EINVAL, 'bpf_percpu_obj_new type ID argument must not contain special fields\n')
  }
  setObject(curReg(env, 0), percpu ? OBJECT | MEM_PERCPU : OBJECT, changetype<usize>(btf), id)
  return 0
}

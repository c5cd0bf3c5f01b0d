// SPDX-License-Identifier: GPL-2.0-only
// Accesses of allocated objects: their types are the program's own, and whatever is read is a number.
// Counterparts: btf_struct_access and btf_struct_walk for types of the program.

import { structRecord } from '../../btf/check/struct-metas'
import { Btf, btfKflag, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import { memberBitOffset, memberBitSize, memberName, memberType } from '../../btf/kinds'
import { recordField } from '../../btf/record'
import { EACCES, EFAULT, EINVAL, EPERM } from '../../gen/errno.gen'
import {
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  NON_OWN_REF,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_UNTRUSTED,
} from '../../gen/verifier-types.gen'
import { baseType, isConst, markKnownZero, markUnknown, mayBeNull } from '../bounds'
import { KIND_ARRAY, KIND_PTR, KIND_STRUCT, KIND_UNION, isModifier, resolveSize, typeName } from '../btf-facts'
import { Env } from '../env'
import { S, Z, reject, verifierBug } from '../log/verbose'
import { fieldName } from '../map-facts'
import { RegState, curReg } from '../state'
import { READ } from './kinds'

@inline function isStructOrUnion(t: usize): bool {
  return btfKind(t) == KIND_STRUCT || btfKind(t) == KIND_UNION
}

/** Elements of an array, all dimensions, and the type of one. */
const ELEMENT: usize = memory.data(8, 4)

function flatten(btf: Btf, t: usize): void {
  let n: u32 = 1
  while (btfKind(t) == KIND_ARRAY) {
    n *= load<u32>(t, 20)
    t = skip(btf, btfTypeById(btf, load<u32>(t, 12)))
  }
  store<usize>(ELEMENT, t)
  store<u32>(ELEMENT, n, 4)
}

function skip(btf: Btf, t: usize): usize {
  while (t && isModifier(t)) t = btfTypeById(btf, btfType(t))
  return t
}

/** Where the walk goes on, inside a member that is a structure. */
@unmanaged class Inner {
  type: usize
  off: u32
  untrusted: bool
}
const INNER: usize = memory.data(16, 4)

const FOUND: i32 = 0
const INSIDE: i32 = 1
const NEXT: i32 = 2
/** A pointer that does not point to a structure: what it points to may be read, at no risk. */
const POINTER: i32 = 3

/** One member of a structure: FOUND (a number), POINTER, INSIDE (another structure), NEXT (another member), -errno. */
function checkMember(env: Env, btf: Btf, t: usize, i: u32, off: u32, size: u32): i32 {
  const inner = changetype<Inner>(INNER)
  let moff = memberBitOffset(t, i) >> 3
  const name = Z(memberName(btf, t, i))
  const bits = btfKflag(t) ? memberBitSize(t, i) : 0
  if (bits) {
    const end = (memberBitOffset(t, i) + bits + 7) >> 3
    return off <= moff && end <= off + size ? FOUND : NEXT
  }
  const owner = Z(btfNameOf(btf, t))
  if (off < moff) return reject(env, -EINVAL, "struct %S doesn't have field at offset %d\n", owner, off)
  let type = skip(btf, btfTypeById(btf, memberType(t, i)))
  const bytes = resolveSize(btf, type)
  if (bytes < 0) return reject(env, -EFAULT, "field %S doesn't have size\n", name)
  let msize = <u32>bytes
  const end = moff + msize
  if (off >= end) return NEXT
  if (btfKind(type) == KIND_ARRAY) {
    flatten(btf, type)
    type = load<usize>(ELEMENT)
    msize /= load<u32>(ELEMENT, 4)
    moff += ((off - moff) / msize) * msize
  }
  if (isStructOrUnion(type)) {
    inner.type = type
    inner.off = off - moff
    return INSIDE
  }
  if (btfKind(type) == KIND_PTR) {
    if (msize != size || off != moff)
      return reject(
        env,
        -EACCES,
        'cannot access ptr member %S with moff %u in struct %S with off %u size %u\n',
        name,
        moff,
        owner,
        off,
        size,
      )
    return isStructOrUnion(skip(btf, btfTypeById(btf, btfType(type)))) ? FOUND : POINTER
  }
  if (off + size > end && !inner.untrusted)
    return reject(
      env,
      -EACCES,
      'access beyond the end of member %S (mend:%u) in struct %S with off %u size %u\n',
      name,
      end,
      owner,
      off,
      size,
    )
  return FOUND
}

/** Whether size bytes at off may be read or written as a number. */
function walk(env: Env, btf: Btf, id: u32, off: u32, size: u32): i32 {
  const inner = changetype<Inner>(INNER)
  inner.untrusted = false
  let t = btfTypeById(btf, id)
  while (true) {
    const n = btfVlen(t)
    if (btfKind(t) == KIND_UNION && n != 1) inner.untrusted = true
    if (off + size > btfSize(t))
      return reject(env, -EACCES, 'access beyond struct %S at off %u size %u\n', Z(btfNameOf(btf, t)), off, size)
    let ret = NEXT
    for (let i: u32 = 0; i < n && ret == NEXT; i++) {
      if (off + size <= memberBitOffset(t, i) >> 3) break
      ret = checkMember(env, btf, t, i, off, size)
    }
    if (ret == NEXT)
      return reject(env, -EINVAL, "struct %S doesn't have field at offset %d\n", Z(btfNameOf(btf, t)), off)
    if (ret != INSIDE) return ret
    t = inner.type
    off = inner.off
  }
  return FOUND
}

/** An access through a pointer to an allocated object at a constant offset that is not negative. */
function checkObjectAccess(env: Env, reg: RegState, off: u32, size: u32): i32 {
  const btf = changetype<Btf>(reg.btf)
  const record = structRecord(btf, reg.btfId)
  if (changetype<usize>(record)) {
    for (let i: u32 = 0; i < record.cnt; i++) {
      const f = recordField(record, i)
      if (off < f.offset + f.size && f.offset < off + size)
        return reject(env, -EACCES, 'direct access to %s is disallowed\n', S(fieldName(f.type)))
    }
  }
  return walk(env, btf, reg.btfId, off, size)
}

/** Whether mem/object.ts judges accesses through such a pointer: objects of the program's own types. */
export function isObjectPointer(reg: RegState): bool {
  if (baseType(reg.type) != PTR_TO_BTF_ID || mayBeNull(reg.type) || !reg.btf) return false
  return (reg.type & MEM_ALLOC) != 0 || ((reg.type & MEM_PERCPU) != 0 && !changetype<Btf>(reg.btf).kernelBtf)
}

export function checkObjectPointer(env: Env, regno: i32, off: i32, size: i32, access: i32, valueReg: i32): i32 {
  const reg = curReg(env, regno)
  const name = typeName(changetype<Btf>(reg.btf), reg.btfId)
  if (!env.allowPtrLeaks)
    return reject(env, -EPERM, "'struct %S' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN\n", name)
  if (off < 0) return reject(env, -EACCES, 'R%d is ptr_%S invalid negative access: off=%d\n', regno, name, off)
  if (!isConst(reg) || reg.varValue)
    return reject(
      env,
      -EACCES,
      'R%d is ptr_%S invalid variable offset: off=%d, var_off=%T\n',
      regno,
      name,
      off,
      Z(reg.varOff),
    )
  if (reg.type & MEM_PERCPU)
    return reject(env, -EACCES, 'R%d is ptr_%S access percpu memory: off=%d\n', regno, name, off)
  if (access != READ && reg.type & PTR_UNTRUSTED) return reject(env, -EACCES, 'only read is supported\n')
  if (!(reg.type & (NON_OWN_REF | MEM_RCU)) && !reg.refObjId && !(reg.type & PTR_UNTRUSTED))
    return verifierBug(env, 'ref_obj_id for allocated object must be non-zero')
  const found = checkObjectAccess(env, reg, <u32>off, <u32>size)
  if (found < 0) return found
  if (access != READ || valueReg < 0) return 0
  const value = curReg(env, valueReg)
  if (found != POINTER) markUnknown(env, value)
  else {
    markKnownZero(value)
    value.type = PTR_TO_MEM | MEM_RDONLY | PTR_UNTRUSTED
    value.memSize = 0
  }
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// What lies at an offset of a structure that BTF describes, and whether a structure begins with another.
// Kernel counterparts: btf_struct_walk, btf_struct_access, btf_struct_ids_match, btf_nested_type_is_trusted.

import { ANONYMOUS } from '../../btf/names'
import { Btf, btfKflag, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import { btfTypeSkipModifiers, memberBitOffset, memberBitSize, memberName, memberType } from '../../btf/kinds'
import { btfFind } from '../../btf/name-index'
import { structRecord } from '../../btf/check/struct-metas'
import { recordField } from '../../btf/record'
import { EACCES, EFAULT, EINVAL } from '../../gen/errno.gen'
import {
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  MEM_USER,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { cstrEquals, cstrIs, cstrPut, cstrlen } from '../../mem/bytes'
import {
  KIND_ARRAY,
  KIND_INT,
  KIND_PTR,
  KIND_STRUCT,
  KIND_TYPE_TAG,
  KIND_UNION,
  isModifier,
  resolveSize,
} from '../btf-facts'
import { Env } from '../env'
import { S, Z, reject } from '../log/verbose'
import { fieldName } from '../map-facts'
import { RegState } from '../state'

const WALK_SCALAR: i32 = 0
const WALK_PTR: i32 = 1
const WALK_PTR_UNTRUSTED: i32 = 2
const WALK_STRUCT: i32 = 3

/** What the last walk found: type number, flags of the pointer, name of the member that holds it (0: none). */
const FOUND: usize = memory.data(16, 8)
const IDS: usize = memory.data(8, 8)

@inline export function foundId(): u32 {
  return load<u32>(FOUND)
}

@inline export function foundFlags(): i32 {
  return load<i32>(FOUND, 4)
}

@inline export function foundField(): usize {
  return load<usize>(FOUND, 8)
}

@inline export function isStructType(t: usize): bool {
  return btfKind(t) == KIND_STRUCT || btfKind(t) == KIND_UNION
}

/** The flag that a tag behind a pointer gives: __user, __percpu, __rcu. */
export function tagFlag(btf: Btf, pointee: u32, rcu: bool): i32 {
  const t = btfTypeById(btf, pointee)
  if (!t || btfKind(t) != KIND_TYPE_TAG || btfKflag(t)) return 0
  const tag = btfNameOf(btf, t)
  if (cstrIs(tag, 'user')) return MEM_USER
  if (cstrIs(tag, 'percpu')) return MEM_PERCPU
  return rcu && cstrIs(tag, 'rcu') ? MEM_RCU : 0
}

/** Arrays of arrays as one: the element's type, its number and how many there are. */
@unmanaged class Elements {
  type: usize
  id: u32
  count: u64
}
const ELEMENTS: usize = memory.data(16, 8)

function flatten(btf: Btf, array: usize): Elements {
  const e = changetype<Elements>(ELEMENTS)
  e.count = 1
  e.type = array
  for (let depth = 0; e.type && btfKind(e.type) == KIND_ARRAY && depth < 32; depth++) {
    e.count *= load<u32>(e.type, 20)
    e.id = load<u32>(e.type, 12)
    e.type = btfTypeSkipModifiers(btf, e.id, IDS)
    if (e.type && btfKind(e.type) != KIND_ARRAY) e.id = load<u32>(IDS)
  }
  return e
}

/** A structure that ends with an array of unknown length goes on: the type of its elements, 0 if it does not. */
function flexibleArray(btf: Btf, t: usize, off: i32): usize {
  const n = btfVlen(t)
  if (!n) return 0
  const last = btfTypeSkipModifiers(btf, memberType(t, n - 1), 0)
  if (!last || btfKind(last) != KIND_ARRAY || load<u32>(last, 20) != 0) return 0
  if (off < <i32>(memberBitOffset(t, n - 1) >> 3)) return 0
  const elem = btfTypeSkipModifiers(btf, load<u32>(last, 12), 0)
  if (!elem) return 0
  if (btfKind(elem) == KIND_INT) return elem
  return isStructType(elem) && btfSize(elem) ? elem : 0
}

/** A name as it is printed; what has none is called so. */
@inline function shown(name: usize): i64 {
  return Z(load<u8>(name) ? name : ANONYMOUS)
}

function pointerMember(
  env: Env,
  btf: Btf,
  t: usize,
  i: u32,
  ptr: usize,
  msize: u32,
  moff: i32,
  off: i32,
  size: i32,
): i32 {
  if (<i32>msize != size || off != moff)
    return reject(
      env,
      -EACCES,
      'cannot access ptr member %S with moff %u in struct %S with off %u size %u\n',
      shown(memberName(btf, t, i)),
      moff,
      shown(btfNameOf(btf, t)),
      off,
      size,
    )
  const flag = tagFlag(btf, btfType(ptr), true)
  const to = btfTypeSkipModifiers(btf, btfType(ptr), IDS)
  if (!to || !isStructType(to)) return WALK_PTR_UNTRUSTED
  store<u32>(FOUND, load<u32>(IDS))
  store<i32>(FOUND, foundFlags() | flag, 4)
  store<usize>(FOUND, memberName(btf, t, i), 8)
  return WALK_PTR
}

/** Goes one structure deep, through those that begin before the offset. What it finds is at FOUND; flags add up. */
function structWalk(env: Env, btf: Btf, t: usize, off: i32, size: i32, flexible: bool): i32 {
  do {
    while (isModifier(t)) t = btfTypeById(btf, btfType(t))
    const name = btfNameOf(btf, t)
    if (!isStructType(t)) return reject(env, -EINVAL, "Type '%S' is not a struct\n", shown(name))
    const n = btfVlen(t)
    // Members of a union lie over each other: what a pointer among them points to is anyone's guess.
    if (btfKind(t) == KIND_UNION && n != 1) store<i32>(FOUND, foundFlags() | PTR_UNTRUSTED, 4)
    if (<u32>(off + size) > btfSize(t)) {
      const elem = flexible ? flexibleArray(btf, t, off) : 0
      if (!elem) return reject(env, -EACCES, 'access beyond struct %S at off %u size %u\n', shown(name), off, size)
      if (btfKind(elem) == KIND_INT) return WALK_SCALAR
      off = (off - <i32>(memberBitOffset(t, n - 1) >> 3)) % <i32>btfSize(elem)
      t = elem
      continue
    }
    const inner = walkMembers(env, btf, t, off, size)
    if (inner != WALK_DEEPER) return inner
    off = load<i32>(DEEPER, 4)
    t = load<usize>(DEEPER)
  } while (true)
  return -EFAULT
}

const WALK_DEEPER: i32 = 4
/** The structure in the middle of which the walk goes on, and the offset there. */
const DEEPER: usize = memory.data(8, 8)

function walkMembers(env: Env, btf: Btf, t: usize, off: i32, size: i32): i32 {
  const name = btfNameOf(btf, t)
  const n = btfVlen(t)
  for (let i: u32 = 0; i < n; i++) {
    let moff = <i32>(memberBitOffset(t, i) >> 3)
    if (off + size <= moff) break
    const bits = memberBitSize(t, i)
    if (bits) {
      const end = <i32>((memberBitOffset(t, i) + bits + 7) >> 3)
      if (off <= moff && end <= off + size) return WALK_SCALAR
      continue
    }
    if (off < moff) break
    let mid = memberType(t, i)
    let mtype = btfTypeSkipModifiers(btf, mid, IDS)
    mid = load<u32>(IDS)
    const whole = resolveSize(btf, mtype)
    if (whole < 0) return reject(env, -EFAULT, "field %S doesn't have size\n", shown(memberName(btf, t, i)))
    let msize = <u32>whole
    const end = moff + <i32>msize
    if (off >= end) continue
    if (btfKind(mtype) == KIND_ARRAY) {
      const e = flatten(btf, mtype)
      msize = <u32>(<u64>msize / e.count)
      moff += ((off - moff) / <i32>msize) * <i32>msize
      mtype = e.type
      mid = e.id
    }
    if (isStructType(mtype)) {
      if (off == moff) {
        store<u32>(FOUND, mid)
        return WALK_STRUCT
      }
      store<usize>(DEEPER, mtype)
      store<i32>(DEEPER, off - moff, 4)
      return WALK_DEEPER
    }
    if (btfKind(mtype) == KIND_PTR) return pointerMember(env, btf, t, i, mtype, msize, moff, off, size)
    if (off + size > end && !(foundFlags() & PTR_UNTRUSTED))
      return reject(
        env,
        -EACCES,
        'access beyond the end of member %S (mend:%u) in struct %S with off %u size %u\n',
        shown(memberName(btf, t, i)),
        end,
        shown(name),
        off,
        size,
      )
    return WALK_SCALAR
  }
  return reject(env, -EINVAL, "struct %S doesn't have field at offset %d\n", shown(name), off)
}

function touchesSpecial(env: Env, btf: Btf, id: u32, off: i32, size: i32): i32 {
  const rec = structRecord(btf, id)
  if (!changetype<usize>(rec)) return 0
  for (let i: u32 = 0; i < rec.cnt; i++) {
    const f = recordField(rec, i)
    if (<u32>off < f.offset + f.size && f.offset < <u32>(off + size))
      return reject(env, -EACCES, 'direct access to %s is disallowed\n', S(fieldName(f.type)))
  }
  return 0
}

/** The register type that a load at the offset gives (SCALAR_VALUE, PTR_TO_BTF_ID, PTR_TO_MEM), or -errno. */
export function structAccess(env: Env, type: i32, btf: Btf, id: u32, off: i32, size: i32): i32 {
  const alloc = (type & MEM_ALLOC) != 0
  if (alloc) {
    const err = touchesSpecial(env, btf, id, off, size)
    if (err) return err
  }
  memory.fill(FOUND, 0, 16)
  let t = btfTypeById(btf, id)
  while (t) {
    const what = structWalk(env, btf, t, off, size, !alloc)
    if (what < 0) return what
    if (what == WALK_SCALAR) return SCALAR_VALUE
    // What a program allocated holds numbers only, as far as loads go.
    if (what == WALK_PTR) return alloc ? SCALAR_VALUE : PTR_TO_BTF_ID
    if (what == WALK_PTR_UNTRUSTED) {
      store<i32>(FOUND, MEM_RDONLY | PTR_UNTRUSTED, 4)
      return PTR_TO_MEM
    }
    t = btfTypeById(btf, foundId())
    off = 0
  }
  return -EINVAL
}

export function typesSame(a: Btf, idA: u32, b: Btf, idB: u32): bool {
  if (idA != idB) return false
  return changetype<usize>(a) == changetype<usize>(b) || btfTypeById(a, idA) == btfTypeById(b, idB)
}

/** Whether the structure at the offset is the wanted one or begins with it. */
export function structIdsMatch(
  env: Env,
  btf: Btf,
  id: u32,
  off: i32,
  wantBtf: Btf,
  want: u32,
  strict: bool,
  flexible: bool,
): bool {
  if (off == 0 && typesSame(btf, id, wantBtf, want)) return true
  if (strict) return false
  memory.fill(FOUND, 0, 16)
  do {
    const t = btfTypeById(btf, id)
    if (!t || structWalk(env, btf, t, off, 1, flexible) != WALK_STRUCT) return false
    id = foundId()
    if (typesSame(btf, id, wantBtf, want)) return true
    off = 0
  } while (true)
  return false
}

const SAFE_NAME: usize = memory.data(64, 8)
const SAFE_SIZE: usize = 64

/** Whether the kernel vouches for a member: a structure named after its own lists those. */
export function memberIsSafe(reg: RegState, field: usize, id: u32, suffix: string): bool {
  const btf = changetype<Btf>(reg.btf)
  const t = btfTypeById(btf, reg.btfId)
  if (!t || !field) return false
  const name = btfNameOf(btf, t)
  const n = cstrlen(name)
  if (n + <usize>suffix.length >= SAFE_SIZE) return false
  memory.copy(SAFE_NAME, name, n)
  cstrPut(SAFE_NAME + n, suffix)
  const safe = btfTypeById(btf, btfFind(btf, SAFE_NAME, btfKind(t)))
  if (!safe) return false
  for (let i: u32 = 0; i < btfVlen(safe); i++) {
    const m = btfTypeById(btf, memberType(safe, i))
    if (btfKind(m) != KIND_PTR) continue
    btfTypeSkipModifiers(btf, btfType(m), IDS)
    if (load<u32>(IDS) == id && cstrEquals(field, memberName(btf, safe, i))) return true
  }
  return false
}

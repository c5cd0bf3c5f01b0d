// SPDX-License-Identifier: GPL-2.0-only
// Finds the special fields of a type: locks, timers, kernel pointers, lists, trees.
// Kernel counterpart: btf_parse_fields of kernel/bpf/btf.c.

import { E2BIG, EEXIST, EFAULT, EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { cstrIs, cstrlen, cstrPut } from '../mem/bytes'
import { kernel } from '../mem/root'
import { Btf, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from './btf'
import {
  btfFindByNameKind,
  btfTypeSkipModifiers,
  isStruct,
  KIND_ARRAY,
  KIND_DATASEC,
  KIND_DECL_TAG,
  KIND_FUNC,
  KIND_PTR,
  KIND_TYPE_TAG,
  KIND_VOLATILE,
  MAX_DEPTH,
  memberBitOffset,
  memberName,
  memberType,
} from './kinds'
import {
  BPF_KPTR,
  BPF_KPTR_PERCPU,
  BPF_KPTR_REF,
  BPF_KPTR_UNREF,
  BPF_LIST_HEAD,
  BPF_LIST_NODE,
  BPF_RB_NODE,
  BPF_RB_ROOT,
  BPF_REFCOUNT,
  BPF_RES_SPIN_LOCK,
  BPF_SPIN_LOCK,
  BPF_TASK_WORK,
  BPF_TIMER,
  BPF_UPTR,
  BPF_WORKQUEUE,
  BtfField,
  BTF_FIELDS_MAX,
  BTF_FIELD_SIZE,
  BtfRecord,
  recordField,
} from './record'

/** A field that was found. For lists and trees: number of what they hold and name of the node in it. */
@unmanaged class Found {
  type: u32
  off: u32
  typeId: u32
  nodeName: usize
}
const FOUND_SIZE: usize = 16
const FOUND: usize = memory.data(12 * 16, 8)

@inline function foundAt(i: u32): Found {
  return changetype<Found>(FOUND + <usize>i * FOUND_SIZE)
}

export function recordGet(r: BtfRecord): void {
  r.refs++
}
export function recordPut(r: BtfRecord): void {
  if (!--r.refs) kfree(changetype<usize>(r))
}

/** Whether two types of value are alike in their special fields. */
export function recordEqual(a: BtfRecord, b: BtfRecord): bool {
  const has = changetype<usize>(a) != 0
  if (has != (changetype<usize>(b) != 0)) return false
  if (!has || a == b) return true
  return a.cnt == b.cnt && memory.compare(a.fields, b.fields, <usize>a.cnt * BTF_FIELD_SIZE) == 0
}

function fieldSize(type: u32): u32 {
  switch (type) {
    case BPF_SPIN_LOCK:
    case BPF_RES_SPIN_LOCK:
    case BPF_REFCOUNT:
      return 4
    case BPF_TIMER:
    case BPF_WORKQUEUE:
    case BPF_LIST_HEAD:
    case BPF_RB_ROOT:
      return 16
    case BPF_LIST_NODE:
      return 24
    case BPF_RB_NODE:
      return 32
    default:
      return 8
  }
}

@inline function fieldAlign(type: u32): u32 {
  return fieldSize(type) == 4 ? 4 : 8
}

/** Kind of field that a type is by its name, 0, or -E2BIG if it may be there only once. */
function kindOf(btf: Btf, t: usize, mask: u32, seen: usize): i32 {
  const name = btfNameOf(btf, t)
  let type: u32 = 0
  if (cstrIs(name, 'bpf_spin_lock')) type = BPF_SPIN_LOCK
  else if (cstrIs(name, 'bpf_res_spin_lock')) type = BPF_RES_SPIN_LOCK
  else if (cstrIs(name, 'bpf_timer')) type = BPF_TIMER
  else if (cstrIs(name, 'bpf_wq')) type = BPF_WORKQUEUE
  else if (cstrIs(name, 'bpf_task_work')) type = BPF_TASK_WORK
  else if (cstrIs(name, 'bpf_list_head')) type = BPF_LIST_HEAD
  else if (cstrIs(name, 'bpf_list_node')) type = BPF_LIST_NODE
  else if (cstrIs(name, 'bpf_rb_root')) type = BPF_RB_ROOT
  else if (cstrIs(name, 'bpf_rb_node')) type = BPF_RB_NODE
  else if (cstrIs(name, 'bpf_refcount')) type = BPF_REFCOUNT
  const once = BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK | BPF_TIMER | BPF_WORKQUEUE | BPF_TASK_WORK
  if (type & mask) {
    if (type & once) {
      if (load<u32>(seen) & type) return -E2BIG
      store<u32>(seen, load<u32>(seen) | type)
    }
    return <i32>type
  }
  return mask & (BPF_KPTR | BPF_UPTR) && !isStruct(t) ? <i32>BPF_KPTR_REF : 0
}

function isTag(t: usize): bool {
  return btfKind(t) == KIND_TYPE_TAG
}

/** A pointer with a tag that makes it a kernel pointer: 1, 0 or -EINVAL. */
function findPointer(btf: Btf, t: usize, off: u32, mask: u32, to: Found): i32 {
  if (btfKind(t) == KIND_VOLATILE) t = btfTypeById(btf, btfType(t))
  if (btfKind(t) != KIND_PTR) return 0
  t = btfTypeById(btf, btfType(t))
  if (!isTag(t)) return 0
  if (isTag(btfTypeById(btf, btfType(t)))) return -EINVAL
  const name = btfNameOf(btf, t)
  let type: u32 = 0
  if (cstrIs(name, 'kptr_untrusted')) type = BPF_KPTR_UNREF
  else if (cstrIs(name, 'kptr')) type = BPF_KPTR_REF
  else if (cstrIs(name, 'percpu_kptr')) type = BPF_KPTR_PERCPU
  else if (cstrIs(name, 'uptr')) type = BPF_UPTR
  else return -EINVAL
  if (!(type & mask)) return 0
  const base = btfTypeSkipModifiers(btf, btfType(t), changetype<usize>(to) + offsetof<Found>('typeId'))
  if (!isStruct(base)) return -EINVAL
  to.type = type
  to.off = off
  return 1
}

const CONTAINS: string = 'contains:'

/** The rest of a declaration tag "contains:…" on a member: address, 0 if there is none, 1 if there are two. */
function containsTag(btf: Btf, owner: usize, component: i32): usize {
  let found: usize = 0
  for (let i: u32 = 1; i < btf.nrTypes; i++) {
    const t = load<usize>(btf.types + ((<usize>i) << 2))
    if (btfKind(t) != KIND_DECL_TAG || btfTypeById(btf, btfType(t)) != owner || load<i32>(t, 12) != component) continue
    const name = btfNameOf(btf, t)
    let same = true
    for (let j = 0; j < CONTAINS.length && same; j++) {
      same = <u32>load<u8>(name + j) == <u32>load<u16>(changetype<usize>(CONTAINS) + ((<usize>j) << 1))
    }
    if (!same) continue
    if (found) return 1
    found = name + CONTAINS.length
  }
  return found
}

function findRoot(btf: Btf, owner: usize, component: i32, off: u32, type: u32, to: Found): i32 {
  const tag = containsTag(btf, owner, component)
  if (tag <= 1) return -EINVAL
  let n: usize = 0
  while (load<u8>(tag + n) && load<u8>(tag + n) != 58) n++
  if (!load<u8>(tag + n)) return -EINVAL
  let id: u32 = 0
  for (let i: u32 = 1; i < btf.nrTypes && !id; i++) {
    const t = load<usize>(btf.types + ((<usize>i) << 2))
    if (!isStruct(t)) continue
    const name = btfNameOf(btf, t)
    if (cstrlen(name) == n && memory.compare(name, tag, n) == 0) id = i
  }
  if (!id) return -ENOENT
  if (!load<u8>(tag + n + 1)) return -EINVAL
  to.type = type
  to.off = off
  to.typeId = id
  to.nodeName = tag + n + 1
  return 1
}

/** The first `cnt` found fields again for the other elements of an array. */
function repeat(at: u32, room: u32, cnt: u32, times: u32, size: u32): i32 {
  for (let i: u32 = 0; i < cnt; i++) {
    switch (foundAt(at + i).type) {
      case BPF_KPTR_UNREF:
      case BPF_KPTR_REF:
      case BPF_KPTR_PERCPU:
      case BPF_UPTR:
      case BPF_LIST_HEAD:
      case BPF_RB_ROOT:
        break
      default:
        return -EINVAL
    }
  }
  if (<u64>cnt * (<u64>times + 1) > <u64>room) return -E2BIG
  let to = at + cnt
  for (let i: u32 = 1; i <= times; i++) {
    for (let j: u32 = 0; j < cnt; j++) {
      const copy = foundAt(to)
      memory.copy(changetype<usize>(copy), changetype<usize>(foundAt(at + j)), FOUND_SIZE)
      copy.off += i * size
      to++
    }
  }
  return 0
}

function findNested(
  btf: Btf,
  t: usize,
  off: u32,
  elems: u32,
  mask: u32,
  at: u32,
  room: u32,
  level: u32,
  seen: usize,
): i32 {
  if (++level >= MAX_DEPTH) return -E2BIG
  const n = findInStruct(btf, t, mask, at, room, level, seen)
  if (n <= 0) return n
  for (let i: i32 = 0; i < n; i++) foundAt(at + i).off += off
  if (elems <= 1) return n
  const err = repeat(at, room, n, elems - 1, btfSize(t))
  return err ? err : n * <i32>elems
}

function findOne(
  btf: Btf,
  owner: usize,
  t: usize,
  component: i32,
  off: u32,
  expected: u32,
  mask: u32,
  seen: usize,
  at: u32,
  room: u32,
  level: u32,
): i32 {
  let elems: u32 = 1
  let depth: u32 = 0
  for (; depth < MAX_DEPTH && btfKind(t) == KIND_ARRAY; depth++) {
    elems *= load<u32>(t, 20)
    t = btfTypeById(btf, load<u32>(t, 12))
  }
  if (depth == MAX_DEPTH) return -E2BIG
  if (!elems) return 0
  const type = kindOf(btf, t, mask, seen)
  if (type < 0) return type
  if (!type) {
    if (!isStruct(t) || (expected && expected != btfSize(t) * elems)) return 0
    return findNested(btf, t, off, elems, mask, at, room, level, seen)
  }
  const size = fieldSize(type)
  if ((expected && expected != size * elems) || off % fieldAlign(type)) return 0
  const to = foundAt(room ? at : BTF_FIELDS_MAX)
  let ret = 0
  if (type & (BPF_KPTR | BPF_UPTR)) ret = findPointer(btf, t, off, mask, to)
  else if (!isStruct(t) || btfSize(t) != size) return 0
  else if (type & (BPF_LIST_HEAD | BPF_RB_ROOT)) ret = findRoot(btf, owner, component, off, type, to)
  else {
    to.type = type
    to.off = off
    ret = 1
  }
  if (ret <= 0) return ret
  if (!room) return -E2BIG
  if (elems > 1) {
    const err = repeat(at, room, 1, elems - 1, size)
    if (err) return err
  }
  return <i32>elems
}

function findInStruct(btf: Btf, t: usize, mask: u32, at: u32, room: u32, level: u32, seen: usize): i32 {
  const n = btfVlen(t)
  let idx: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    const off = memberBitOffset(t, i)
    if (off % 8) return -EINVAL
    const m = btfTypeById(btf, memberType(t, i))
    const ret = findOne(btf, t, m, i, off / 8, 0, mask, seen, at + idx, room - idx, level)
    if (ret < 0) return ret
    idx += ret
  }
  return <i32>idx
}

function findInDatasec(btf: Btf, t: usize, mask: u32, room: u32, seen: usize): i32 {
  const n = btfVlen(t)
  let idx: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    const info = t + 12 + <usize>i * 12
    const v = btfTypeById(btf, load<u32>(info))
    const ret = findOne(
      btf,
      v,
      btfTypeById(btf, btfType(v)),
      -1,
      load<u32>(info, 4),
      load<u32>(info, 8),
      mask,
      seen,
      idx,
      room - idx,
      0,
    )
    if (ret < 0) return ret
    idx += ret
  }
  return <i32>idx
}

const SEEN: usize = memory.data(4, 4)

/** A record of the special fields of a type (a BtfRecord), 0 if it has none, or an errno. */
export function parseFields(btf: Btf, t: usize, mask: u32, valueSize: u32): usize {
  store<u32>(SEEN, 0)
  let n = -EINVAL
  if (isStruct(t)) n = findInStruct(btf, t, mask, 0, BTF_FIELDS_MAX, 0, SEEN)
  else if (btfKind(t) == KIND_DATASEC) n = findInDatasec(btf, t, mask, BTF_FIELDS_MAX, SEEN)
  if (n <= 0) return n
  const head = (offsetof<BtfRecord>() + 7) & ~7
  const r = changetype<BtfRecord>(kzalloc(head + <usize>n * BTF_FIELD_SIZE))
  if (!changetype<usize>(r)) return -ENOMEM
  r.refs = 1
  r.fields = changetype<usize>(r) + head
  r.spinLockOff = r.resSpinLockOff = r.timerOff = r.wqOff = r.refcountOff = r.taskWorkOff = -1
  const err = fill(r, btf, n, valueSize)
  if (!err) return changetype<usize>(r)
  kfree(changetype<usize>(r))
  return err
}

function fill(r: BtfRecord, btf: Btf, n: u32, valueSize: u32): i32 {
  let next: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    const found = foundAt(i)
    const size = fieldSize(found.type)
    if (found.off + size > valueSize) return -EFAULT
    if (found.off < next) return -EEXIST
    next = found.off + size
    r.fieldMask |= found.type
    const f = recordField(r, i)
    f.offset = found.off
    f.type = found.type
    f.size = size
    const err = note(r, f, btf, found)
    if (err) return err
    r.cnt++
  }
  if (r.spinLockOff >= 0 && r.resSpinLockOff >= 0) return -EINVAL
  if (r.fieldMask & (BPF_LIST_HEAD | BPF_RB_ROOT) && r.spinLockOff < 0 && r.resSpinLockOff < 0) return -EINVAL
  if (r.refcountOff < 0 && r.fieldMask & BPF_LIST_NODE && r.fieldMask & BPF_RB_NODE) return -EINVAL
  return 0
}

function note(r: BtfRecord, f: BtfField, btf: Btf, found: Found): i32 {
  switch (f.type) {
    case BPF_SPIN_LOCK:
      r.spinLockOff = f.offset
      break
    case BPF_RES_SPIN_LOCK:
      r.resSpinLockOff = f.offset
      break
    case BPF_TIMER:
      r.timerOff = f.offset
      break
    case BPF_WORKQUEUE:
      r.wqOff = f.offset
      break
    case BPF_TASK_WORK:
      r.taskWorkOff = f.offset
      break
    case BPF_REFCOUNT:
      r.refcountOff = f.offset
      break
    case BPF_LIST_HEAD:
    case BPF_RB_ROOT:
      return rootNode(f, btf, found)
    case BPF_LIST_NODE:
    case BPF_RB_NODE:
      break
    default:
      return pointee(f, btf, found)
  }
  return 0
}

/** What a kernel pointer points to: a type of the kernel with this name, else one that programs allocate. */
function pointee(f: BtfField, btf: Btf, found: Found): i32 {
  const t = btfTypeById(btf, found.typeId)
  const vmlinux = changetype<Btf>(kernel().vmlinux)
  const id = changetype<usize>(vmlinux) ? btfFindByNameKind(vmlinux, btfNameOf(btf, t), btfKind(t)) : 0
  if (!id) {
    f.btf = changetype<usize>(btf)
    f.btfId = found.typeId
    return 0
  }
  f.btf = changetype<usize>(vmlinux)
  f.btfId = id
  if (f.type != BPF_KPTR_REF) return 0
  f.dtor = destructorOf(vmlinux, btfNameOf(btf, t))
  return f.dtor ? 0 : -ENOENT
}

/** Number of the function that gives such an object back; 0: no map may own one. */
function destructorOf(vmlinux: Btf, name: usize): u32 {
  if (cstrIs(name, 'task_struct')) return functionNamed(vmlinux, 'bpf_task_release')
  if (cstrIs(name, 'cgroup')) return functionNamed(vmlinux, 'bpf_cgroup_release')
  if (cstrIs(name, 'bpf_cpumask')) return functionNamed(vmlinux, 'bpf_cpumask_release')
  if (cstrIs(name, 'bpf_crypto_ctx')) return functionNamed(vmlinux, 'bpf_crypto_ctx_release')
  if (cstrIs(name, 'prog_test_ref_kfunc')) return functionNamed(vmlinux, 'bpf_kfunc_call_test_release')
  if (cstrIs(name, 'prog_test_member')) return functionNamed(vmlinux, 'bpf_kfunc_call_memb_release')
  return 0
}

const NAME: usize = memory.data(40, 8)

function functionNamed(vmlinux: Btf, name: string): u32 {
  cstrPut(NAME, name)
  return btfFindByNameKind(vmlinux, NAME, KIND_FUNC)
}

/** Where in what a list or tree holds the node is. */
function rootNode(f: BtfField, btf: Btf, found: Found): i32 {
  const t = btfTypeById(btf, found.typeId)
  const n = btfVlen(t)
  const want = f.type == BPF_LIST_HEAD ? 'bpf_list_node' : 'bpf_rb_node'
  let seen = false
  for (let i: u32 = 0; i < n; i++) {
    const name = memberName(btf, t, i)
    if (cstrlen(name) != cstrlen(found.nodeName) || memory.compare(name, found.nodeName, cstrlen(name))) continue
    if (seen) return -EINVAL
    const m = btfTypeById(btf, memberType(t, i))
    if (!isStruct(m) || !cstrIs(btfNameOf(btf, m), want)) return -EINVAL
    const off = memberBitOffset(t, i)
    if (off % 64) return -EINVAL
    seen = true
    f.btf = changetype<usize>(btf)
    f.btfId = found.typeId
    f.nodeOffset = off / 8
  }
  return seen ? 0 : -ENOENT
}

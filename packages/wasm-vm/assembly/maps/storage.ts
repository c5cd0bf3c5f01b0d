// SPDX-License-Identifier: GPL-2.0-only
// SK_STORAGE, TASK_STORAGE, INODE_STORAGE, CGRP_STORAGE: a value for each object that has one.
// Kernel counterpart: kernel/bpf/bpf_local_storage.c.
//
//   element:  | next of the map | next of the owner | map | address of the owner's list | owner | reserved | value |
//
// An owner has a word that heads the list of its elements; both lists lose the element together.

import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__btf_key_type_id,
  ATTR_MAP_CREATE__btf_value_type_id,
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import {
  BPF_EXIST,
  BPF_F_CLONE,
  BPF_F_LOCK,
  BPF_F_NO_PREALLOC,
  BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_NOEXIST,
} from '../gen/uapi-enums.gen'
import { BPF_SPIN_LOCK, recordHas } from '../btf/record'
import { kzalloc } from '../mem/alloc'
import { rcuFree } from '../mem/rcu'
import { isErr } from '../syscall/fd'
import { cgroupByFd, Cgroup } from '../world/cgroup'
import { inodeFromFd } from '../world/files'
import { Sock, sockFromFd } from '../world/sock'
import { Task, taskFromPidfd } from '../world/task'
import { BpfMap } from './map'
import { storeUptrs } from './uptr'
import { copyMapValue, freeSpecialFields, initSpecialFields } from './value'

const FLAGS: u32 = BPF_F_NO_PREALLOC | BPF_F_CLONE
/** BPF_LOCAL_STORAGE_MAX_VALUE_SIZE: what is left of 64 KiB beside the kernel's element. */
const VALUE_MAX: u32 = 65536 - 128
const OWNER_NEXT: usize = 4
const MAP: usize = 8
const HEAD: usize = 12
const VALUE: usize = 24

export function storageAllocCheck(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  const size = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  if (flags & ~FLAGS || !(flags & BPF_F_NO_PREALLOC) || load<u32>(attr, ATTR_MAP_CREATE__max_entries)) return -EINVAL
  if (load<u32>(attr, ATTR_MAP_CREATE__key_size) != 4 || !size) return -EINVAL
  if (!load<u32>(attr, ATTR_MAP_CREATE__btf_key_type_id) || !load<u32>(attr, ATTR_MAP_CREATE__btf_value_type_id))
    return -EINVAL
  return size > VALUE_MAX ? -E2BIG : 0
}

export function storageAlloc(map: BpfMap): i32 {
  return 0
}

export function storageFree(map: BpfMap): void {
  while (map.values) drop(map.values)
}

function unlink(head: usize, linkOff: usize, e: usize): void {
  let at = head
  for (let cur = load<usize>(at); cur; cur = load<usize>(at)) {
    if (cur == e) {
      store<usize>(at, load<usize>(cur + linkOff))
      return
    }
    at = cur + linkOff
  }
}

function drop(e: usize): void {
  const map = changetype<BpfMap>(load<usize>(e, MAP))
  unlink(changetype<usize>(map) + offsetof<BpfMap>('values'), 0, e)
  unlink(load<usize>(e, HEAD), OWNER_NEXT, e)
  freeSpecialFields(map, e + VALUE)
  map.count--
  rcuFree(e)
}

function find(map: BpfMap, head: usize): usize {
  for (let e = load<usize>(head); e; e = load<usize>(e, OWNER_NEXT)) {
    if (load<usize>(e, MAP) == changetype<usize>(map)) return e
  }
  return 0
}

/** Address of an owner's value, 0 if it has none. `head` is the address of the word in the owner. */
export function storageLookup(map: BpfMap, head: usize): usize {
  const e = find(map, head)
  return e ? e + VALUE : 0
}

/** A value for the owner: `init` or zeros. 0 when memory is out. */
export function storageCreate(map: BpfMap, head: usize, init: usize): usize {
  const e = kzalloc(VALUE + <usize>((map.valueSize + 7) & ~7))
  if (!e) return 0
  store<usize>(e, map.values)
  map.values = e
  store<usize>(e, load<usize>(head), OWNER_NEXT)
  store<usize>(head, e)
  store<usize>(e, changetype<usize>(map), MAP)
  store<usize>(e, head, HEAD)
  map.count++
  if (init) copyMapValue(map, e + VALUE, init)
  initSpecialFields(map, e + VALUE)
  return e + VALUE
}

export function storageUpdate(map: BpfMap, head: usize, value: usize, flags: u64): i32 {
  if ((flags & ~(<u64>BPF_F_LOCK)) > <u64>BPF_EXIST) return -EINVAL
  if (flags & (<u64>BPF_F_LOCK) && !recordHas(map.record, BPF_SPIN_LOCK)) return -EINVAL
  const have = storageLookup(map, head)
  const f = flags & ~(<u64>BPF_F_LOCK)
  if (have && f == <u64>BPF_NOEXIST) return -EEXIST
  if (!have && f == <u64>BPF_EXIST) return -ENOENT
  if (!have) {
    const made = storageCreate(map, head, value)
    if (!made) return -ENOMEM
    storeUptrs(map.record, made, value)
    return 0
  }
  copyMapValue(map, have, value)
  // Under the lock the value stays what it is; else it is a new one in the old one's place.
  if (flags & (<u64>BPF_F_LOCK)) return 0
  freeSpecialFields(map, have)
  initSpecialFields(map, have)
  storeUptrs(map.record, have, value)
  return 0
}

export function storageDelete(map: BpfMap, head: usize): i32 {
  const e = find(map, head)
  if (!e) return -ENOENT
  drop(e)
  return 0
}

/** The n-th element of a map, 0 if there is none. */
export function storageElement(map: BpfMap, n: u32): usize {
  let e = map.values
  while (e && n--) e = load<usize>(e)
  return e
}

/** An owner ends: all its values do. */
export function storageDestroy(head: usize): void {
  while (load<usize>(head)) drop(load<usize>(head))
}

/** A socket is cloned (accept): values of maps with BPF_F_CLONE come along. */
export function storageClone(from: usize, to: usize): void {
  for (let e = load<usize>(from); e; e = load<usize>(e, OWNER_NEXT)) {
    const map = changetype<BpfMap>(load<usize>(e, MAP))
    if (map.mapFlags & BPF_F_CLONE) storageCreate(map, to, e + VALUE)
  }
}

/** The list word of the object that the caller's key (an fd) stands for, or an errno. */
export function storageHeadFromKey(map: BpfMap, key: usize): usize {
  const fd = load<i32>(key)
  switch (map.mapType) {
    case BPF_MAP_TYPE_SK_STORAGE: {
      const sk = sockFromFd(fd)
      return isErr(sk) ? sk : sk + offsetof<Sock>('storage')
    }
    case BPF_MAP_TYPE_INODE_STORAGE:
      return inodeFromFd(fd)
    case BPF_MAP_TYPE_CGRP_STORAGE: {
      const cg = cgroupByFd(fd)
      return isErr(cg) ? cg : cg + offsetof<Cgroup>('storage')
    }
    default: {
      const t = taskFromPidfd(fd)
      return isErr(t) ? t : t + offsetof<Task>('storage')
    }
  }
}

export function storageCopy(map: BpfMap, key: usize, to: usize): i32 {
  const head = storageHeadFromKey(map, key)
  if (isErr(head)) return <i32>head
  const v = storageLookup(map, head)
  if (!v) return -ENOENT
  copyMapValue(map, to, v)
  initSpecialFields(map, to)
  return 0
}

/** sizeof(struct bpf_local_storage_map) and its buckets. */
export function storageMemUsage(map: BpfMap): u64 {
  return 432 + 16 * 16
}

// SPDX-License-Identifier: GPL-2.0-only
// Element commands of bpf(2). Kernel counterpart: map_lookup_elem … map_freeze of kernel/bpf/syscall.c.

import { EBUSY, EFAULT, EINVAL, ENOMEM, ENOTSUPP, EPERM } from '../gen/errno.gen'
import {
  ATTR_MAP_ELEM__flags,
  ATTR_MAP_ELEM__key,
  ATTR_MAP_ELEM__map_fd,
  ATTR_MAP_ELEM__next_key,
  ATTR_MAP_ELEM__value,
} from '../gen/uapi-layouts.gen'
import {
  BPF_F_LOCK,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_STRUCT_OPS,
} from '../gen/uapi-enums.gen'
import { BPF_SPIN_LOCK, recordHas } from '../btf/record'
import { hashLookupAndDelete } from '../maps/hash-user'
import { BpfMap } from '../maps/map'
import { mapGetNextKey } from '../maps/ops'
import { queuePop } from '../maps/queue'
import { stackTraceTake } from '../maps/stack-trace'
import { userCopyValue, userDeleteElem, userUpdateValue } from '../maps/user'
import { userValueSize } from '../maps/value'
import { kfree, kmalloc } from '../mem/alloc'
import { copyFromUser, copyToUser } from '../mem/user'
import { FD_MAP, fdGet, fdMode, isErr, MODE_READ, MODE_WRITE } from './fd'
import { sysPerms } from './file-flags'

/** Key and value of a small element live here: no memory is taken for them. */
const SMALL: usize = memory.data(1024, 8)
const SMALL_KEY: usize = 256
const SMALL_VALUE: usize = 768
/** Whether SMALL is in use: programs may make system calls of their own. */
const IN_USE: usize = memory.data(4, 4)

/** Memory of one element operation; freed by done(). */
@unmanaged class Buffers {
  key: usize
  value: usize
  block: usize
  small: bool
}
const BUFFERS: usize = memory.data(16 * 8, 8)
const DEPTH: usize = memory.data(4, 4)

function take(keySize: u64, valueSize: u64): Buffers {
  const depth = load<u32>(DEPTH)
  const b = changetype<Buffers>(BUFFERS + <usize>depth * 16)
  b.block = 0
  b.small = !load<u32>(IN_USE) && keySize <= SMALL_KEY && valueSize <= SMALL_VALUE
  if (b.small) {
    store<u32>(IN_USE, 1)
    b.key = SMALL
    b.value = SMALL + SMALL_KEY
  } else {
    const off = (keySize + 7) & ~7
    const total = off + valueSize
    b.block = depth >= 8 || total > 0x7fffffff ? 0 : kmalloc(<usize>total + 8)
    if (!b.block) return changetype<Buffers>(0)
    b.key = b.block
    b.value = b.block + <usize>off
  }
  store<u32>(DEPTH, depth + 1)
  return b
}

function done(b: Buffers, err: i32): i32 {
  store<u32>(DEPTH, load<u32>(DEPTH) - 1)
  if (b.small) store<u32>(IN_USE, 0)
  else kfree(b.block)
  return err
}

/** The map of an attr and the rights that its file gives, or an errno. */
function mapOf(attr: usize, need: u32): usize {
  const fd = load<i32>(attr, ATTR_MAP_ELEM__map_fd)
  const p = fdGet(fd, FD_MAP)
  if (isErr(p)) return p
  return (sysPerms(changetype<BpfMap>(p), fdMode(fd)) & need) == need ? p : -EPERM
}

@inline function lacksLock(map: BpfMap, flags: u64): bool {
  return (flags & (<u64>BPF_F_LOCK)) != 0 && !recordHas(map.record, BPF_SPIN_LOCK)
}

/** A key of a map without keys must be no address. */
function copyKey(map: BpfMap, to: usize, from: u64): i32 {
  if (!map.keySize) return from ? -EINVAL : 0
  return copyFromUser(to, from, map.keySize) ? 0 : -EFAULT
}

export function mapLookupCmd(attr: usize): i32 {
  const flags = load<u64>(attr, ATTR_MAP_ELEM__flags)
  if (flags & ~(<u64>BPF_F_LOCK)) return -EINVAL
  const p = mapOf(attr, MODE_READ)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  if (lacksLock(map, flags)) return -EINVAL
  const size = userValueSize(map)
  const b = take(map.keySize, size)
  if (!changetype<usize>(b)) return -ENOMEM
  let err = copyKey(map, b.key, load<u64>(attr, ATTR_MAP_ELEM__key))
  if (err) return done(b, err)
  const to = load<u64>(attr, ATTR_MAP_ELEM__value)
  if (map.mapType == BPF_MAP_TYPE_BLOOM_FILTER) {
    err = copyFromUser(b.value, to, <usize>size) ? userCopyValue(map, b.key, b.value) : -EFAULT
    return done(b, err)
  }
  err = userCopyValue(map, b.key, b.value)
  if (!err && !copyToUser(to, b.value, <usize>size)) err = -EFAULT
  return done(b, err)
}

export function mapUpdateCmd(attr: usize): i32 {
  const p = mapOf(attr, MODE_WRITE)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  const flags = load<u64>(attr, ATTR_MAP_ELEM__flags)
  if (lacksLock(map, flags)) return -EINVAL
  const size = userValueSize(map)
  const b = take(map.keySize, size)
  if (!changetype<usize>(b)) return -ENOMEM
  let err = copyKey(map, b.key, load<u64>(attr, ATTR_MAP_ELEM__key))
  if (!err && !copyFromUser(b.value, load<u64>(attr, ATTR_MAP_ELEM__value), <usize>size)) err = -EFAULT
  if (!err) err = userUpdateValue(map, load<i32>(attr, ATTR_MAP_ELEM__map_fd), b.key, b.value, flags)
  return done(b, err)
}

export function mapDeleteCmd(attr: usize): i32 {
  const p = mapOf(attr, MODE_WRITE)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  const b = take(map.keySize, 0)
  if (!changetype<usize>(b)) return -ENOMEM
  const err = copyKey(map, b.key, load<u64>(attr, ATTR_MAP_ELEM__key))
  return done(b, err ? err : userDeleteElem(map, b.key))
}

export function mapNextKeyCmd(attr: usize): i32 {
  const p = mapOf(attr, MODE_READ)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  // the next key takes the value's place
  const b = take(map.keySize, map.keySize)
  if (!changetype<usize>(b)) return -ENOMEM
  const from = load<u64>(attr, ATTR_MAP_ELEM__key)
  let err = from ? copyKey(map, b.key, from) : 0
  if (!err) err = mapGetNextKey(map, from ? b.key : 0, b.value)
  if (!err && !copyToUser(load<u64>(attr, ATTR_MAP_ELEM__next_key), b.value, map.keySize)) err = -EFAULT
  return done(b, err)
}

export function mapLookupAndDeleteCmd(attr: usize): i32 {
  const flags = load<u64>(attr, ATTR_MAP_ELEM__flags)
  if (flags & ~(<u64>BPF_F_LOCK)) return -EINVAL
  const p = mapOf(attr, MODE_READ | MODE_WRITE)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  const queue = map.mapType == BPF_MAP_TYPE_QUEUE || map.mapType == BPF_MAP_TYPE_STACK
  if ((flags && queue) || lacksLock(map, flags)) return -EINVAL
  const size = userValueSize(map)
  const b = take(map.keySize, size)
  if (!changetype<usize>(b)) return -ENOMEM
  let err = copyKey(map, b.key, load<u64>(attr, ATTR_MAP_ELEM__key))
  if (err) return done(b, err)
  if (queue) err = queuePop(map, b.value)
  else if (isHash(map.mapType)) err = hashLookupAndDelete(map, b.key, b.value)
  else if (map.mapType == BPF_MAP_TYPE_STACK_TRACE) err = stackTraceTake(map, b.key, b.value)
  else err = -ENOTSUPP
  if (!err && !copyToUser(load<u64>(attr, ATTR_MAP_ELEM__value), b.value, <usize>size)) err = -EFAULT
  return done(b, err)
}

function isHash(type: u32): bool {
  switch (type) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return true
    default:
      return false
  }
}

export function mapFreezeCmd(attr: usize): i32 {
  const fd = load<i32>(attr, ATTR_MAP_ELEM__map_fd)
  const p = fdGet(fd, FD_MAP)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  if (map.mapType == BPF_MAP_TYPE_STRUCT_OPS || changetype<usize>(map.record)) return -ENOTSUPP
  if (!(sysPerms(map, fdMode(fd)) & MODE_WRITE)) return -EPERM
  if (map.writeCnt || map.frozen) return -EBUSY
  map.frozen = true
  return 0
}

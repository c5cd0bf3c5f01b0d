// SPDX-License-Identifier: GPL-2.0-only
// Batch commands of bpf(2). Kernel counterpart: generic_map_*_batch of kernel/bpf/syscall.c and
// __htab_map_lookup_and_delete_batch of kernel/bpf/hashtab.c.

import { EFAULT, EINVAL, ENOENT, ENOMEM, ENOSPC, ENOTSUPP, EPERM } from '../gen/errno.gen'
import {
  ATTR_MAP_BATCH__count,
  ATTR_MAP_BATCH__elem_flags,
  ATTR_MAP_BATCH__flags,
  ATTR_MAP_BATCH__in_batch,
  ATTR_MAP_BATCH__keys,
  ATTR_MAP_BATCH__map_fd,
  ATTR_MAP_BATCH__out_batch,
  ATTR_MAP_BATCH__values,
} from '../gen/uapi-layouts.gen'
import {
  BPF_F_LOCK,
  BPF_MAP_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_UPDATE_BATCH,
} from '../gen/uapi-enums.gen'
import { BPF_SPIN_LOCK, recordHas } from '../btf/record'
import { HashMap, hashRelease, hashUnlink } from '../maps/hash'
import { hashCopyElem } from '../maps/hash-user'
import { BpfMap } from '../maps/map'
import { mapGetNextKey } from '../maps/ops'
import { userCopyValue, userDeleteElem, userUpdateValue } from '../maps/user'
import { userValueSize } from '../maps/value'
import { kfree, kmalloc } from '../mem/alloc'
import { copyFromUser, copyToUser, putUser32 } from '../mem/user'
import { FD_MAP, fdGet, fdMode, isErr, MODE_READ, MODE_WRITE } from './fd'
import { sysPerms } from './file-flags'

function isHash(type: u32): bool {
  switch (type) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return true
    default:
      return false
  }
}

/** Whether the type has this batch command. */
function supports(map: BpfMap, cmd: i32): bool {
  const type = map.mapType
  if (isHash(type)) return true
  switch (type) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
      return cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_UPDATE_BATCH
    case BPF_MAP_TYPE_LPM_TRIE:
      return cmd != BPF_MAP_LOOKUP_AND_DELETE_BATCH
    default:
      return false
  }
}

/** The four batch commands. `uattr` is the caller's attr: the count is written there. */
export function mapBatchCmd(attr: usize, uattr: u64, cmd: i32): i32 {
  const fd = load<i32>(attr, ATTR_MAP_BATCH__map_fd)
  const p = fdGet(fd, FD_MAP)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  const perms = sysPerms(map, fdMode(fd))
  const reads = cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH
  if (reads && !(perms & MODE_READ)) return -EPERM
  if (cmd != BPF_MAP_LOOKUP_BATCH && !(perms & MODE_WRITE)) return -EPERM
  if (!supports(map, cmd)) return -ENOTSUPP
  const elemFlags = load<u64>(attr, ATTR_MAP_BATCH__elem_flags)
  if (elemFlags & ~(<u64>BPF_F_LOCK)) return -EINVAL
  if (elemFlags && !recordHas(map.record, BPF_SPIN_LOCK)) return -EINVAL
  if (reads && isHash(map.mapType) && load<u64>(attr, ATTR_MAP_BATCH__flags)) return -EINVAL
  const max = load<u32>(attr, ATTR_MAP_BATCH__count)
  if (!max) return 0
  const count = uattr + <u64>ATTR_MAP_BATCH__count
  if (!putUser32(count, 0)) return -EFAULT
  switch (cmd) {
    case BPF_MAP_UPDATE_BATCH:
      return updateBatch(map, attr, fd, max, count, elemFlags)
    case BPF_MAP_DELETE_BATCH:
      return deleteBatch(map, attr, max, count)
    default:
      return isHash(map.mapType)
        ? hashBatch(map, attr, max, count, cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH)
        : lookupBatch(map, attr, max, count)
  }
}

function deleteBatch(map: BpfMap, attr: usize, max: u32, count: u64): i32 {
  const key = kmalloc(map.keySize)
  if (!key) return -ENOMEM
  const keys = load<u64>(attr, ATTR_MAP_BATCH__keys)
  let err = 0
  let n: u32 = 0
  for (; n < max; n++) {
    err = -EFAULT
    if (!copyFromUser(key, keys + <u64>n * <u64>map.keySize, map.keySize)) break
    err = userDeleteElem(map, key)
    if (err) break
  }
  if (!putUser32(count, n)) err = -EFAULT
  kfree(key)
  return err
}

function updateBatch(map: BpfMap, attr: usize, fd: i32, max: u32, count: u64, flags: u64): i32 {
  const size = userValueSize(map)
  const off = (<u64>map.keySize + 7) & ~7
  const key = kmalloc(<usize>(off + size))
  if (!key) return -ENOMEM
  const value = key + <usize>off
  const keys = load<u64>(attr, ATTR_MAP_BATCH__keys)
  const values = load<u64>(attr, ATTR_MAP_BATCH__values)
  let err = 0
  let n: u32 = 0
  for (; n < max; n++) {
    err = -EFAULT
    if (!copyFromUser(key, keys + <u64>n * <u64>map.keySize, map.keySize)) break
    if (!copyFromUser(value, values + <u64>n * size, <usize>size)) break
    err = userUpdateValue(map, fd, key, value, flags)
    if (err) break
  }
  if (!putUser32(count, n)) err = -EFAULT
  kfree(key)
  return err
}

function lookupBatch(map: BpfMap, attr: usize, max: u32, count: u64): i32 {
  const size = userValueSize(map)
  const keyRoom = (<usize>map.keySize + 7) & ~7
  const block = kmalloc(keyRoom * 2 + <usize>size)
  if (!block) return -ENOMEM
  const inBatch = load<u64>(attr, ATTR_MAP_BATCH__in_batch)
  const outBatch = load<u64>(attr, ATTR_MAP_BATCH__out_batch)
  const keys = load<u64>(attr, ATTR_MAP_BATCH__keys)
  const values = load<u64>(attr, ATTR_MAP_BATCH__values)
  let prev: usize = 0
  let key = block
  let spare = block + keyRoom
  const value = block + keyRoom * 2
  let err = 0
  let n: u32 = 0
  if (inBatch) {
    prev = spare
    if (!copyFromUser(prev, inBatch, map.keySize)) err = -EFAULT
  }
  while (!err && n < max) {
    err = mapGetNextKey(map, prev, key)
    if (err) break
    const got = userCopyValue(map, key, value)
    if (got && got != -ENOENT) {
      kfree(block)
      return got
    }
    if (!got) {
      if (
        !copyToUser(keys + <u64>n * <u64>map.keySize, key, map.keySize) ||
        !copyToUser(values + <u64>n * size, value, <usize>size)
      ) {
        err = -EFAULT
        break
      }
      n++
    }
    const was = prev ? prev : spare
    prev = key
    key = was
  }
  if (err != -EFAULT) {
    if (!putUser32(count, n) || (n && !copyToUser(outBatch, prev, map.keySize))) err = -EFAULT
  }
  kfree(block)
  return err
}

/** Whole buckets at a time: the batch token is a bucket's number. */
function hashBatch(map: BpfMap, attr: usize, max: u32, count: u64, take: bool): i32 {
  const h = changetype<HashMap>(map)
  const inBatch = load<u64>(attr, ATTR_MAP_BATCH__in_batch)
  const keys = load<u64>(attr, ATTR_MAP_BATCH__keys)
  const values = load<u64>(attr, ATTR_MAP_BATCH__values)
  const size = userValueSize(map)
  const word = kmalloc(<usize>size + 8)
  if (!word) return -ENOMEM
  let batch: u32 = 0
  if (inBatch) {
    if (!copyFromUser(word, inBatch, 4)) {
      kfree(word)
      return -EFAULT
    }
    batch = load<u32>(word)
  }
  let err = batch >= h.nBuckets ? -ENOENT : 0
  if (err) {
    kfree(word)
    return err
  }
  let total: u32 = 0
  while (!err) {
    const slot = h.buckets + ((<usize>batch) << 2)
    let n: u32 = 0
    for (let e = load<usize>(slot); e; e = load<usize>(e)) n++
    if (n > max - total) {
      if (!total) err = -ENOSPC
      break
    }
    if (n && !copyBucket(map, load<usize>(slot), keys, values, total, size, word)) {
      err = -EFAULT
      break
    }
    if (take) emptyBucket(map, slot)
    total += n
    if (++batch >= h.nBuckets) err = -ENOENT
  }
  if (err != -EFAULT) {
    store<u32>(word, batch)
    if (!copyToUser(load<u64>(attr, ATTR_MAP_BATCH__out_batch), word, 4) || !putUser32(count, total)) err = -EFAULT
  }
  kfree(word)
  return err
}

function copyBucket(map: BpfMap, e: usize, keys: u64, values: u64, at: u32, size: u64, buf: usize): bool {
  const h = changetype<HashMap>(map)
  for (; e; e = load<usize>(e)) {
    hashCopyElem(h, e, buf)
    if (!copyToUser(keys + <u64>at * <u64>map.keySize, e + h.keyOff, map.keySize)) return false
    if (!copyToUser(values + <u64>at * size, buf, <usize>size)) return false
    at++
  }
  return true
}

function emptyBucket(map: BpfMap, slot: usize): void {
  const h = changetype<HashMap>(map)
  for (let e = load<usize>(slot); e; e = load<usize>(slot)) {
    hashUnlink(h, e)
    hashRelease(map, e)
  }
}

// SPDX-License-Identifier: GPL-2.0-only
// HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU_HASH and HASH_OF_MAPS. Kernel counterpart: kernel/bpf/hashtab.c.
//
//   buckets:  u32[n], each the first element of a chain; new elements go to its front
//   element:  | next u32 | hash u32 | LRU node, 16 bytes, in LRU maps only | key, padded to 8 | value(s), padded to 8 |

import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM, ENOTSUPP, EPERM } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__map_type,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import {
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_NUMA_NODE,
  BPF_F_ZERO_SEED,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_NOEXIST,
} from '../gen/uapi-enums.gen'
import { BPF_SPIN_LOCK, recordHas } from '../btf/record'
import { kfree, kmalloc, kzalloc64 } from '../mem/alloc'
import { bytesEqual, copyShort } from '../mem/bytes'
import { rcuFree } from '../mem/rcu'
import { kernel } from '../mem/root'
import { CAP_SYS_ADMIN, capable } from '../syscall/caps'
import { randomU32 } from '../wasi/random'
import { accessOk, ACCESS_MASK, KMALLOC_MAX, numaNode, PCPU_MAX } from './attr'
import { keyHash } from './jhash'
import { Lru, lruDestroy, lruFree, lruInit, lruPop, lruPopulate, lruSetRef } from './lru'
import { BpfMap } from './map'
import { mapPut } from './refs'
import { copyMapValue, copyMapValueLong, freeSpecialFields, initSpecialFields, roundUp8, zeroMapValue } from './value'

const FLAGS: u32 = BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | ACCESS_MASK | BPF_F_ZERO_SEED
/** sizeof(struct htab_elem) and sizeof(struct bucket) of Linux. */
const KERNEL_ELEM: u64 = 48
const KERNEL_BUCKET: u64 = 16

@unmanaged export class HashMap extends BpfMap {
  buckets: usize
  nBuckets: u32
  seed: u32
  /** Offset of the key and of the value in an element; bytes of an element. */
  keyOff: u32
  valueOff: u32
  elemBytes: u32
  prealloc: bool
  lru: bool
  percpu: bool
  /** Preallocated elements: chain of those given back, how many were never used, the spare one of updates. */
  free: usize
  fresh: u32
  entries: u32
  extra: usize
  lruState: Lru
}

@inline export function htab(map: BpfMap): HashMap {
  return changetype<HashMap>(map)
}

export function hashAllocCheck(attr: usize): i32 {
  const type = load<u32>(attr, ATTR_MAP_CREATE__map_type)
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  const keySize = load<u32>(attr, ATTR_MAP_CREATE__key_size)
  const valueSize = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  const percpu = type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH
  const lru = type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH
  const percpuLru = (flags & BPF_F_NO_COMMON_LRU) != 0
  if (type == BPF_MAP_TYPE_HASH_OF_MAPS && valueSize != 4) return -EINVAL
  if (flags & BPF_F_ZERO_SEED && !capable(CAP_SYS_ADMIN)) return -EPERM
  if (flags & ~FLAGS || !accessOk(flags)) return -EINVAL
  if (!lru && percpuLru) return -EINVAL
  if (lru && flags & BPF_F_NO_PREALLOC) return -ENOTSUPP
  if (numaNode(attr) != -1 && (percpu || percpuLru)) return -EINVAL
  if (!load<u32>(attr, ATTR_MAP_CREATE__max_entries) || !keySize || !valueSize) return -EINVAL
  if (<u64>keySize + <u64>valueSize >= KMALLOC_MAX - KERNEL_ELEM) return -E2BIG
  return percpu && roundUp8(valueSize) > PCPU_MAX ? -E2BIG : 0
}

export function hashAlloc(map: BpfMap): i32 {
  const h = htab(map)
  const type = map.mapType
  h.percpu = type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH
  h.lru = type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH
  h.prealloc = (map.mapFlags & BPF_F_NO_PREALLOC) == 0
  if (map.mapFlags & BPF_F_NO_COMMON_LRU) {
    const cpus = kernel().cpus
    const asked = map.maxEntries
    map.maxEntries = <u32>(((<u64>asked + cpus - 1) / cpus) * cpus)
    if (map.maxEntries < asked) map.maxEntries = (asked / cpus) * cpus
  }
  if (map.maxEntries > 1 << 31) return -E2BIG
  const buckets: u64 = map.maxEntries <= 1 ? 1 : (<u64>1) << (32 - clz(map.maxEntries - 1))
  if (buckets > 0xffffffff / KERNEL_BUCKET) return -E2BIG
  map.elemSize = type == BPF_MAP_TYPE_HASH_OF_MAPS ? 8 : roundUp8(map.valueSize)
  map.kernelElemSize = <u32>KERNEL_ELEM + roundUp8(map.keySize) + (h.percpu ? 8 : map.elemSize)
  h.keyOff = h.lru ? 24 : 8
  h.valueOff = h.keyOff + roundUp8(map.keySize)
  const bytes = <u64>h.valueOff + <u64>map.elemSize * (h.percpu ? <u64>kernel().cpus : 1)
  if (bytes > 0x7fffffff) return -ENOMEM
  h.elemBytes = <u32>bytes
  h.nBuckets = <u32>buckets
  h.buckets = kzalloc64(buckets * 4)
  if (!h.buckets) return -ENOMEM
  h.seed = map.mapFlags & BPF_F_ZERO_SEED ? 0 : randomU32()
  return h.prealloc ? preallocate(h) : 0
}

function preallocate(h: HashMap): i32 {
  h.entries = h.maxEntries
  if (!h.lru && !h.percpu) h.entries += kernel().cpus
  h.values = kzalloc64(<u64>h.entries * <u64>h.elemBytes)
  if (!h.values) return -ENOMEM
  h.areaSize = <u64>h.entries * <u64>h.elemBytes
  if (h.lru) {
    const err = lruInit(h)
    if (err) return err
    lruPopulate(h, h.values, h.elemBytes, h.entries)
  } else if (!h.percpu) {
    // one spare element: updates swap it for the one that they replace
    h.extra = h.values
    h.fresh = 1
    h.entries = h.maxEntries + 1
  }
  return 0
}

export function hashFree(map: BpfMap): void {
  const h = htab(map)
  // preallocated elements without anything of their own go with the block
  const plain = h.prealloc && !changetype<usize>(h.record) && h.mapType != BPF_MAP_TYPE_HASH_OF_MAPS
  if (h.buckets && !plain) {
    for (let i: u32 = 0; i < h.nBuckets; i++) {
      let e = load<usize>(h.buckets + ((<usize>i) << 2))
      while (e) {
        const next = load<usize>(e)
        freeElemFields(h, e)
        if (!h.prealloc) kfree(e)
        e = next
      }
    }
  }
  if (changetype<usize>(h.lruState)) lruDestroy(h)
  kfree(h.values)
  kfree(h.buckets)
}

function freeElemFields(h: HashMap, e: usize): void {
  if (h.mapType == BPF_MAP_TYPE_HASH_OF_MAPS) {
    const inner = load<usize>(e + h.valueOff)
    if (inner) mapPut(changetype<BpfMap>(inner))
    store<u64>(e + h.valueOff, 0)
    return
  }
  if (!changetype<usize>(h.record)) return
  const n: u32 = h.percpu ? kernel().cpus : 1
  for (let i: u32 = 0; i < n; i++) freeSpecialFields(h, e + h.valueOff + i * h.elemSize)
}

/** Ends the timers of all values: the last user of the map is gone. */
export function hashFreeTimers(map: BpfMap): void {
  const h = htab(map)
  if (!changetype<usize>(map.record)) return
  for (let i: u32 = 0; i < h.nBuckets; i++) {
    for (let e = load<usize>(h.buckets + ((<usize>i) << 2)); e; e = load<usize>(e)) freeSpecialFields(h, e + h.valueOff)
  }
}

@inline export function bucketOf(h: HashMap, hash: u32): usize {
  return h.buckets + ((<usize>(hash & (h.nBuckets - 1))) << 2)
}

export function findIn(h: HashMap, bucket: usize, hash: u32, key: usize): usize {
  const keyOff = h.keyOff
  const size = h.keySize
  let e = load<usize>(bucket)
  if (size == 4) {
    const k = load<u32>(key)
    while (e) {
      if (load<u32>(e + keyOff) == k) return e
      e = load<usize>(e)
    }
    return 0
  }
  if (size == 8) {
    const k = load<u64>(key)
    while (e) {
      if (load<u64>(e + keyOff) == k) return e
      e = load<usize>(e)
    }
    return 0
  }
  while (e) {
    if (load<u32>(e, 4) == hash && bytesEqual(e + keyOff, key, size)) return e
    e = load<usize>(e)
  }
  return 0
}

export function hashFind(h: HashMap, key: usize): usize {
  const hash = keyHash(key, h.keySize, h.seed)
  return findIn(h, bucketOf(h, hash), hash, key)
}

@inline function valueOf(h: HashMap, e: usize): usize {
  return h.percpu ? e + h.valueOff + kernel().currentCpu * h.elemSize : e + h.valueOff
}

/** For programs: address of the value (this CPU's), 0 if there is none. An LRU map notes the use. */
export function hashLookup(map: BpfMap, key: usize): usize {
  const h = htab(map)
  const e = hashFind(h, key)
  if (!e) return 0
  if (h.lru) lruSetRef(e)
  if (h.mapType == BPF_MAP_TYPE_HASH_OF_MAPS) return load<usize>(e + h.valueOff)
  return valueOf(h, e)
}

/** The value of any type, without noting a use. */
export function hashPeek(map: BpfMap, key: usize): usize {
  const h = htab(map)
  const e = hashFind(h, key)
  return e ? e + h.valueOff : 0
}

export function hashLookupPercpu(map: BpfMap, key: usize, cpu: u32): usize {
  const h = htab(map)
  if (cpu >= kernel().cpus) return 0
  const e = hashFind(h, key)
  if (!e) return 0
  if (h.lru) lruSetRef(e)
  return e + h.valueOff + cpu * h.elemSize
}

/** Takes an element out of its chain: false when it is not there. */
export function hashUnlink(h: HashMap, e: usize): bool {
  let at = bucketOf(h, load<u32>(e, 4))
  for (let cur = load<usize>(at); cur; cur = load<usize>(at)) {
    if (cur == e) {
      store<usize>(at, load<usize>(e))
      h.count--
      return true
    }
    at = cur
  }
  return false
}

/** Takes an element out that makes room for another; LRU maps only. */
export function hashEvict(h: HashMap, e: usize): bool {
  if (!hashUnlink(h, e)) return false
  freeElemFields(h, e)
  return true
}

@inline function link(h: HashMap, bucket: usize, e: usize, hash: u32): void {
  store<usize>(e, load<usize>(bucket))
  store<u32>(e, hash, 4)
  store<usize>(bucket, e)
  h.count++
}

/** Gives an element back that no chain holds any more. */
function release(h: HashMap, e: usize): void {
  freeElemFields(h, e)
  if (h.lru) lruFree(h, e)
  else if (h.prealloc) {
    store<usize>(e, h.free)
    h.free = e
  } else rcuFree(e)
}

function takeElem(h: HashMap, old: usize): usize {
  if (h.prealloc) {
    if (old && !h.percpu) {
      const e = h.extra
      h.extra = old
      return e
    }
    if (h.free) {
      const e = h.free
      h.free = load<usize>(e)
      return e
    }
    if (h.fresh >= h.entries) return -E2BIG
    const fresh = h.values + <usize>h.fresh * h.elemBytes
    h.fresh++
    return fresh
  }
  if (h.count >= h.maxEntries && !old) return -E2BIG
  const e = kmalloc(h.elemBytes)
  if (!e) return -ENOMEM
  memory.fill(e, 0, h.elemBytes)
  return e
}

@inline function failed(e: usize): bool {
  return e >= <usize>-4096
}

function checkFlags(e: usize, flags: u64): i32 {
  const f = flags & ~(<u64>BPF_F_LOCK)
  if (e && f == <u64>BPF_NOEXIST) return -EEXIST
  if (!e && f == <u64>BPF_EXIST) return -ENOENT
  return 0
}

/** Stores a value: of one CPU from a program, of all from the caller. */
export function hashUpdate(map: BpfMap, key: usize, value: usize, flags: u64, allCpus: bool): i32 {
  const h = htab(map)
  if (h.lru || h.percpu) {
    if (flags > <u64>BPF_EXIST) return -EINVAL
  } else if ((flags & ~(<u64>BPF_F_LOCK)) > <u64>BPF_EXIST) return -EINVAL
  const hash = keyHash(key, h.keySize, h.seed)
  if (h.lru)
    return h.percpu ? updateLruPercpu(h, key, value, hash, flags, allCpus) : updateLru(h, key, value, hash, flags)
  const bucket = bucketOf(h, hash)
  const old = findIn(h, bucket, hash, key)
  if (flags & (<u64>BPF_F_LOCK)) {
    if (!recordHas(h.record, BPF_SPIN_LOCK)) return -EINVAL
    const bad = checkFlags(old, flags)
    if (bad) return bad
    if (old) {
      copyMapValue(h, old + h.valueOff, value)
      return 0
    }
  }
  const bad = checkFlags(old, flags)
  if (bad) return bad
  if (h.percpu) return updatePercpu(h, bucket, old, key, value, hash, allCpus)
  if (old && h.mapType == BPF_MAP_TYPE_HASH_OF_MAPS) {
    freeElemFields(h, old)
    store<u64>(old + h.valueOff, load<u64>(value))
    return 0
  }
  const e = takeElem(h, old)
  if (failed(e)) return <i32>e
  copyShort(e + h.keyOff, key, h.keySize)
  if (h.mapType == BPF_MAP_TYPE_HASH_OF_MAPS) store<u64>(e + h.valueOff, load<u64>(value))
  else {
    copyMapValue(h, e + h.valueOff, value)
    if (!h.prealloc) initSpecialFields(h, e + h.valueOff)
  }
  link(h, bucket, e, hash)
  if (old) {
    hashUnlink(h, old)
    if (h.prealloc) freeElemFields(h, old)
    else release(h, old)
  }
  return 0
}

function storePercpu(h: HashMap, e: usize, value: usize, allCpus: bool, fresh: bool): void {
  const base = e + h.valueOff
  const cpus = kernel().cpus
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    const slot = base + cpu * h.elemSize
    if (allCpus) {
      copyMapValueLong(h, slot, value + cpu * h.elemSize)
      freeSpecialFields(h, slot)
    } else if (cpu == kernel().currentCpu) {
      copyMapValue(h, slot, value)
      if (!fresh) freeSpecialFields(h, slot)
    } else if (fresh) zeroMapValue(h, slot)
  }
}

function updatePercpu(h: HashMap, bucket: usize, old: usize, key: usize, value: usize, hash: u32, all: bool): i32 {
  if (old) {
    storePercpu(h, old, value, all, false)
    return 0
  }
  const e = takeElem(h, 0)
  if (failed(e)) return <i32>e
  copyShort(e + h.keyOff, key, h.keySize)
  storePercpu(h, e, value, all, true)
  link(h, bucket, e, hash)
  return 0
}

function updateLru(h: HashMap, key: usize, value: usize, hash: u32, flags: u64): i32 {
  // the new element is taken before the old one is looked for: taking may evict
  const e = lruPop(h, hash)
  if (!e) return -ENOMEM
  copyMapValue(h, e + h.valueOff, value)
  copyShort(e + h.keyOff, key, h.keySize)
  const bucket = bucketOf(h, hash)
  const old = findIn(h, bucket, hash, key)
  const bad = checkFlags(old, flags)
  if (bad) {
    release(h, e)
    return bad
  }
  link(h, bucket, e, hash)
  if (old) {
    lruSetRef(e)
    hashUnlink(h, old)
    release(h, old)
  }
  return 0
}

function updateLruPercpu(h: HashMap, key: usize, value: usize, hash: u32, flags: u64, all: bool): i32 {
  let e: usize = 0
  if (flags != <u64>BPF_EXIST) {
    e = lruPop(h, hash)
    if (!e) return -ENOMEM
  }
  const bucket = bucketOf(h, hash)
  const old = findIn(h, bucket, hash, key)
  let err = checkFlags(old, flags)
  if (!err && old) {
    lruSetRef(old)
    storePercpu(h, old, value, all, false)
  } else if (!err) {
    copyShort(e + h.keyOff, key, h.keySize)
    storePercpu(h, e, value, all, true)
    link(h, bucket, e, hash)
    return 0
  }
  if (e) lruFree(h, e)
  return err
}

export function hashDelete(map: BpfMap, key: usize): i32 {
  const h = htab(map)
  const e = hashFind(h, key)
  if (!e) return -ENOENT
  hashUnlink(h, e)
  release(h, e)
  return 0
}

export function hashRelease(map: BpfMap, e: usize): void {
  release(htab(map), e)
}

// SPDX-License-Identifier: GPL-2.0-only
// Hash maps as the caller sees them: walks, all CPUs' values, ids of inner maps, sizes. See maps/hash.ts.

import { ENOENT } from '../gen/errno.gen'
import { BPF_MAP_TYPE_HASH_OF_MAPS } from '../gen/uapi-enums.gen'
import { kernel } from '../mem/root'
import { keyHash } from './jhash'
import { BpfMap } from './map'
import { copyMapValue, copyMapValueLong, initSpecialFields, roundUp8 } from './value'
import { bucketOf, findIn, hashFind, HashMap, hashRelease, hashUnlink, htab } from './hash'

/** sizeof(struct htab_elem), sizeof(struct bpf_htab), sizeof(struct bucket) of Linux. */
const KERNEL_ELEM: u64 = 48
const KERNEL_HTAB: u64 = 640
const KERNEL_BUCKET: u64 = 16

export function hashNextKey(map: BpfMap, key: usize, next: usize): i32 {
  const h = htab(map)
  let i: u32 = 0
  if (key) {
    const hash = keyHash(key, h.keySize, h.seed)
    const e = findIn(h, bucketOf(h, hash), hash, key)
    if (e) {
      const n = load<usize>(e)
      if (n) {
        memory.copy(next, n + h.keyOff, h.keySize)
        return 0
      }
      i = (hash & (h.nBuckets - 1)) + 1
    }
  }
  for (; i < h.nBuckets; i++) {
    const e = load<usize>(h.buckets + ((<usize>i) << 2))
    if (e) {
      memory.copy(next, e + h.keyOff, h.keySize)
      return 0
    }
  }
  return -ENOENT
}

/** Copies an element's value as the caller sees it: all CPUs, the id of an inner map. */
export function hashCopyElem(h: HashMap, e: usize, to: usize): void {
  const from = e + h.valueOff
  if (h.mapType == BPF_MAP_TYPE_HASH_OF_MAPS) {
    store<u32>(to, changetype<BpfMap>(load<usize>(from)).id)
    return
  }
  if (!h.percpu) {
    copyMapValue(h, to, from)
    initSpecialFields(h, to)
    return
  }
  for (let cpu: u32 = 0; cpu < kernel().cpus; cpu++) {
    copyMapValueLong(h, to + cpu * h.elemSize, from + cpu * h.elemSize)
    initSpecialFields(h, to + cpu * h.elemSize)
  }
}

/** The caller's lookup: no use is noted. */
export function hashCopy(map: BpfMap, key: usize, to: usize): i32 {
  const h = htab(map)
  const e = hashFind(h, key)
  if (!e) return -ENOENT
  hashCopyElem(h, e, to)
  return 0
}

export function hashLookupAndDelete(map: BpfMap, key: usize, to: usize): i32 {
  const h = htab(map)
  const e = hashFind(h, key)
  if (!e) return -ENOENT
  hashCopyElem(h, e, to)
  hashUnlink(h, e)
  hashRelease(h, e)
  return 0
}

export function hashMemUsage(map: BpfMap): u64 {
  const h = htab(map)
  const cpus = <u64>kernel().cpus
  const value = <u64>roundUp8(map.valueSize)
  const elem = KERNEL_ELEM + <u64>roundUp8(map.keySize) + (h.percpu ? 8 : value)
  let usage = KERNEL_HTAB + KERNEL_BUCKET * <u64>h.nBuckets + 4 * cpus * 8
  if (h.prealloc) {
    const n = <u64>map.maxEntries + (!h.lru && !h.percpu ? cpus : 0)
    usage += elem * n
    if (h.percpu) usage += value * cpus * n
    else if (!h.lru) usage += 8 * cpus
  } else {
    const n = <u64>map.count
    usage += (elem + 8) * n
    if (h.percpu) usage += 16 * n + value * cpus * n
  }
  return usage
}

// SPDX-License-Identifier: GPL-2.0-only
// BLOOM_FILTER: whether a value was put in, with false positives. Kernel counterpart: kernel/bpf/bloom_filter.c.
//
// A set of bits; aux0 is its mask, aux1 the number of hash functions, aux2 the seed.

import { E2BIG, EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_extra,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import { BPF_ANY, BPF_F_NUMA_NODE, BPF_F_ZERO_SEED } from '../gen/uapi-enums.gen'
import { kfree, kzalloc64 } from '../mem/alloc'
import { randomU32 } from '../wasi/random'
import { ACCESS_MASK, accessOk, KMALLOC_MAX } from './attr'
import { keyHash } from './jhash'
import { BpfMap } from './map'

const DEFAULT_HASHES: u32 = 5
const MAX_HASHES: u64 = 15
const WORD_BITS: u64 = 64
/** sizeof(struct bpf_bloom_filter) of Linux. */
const KERNEL_BLOOM: u64 = 312

export function bloomAllocCheck(attr: usize): i32 {
  return <u64>load<u32>(attr, ATTR_MAP_CREATE__value_size) > KMALLOC_MAX ? -E2BIG : 0
}

function createCheck(map: BpfMap): i32 {
  const flags = map.mapFlags
  if (map.keySize || !map.valueSize || !map.maxEntries) return -EINVAL
  if (flags & ~(BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | ACCESS_MASK) || !accessOk(flags)) return -EINVAL
  return map.mapExtra & ~MAX_HASHES ? -EINVAL : 0
}

/** entries * hashes * 7/5 bits, a power of two: about what minimises false positives. */
function bitMask(entries: u32, hashes: u32): u32 {
  const product = <u64>entries * <u64>hashes
  if (product > 0xffffffff) return 0xffffffff
  const bits = (product / 5) * 7
  if (bits > (<u64>1) << 31) return 0xffffffff
  if (bits <= WORD_BITS) return <u32>WORD_BITS - 1
  return <u32>(((<u64>1) << (64 - clz(bits - 1))) - 1)
}

export function bloomAlloc(map: BpfMap): i32 {
  const err = createCheck(map)
  if (err) return err
  const hashes = map.mapExtra ? <u32>map.mapExtra : DEFAULT_HASHES
  const mask = bitMask(map.maxEntries, hashes)
  const bytes = (<u64>mask + 1) >> 3
  map.values = kzalloc64(bytes)
  if (!map.values) return -ENOMEM
  map.areaSize = bytes
  map.aux0 = mask
  map.aux1 = hashes
  if (!(map.mapFlags & BPF_F_ZERO_SEED)) map.aux2 = randomU32()
  return 0
}

export function bloomFree(map: BpfMap): void {
  kfree(map.values)
}

@inline function bitOf(map: BpfMap, value: usize, i: u32): u32 {
  return keyHash(value, map.valueSize, <u32>map.aux2 + i) & (<u32>map.aux0)
}

export function bloomPush(map: BpfMap, value: usize, flags: u64): i32 {
  if (flags != <u64>BPF_ANY) return -EINVAL
  for (let i: u32 = 0; i < <u32>map.aux1; i++) {
    const bit = bitOf(map, value, i)
    const at = map.values + (bit >> 3)
    store<u8>(at, <u8>((<u32>load<u8>(at)) | (1 << (bit & 7))))
  }
  return 0
}

export function bloomPeek(map: BpfMap, value: usize): i32 {
  for (let i: u32 = 0; i < <u32>map.aux1; i++) {
    const bit = bitOf(map, value, i)
    if (!(((<u32>load<u8>(map.values + (bit >> 3))) >> (bit & 7)) & 1)) return -ENOENT
  }
  return 0
}

export function bloomMemUsage(map: BpfMap): u64 {
  return KERNEL_BLOOM + map.areaSize
}

// SPDX-License-Identifier: GPL-2.0-only
// Helpers on maps. Kernel counterpart: kernel/bpf/helpers.c and the map types' ops.

import { EINVAL, EOPNOTSUPP } from '../gen/errno.gen'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_STACK,
} from '../gen/uapi-enums.gen'
import { invokeCallback } from '../interp/run'
import { kfree, kmalloc } from '../mem/alloc'
import { kernel } from '../mem/root'
import { percpuArrayLookup } from '../maps/array'
import { bloomPeek, bloomPush } from '../maps/bloom'
import { hashLookupPercpu, hashPeek } from '../maps/hash'
import { hashNextKey } from '../maps/hash-user'
import { BpfMap } from '../maps/map'
import { mapDeleteElem, mapLookupElem, mapLookupPercpuElem, mapUpdateElem } from '../maps/ops'
import { queuePeek, queuePop, queuePush } from '../maps/queue'
import { isPercpu } from '../maps/value'
import { asResult, errno, giveMemory } from './given'

@inline function asMap(p: u64): BpfMap {
  return changetype<BpfMap>(<usize>p)
}

export function mapLookup(map: u64, key: u64, r3: u64, r4: u64, r5: u64): u64 {
  const m = asMap(map)
  const value = mapLookupElem(m, <usize>key)
  giveMemory(value, m.valueSize)
  return <u64>value
}

export function mapUpdate(map: u64, key: u64, value: u64, flags: u64, r5: u64): u64 {
  return asResult(mapUpdateElem(asMap(map), <usize>key, <usize>value, flags))
}

export function mapDelete(map: u64, key: u64, r3: u64, r4: u64, r5: u64): u64 {
  return asResult(mapDeleteElem(asMap(map), <usize>key))
}

export function mapPush(map: u64, value: u64, flags: u64, r4: u64, r5: u64): u64 {
  const m = asMap(map)
  if (m.mapType == BPF_MAP_TYPE_BLOOM_FILTER) return asResult(bloomPush(m, <usize>value, flags))
  if (m.mapType == BPF_MAP_TYPE_QUEUE || m.mapType == BPF_MAP_TYPE_STACK)
    return asResult(queuePush(m, <usize>value, flags))
  return errno(EOPNOTSUPP)
}

export function mapPop(map: u64, value: u64, r3: u64, r4: u64, r5: u64): u64 {
  const m = asMap(map)
  if (m.mapType == BPF_MAP_TYPE_QUEUE || m.mapType == BPF_MAP_TYPE_STACK) return asResult(queuePop(m, <usize>value))
  return errno(EOPNOTSUPP)
}

export function mapPeek(map: u64, value: u64, r3: u64, r4: u64, r5: u64): u64 {
  const m = asMap(map)
  if (m.mapType == BPF_MAP_TYPE_BLOOM_FILTER) return asResult(bloomPeek(m, <usize>value))
  if (m.mapType == BPF_MAP_TYPE_QUEUE || m.mapType == BPF_MAP_TYPE_STACK) return asResult(queuePeek(m, <usize>value))
  return errno(EOPNOTSUPP)
}

export function mapLookupPercpu(map: u64, key: u64, cpu: u64, r4: u64, r5: u64): u64 {
  const m = asMap(map)
  const c = <u32>cpu
  if (c >= kernel().cpus) return 0
  const value = mapLookupPercpuElem(m, <usize>key, c)
  giveMemory(value, m.valueSize)
  return <u64>value
}

/** bpf_for_each_map_elem: how many elements the callback saw. */
export function forEachMapElem(map: u64, fn: u64, ctx: u64, flags: u64, r5: u64): u64 {
  if (flags) return errno(EINVAL)
  const m = asMap(map)
  switch (m.mapType) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return forEachIndex(m, fn, ctx)
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return forEachKey(m, fn, ctx)
    default:
      return errno(EINVAL)
  }
}

function forEachIndex(m: BpfMap, fn: u64, ctx: u64): u64 {
  const key = kmalloc(8)
  if (!key) return 0
  giveMemory(key, 4)
  let n: u64 = 0
  for (let i: u32 = 0; i < m.maxEntries; i++) {
    store<u32>(key, i)
    const value =
      m.mapType == BPF_MAP_TYPE_ARRAY ? mapLookupElem(m, key) : percpuArrayLookup(m, key, kernel().currentCpu)
    giveMemory(value, m.valueSize)
    n++
    if (invokeCallback(fn, <u64>changetype<usize>(m), <u64>key, <u64>value, ctx, 0)) break
  }
  kfree(key)
  return n
}

/** The key that comes next is found before the callback runs, since that may delete the element. */
function forEachKey(m: BpfMap, fn: u64, ctx: u64): u64 {
  const size = <usize>((m.keySize + 7) & ~7)
  const keys = kmalloc(size * 2)
  if (!keys) return 0
  let key = keys
  let next = keys + size
  let n: u64 = 0
  let more = hashNextKey(m, 0, key) == 0
  while (more) {
    const here = key
    more = hashNextKey(m, key, next) == 0
    const value = isPercpu(m) ? hashLookupPercpu(m, here, kernel().currentCpu) : hashPeekValue(m, here)
    key = next
    next = here
    if (!value) continue
    giveMemory(here, m.keySize)
    giveMemory(value, m.valueSize)
    n++
    if (invokeCallback(fn, <u64>changetype<usize>(m), <u64>here, <u64>value, ctx, 0)) break
  }
  kfree(keys)
  return n
}

/** The value without marking it as used. */
function hashPeekValue(m: BpfMap, key: usize): usize {
  return hashPeek(m, key)
}

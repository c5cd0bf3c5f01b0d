// SPDX-License-Identifier: GPL-2.0-only
// STACK_TRACE. Kernel counterpart: kernel/bpf/stackmap.c.
//
//   buckets:  u32[n], each 0 or | hash u32 | entries u32 | addresses u64[] or build ids, 32 bytes each |

import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
  bpf_stack_build_id__SIZE,
} from '../gen/uapi-layouts.gen'
import { BPF_F_NUMA_NODE, BPF_F_RDONLY, BPF_F_STACK_BUILD_ID, BPF_F_WRONLY } from '../gen/uapi-enums.gen'
import { kfree, kmalloc, kzalloc64 } from '../mem/alloc'
import { bytesEqual } from '../mem/bytes'
import { keyHash } from './jhash'
import { BpfMap } from './map'

const FLAGS: u32 = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID
/** sysctl kernel.perf_event_max_stack. */
export const MAX_STACK: u32 = 127
/** sizeof(struct bpf_stack_map), sizeof(struct stack_map_bucket). */
const KERNEL_SIZE: u64 = 256 + 32
const KERNEL_BUCKET: u64 = 16

const FAST_STACK_CMP: u64 = 1 << 9
const REUSE_STACKID: u64 = 1 << 10

@unmanaged export class StackMap extends BpfMap {
  nBuckets: u32
}

@inline function smap(map: BpfMap): StackMap {
  return changetype<StackMap>(map)
}

export function stackTraceAllocCheck(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  const entries = load<u32>(attr, ATTR_MAP_CREATE__max_entries)
  const size = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  if (flags & ~FLAGS || !entries || load<u32>(attr, ATTR_MAP_CREATE__key_size) != 4 || size < 8 || size % 8)
    return -EINVAL
  if (flags & BPF_F_STACK_BUILD_ID) {
    if (size % bpf_stack_build_id__SIZE || size / bpf_stack_build_id__SIZE > MAX_STACK) return -EINVAL
  } else if (size / 8 > MAX_STACK) return -EINVAL
  return entries > 1 << 31 ? -E2BIG : 0
}

export function stackTraceAlloc(map: BpfMap): i32 {
  const m = smap(map)
  m.nBuckets = map.maxEntries <= 1 ? 1 : (<u32>1) << (32 - clz(map.maxEntries - 1))
  // Linux takes the memory of all stacks now: so many must fit
  const size = <u64>map.maxEntries * (<u64>map.valueSize + KERNEL_BUCKET)
  if (size > 0xe0000000) return -ENOMEM
  map.values = kzalloc64(<u64>m.nBuckets * 4)
  map.areaSize = size
  return map.values ? 0 : -ENOMEM
}

export function stackTraceFree(map: BpfMap): void {
  const m = smap(map)
  if (!map.values) return
  for (let i: u32 = 0; i < m.nBuckets; i++) kfree(load<usize>(map.values + ((<usize>i) << 2)))
  kfree(map.values)
}

@inline function entrySize(map: BpfMap): u32 {
  return map.mapFlags & BPF_F_STACK_BUILD_ID ? bpf_stack_build_id__SIZE : 8
}

/** Keeps a stack of `n` entries: its id, or -errno. */
export function stackTracePut(map: BpfMap, entries: usize, n: u32, flags: u64): i64 {
  const m = smap(map)
  const size = entrySize(map)
  const most = map.valueSize / size
  if (n > most) n = most
  const len = n * size
  const hash = keyHash(entries, len, 0)
  const id = hash & (m.nBuckets - 1)
  const slot = map.values + ((<usize>id) << 2)
  const old = load<usize>(slot)
  // One that takes the place of another needs room of its own meanwhile; build ids are gathered there.
  const full = map.count >= map.maxEntries
  const matches = old && load<u32>(old) == hash
  if (matches && flags & FAST_STACK_CMP) return id
  if (full && map.mapFlags & BPF_F_STACK_BUILD_ID) return -ENOMEM
  if (matches && load<u32>(old, 4) == n && bytesEqual(old + 8, entries, len)) return id
  if (old && !(flags & REUSE_STACKID)) return -EEXIST
  if (full) return -ENOMEM
  const b = kmalloc(8 + <usize>len)
  if (!b) return -ENOMEM
  store<u32>(b, hash)
  store<u32>(b, n, 4)
  memory.copy(b + 8, entries, len)
  store<usize>(slot, b)
  if (old) kfree(old)
  else map.count++
  return id
}

export function stackTraceCopy(map: BpfMap, key: usize, value: usize): i32 {
  const m = smap(map)
  const id = load<u32>(key)
  if (id >= m.nBuckets) return -ENOENT
  const b = load<usize>(map.values + ((<usize>id) << 2))
  if (!b) return -ENOENT
  const len = load<u32>(b, 4) * entrySize(map)
  memory.copy(value, b + 8, len)
  memory.fill(value + len, 0, map.valueSize - len)
  return 0
}

/** Lookup and delete. */
export function stackTraceTake(map: BpfMap, key: usize, value: usize): i32 {
  const err = stackTraceCopy(map, key, value)
  return err ? err : stackTraceDelete(map, key)
}

export function stackTraceNextKey(map: BpfMap, key: usize, next: usize): i32 {
  const m = smap(map)
  let id: u32 = 0
  if (key) {
    id = load<u32>(key)
    if (id >= m.nBuckets || !load<usize>(map.values + ((<usize>id) << 2))) id = 0
    else id++
  }
  while (id < m.nBuckets && !load<usize>(map.values + ((<usize>id) << 2))) id++
  if (id >= m.nBuckets) return -ENOENT
  store<u32>(next, id)
  return 0
}

export function stackTraceDelete(map: BpfMap, key: usize): i32 {
  const m = smap(map)
  const id = load<u32>(key)
  if (id >= m.nBuckets) return -E2BIG
  const slot = map.values + ((<usize>id) << 2)
  const b = load<usize>(slot)
  if (!b) return -ENOENT
  store<usize>(slot, 0)
  kfree(b)
  map.count--
  return 0
}

export function stackTraceMemUsage(map: BpfMap): u64 {
  const n = <u64>smap(map).nBuckets
  return KERNEL_SIZE + n * 8 + n * (<u64>map.valueSize + KERNEL_BUCKET)
}

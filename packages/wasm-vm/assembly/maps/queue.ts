// SPDX-License-Identifier: GPL-2.0-only
// QUEUE and STACK: values without keys. Kernel counterpart: kernel/bpf/queue_stack_maps.c.
//
// A ring of maxEntries + 1 values; aux0 is the head (next free), aux1 the tail (oldest).

import { E2BIG, EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import { BPF_EXIST, BPF_F_NUMA_NODE, BPF_MAP_TYPE_STACK, BPF_NOEXIST } from '../gen/uapi-enums.gen'
import { kfree, kzalloc64 } from '../mem/alloc'
import { ACCESS_MASK, accessOk, KMALLOC_MAX } from './attr'
import { BpfMap } from './map'

/** sizeof(struct bpf_queue_stack) of Linux. */
const KERNEL_QUEUE: u64 = 312

export function queueAllocCheck(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  const valueSize = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  const entries = load<u32>(attr, ATTR_MAP_CREATE__max_entries)
  if (!entries || load<u32>(attr, ATTR_MAP_CREATE__key_size) || !valueSize) return -EINVAL
  if (flags & ~(BPF_F_NUMA_NODE | ACCESS_MASK) || !accessOk(flags)) return -EINVAL
  return <u64>valueSize > KMALLOC_MAX ? -E2BIG : 0
}

export function queueAlloc(map: BpfMap): i32 {
  const size = (<u64>map.maxEntries + 1) * <u64>map.valueSize
  map.values = kzalloc64(size)
  if (!map.values) return -ENOMEM
  map.areaSize = size
  return 0
}

export function queueFree(map: BpfMap): void {
  kfree(map.values)
}

@inline function slotOf(map: BpfMap, index: usize): usize {
  return map.values + index * <usize>map.valueSize
}

@inline function following(map: BpfMap, index: usize): usize {
  return index >= <usize>map.maxEntries ? 0 : index + 1
}

/** map_push_elem: BPF_EXIST makes room by dropping the oldest value. */
export function queuePush(map: BpfMap, value: usize, flags: u64): i32 {
  if (flags & (<u64>BPF_NOEXIST) || flags > <u64>BPF_EXIST) return -EINVAL
  if (following(map, map.aux0) == map.aux1) {
    if (!(flags & (<u64>BPF_EXIST))) return -E2BIG
    map.aux1 = following(map, map.aux1)
  }
  memory.copy(slotOf(map, map.aux0), value, map.valueSize)
  map.aux0 = following(map, map.aux0)
  return 0
}

function take(map: BpfMap, value: usize, remove: bool): i32 {
  if (map.aux0 == map.aux1) {
    memory.fill(value, 0, map.valueSize)
    return -ENOENT
  }
  if (map.mapType == BPF_MAP_TYPE_STACK) {
    const last = map.aux0 ? map.aux0 - 1 : <usize>map.maxEntries
    memory.copy(value, slotOf(map, last), map.valueSize)
    if (remove) map.aux0 = last
    return 0
  }
  memory.copy(value, slotOf(map, map.aux1), map.valueSize)
  if (remove) map.aux1 = following(map, map.aux1)
  return 0
}

export function queuePop(map: BpfMap, value: usize): i32 {
  return take(map, value, true)
}
export function queuePeek(map: BpfMap, value: usize): i32 {
  return take(map, value, false)
}

export function queueMemUsage(map: BpfMap): u64 {
  return KERNEL_QUEUE + map.areaSize
}

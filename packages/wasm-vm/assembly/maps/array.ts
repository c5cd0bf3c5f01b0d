// SPDX-License-Identifier: GPL-2.0-only
// ARRAY and PERCPU_ARRAY. Kernel counterpart: kernel/bpf/arraymap.c.
//
// Element i of an array is at values + i * elemSize; of a per-CPU array, CPU c's is at values + (i * cpus + c) * elemSize.

import { E2BIG, EEXIST, EINVAL, ENOENT, ENOMEM, ENOTSUPP } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__map_type,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import {
  BPF_EXIST,
  BPF_F_INNER_MAP,
  BPF_F_LOCK,
  BPF_F_MMAPABLE,
  BPF_F_NUMA_NODE,
  BPF_F_PRESERVE_ELEMS,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_NOEXIST,
} from '../gen/uapi-enums.gen'
import { BPF_SPIN_LOCK, recordHas } from '../btf/record'
import { kfree, kzalloc64 } from '../mem/alloc'
import { kernel } from '../mem/root'
import { BpfMap } from './map'
import { accessOk, ACCESS_MASK, numaNode, PAGE_SIZE, PCPU_MAX } from './attr'
import { copyMapValue, copyMapValueLong, freeSpecialFields, initSpecialFields, roundUp8 } from './value'

const FLAGS: u32 = BPF_F_NUMA_NODE | BPF_F_MMAPABLE | ACCESS_MASK | BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP
/** sizeof(struct bpf_array) of Linux, for the size that info reports. */
const KERNEL_ARRAY_SIZE: u64 = 320

export function arrayAllocCheck(attr: usize): i32 {
  const type = load<u32>(attr, ATTR_MAP_CREATE__map_type)
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  const valueSize = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  const percpu = type == BPF_MAP_TYPE_PERCPU_ARRAY
  if (!load<u32>(attr, ATTR_MAP_CREATE__max_entries) || load<u32>(attr, ATTR_MAP_CREATE__key_size) != 4) return -EINVAL
  if (!valueSize || flags & ~FLAGS || !accessOk(flags) || (percpu && numaNode(attr) != -1)) return -EINVAL
  if (type != BPF_MAP_TYPE_ARRAY && flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP)) return -EINVAL
  if (type != BPF_MAP_TYPE_PERF_EVENT_ARRAY && flags & BPF_F_PRESERVE_ELEMS) return -EINVAL
  if (valueSize > 0x7fffffff) return -E2BIG
  return percpu && roundUp8(valueSize) > PCPU_MAX ? -E2BIG : 0
}

/** Memory for `map.maxEntries` elements of `elemSize` bytes. */
export function arrayAlloc(map: BpfMap, elemSize: u32): i32 {
  const percpu = map.mapType == BPF_MAP_TYPE_PERCPU_ARRAY
  const bits = map.maxEntries <= 1 ? 0 : 32 - clz(map.maxEntries - 1)
  map.indexMask = <u32>(((<u64>1) << bits) - 1)
  let entries = <u64>map.maxEntries
  if (!map.bypassSpecV1) {
    entries = <u64>map.indexMask + 1
    if (entries > 0xffffffff) return -E2BIG
  }
  map.elemSize = elemSize
  map.kernelElemSize = roundUp8(map.valueSize)
  let size = entries * <u64>elemSize
  map.memUsage = KERNEL_ARRAY_SIZE + size
  if (percpu) {
    map.memUsage = KERNEL_ARRAY_SIZE + entries * 8 + size * <u64>kernel().cpus
    size *= <u64>kernel().cpus
  } else if (map.mapFlags & BPF_F_MMAPABLE) {
    size = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)
    map.memUsage = PAGE_SIZE + size
  }
  map.values = kzalloc64(size)
  map.areaSize = size
  return map.values ? 0 : -ENOMEM
}

export function arrayFree(map: BpfMap): void {
  if (changetype<usize>(map.record) && map.values) {
    const n = map.maxEntries * (map.mapType == BPF_MAP_TYPE_PERCPU_ARRAY ? kernel().cpus : 1)
    for (let i: u32 = 0; i < n; i++) freeSpecialFields(map, map.values + <usize>i * map.elemSize)
  }
  kfree(map.values)
}

/** Address of an element, 0 past the end. */
@inline export function arrayLookup(map: BpfMap, key: usize): usize {
  const index = load<u32>(key)
  if (index >= map.maxEntries) return 0
  return map.values + <usize>index * map.elemSize
}

@inline export function percpuArraySlot(map: BpfMap, index: u32, cpu: u32): usize {
  return map.values + (<usize>index * kernel().cpus + cpu) * map.elemSize
}
export function percpuArrayLookup(map: BpfMap, key: usize, cpu: u32): usize {
  const index = load<u32>(key)
  return index >= map.maxEntries || cpu >= kernel().cpus ? 0 : percpuArraySlot(map, index, cpu)
}

export function arrayUpdate(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  if ((flags & ~(<u64>BPF_F_LOCK)) > <u64>BPF_EXIST) return -EINVAL
  const index = load<u32>(key)
  if (index >= map.maxEntries) return -E2BIG
  if (flags & (<u64>BPF_NOEXIST)) return -EEXIST
  if (flags & (<u64>BPF_F_LOCK) && !recordHas(map.record, BPF_SPIN_LOCK)) return -EINVAL
  const percpu = map.mapType == BPF_MAP_TYPE_PERCPU_ARRAY
  const slot = percpu ? percpuArraySlot(map, index, kernel().currentCpu) : map.values + <usize>index * map.elemSize
  copyMapValue(map, slot, value)
  freeSpecialFields(map, slot)
  return 0
}

export function percpuArrayCopy(map: BpfMap, key: usize, value: usize): i32 {
  const index = load<u32>(key)
  if (index >= map.maxEntries) return -ENOENT
  for (let cpu: u32 = 0; cpu < kernel().cpus; cpu++) {
    const to = value + <usize>cpu * map.elemSize
    copyMapValueLong(map, to, percpuArraySlot(map, index, cpu))
    initSpecialFields(map, to)
  }
  return 0
}

export function percpuArrayUpdateAll(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  if (flags > <u64>BPF_EXIST) return -EINVAL
  const index = load<u32>(key)
  if (index >= map.maxEntries) return -E2BIG
  if (flags == <u64>BPF_NOEXIST) return -EEXIST
  for (let cpu: u32 = 0; cpu < kernel().cpus; cpu++) {
    const slot = percpuArraySlot(map, index, cpu)
    copyMapValueLong(map, slot, value + <usize>cpu * map.elemSize)
    freeSpecialFields(map, slot)
  }
  return 0
}

/** Keys of everything that is indexed by a u32: 0 after no key or a bad one. */
export function arrayNextKey(map: BpfMap, key: usize, next: usize): i32 {
  const index: u32 = key ? load<u32>(key) : 0xffffffff
  if (index >= map.maxEntries) {
    store<u32>(next, 0)
    return 0
  }
  if (index == map.maxEntries - 1) return -ENOENT
  store<u32>(next, index + 1)
  return 0
}

/** Address of a direct load (BPF_PSEUDO_MAP_VALUE): the value of an array of one. */
export function arrayDirectAddr(map: BpfMap, off: u32, out: usize): i32 {
  if (map.maxEntries != 1) return -ENOTSUPP
  if (off >= map.valueSize) return -EINVAL
  store<u64>(out, <u64>map.values)
  return 0
}

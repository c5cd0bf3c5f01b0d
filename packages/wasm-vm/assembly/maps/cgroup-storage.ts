// SPDX-License-Identifier: GPL-2.0-only
// CGROUP_STORAGE and PERCPU_CGROUP_STORAGE: a value for each cgroup (and attach type) that a program using the map is
// attached to. Kernel counterpart: kernel/bpf/local_storage.c.
//
//   element:  | next | attach type | cgroup id u64 | uses u32 | reserved | value(s) |

import { E2BIG, EINVAL, ENOENT } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__key_size,
  ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__map_type,
  ATTR_MAP_CREATE__max_entries,
  ATTR_MAP_CREATE__value_size,
} from '../gen/uapi-layouts.gen'
import { BPF_EXIST, BPF_F_LOCK, BPF_F_NUMA_NODE, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE } from '../gen/uapi-enums.gen'
import { BPF_SPIN_LOCK, recordHas } from '../btf/record'
import { kfree, kzalloc } from '../mem/alloc'
import { rcuFree } from '../mem/rcu'
import { kernel } from '../mem/root'
import { accessOk, ACCESS_MASK, PCPU_MAX } from './attr'
import { BpfMap } from './map'
import { copyMapValue, initSpecialFields, roundUp8 } from './value'

const FLAGS: u32 = BPF_F_NUMA_NODE | ACCESS_MASK
const VALUE_MAX: u32 = 65536 - 128
const TYPE: usize = 4
const CGROUP: usize = 8
const USES: usize = 16
const VALUE: usize = 24
/** sizeof(struct bpf_cgroup_storage_key): cgroup id and attach type; a key of 8 bytes is the id alone. */
const FULL_KEY: u32 = 16

export function cgroupStorageAllocCheck(attr: usize): i32 {
  const percpu = load<u32>(attr, ATTR_MAP_CREATE__map_type) == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE
  const keySize = load<u32>(attr, ATTR_MAP_CREATE__key_size)
  const size = load<u32>(attr, ATTR_MAP_CREATE__value_size)
  const flags = load<u32>(attr, ATTR_MAP_CREATE__map_flags)
  if ((keySize != FULL_KEY && keySize != 8) || !size) return -EINVAL
  if (size > (percpu ? PCPU_MAX : VALUE_MAX)) return -E2BIG
  if (flags & ~FLAGS || !accessOk(flags)) return -EINVAL
  return load<u32>(attr, ATTR_MAP_CREATE__max_entries) ? -EINVAL : 0
}

export function cgroupStorageAlloc(map: BpfMap): i32 {
  map.elemSize = roundUp8(map.valueSize)
  map.memUsage = 320
  return 0
}

export function cgroupStorageFree(map: BpfMap): void {
  let e = map.values
  while (e) {
    const next = load<usize>(e)
    kfree(e)
    e = next
  }
}

function find(map: BpfMap, cgroup: u64, type: u32): usize {
  for (let e = map.values; e; e = load<usize>(e)) {
    if (load<u64>(e, CGROUP) == cgroup && (map.keySize == 8 || load<u32>(e, TYPE) == type)) return e
  }
  return 0
}
function findKey(map: BpfMap, key: usize): usize {
  return find(map, load<u64>(key), map.keySize == 8 ? 0 : load<u32>(key, 8))
}

@inline function slotOf(map: BpfMap, e: usize): usize {
  return e + VALUE + (map.mapType == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE ? kernel().currentCpu * map.elemSize : 0)
}

/** Bytes of an element. */
export function cgroupStorageSize(map: BpfMap): usize {
  const slots: u32 = map.mapType == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE ? kernel().cpus : 1
  return VALUE + <usize>slots * map.elemSize
}

/** The element of a cgroup and attach type for an attachment, made if there is none; 0 when memory is out. */
export function cgroupStorageAttach(map: BpfMap, cgroup: u64, type: u32): usize {
  let e = find(map, cgroup, type)
  if (!e) {
    e = kzalloc(cgroupStorageSize(map))
    if (!e) return 0
    store<u32>(e, type, TYPE)
    store<u64>(e, cgroup, CGROUP)
    // new elements go to the end: the order in which keys are seen
    let at = changetype<usize>(map) + offsetof<BpfMap>('values')
    while (load<usize>(at)) at = load<usize>(at)
    store<usize>(at, e)
  }
  store<u32>(e, load<u32>(e, USES) + 1, USES)
  return e
}

/** An attachment ends; a shared element stays until the cgroup goes or the map does. */
export function cgroupStorageDetach(map: BpfMap, e: usize): void {
  const uses = load<u32>(e, USES) - 1
  store<u32>(e, uses, USES)
  if (uses || map.keySize == 8) return
  remove(map, e)
}

function remove(map: BpfMap, e: usize): void {
  let at = changetype<usize>(map) + offsetof<BpfMap>('values')
  while (load<usize>(at) && load<usize>(at) != e) at = load<usize>(at)
  if (load<usize>(at) != e) return
  store<usize>(at, load<usize>(e))
  rcuFree(e)
}

/** A cgroup goes. */
export function cgroupStorageForget(map: BpfMap, cgroup: u64): void {
  for (let e = map.values; e;) {
    const next = load<usize>(e)
    if (load<u64>(e, CGROUP) == cgroup) remove(map, e)
    e = next
  }
}

/** For programs: the value (of this CPU) of an element. */
export function cgroupStorageValue(map: BpfMap, e: usize): usize {
  return slotOf(map, e)
}

export function cgroupStorageLookup(map: BpfMap, key: usize): usize {
  const e = findKey(map, key)
  return e ? slotOf(map, e) : 0
}

/** The caller's lookup: all CPUs of a per-CPU value. */
export function cgroupStorageCopy(map: BpfMap, key: usize, to: usize): i32 {
  const e = findKey(map, key)
  if (!e) return -ENOENT
  if (map.mapType == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE) memory.copy(to, e + VALUE, <usize>kernel().cpus * map.elemSize)
  else {
    copyMapValue(map, to, e + VALUE)
    initSpecialFields(map, to)
  }
  return 0
}

export function cgroupStorageUpdate(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  if (flags & ~((<u64>BPF_F_LOCK) | (<u64>BPF_EXIST))) return -EINVAL
  if (flags & (<u64>BPF_F_LOCK) && !recordHas(map.record, BPF_SPIN_LOCK)) return -EINVAL
  const e = findKey(map, key)
  if (!e) return -ENOENT
  copyMapValue(map, e + VALUE, value)
  return 0
}

export function cgroupStorageUpdateAll(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  if (flags != 0 && flags != <u64>BPF_EXIST) return -EINVAL
  const e = findKey(map, key)
  if (!e) return -ENOENT
  memory.copy(e + VALUE, value, <usize>kernel().cpus * map.elemSize)
  return 0
}

export function cgroupStorageNextKey(map: BpfMap, key: usize, next: usize): i32 {
  let e = map.values
  if (key) {
    e = findKey(map, key)
    if (e) e = load<usize>(e)
  }
  if (!e) return -ENOENT
  store<u64>(next, load<u64>(e, CGROUP))
  if (map.keySize != 8) store<u64>(next, <u64>load<u32>(e, TYPE), 8)
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// What a map of each type does with elements: the other half of the kernel's struct bpf_map_ops as switches.

import { EINVAL, EOPNOTSUPP, ENOTSUPP, ERANGE } from '../gen/errno.gen'
import {
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_CGROUP_STORAGE,
  BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_INODE_STORAGE,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_STRUCT_OPS,
  BPF_MAP_TYPE_TASK_STORAGE,
  BPF_MAP_TYPE_USER_RINGBUF,
  BPF_MAP_TYPE_XSKMAP,
} from '../gen/uapi-enums.gen'
import { kernel } from '../mem/root'
import { arenaMemUsage, arenaOf } from './arena'
import { arrayDirectAddr, arrayLookup, arrayNextKey, arrayUpdate, percpuArrayLookup } from './array'
import { bloomMemUsage } from './bloom'
import { cgroupStorageLookup, cgroupStorageNextKey, cgroupStorageUpdate } from './cgroup-storage'
import { cpumapDelete, cpumapLookup, cpumapMemUsage, cpumapUpdate } from './cpumap'
import { devmapDelete, devmapLookup, devmapMemUsage, devmapNextKey, devmapUpdate } from './devmap'
import { fdArrayDelete, fdArrayObject } from './fd-array'
import { hashDelete, hashLookup, hashLookupPercpu, hashUpdate } from './hash'
import { hashMemUsage, hashNextKey } from './hash-user'
import { lpmDelete, lpmLookup, lpmMemUsage, lpmNextKey, lpmUpdate } from './lpm'
import { BpfMap } from './map'
import { queueMemUsage } from './queue'
import { reuseportDelete, reuseportLookup } from './reuseport-array'
import { ringbufMemUsage } from './ringbuf'
import { sockmapDelete, sockmapMemUsage, sockmapNextKey, sockmapTake, sockmapUpdateProg } from './sockmap'
import { stackTraceDelete, stackTraceMemUsage, stackTraceNextKey } from './stack-trace'
import { storageMemUsage } from './storage'
import { structOpsNextKey } from './struct-ops'
import { xskmapDelete, xskmapLookup, xskmapMemUsage, xskmapUpdate } from './xskmap'

/** map_lookup_elem of a program: address of the value (of what stands for it), 0 if there is none. */
export function mapLookupElem(map: BpfMap, key: usize): usize {
  switch (map.mapType) {
    case BPF_MAP_TYPE_ARRAY:
      return arrayLookup(map, key)
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return hashLookup(map, key)
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return percpuArrayLookup(map, key, kernel().currentCpu)
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
      return fdArrayObject(map, load<u32>(key))
    case BPF_MAP_TYPE_LPM_TRIE:
      return lpmLookup(map, key)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapLookup(map, key)
    case BPF_MAP_TYPE_CPUMAP:
      return cpumapLookup(map, key)
    case BPF_MAP_TYPE_XSKMAP:
      return xskmapLookup(map, key)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapTake(map, key)
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
      return reuseportLookup(map, key)
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return cgroupStorageLookup(map, key)
    default:
      return 0
  }
}

/** map_lookup_percpu_elem. */
export function mapLookupPercpuElem(map: BpfMap, key: usize, cpu: u32): usize {
  switch (map.mapType) {
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return percpuArrayLookup(map, key, cpu)
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return hashLookupPercpu(map, key, cpu)
    default:
      return 0
  }
}

/** map_update_elem of a program, and of the caller where the caller's value needs no translation. */
export function mapUpdateElem(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  switch (map.mapType) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return arrayUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return hashUpdate(map, key, value, flags, false)
    case BPF_MAP_TYPE_LPM_TRIE:
      return lpmUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_CPUMAP:
      return cpumapUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_XSKMAP:
      return xskmapUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapUpdateProg(map, key, value, flags)
    case BPF_MAP_TYPE_CGROUP_STORAGE:
      return cgroupStorageUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      return -ENOTSUPP
    case BPF_MAP_TYPE_ARENA:
      return -EOPNOTSUPP
    case BPF_MAP_TYPE_STACK_TRACE:
      return -EINVAL
    default:
      return -EINVAL
  }
}

export function mapDeleteElem(map: BpfMap, key: usize): i32 {
  switch (map.mapType) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return -EINVAL
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return hashDelete(map, key)
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
      return fdArrayDelete(map, key)
    case BPF_MAP_TYPE_LPM_TRIE:
      return lpmDelete(map, key)
    case BPF_MAP_TYPE_STACK_TRACE:
      return stackTraceDelete(map, key)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapDelete(map, key)
    case BPF_MAP_TYPE_CPUMAP:
      return cpumapDelete(map, key)
    case BPF_MAP_TYPE_XSKMAP:
      return xskmapDelete(map, key)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapDelete(map, key)
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
      return reuseportDelete(map, key)
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      return -ENOTSUPP
    case BPF_MAP_TYPE_ARENA:
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return -EOPNOTSUPP
    default:
      return -EINVAL
  }
}

export function mapGetNextKey(map: BpfMap, key: usize, next: usize): i32 {
  switch (map.mapType) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
    case BPF_MAP_TYPE_XSKMAP:
    case BPF_MAP_TYPE_CPUMAP:
      return arrayNextKey(map, key, next)
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return hashNextKey(map, key, next)
    case BPF_MAP_TYPE_LPM_TRIE:
      return lpmNextKey(map, key, next)
    case BPF_MAP_TYPE_STACK_TRACE:
      return stackTraceNextKey(map, key, next)
    case BPF_MAP_TYPE_STRUCT_OPS:
      return structOpsNextKey(key, next)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapNextKey(map, key, next)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapNextKey(map, key, next)
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return cgroupStorageNextKey(map, key, next)
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      return -ENOTSUPP
    case BPF_MAP_TYPE_BLOOM_FILTER:
    case BPF_MAP_TYPE_ARENA:
      return -EOPNOTSUPP
    default:
      return -EINVAL
  }
}

/** map_direct_value_addr: writes the address of `off` within the value that a direct load gives (less off), or -errno. */
export function mapDirectValueAddr(map: BpfMap, off: u32, out: usize): i32 {
  if (map.mapType == BPF_MAP_TYPE_ARRAY) return arrayDirectAddr(map, off, out)
  if (map.mapType == BPF_MAP_TYPE_ARENA) {
    const a = arenaOf(map)
    if (<u64>off > a.userEnd - a.userStart) return -ERANGE
    store<u64>(out, a.userStart)
    return 0
  }
  return -EINVAL
}

/** Bytes that the map takes by Linux's reckoning (fdinfo's memlock). */
export function mapMemUsage(map: BpfMap): u64 {
  switch (map.mapType) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return hashMemUsage(map)
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      return ringbufMemUsage(map)
    case BPF_MAP_TYPE_STACK_TRACE:
      return stackTraceMemUsage(map)
    case BPF_MAP_TYPE_LPM_TRIE:
      return lpmMemUsage(map)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapMemUsage(map)
    case BPF_MAP_TYPE_CPUMAP:
      return cpumapMemUsage(map)
    case BPF_MAP_TYPE_XSKMAP:
      return xskmapMemUsage(map)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapMemUsage(map)
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return queueMemUsage(map)
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return bloomMemUsage(map)
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
      return storageMemUsage(map)
    case BPF_MAP_TYPE_ARENA:
      return arenaMemUsage(map)
    default:
      return map.memUsage
  }
}

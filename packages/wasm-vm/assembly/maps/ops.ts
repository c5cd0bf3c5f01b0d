// SPDX-License-Identifier: GPL-2.0-only
// What a map of each type does: the kernel's struct bpf_map_ops as switches.

import { EINVAL, EOPNOTSUPP, ENOTSUPP, EPERM } from '../gen/errno.gen'
import {
  ATTR_MAP_CREATE__btf_vmlinux_value_type_id, ATTR_MAP_CREATE__key_size, ATTR_MAP_CREATE__map_flags,
  ATTR_MAP_CREATE__max_entries,
} from '../gen/uapi-layouts.gen'
import {
  BPF_F_LINK, BPF_F_VTYPE_BTF_OBJ_FD, BPF_MAP_TYPE_ARENA, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_CGROUP_ARRAY, BPF_MAP_TYPE_CGROUP_STORAGE, BPF_MAP_TYPE_CGRP_STORAGE, BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_INODE_STORAGE, BPF_MAP_TYPE_LPM_TRIE, BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PROG_ARRAY, BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_SK_STORAGE, BPF_MAP_TYPE_SOCKHASH, BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE, BPF_MAP_TYPE_STRUCT_OPS, BPF_MAP_TYPE_TASK_STORAGE, BPF_MAP_TYPE_USER_RINGBUF,
  BPF_MAP_TYPE_XSKMAP,
} from '../gen/uapi-enums.gen'
import { BPF_TASK_WORK, BPF_TIMER, BPF_WORKQUEUE, recordHas } from '../btf/record'
import { kernel } from '../mem/root'
import { arenaAlloc, arenaAllocCheck, arenaFree, arenaMemUsage } from './arena'
import {
  arrayAlloc, arrayAllocCheck, arrayDirectAddr, arrayFree, arrayLookup, arrayNextKey, arrayUpdate, percpuArrayLookup,
} from './array'
import { bloomAlloc, bloomAllocCheck, bloomFree, bloomMemUsage } from './bloom'
import { cgroupStorageAlloc, cgroupStorageAllocCheck, cgroupStorageFree, cgroupStorageLookup, cgroupStorageNextKey,
  cgroupStorageUpdate } from './cgroup-storage'
import { cpumapAlloc, cpumapAllocCheck, cpumapDelete, cpumapFree, cpumapLookup, cpumapMemUsage, cpumapUpdate } from './cpumap'
import { devmapAlloc, devmapAllocCheck, devmapDelete, devmapFree, devmapLookup, devmapMemUsage, devmapNextKey,
  devmapUpdate } from './devmap'
import { fdArrayAllocCheck, fdArrayClear, fdArrayDelete, fdArrayFree, fdArrayObject, fdArrayReleaseFile, innerMeta,
  innerMetaFree } from './fd-array'
import { hashAlloc, hashAllocCheck, hashDelete, hashFree, hashFreeTimers, hashLookup, hashLookupPercpu, hashMemUsage,
  hashNextKey, hashUpdate } from './hash'
import { lpmAlloc, lpmAllocCheck, lpmDelete, lpmFree, lpmLookup, lpmMemUsage, lpmNextKey, lpmUpdate } from './lpm'
import { BpfMap } from './map'
import { queueAlloc, queueAllocCheck, queueFree, queueMemUsage } from './queue'
import { reuseportAlloc, reuseportAllocCheck, reuseportDelete, reuseportFree, reuseportLookup } from './reuseport-array'
import { ringbufAlloc, ringbufAllocCheck, ringbufFree, ringbufMemUsage } from './ringbuf'
import { sockmapAlloc, sockmapAllocCheck, sockmapDelete, sockmapFree, sockmapLookup, sockmapMemUsage, sockmapNextKey,
  sockmapUpdateProg } from './sockmap'
import { stackTraceAlloc, stackTraceAllocCheck, stackTraceDelete, stackTraceFree, stackTraceMemUsage,
  stackTraceNextKey } from './stack-trace'
import { storageAlloc, storageAllocCheck, storageFree, storageMemUsage } from './storage'
import { freeSpecialFields } from './value'
import { xskmapAlloc, xskmapAllocCheck, xskmapDelete, xskmapFree, xskmapLookup, xskmapMemUsage, xskmapUpdate } from './xskmap'
import { isErr } from '../syscall/fd'

export const MAP_TYPE_MAX: u32 = 34

/** map_alloc_check: are the creation attributes good for the type? */
export function mapAllocCheck(attr: usize, type: u32): i32 {
  switch (type) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return arrayAllocCheck(attr)
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
      return fdArrayAllocCheck(attr)
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return hashAllocCheck(attr)
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      return 0
    case BPF_MAP_TYPE_STACK_TRACE: return 0
    case BPF_MAP_TYPE_LPM_TRIE: return 0
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapAllocCheck(attr)
    case BPF_MAP_TYPE_CPUMAP:
    case BPF_MAP_TYPE_XSKMAP:
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return 0
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return 0
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: return reuseportAllocCheck(attr)
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return queueAllocCheck(attr)
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
      return storageAllocCheck(attr)
    case BPF_MAP_TYPE_BLOOM_FILTER: return bloomAllocCheck(attr)
    default: return 0
  }
}

/** map_alloc: gives the map what its type needs. What it took is freed by mapFreeData, also when this fails. */
export function mapAlloc(map: BpfMap, attr: usize, innerFd: i32): i32 {
  switch (map.mapType) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return arrayAlloc(map, (map.valueSize + 7) & ~7)
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
      return arrayAlloc(map, 8)
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_HASH_OF_MAPS: {
      const meta = innerMeta(innerFd)
      if (isErr(meta)) return <i32>meta
      map.innerMapMeta = changetype<BpfMap>(meta)
      return map.mapType == BPF_MAP_TYPE_ARRAY_OF_MAPS ? arrayAlloc(map, 8) : hashAlloc(map)
    }
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return hashAlloc(map)
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF: {
      const err = ringbufAllocCheck(attr)
      return err ? err : ringbufAlloc(map)
    }
    case BPF_MAP_TYPE_STACK_TRACE: {
      const err = stackTraceAllocCheck(attr)
      return err ? err : stackTraceAlloc(map)
    }
    case BPF_MAP_TYPE_LPM_TRIE: {
      const err = lpmAllocCheck(attr)
      return err ? err : lpmAlloc(map)
    }
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapAlloc(map)
    case BPF_MAP_TYPE_CPUMAP: {
      const err = cpumapAllocCheck(attr)
      return err ? err : cpumapAlloc(map)
    }
    case BPF_MAP_TYPE_XSKMAP: {
      const err = xskmapAllocCheck(attr)
      return err ? err : xskmapAlloc(map)
    }
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH: {
      const err = sockmapAllocCheck(attr)
      return err ? err : sockmapAlloc(map)
    }
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE: {
      const err = cgroupStorageAllocCheck(attr)
      return err ? err : cgroupStorageAlloc(map)
    }
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: return reuseportAlloc(map)
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return queueAlloc(map)
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
      return storageAlloc(map)
    case BPF_MAP_TYPE_BLOOM_FILTER: return bloomAlloc(map)
    case BPF_MAP_TYPE_ARENA: {
      const err = arenaAllocCheck(attr)
      return err ? err : arenaAlloc(map)
    }
    // the kernel has no struct_ops types of its own: the value type is not found
    case BPF_MAP_TYPE_STRUCT_OPS: return structOpsAllocCheck(attr) ? -EINVAL : -ENOTSUPP
    default: return -EINVAL
  }
}

function structOpsAllocCheck(attr: usize): bool {
  return load<u32>(attr, ATTR_MAP_CREATE__key_size) != 4 || load<u32>(attr, ATTR_MAP_CREATE__max_entries) != 1 ||
    (load<u32>(attr, ATTR_MAP_CREATE__map_flags) & ~(BPF_F_LINK | BPF_F_VTYPE_BTF_OBJ_FD)) != 0 ||
    !load<u32>(attr, ATTR_MAP_CREATE__btf_vmlinux_value_type_id)
}

/** map_free: gives back what the type took. */
export function mapFreeData(map: BpfMap): void {
  switch (map.mapType) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      arrayFree(map)
      break
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
      fdArrayFree(map)
      break
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
      fdArrayFree(map)
      innerMetaFree(map.innerMapMeta)
      break
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      hashFree(map)
      innerMetaFree(map.innerMapMeta)
      break
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      hashFree(map)
      break
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      ringbufFree(map)
      break
    case BPF_MAP_TYPE_STACK_TRACE:
      stackTraceFree(map)
      break
    case BPF_MAP_TYPE_LPM_TRIE:
      lpmFree(map)
      break
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      devmapFree(map)
      break
    case BPF_MAP_TYPE_CPUMAP:
      cpumapFree(map)
      break
    case BPF_MAP_TYPE_XSKMAP:
      xskmapFree(map)
      break
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      sockmapFree(map)
      break
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      cgroupStorageFree(map)
      break
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
      reuseportFree(map)
      break
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      queueFree(map)
      break
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
      storageFree(map)
      break
    case BPF_MAP_TYPE_BLOOM_FILTER:
      bloomFree(map)
      break
    case BPF_MAP_TYPE_ARENA:
      arenaFree(map)
      break
    default:
      break
  }
}

/** map_release: a file of the map is closed. */
export function mapReleaseFile(map: BpfMap, fd: i32): void {
  if (map.mapType == BPF_MAP_TYPE_PERF_EVENT_ARRAY) fdArrayReleaseFile(map, fd)
}

/** map_release_uref: no user can reach the map any more. */
export function mapReleaseUser(map: BpfMap): void {
  if (map.mapType == BPF_MAP_TYPE_PROG_ARRAY) {
    fdArrayClear(map)
    return
  }
  if (!recordHas(map.record, BPF_TIMER | BPF_WORKQUEUE | BPF_TASK_WORK)) return
  if (map.mapType == BPF_MAP_TYPE_ARRAY) {
    for (let i: u32 = 0; i < map.maxEntries; i++) freeSpecialFields(map, map.values + <usize>i * map.elemSize)
  } else hashFreeTimers(map)
}

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
    case BPF_MAP_TYPE_LPM_TRIE: return lpmLookup(map, key)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapLookup(map, key)
    case BPF_MAP_TYPE_CPUMAP: return cpumapLookup(map, key)
    case BPF_MAP_TYPE_XSKMAP: return xskmapLookup(map, key)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapLookup(map, key)
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: return reuseportLookup(map, key)
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return cgroupStorageLookup(map, key)
    default: return 0
  }
}

/** map_lookup_percpu_elem. */
export function mapLookupPercpuElem(map: BpfMap, key: usize, cpu: u32): usize {
  switch (map.mapType) {
    case BPF_MAP_TYPE_PERCPU_ARRAY: return percpuArrayLookup(map, key, cpu)
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return hashLookupPercpu(map, key, cpu)
    default: return 0
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
    case BPF_MAP_TYPE_LPM_TRIE: return lpmUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_CPUMAP: return cpumapUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_XSKMAP: return xskmapUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapUpdateProg(map, key, value, flags)
    case BPF_MAP_TYPE_CGROUP_STORAGE: return cgroupStorageUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      return -ENOTSUPP
    case BPF_MAP_TYPE_ARENA: return -EOPNOTSUPP
    case BPF_MAP_TYPE_STACK_TRACE: return -EINVAL
    default: return -EINVAL
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
    case BPF_MAP_TYPE_LPM_TRIE: return lpmDelete(map, key)
    case BPF_MAP_TYPE_STACK_TRACE: return stackTraceDelete(map, key)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapDelete(map, key)
    case BPF_MAP_TYPE_CPUMAP: return cpumapDelete(map, key)
    case BPF_MAP_TYPE_XSKMAP: return xskmapDelete(map, key)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapDelete(map, key)
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: return reuseportDelete(map, key)
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      return -ENOTSUPP
    case BPF_MAP_TYPE_ARENA:
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return -EOPNOTSUPP
    default: return -EINVAL
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
    case BPF_MAP_TYPE_LPM_TRIE: return lpmNextKey(map, key, next)
    case BPF_MAP_TYPE_STACK_TRACE: return stackTraceNextKey(map, key, next)
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
    default: return -EINVAL
  }
}

/** map_direct_value_addr: writes the address of `off` within the value that a direct load gives (less off), or -errno. */
export function mapDirectValueAddr(map: BpfMap, off: u32, out: usize): i32 {
  if (map.mapType == BPF_MAP_TYPE_ARRAY) return arrayDirectAddr(map, off, out)
  if (map.mapType == BPF_MAP_TYPE_ARENA) {
    if (<u64>off >= <u64>map.maxEntries << 12) return -EINVAL
    store<u64>(out, <u64>map.values)
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
    case BPF_MAP_TYPE_STACK_TRACE: return stackTraceMemUsage(map)
    case BPF_MAP_TYPE_LPM_TRIE: return lpmMemUsage(map)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapMemUsage(map)
    case BPF_MAP_TYPE_CPUMAP: return cpumapMemUsage(map)
    case BPF_MAP_TYPE_XSKMAP: return xskmapMemUsage(map)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapMemUsage(map)
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return queueMemUsage(map)
    case BPF_MAP_TYPE_BLOOM_FILTER: return bloomMemUsage(map)
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
      return storageMemUsage(map)
    case BPF_MAP_TYPE_ARENA: return arenaMemUsage(map)
    default: return map.memUsage
  }
}

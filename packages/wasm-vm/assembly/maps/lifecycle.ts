// SPDX-License-Identifier: GPL-2.0-only
// Beginning and end of a map of each type: the creation half of the kernel's struct bpf_map_ops as switches.

import { EINVAL } from '../gen/errno.gen'
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
import { BPF_TASK_WORK, BPF_TIMER, BPF_WORKQUEUE, recordHas } from '../btf/record'
import { kernel } from '../mem/root'
import { arenaAlloc, arenaAllocCheck, arenaFree } from './arena'
import { arrayAlloc, arrayAllocCheck, arrayFree } from './array'
import { bloomAlloc, bloomAllocCheck, bloomFree } from './bloom'
import { cgroupStorageAlloc, cgroupStorageAllocCheck, cgroupStorageFree } from './cgroup-storage'
import { cpumapAlloc, cpumapAllocCheck, cpumapFree } from './cpumap'
import { devmapAlloc, devmapAllocCheck, devmapFree } from './devmap'
import { fdArrayAllocCheck, fdArrayClear, fdArrayFree, fdArrayReleaseFile, innerMeta, innerMetaFree } from './fd-array'
import { hashAlloc, hashAllocCheck, hashFree, hashFreeTimers } from './hash'
import { lpmAlloc, lpmAllocCheck, lpmFree } from './lpm'
import { BpfMap } from './map'
import { queueAlloc, queueAllocCheck, queueFree } from './queue'
import { reuseportAlloc, reuseportAllocCheck, reuseportFree } from './reuseport-array'
import { ringbufAlloc, ringbufAllocCheck, ringbufFree } from './ringbuf'
import { sockmapAlloc, sockmapAllocCheck, sockmapFree } from './sockmap'
import { stackTraceAlloc, stackTraceAllocCheck, stackTraceFree } from './stack-trace'
import { storageAlloc, storageAllocCheck, storageFree } from './storage'
import { structOpsAlloc, structOpsAllocCheck, structOpsFree } from './struct-ops'
import { freeSpecialFields } from './value'
import { xskmapAlloc, xskmapAllocCheck, xskmapFree } from './xskmap'
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
    case BPF_MAP_TYPE_STACK_TRACE:
      return 0
    case BPF_MAP_TYPE_LPM_TRIE:
      return 0
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
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
      return reuseportAllocCheck(attr)
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return queueAllocCheck(attr)
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
      return storageAllocCheck(attr)
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return bloomAllocCheck(attr)
    case BPF_MAP_TYPE_STRUCT_OPS:
      return structOpsAllocCheck(attr)
    default:
      return 0
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
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
      return reuseportAlloc(map)
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return queueAlloc(map)
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
      return storageAlloc(map)
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return bloomAlloc(map)
    case BPF_MAP_TYPE_ARENA: {
      const err = arenaAllocCheck(attr)
      return err ? err : arenaAlloc(map)
    }
    case BPF_MAP_TYPE_STRUCT_OPS:
      return structOpsAlloc(map, attr)
    default:
      return -EINVAL
  }
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
    case BPF_MAP_TYPE_STRUCT_OPS:
      structOpsFree(map)
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

// SPDX-License-Identifier: GPL-2.0-only
// Element operations of the caller: values are fds, ids, or all CPUs' values where programs see pointers or one CPU's.
// Kernel counterpart: bpf_map_copy_value and bpf_map_update_value of kernel/bpf/syscall.c.

import { BPF_UPTR, recordHas } from '../btf/record'
import { EINVAL, ENOENT, ENOTSUPP, EOPNOTSUPP } from '../gen/errno.gen'
import {
  BPF_F_LOCK,
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
  BPF_MAP_TYPE_ARENA,
} from '../gen/uapi-enums.gen'
import { isErr } from '../syscall/fd'
import { percpuArrayCopy, percpuArrayUpdateAll } from './array'
import { bloomPeek, bloomPush } from './bloom'
import { cgroupStorageCopy, cgroupStorageUpdateAll } from './cgroup-storage'
import { cpumapCopy } from './cpumap'
import { devmapCopy } from './devmap'
import { fdArrayCopy, fdArrayUpdate, objectFromFd, putObject } from './fd-array'
import { hashUpdate } from './hash'
import { hashCopy } from './hash-user'
import { BpfMap } from './map'
import { mapDeleteElem, mapLookupElem, mapUpdateElem } from './ops'
import { queuePeek, queuePush } from './queue'
import { reuseportCopy, reuseportUpdate } from './reuseport-array'
import { sockmapCopy, sockmapUpdateUser } from './sockmap'
import { stackTraceCopy } from './stack-trace'
import { storageCopy, storageDelete, storageHeadFromKey, storageUpdate } from './storage'
import { structOpsCopy, structOpsDelete, structOpsUpdate } from './struct-ops'
import { checkUptrs } from './uptr'
import { copyMapValue, initSpecialFields } from './value'

const INNER: usize = memory.data(8, 8)

/** Copies the value of a key to `to`, which has room for userValueSize bytes. */
export function userCopyValue(map: BpfMap, key: usize, to: usize): i32 {
  switch (map.mapType) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return hashCopy(map, key, to)
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return percpuArrayCopy(map, key, to)
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return cgroupStorageCopy(map, key, to)
    case BPF_MAP_TYPE_STACK_TRACE:
      return stackTraceCopy(map, key, to)
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
      return fdArrayCopy(map, key, to)
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
      return reuseportCopy(map, key, to)
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return queuePeek(map, to)
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return bloomPeek(map, to)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapCopy(map, key, to)
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapCopy(map, key, to)
    case BPF_MAP_TYPE_CPUMAP:
      return cpumapCopy(map, key, to)
    case BPF_MAP_TYPE_XSKMAP:
      return -EOPNOTSUPP
    case BPF_MAP_TYPE_STRUCT_OPS:
      return structOpsCopy(map, key, to)
    case BPF_MAP_TYPE_RINGBUF:
    case BPF_MAP_TYPE_USER_RINGBUF:
      return -ENOTSUPP
    case BPF_MAP_TYPE_ARENA:
      return -EINVAL
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE:
      return storageCopy(map, key, to)
    default: {
      const v = mapLookupElem(map, key)
      if (!v) return -ENOENT
      copyMapValue(map, to, v)
      initSpecialFields(map, to)
      return 0
    }
  }
}

export function userUpdateValue(map: BpfMap, mapFd: i32, key: usize, value: usize, flags: u64): i32 {
  switch (map.mapType) {
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return hashUpdate(map, key, value, flags, true)
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return percpuArrayUpdateAll(map, key, value, flags)
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return cgroupStorageUpdateAll(map, key, value, flags)
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
      return fdArrayUpdate(map, mapFd, key, value, flags)
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return updateInner(map, key, value, flags)
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
      return reuseportUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return queuePush(map, value, flags)
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return bloomPush(map, value, flags)
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
      return sockmapUpdateUser(map, key, value, flags)
    case BPF_MAP_TYPE_STRUCT_OPS:
      return structOpsUpdate(map, key, value, flags)
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE: {
      const err = checkUptrs(map.record, value)
      if (err) return err
      if (flags & (<u64>BPF_F_LOCK) && recordHas(map.record, BPF_UPTR)) return -EOPNOTSUPP
      const head = storageHeadFromKey(map, key)
      return isErr(head) ? <i32>head : storageUpdate(map, head, value, flags)
    }
    default:
      return mapUpdateElem(map, key, value, flags)
  }
}

function updateInner(map: BpfMap, key: usize, value: usize, flags: u64): i32 {
  const inner = objectFromFd(map, load<i32>(value))
  if (isErr(inner)) return <i32>inner
  store<u64>(INNER, <u64>inner)
  const err = hashUpdate(map, key, INNER, flags, false)
  if (err) putObject(map, inner)
  return err
}

export function userDeleteElem(map: BpfMap, key: usize): i32 {
  switch (map.mapType) {
    case BPF_MAP_TYPE_SK_STORAGE:
    case BPF_MAP_TYPE_INODE_STORAGE:
    case BPF_MAP_TYPE_TASK_STORAGE:
    case BPF_MAP_TYPE_CGRP_STORAGE: {
      const head = storageHeadFromKey(map, key)
      return isErr(head) ? <i32>head : storageDelete(map, head)
    }
    case BPF_MAP_TYPE_STRUCT_OPS:
      return structOpsDelete(map)
    default:
      return mapDeleteElem(map, key)
  }
}

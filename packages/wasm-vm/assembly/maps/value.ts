// SPDX-License-Identifier: GPL-2.0-only
// Values of maps: copied around special fields (locks, timers …), which stay what they are.

import { BpfMap } from './map'
import {
  BPF_GRAPH_ROOT,
  BPF_KPTR,
  BPF_TIMER,
  BPF_WORKQUEUE,
  BPF_TASK_WORK,
  BPF_REFCOUNT,
  BtfRecord,
  recordField,
  recordHas,
} from '../btf/record'
import { freeFields } from '../kfunc/objects'
import {
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
} from '../gen/uapi-enums.gen'
import { copyShort } from '../mem/bytes'
import { kernel } from '../mem/root'

@inline export function roundUp8(n: u32): u32 {
  return (n + 7) & ~7
}

/** Copies `len` bytes of a value but for its special fields. */
export function copyValueBytes(record: BtfRecord, dst: usize, src: usize, len: u32): void {
  if (!changetype<usize>(record)) {
    copyShort(dst, src, len)
    return
  }
  let at: u32 = 0
  for (let i: u32 = 0; i < record.cnt; i++) {
    const f = recordField(record, i)
    memory.copy(dst + at, src + at, f.offset - at)
    at = f.offset + f.size
  }
  memory.copy(dst + at, src + at, len - at)
}

@inline export function copyMapValue(map: BpfMap, dst: usize, src: usize): void {
  copyValueBytes(map.record, dst, src, map.valueSize)
}
/** The same with the padding that per-CPU values have. */
@inline export function copyMapValueLong(map: BpfMap, dst: usize, src: usize): void {
  copyValueBytes(map.record, dst, src, roundUp8(map.valueSize))
}

/** Clears a value but for its special fields. */
export function zeroMapValue(map: BpfMap, dst: usize): void {
  const record = map.record
  let at: u32 = 0
  if (changetype<usize>(record)) {
    for (let i: u32 = 0; i < record.cnt; i++) {
      const f = recordField(record, i)
      memory.fill(dst + at, 0, f.offset - at)
      at = f.offset + f.size
    }
  }
  memory.fill(dst + at, 0, map.valueSize - at)
}

/** Clears the special fields of a value that leaves the kernel or begins its life. */
export function initSpecialFields(map: BpfMap, dst: usize): void {
  const record = map.record
  if (!changetype<usize>(record)) return
  for (let i: u32 = 0; i < record.cnt; i++) {
    const f = recordField(record, i)
    memory.fill(dst + f.offset, 0, f.size)
    if (f.type == BPF_REFCOUNT) store<u32>(dst + f.offset, 1)
  }
}

const OWNING: u32 = BPF_TIMER | BPF_WORKQUEUE | BPF_TASK_WORK | BPF_KPTR | BPF_GRAPH_ROOT

/** Ends what hangs on the special fields of a value: bpf_obj_free_fields. */
export function freeSpecialFields(map: BpfMap, value: usize): void {
  if (recordHas(map.record, OWNING)) freeFields(map.record, value)
}

export function isPercpu(map: BpfMap): bool {
  switch (map.mapType) {
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return true
    default:
      return false
  }
}

/** Whether the caller reads and writes fds or ids where the map keeps pointers. */
export function isFdMap(map: BpfMap): bool {
  switch (map.mapType) {
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return true
    default:
      return false
  }
}

/** Bytes that the caller's value buffer holds: all CPUs of a per-CPU value. */
export function userValueSize(map: BpfMap): u64 {
  if (isPercpu(map)) return <u64>roundUp8(map.valueSize) * <u64>kernel().cpus
  if (isFdMap(map)) return 4
  return <u64>map.valueSize
}

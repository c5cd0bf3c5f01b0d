// SPDX-License-Identifier: GPL-2.0-only
// What the verifier asks of a map.

import {
  BPF_KPTR_PERCPU,
  BPF_KPTR_REF,
  BPF_KPTR_UNREF,
  BPF_LIST_HEAD,
  BPF_LIST_NODE,
  BPF_RB_NODE,
  BPF_RB_ROOT,
  BPF_REFCOUNT,
  BPF_RES_SPIN_LOCK,
  BPF_SPIN_LOCK,
  BPF_TASK_WORK,
  BPF_TIMER,
  BPF_UPTR,
  BPF_WORKQUEUE,
  recordHas,
} from '../btf/record'
import {
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
} from '../gen/uapi-enums.gen'
import { BpfMap } from '../maps/map'

export const BPF_F_RDONLY_PROG: u32 = 128
export const BPF_F_WRONLY_PROG: u32 = 256

/** Values that run something later: timers, work queues, task work. */
export function recordHasAsync(map: BpfMap): bool {
  return recordHas(map.record, BPF_TIMER | BPF_WORKQUEUE | BPF_TASK_WORK)
}
export function recordHasLock(map: BpfMap): bool {
  return recordHas(map.record, BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK)
}

@inline export function canRead(map: BpfMap): bool {
  return (map.mapFlags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) != BPF_F_WRONLY_PROG
}

@inline export function canWrite(map: BpfMap): bool {
  return (map.mapFlags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) != BPF_F_RDONLY_PROG
}
/** Nothing can change the values any more. */
@inline export function isRdonly(map: BpfMap): bool {
  return (map.mapFlags & BPF_F_RDONLY_PROG) != 0 && map.frozen && map.writeCnt == 0
}

/** Whether values have addresses that a program may hold as constants. */
export function hasDirectValue(map: BpfMap): bool {
  return map.mapType == BPF_MAP_TYPE_ARRAY || map.mapType == BPF_MAP_TYPE_ARENA
}
export function hasForEach(map: BpfMap): bool {
  switch (map.mapType) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      return true
  }
  return false
}
/** Types whose lookup with a constant key in range never fails. */
export function elidesNull(type: u32): bool {
  return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY
}

export function fieldName(type: u32): string {
  switch (type) {
    case BPF_SPIN_LOCK:
      return 'bpf_spin_lock'
    case BPF_RES_SPIN_LOCK:
      return 'bpf_res_spin_lock'
    case BPF_TIMER:
      return 'bpf_timer'
    case BPF_WORKQUEUE:
      return 'bpf_wq'
    case BPF_KPTR_UNREF:
    case BPF_KPTR_REF:
      return 'kptr'
    case BPF_KPTR_PERCPU:
      return 'percpu_kptr'
    case BPF_UPTR:
      return 'uptr'
    case BPF_LIST_HEAD:
      return 'bpf_list_head'
    case BPF_LIST_NODE:
      return 'bpf_list_node'
    case BPF_RB_ROOT:
      return 'bpf_rb_root'
    case BPF_RB_NODE:
      return 'bpf_rb_node'
    case BPF_REFCOUNT:
      return 'bpf_refcount'
    case BPF_TASK_WORK:
      return 'bpf_task_work'
  }
  return 'unknown'
}

// SPDX-License-Identifier: GPL-2.0-only
// Which map goes with which helper, seen from both sides. Counterpart: check_map_func_compatibility.

import { EINVAL } from '../../gen/errno.gen'
import {
  BPF_FUNC_cgrp_storage_delete,
  BPF_FUNC_cgrp_storage_get,
  BPF_FUNC_current_task_under_cgroup,
  BPF_FUNC_get_local_storage,
  BPF_FUNC_get_stackid,
  BPF_FUNC_inode_storage_delete,
  BPF_FUNC_inode_storage_get,
  BPF_FUNC_kptr_xchg,
  BPF_FUNC_map_delete_elem,
  BPF_FUNC_map_lookup_elem,
  BPF_FUNC_map_lookup_percpu_elem,
  BPF_FUNC_map_peek_elem,
  BPF_FUNC_map_pop_elem,
  BPF_FUNC_map_push_elem,
  BPF_FUNC_map_update_elem,
  BPF_FUNC_msg_redirect_hash,
  BPF_FUNC_msg_redirect_map,
  BPF_FUNC_perf_event_output,
  BPF_FUNC_perf_event_read,
  BPF_FUNC_perf_event_read_value,
  BPF_FUNC_redirect_map,
  BPF_FUNC_ringbuf_discard_dynptr,
  BPF_FUNC_ringbuf_output,
  BPF_FUNC_ringbuf_query,
  BPF_FUNC_ringbuf_reserve,
  BPF_FUNC_ringbuf_reserve_dynptr,
  BPF_FUNC_ringbuf_submit_dynptr,
  BPF_FUNC_sk_redirect_hash,
  BPF_FUNC_sk_redirect_map,
  BPF_FUNC_sk_select_reuseport,
  BPF_FUNC_sk_storage_delete,
  BPF_FUNC_sk_storage_get,
  BPF_FUNC_skb_output,
  BPF_FUNC_skb_under_cgroup,
  BPF_FUNC_sock_hash_update,
  BPF_FUNC_sock_map_update,
  BPF_FUNC_tail_call,
  BPF_FUNC_task_storage_delete,
  BPF_FUNC_task_storage_get,
  BPF_FUNC_user_ringbuf_drain,
  BPF_FUNC_xdp_output,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_CGROUP_STORAGE,
  BPF_MAP_TYPE_CGRP_STORAGE,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_INODE_STORAGE,
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
  BPF_MAP_TYPE_TASK_STORAGE,
  BPF_MAP_TYPE_USER_RINGBUF,
  BPF_MAP_TYPE_XSKMAP,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SK_REUSEPORT,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_XDP,
  BPF_TRACE_ITER,
} from '../../gen/uapi-enums.gen'
import { BpfMap } from '../../maps/map'
import { Env, resolveProgType } from '../env'
import { reject, verbose } from '../log/verbose'
import { funcIdName } from '../tables'

function mayUpdateSockmap(env: Env, func: i32): bool {
  if (func != BPF_FUNC_map_update_elem && func != BPF_FUNC_map_delete_elem) return false
  switch (resolveProgType(env.prog)) {
    case BPF_PROG_TYPE_TRACING:
      if (env.prog.expectedAttachType == BPF_TRACE_ITER) return true
      break
    case BPF_PROG_TYPE_SOCK_OPS:
      if (func == BPF_FUNC_map_delete_elem) return true
      break
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_XDP:
    case BPF_PROG_TYPE_SK_REUSEPORT:
    case BPF_PROG_TYPE_FLOW_DISSECTOR:
    case BPF_PROG_TYPE_SK_LOOKUP:
      return true
  }
  verbose(env, 'cannot update sockmap in this context\n')
  return false
}

/** Helpers that a map of this type may be given to. */
function mapTakes(env: Env, type: u32, f: i32): bool {
  switch (type) {
    case BPF_MAP_TYPE_PROG_ARRAY:
      return f == BPF_FUNC_tail_call
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
      return (
        f == BPF_FUNC_perf_event_read ||
        f == BPF_FUNC_perf_event_output ||
        f == BPF_FUNC_skb_output ||
        f == BPF_FUNC_perf_event_read_value ||
        f == BPF_FUNC_xdp_output
      )
    case BPF_MAP_TYPE_RINGBUF:
      return (
        f == BPF_FUNC_ringbuf_output ||
        f == BPF_FUNC_ringbuf_reserve ||
        f == BPF_FUNC_ringbuf_query ||
        f == BPF_FUNC_ringbuf_reserve_dynptr ||
        f == BPF_FUNC_ringbuf_submit_dynptr ||
        f == BPF_FUNC_ringbuf_discard_dynptr
      )
    case BPF_MAP_TYPE_USER_RINGBUF:
      return f == BPF_FUNC_user_ringbuf_drain
    case BPF_MAP_TYPE_STACK_TRACE:
      return f == BPF_FUNC_get_stackid
    case BPF_MAP_TYPE_CGROUP_ARRAY:
      return f == BPF_FUNC_skb_under_cgroup || f == BPF_FUNC_current_task_under_cgroup
    case BPF_MAP_TYPE_CGROUP_STORAGE:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return f == BPF_FUNC_get_local_storage
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
    case BPF_MAP_TYPE_XSKMAP:
      return f == BPF_FUNC_redirect_map || f == BPF_FUNC_map_lookup_elem
    case BPF_MAP_TYPE_CPUMAP:
      return f == BPF_FUNC_redirect_map
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return f == BPF_FUNC_map_lookup_elem
    case BPF_MAP_TYPE_SOCKMAP:
      return (
        f == BPF_FUNC_sk_redirect_map ||
        f == BPF_FUNC_sock_map_update ||
        f == BPF_FUNC_msg_redirect_map ||
        f == BPF_FUNC_sk_select_reuseport ||
        f == BPF_FUNC_map_lookup_elem ||
        mayUpdateSockmap(env, f)
      )
    case BPF_MAP_TYPE_SOCKHASH:
      return (
        f == BPF_FUNC_sk_redirect_hash ||
        f == BPF_FUNC_sock_hash_update ||
        f == BPF_FUNC_msg_redirect_hash ||
        f == BPF_FUNC_sk_select_reuseport ||
        f == BPF_FUNC_map_lookup_elem ||
        mayUpdateSockmap(env, f)
      )
    case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
      return f == BPF_FUNC_sk_select_reuseport
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return f == BPF_FUNC_map_peek_elem || f == BPF_FUNC_map_pop_elem || f == BPF_FUNC_map_push_elem
    case BPF_MAP_TYPE_SK_STORAGE:
      return f == BPF_FUNC_sk_storage_get || f == BPF_FUNC_sk_storage_delete || f == BPF_FUNC_kptr_xchg
    case BPF_MAP_TYPE_INODE_STORAGE:
      return f == BPF_FUNC_inode_storage_get || f == BPF_FUNC_inode_storage_delete || f == BPF_FUNC_kptr_xchg
    case BPF_MAP_TYPE_TASK_STORAGE:
      return f == BPF_FUNC_task_storage_get || f == BPF_FUNC_task_storage_delete || f == BPF_FUNC_kptr_xchg
    case BPF_MAP_TYPE_CGRP_STORAGE:
      return f == BPF_FUNC_cgrp_storage_get || f == BPF_FUNC_cgrp_storage_delete || f == BPF_FUNC_kptr_xchg
    case BPF_MAP_TYPE_BLOOM_FILTER:
      return f == BPF_FUNC_map_peek_elem || f == BPF_FUNC_map_push_elem
  }
  return true
}

/** Maps that this helper may be given. */
function helperTakes(f: i32, t: u32): bool {
  switch (f) {
    case BPF_FUNC_tail_call:
      return t == BPF_MAP_TYPE_PROG_ARRAY
    case BPF_FUNC_perf_event_read:
    case BPF_FUNC_perf_event_output:
    case BPF_FUNC_perf_event_read_value:
    case BPF_FUNC_skb_output:
    case BPF_FUNC_xdp_output:
      return t == BPF_MAP_TYPE_PERF_EVENT_ARRAY
    case BPF_FUNC_ringbuf_output:
    case BPF_FUNC_ringbuf_reserve:
    case BPF_FUNC_ringbuf_query:
    case BPF_FUNC_ringbuf_reserve_dynptr:
    case BPF_FUNC_ringbuf_submit_dynptr:
    case BPF_FUNC_ringbuf_discard_dynptr:
      return t == BPF_MAP_TYPE_RINGBUF
    case BPF_FUNC_user_ringbuf_drain:
      return t == BPF_MAP_TYPE_USER_RINGBUF
    case BPF_FUNC_get_stackid:
      return t == BPF_MAP_TYPE_STACK_TRACE
    case BPF_FUNC_current_task_under_cgroup:
    case BPF_FUNC_skb_under_cgroup:
      return t == BPF_MAP_TYPE_CGROUP_ARRAY
    case BPF_FUNC_redirect_map:
      return (
        t == BPF_MAP_TYPE_DEVMAP ||
        t == BPF_MAP_TYPE_DEVMAP_HASH ||
        t == BPF_MAP_TYPE_CPUMAP ||
        t == BPF_MAP_TYPE_XSKMAP
      )
    case BPF_FUNC_sk_redirect_map:
    case BPF_FUNC_msg_redirect_map:
    case BPF_FUNC_sock_map_update:
      return t == BPF_MAP_TYPE_SOCKMAP
    case BPF_FUNC_sk_redirect_hash:
    case BPF_FUNC_msg_redirect_hash:
    case BPF_FUNC_sock_hash_update:
      return t == BPF_MAP_TYPE_SOCKHASH
    case BPF_FUNC_get_local_storage:
      return t == BPF_MAP_TYPE_CGROUP_STORAGE || t == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE
    case BPF_FUNC_sk_select_reuseport:
      return t == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY || t == BPF_MAP_TYPE_SOCKMAP || t == BPF_MAP_TYPE_SOCKHASH
    case BPF_FUNC_map_pop_elem:
      return t == BPF_MAP_TYPE_QUEUE || t == BPF_MAP_TYPE_STACK
    case BPF_FUNC_map_peek_elem:
    case BPF_FUNC_map_push_elem:
      return t == BPF_MAP_TYPE_QUEUE || t == BPF_MAP_TYPE_STACK || t == BPF_MAP_TYPE_BLOOM_FILTER
    case BPF_FUNC_map_lookup_percpu_elem:
      return t == BPF_MAP_TYPE_PERCPU_ARRAY || t == BPF_MAP_TYPE_PERCPU_HASH || t == BPF_MAP_TYPE_LRU_PERCPU_HASH
    case BPF_FUNC_sk_storage_get:
    case BPF_FUNC_sk_storage_delete:
      return t == BPF_MAP_TYPE_SK_STORAGE
    case BPF_FUNC_inode_storage_get:
    case BPF_FUNC_inode_storage_delete:
      return t == BPF_MAP_TYPE_INODE_STORAGE
    case BPF_FUNC_task_storage_get:
    case BPF_FUNC_task_storage_delete:
      return t == BPF_MAP_TYPE_TASK_STORAGE
    case BPF_FUNC_cgrp_storage_get:
    case BPF_FUNC_cgrp_storage_delete:
      return t == BPF_MAP_TYPE_CGRP_STORAGE
  }
  return true
}

export function checkMapHelper(env: Env, map: BpfMap, func: i32): i32 {
  if (!changetype<usize>(map)) return 0
  if (mapTakes(env, map.mapType, func) && helperTakes(func, map.mapType)) return 0
  return reject(env, -EINVAL, 'cannot pass map_type %d into func %S#%d\n', map.mapType, funcIdName(func), func)
}

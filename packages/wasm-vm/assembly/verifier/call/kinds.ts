// SPDX-License-Identifier: GPL-2.0-only
// Families of helpers that the rules speak of.

import {
  BPF_FUNC_cgrp_storage_get,
  BPF_FUNC_dynptr_data,
  BPF_FUNC_find_vma,
  BPF_FUNC_for_each_map_elem,
  BPF_FUNC_inode_storage_get,
  BPF_FUNC_kptr_xchg,
  BPF_FUNC_loop,
  BPF_FUNC_map_lookup_elem,
  BPF_FUNC_ringbuf_reserve,
  BPF_FUNC_sk_fullsock,
  BPF_FUNC_sk_lookup_tcp,
  BPF_FUNC_sk_lookup_udp,
  BPF_FUNC_sk_storage_get,
  BPF_FUNC_skc_lookup_tcp,
  BPF_FUNC_skc_to_mptcp_sock,
  BPF_FUNC_skc_to_tcp6_sock,
  BPF_FUNC_skc_to_tcp_request_sock,
  BPF_FUNC_skc_to_tcp_sock,
  BPF_FUNC_skc_to_tcp_timewait_sock,
  BPF_FUNC_skc_to_udp6_sock,
  BPF_FUNC_task_storage_get,
  BPF_FUNC_tcp_sock,
  BPF_FUNC_timer_set_callback,
  BPF_FUNC_user_ringbuf_drain,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
} from '../../gen/uapi-enums.gen'
import { insnImm } from '../../insn/raw'
import { BpfMap } from '../../maps/map'
import { isHelperCall, isKfuncCall } from '../subprogs'
import { isAsyncCallbackKfunc, isSyncCallbackKfunc } from './kfunc-add'

export function isAcquireFunction(id: i32, map: BpfMap): bool {
  switch (id) {
    case BPF_FUNC_sk_lookup_tcp:
    case BPF_FUNC_sk_lookup_udp:
    case BPF_FUNC_skc_lookup_tcp:
    case BPF_FUNC_ringbuf_reserve:
    case BPF_FUNC_kptr_xchg:
      return true
    case BPF_FUNC_map_lookup_elem: {
      if (!changetype<usize>(map)) return false
      return map.mapType == BPF_MAP_TYPE_SOCKMAP || map.mapType == BPF_MAP_TYPE_SOCKHASH
    }
  }
  return false
}
export function isPtrCastFunction(id: i32): bool {
  switch (id) {
    case BPF_FUNC_tcp_sock:
    case BPF_FUNC_sk_fullsock:
    case BPF_FUNC_skc_to_tcp_sock:
    case BPF_FUNC_skc_to_tcp6_sock:
    case BPF_FUNC_skc_to_udp6_sock:
    case BPF_FUNC_skc_to_mptcp_sock:
    case BPF_FUNC_skc_to_tcp_timewait_sock:
    case BPF_FUNC_skc_to_tcp_request_sock:
      return true
  }
  return false
}

@inline export function isDynptrRefFunction(id: i32): bool {
  return id == BPF_FUNC_dynptr_data
}
export function isStorageGet(id: i32): bool {
  return (
    id == BPF_FUNC_sk_storage_get ||
    id == BPF_FUNC_inode_storage_get ||
    id == BPF_FUNC_task_storage_get ||
    id == BPF_FUNC_cgrp_storage_get
  )
}

/** The call runs a subprogram before it returns. */
export function isSyncCallbackCall(p: usize): bool {
  if (!isHelperCall(p)) return isKfuncCall(p) && isSyncCallbackKfunc(p)
  const id = insnImm(p)
  return (
    id == BPF_FUNC_for_each_map_elem ||
    id == BPF_FUNC_find_vma ||
    id == BPF_FUNC_loop ||
    id == BPF_FUNC_user_ringbuf_drain
  )
}
/** The call makes a subprogram run later. */
export function isAsyncCallbackCall(p: usize): bool {
  if (isKfuncCall(p)) return isAsyncCallbackKfunc(p)
  return isHelperCall(p) && insnImm(p) == BPF_FUNC_timer_set_callback
}

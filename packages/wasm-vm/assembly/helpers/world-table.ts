// SPDX-License-Identifier: GPL-2.0-only
// Helpers that act on the world, and the calls of converted classic programs.

import {
  BPF_FUNC_bind,
  BPF_FUNC_cgrp_storage_delete,
  BPF_FUNC_cgrp_storage_get,
  BPF_FUNC_clone_redirect,
  BPF_FUNC_current_task_under_cgroup,
  BPF_FUNC_fib_lookup,
  BPF_FUNC_get_listener_sock,
  BPF_FUNC_get_netns_cookie,
  BPF_FUNC_get_route_realm,
  BPF_FUNC_get_socket_cookie,
  BPF_FUNC_get_socket_uid,
  BPF_FUNC_getsockopt,
  BPF_FUNC_inode_storage_delete,
  BPF_FUNC_inode_storage_get,
  BPF_FUNC_load_hdr_opt,
  BPF_FUNC_msg_apply_bytes,
  BPF_FUNC_msg_cork_bytes,
  BPF_FUNC_msg_pop_data,
  BPF_FUNC_msg_pull_data,
  BPF_FUNC_msg_push_data,
  BPF_FUNC_msg_redirect_hash,
  BPF_FUNC_msg_redirect_map,
  BPF_FUNC_rc_keydown,
  BPF_FUNC_rc_pointer_rel,
  BPF_FUNC_rc_repeat,
  BPF_FUNC_redirect,
  BPF_FUNC_redirect_map,
  BPF_FUNC_redirect_neigh,
  BPF_FUNC_redirect_peer,
  BPF_FUNC_reserve_hdr_opt,
  BPF_FUNC_setsockopt,
  BPF_FUNC_sk_ancestor_cgroup_id,
  BPF_FUNC_sk_assign,
  BPF_FUNC_sk_cgroup_id,
  BPF_FUNC_sk_fullsock,
  BPF_FUNC_sk_lookup_tcp,
  BPF_FUNC_sk_lookup_udp,
  BPF_FUNC_sk_redirect_hash,
  BPF_FUNC_sk_redirect_map,
  BPF_FUNC_sk_release,
  BPF_FUNC_sk_select_reuseport,
  BPF_FUNC_sk_storage_delete,
  BPF_FUNC_sk_storage_get,
  BPF_FUNC_skb_ancestor_cgroup_id,
  BPF_FUNC_skb_cgroup_classid,
  BPF_FUNC_skb_cgroup_id,
  BPF_FUNC_skb_ecn_set_ce,
  BPF_FUNC_skb_get_xfrm_state,
  BPF_FUNC_skb_under_cgroup,
  BPF_FUNC_skc_lookup_tcp,
  BPF_FUNC_skc_to_mptcp_sock,
  BPF_FUNC_skc_to_tcp6_sock,
  BPF_FUNC_skc_to_tcp_request_sock,
  BPF_FUNC_skc_to_tcp_sock,
  BPF_FUNC_skc_to_tcp_timewait_sock,
  BPF_FUNC_skc_to_udp6_sock,
  BPF_FUNC_skc_to_unix_sock,
  BPF_FUNC_sock_from_file,
  BPF_FUNC_sock_hash_update,
  BPF_FUNC_sock_map_update,
  BPF_FUNC_sock_ops_cb_flags_set,
  BPF_FUNC_store_hdr_opt,
  BPF_FUNC_sysctl_get_current_value,
  BPF_FUNC_sysctl_get_name,
  BPF_FUNC_sysctl_get_new_value,
  BPF_FUNC_sysctl_set_new_value,
  BPF_FUNC_task_storage_delete,
  BPF_FUNC_task_storage_get,
  BPF_FUNC_tcp_check_syncookie,
  BPF_FUNC_tcp_gen_syncookie,
  BPF_FUNC_tcp_raw_check_syncookie_ipv4,
  BPF_FUNC_tcp_raw_check_syncookie_ipv6,
  BPF_FUNC_tcp_raw_gen_syncookie_ipv4,
  BPF_FUNC_tcp_raw_gen_syncookie_ipv6,
  BPF_FUNC_tcp_send_ack,
  BPF_FUNC_tcp_sock,
} from '../gen/uapi-enums.gen'
import { CLASSIC_HATYPE, CLASSIC_NLATTR, CLASSIC_NLATTR_NEST, CLASSIC_PAY_OFFSET } from '../world/classic'
import { fibLookup } from './fib'
import {
  currentTaskUnderCgroup,
  skAncestorCgroupId,
  skbAncestorCgroupId,
  skbCgroupClassid,
  skbCgroupId,
  skbUnderCgroup,
  skCgroupId,
  sysctlGetCurrentValue,
  sysctlGetName,
  sysctlGetNewValue,
  sysctlSetNewValue,
} from './world-cgroup'
import {
  classicHatype,
  classicNlattr,
  classicNlattrNest,
  classicPayOffset,
  getRouteRealm,
  rcKeydown,
  rcPointerRel,
  rcRepeat,
  skbGetXfrmState,
} from './world-net'
import { cloneRedirect, redirect, redirectMap, redirectNeigh, redirectPeer } from './world-redirect'
import {
  bpfBind,
  getListenerSock,
  getNetnsCookie,
  getSocketCookie,
  getSocketUid,
  skAssign,
  skbEcnSetCe,
  skcToNone,
  skcToTcp6Sock,
  skcToTcpSock,
  skcToUdp6Sock,
  skcToUnixSock,
  skFullsock,
  skLookupTcp,
  skLookupUdp,
  skRelease,
  skSelectReuseport,
  tcpCheckSyncookie,
  tcpGenSyncookie,
  tcpRawCheckSyncookie,
  tcpRawGenSyncookie,
  tcpSock,
} from './world-sk'
import {
  msgApplyBytes,
  msgCorkBytes,
  msgPopData,
  msgPullData,
  msgPushData,
  msgRedirectHash,
  msgRedirectMap,
  skRedirectHash,
  skRedirectMap,
  sockMapUpdate,
} from './world-sockmap'
import {
  bpfGetsockopt,
  bpfSetsockopt,
  loadHdrOpt,
  reserveHdrOpt,
  sockOpsCbFlagsSet,
  storeHdrOpt,
  tcpSendAck,
} from './world-sockopt'
import {
  cgrpStorageDelete,
  cgrpStorageGet,
  inodeStorageDelete,
  inodeStorageGet,
  skStorageDelete,
  skStorageGet,
  taskStorageDelete,
  taskStorageGet,
} from './world-storage'

/** Table index of the helper, 0 if it is not one of these. */
export function worldHelperFn(id: i32): i32 {
  const fn = socketHelperFn(id)
  return fn ? fn : netHelperFn(id)
}

function socketHelperFn(id: i32): i32 {
  switch (id) {
    case BPF_FUNC_get_socket_cookie:
      return <i32>getSocketCookie.index
    case BPF_FUNC_get_socket_uid:
      return <i32>getSocketUid.index
    case BPF_FUNC_get_netns_cookie:
      return <i32>getNetnsCookie.index
    case BPF_FUNC_setsockopt:
      return <i32>bpfSetsockopt.index
    case BPF_FUNC_getsockopt:
      return <i32>bpfGetsockopt.index
    case BPF_FUNC_bind:
      return <i32>bpfBind.index
    case BPF_FUNC_sk_lookup_tcp:
    case BPF_FUNC_skc_lookup_tcp:
      return <i32>skLookupTcp.index
    case BPF_FUNC_sk_lookup_udp:
      return <i32>skLookupUdp.index
    case BPF_FUNC_sk_release:
      return <i32>skRelease.index
    case BPF_FUNC_sk_fullsock:
      return <i32>skFullsock.index
    case BPF_FUNC_tcp_sock:
      return <i32>tcpSock.index
    case BPF_FUNC_get_listener_sock:
      return <i32>getListenerSock.index
    case BPF_FUNC_sk_assign:
      return <i32>skAssign.index
    case BPF_FUNC_sk_select_reuseport:
      return <i32>skSelectReuseport.index
    case BPF_FUNC_skc_to_tcp6_sock:
      return <i32>skcToTcp6Sock.index
    case BPF_FUNC_skc_to_tcp_sock:
      return <i32>skcToTcpSock.index
    case BPF_FUNC_skc_to_udp6_sock:
      return <i32>skcToUdp6Sock.index
    case BPF_FUNC_skc_to_unix_sock:
      return <i32>skcToUnixSock.index
    case BPF_FUNC_skc_to_tcp_timewait_sock:
    case BPF_FUNC_skc_to_tcp_request_sock:
    case BPF_FUNC_skc_to_mptcp_sock:
    case BPF_FUNC_sock_from_file:
      return <i32>skcToNone.index
    case BPF_FUNC_tcp_check_syncookie:
      return <i32>tcpCheckSyncookie.index
    case BPF_FUNC_tcp_gen_syncookie:
      return <i32>tcpGenSyncookie.index
    case BPF_FUNC_tcp_raw_gen_syncookie_ipv4:
    case BPF_FUNC_tcp_raw_gen_syncookie_ipv6:
      return <i32>tcpRawGenSyncookie.index
    case BPF_FUNC_tcp_raw_check_syncookie_ipv4:
    case BPF_FUNC_tcp_raw_check_syncookie_ipv6:
      return <i32>tcpRawCheckSyncookie.index
    case BPF_FUNC_sock_ops_cb_flags_set:
      return <i32>sockOpsCbFlagsSet.index
    case BPF_FUNC_load_hdr_opt:
      return <i32>loadHdrOpt.index
    case BPF_FUNC_store_hdr_opt:
      return <i32>storeHdrOpt.index
    case BPF_FUNC_reserve_hdr_opt:
      return <i32>reserveHdrOpt.index
    case BPF_FUNC_tcp_send_ack:
      return <i32>tcpSendAck.index
    case BPF_FUNC_sk_redirect_map:
      return <i32>skRedirectMap.index
    case BPF_FUNC_sk_redirect_hash:
      return <i32>skRedirectHash.index
    case BPF_FUNC_msg_redirect_map:
      return <i32>msgRedirectMap.index
    case BPF_FUNC_msg_redirect_hash:
      return <i32>msgRedirectHash.index
    case BPF_FUNC_sock_map_update:
    case BPF_FUNC_sock_hash_update:
      return <i32>sockMapUpdate.index
    case BPF_FUNC_msg_apply_bytes:
      return <i32>msgApplyBytes.index
    case BPF_FUNC_msg_cork_bytes:
      return <i32>msgCorkBytes.index
    case BPF_FUNC_msg_pull_data:
      return <i32>msgPullData.index
    case BPF_FUNC_msg_push_data:
      return <i32>msgPushData.index
    case BPF_FUNC_msg_pop_data:
      return <i32>msgPopData.index
    default:
      return 0
  }
}

function netHelperFn(id: i32): i32 {
  switch (id) {
    case BPF_FUNC_redirect:
      return <i32>redirect.index
    case BPF_FUNC_redirect_map:
      return <i32>redirectMap.index
    case BPF_FUNC_redirect_neigh:
      return <i32>redirectNeigh.index
    case BPF_FUNC_redirect_peer:
      return <i32>redirectPeer.index
    case BPF_FUNC_clone_redirect:
      return <i32>cloneRedirect.index
    case BPF_FUNC_fib_lookup:
      return <i32>fibLookup.index
    case BPF_FUNC_get_route_realm:
      return <i32>getRouteRealm.index
    case BPF_FUNC_skb_get_xfrm_state:
      return <i32>skbGetXfrmState.index
    case BPF_FUNC_skb_ecn_set_ce:
      return <i32>skbEcnSetCe.index
    case BPF_FUNC_skb_under_cgroup:
      return <i32>skbUnderCgroup.index
    case BPF_FUNC_current_task_under_cgroup:
      return <i32>currentTaskUnderCgroup.index
    case BPF_FUNC_skb_cgroup_id:
      return <i32>skbCgroupId.index
    case BPF_FUNC_skb_ancestor_cgroup_id:
      return <i32>skbAncestorCgroupId.index
    case BPF_FUNC_sk_cgroup_id:
      return <i32>skCgroupId.index
    case BPF_FUNC_sk_ancestor_cgroup_id:
      return <i32>skAncestorCgroupId.index
    case BPF_FUNC_skb_cgroup_classid:
      return <i32>skbCgroupClassid.index
    case BPF_FUNC_sysctl_get_name:
      return <i32>sysctlGetName.index
    case BPF_FUNC_sysctl_get_current_value:
      return <i32>sysctlGetCurrentValue.index
    case BPF_FUNC_sysctl_get_new_value:
      return <i32>sysctlGetNewValue.index
    case BPF_FUNC_sysctl_set_new_value:
      return <i32>sysctlSetNewValue.index
    case BPF_FUNC_sk_storage_get:
      return <i32>skStorageGet.index
    case BPF_FUNC_sk_storage_delete:
      return <i32>skStorageDelete.index
    case BPF_FUNC_task_storage_get:
      return <i32>taskStorageGet.index
    case BPF_FUNC_task_storage_delete:
      return <i32>taskStorageDelete.index
    case BPF_FUNC_inode_storage_get:
      return <i32>inodeStorageGet.index
    case BPF_FUNC_inode_storage_delete:
      return <i32>inodeStorageDelete.index
    case BPF_FUNC_cgrp_storage_get:
      return <i32>cgrpStorageGet.index
    case BPF_FUNC_cgrp_storage_delete:
      return <i32>cgrpStorageDelete.index
    case BPF_FUNC_rc_repeat:
      return <i32>rcRepeat.index
    case BPF_FUNC_rc_keydown:
      return <i32>rcKeydown.index
    case BPF_FUNC_rc_pointer_rel:
      return <i32>rcPointerRel.index
    case CLASSIC_PAY_OFFSET:
      return <i32>classicPayOffset.index
    case CLASSIC_NLATTR:
      return <i32>classicNlattr.index
    case CLASSIC_NLATTR_NEST:
      return <i32>classicNlattrNest.index
    case CLASSIC_HATYPE:
      return <i32>classicHatype.index
    default:
      return 0
  }
}

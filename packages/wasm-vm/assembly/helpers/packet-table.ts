// SPDX-License-Identifier: GPL-2.0-only
// Helpers on packets: ids to functions of the WebAssembly table.

import {
  BPF_FUNC_check_mtu,
  BPF_FUNC_csum_diff,
  BPF_FUNC_csum_level,
  BPF_FUNC_csum_update,
  BPF_FUNC_get_hash_recalc,
  BPF_FUNC_l3_csum_replace,
  BPF_FUNC_l4_csum_replace,
  BPF_FUNC_set_hash,
  BPF_FUNC_set_hash_invalid,
  BPF_FUNC_skb_adjust_room,
  BPF_FUNC_skb_change_head,
  BPF_FUNC_skb_change_proto,
  BPF_FUNC_skb_change_tail,
  BPF_FUNC_skb_change_type,
  BPF_FUNC_skb_load_bytes,
  BPF_FUNC_skb_load_bytes_relative,
  BPF_FUNC_skb_pull_data,
  BPF_FUNC_skb_set_tstamp,
  BPF_FUNC_skb_store_bytes,
  BPF_FUNC_skb_vlan_pop,
  BPF_FUNC_skb_vlan_push,
  BPF_FUNC_xdp_adjust_head,
  BPF_FUNC_xdp_adjust_meta,
  BPF_FUNC_xdp_adjust_tail,
  BPF_FUNC_xdp_get_buff_len,
  BPF_FUNC_xdp_load_bytes,
  BPF_FUNC_xdp_store_bytes,
} from '../gen/uapi-enums.gen'
import { csumDiff, csumLevel, csumUpdate, l3CsumReplace, l4CsumReplace } from './checksum'
import { checkMtu } from './mtu'
import { skbLoadBytes, skbLoadBytesRelative, skbPullData, skbStoreBytes } from './skb-bytes'
import {
  getHashRecalc,
  setHash,
  setHashInvalid,
  skbChangeType,
  skbSetTstamp,
  skbVlanPop,
  skbVlanPush,
} from './skb-fields'
import { skbAdjustRoom, skbChangeProto } from './skb-room'
import { skbChangeHead, skbChangeTail } from './skb-size'
import { xdpAdjustHead, xdpAdjustMeta, xdpAdjustTail, xdpGetBuffLen, xdpLoadBytes, xdpStoreBytes } from './xdp'

export function packetHelperFn(id: i32): i32 {
  switch (id) {
    case BPF_FUNC_skb_load_bytes:
      return <i32>skbLoadBytes.index
    case BPF_FUNC_skb_load_bytes_relative:
      return <i32>skbLoadBytesRelative.index
    case BPF_FUNC_skb_store_bytes:
      return <i32>skbStoreBytes.index
    case BPF_FUNC_skb_pull_data:
      return <i32>skbPullData.index
    case BPF_FUNC_l3_csum_replace:
      return <i32>l3CsumReplace.index
    case BPF_FUNC_l4_csum_replace:
      return <i32>l4CsumReplace.index
    case BPF_FUNC_csum_diff:
      return <i32>csumDiff.index
    case BPF_FUNC_csum_update:
      return <i32>csumUpdate.index
    case BPF_FUNC_csum_level:
      return <i32>csumLevel.index
    case BPF_FUNC_skb_change_tail:
      return <i32>skbChangeTail.index
    case BPF_FUNC_skb_change_head:
      return <i32>skbChangeHead.index
    case BPF_FUNC_skb_adjust_room:
      return <i32>skbAdjustRoom.index
    case BPF_FUNC_skb_change_proto:
      return <i32>skbChangeProto.index
    case BPF_FUNC_skb_change_type:
      return <i32>skbChangeType.index
    case BPF_FUNC_skb_vlan_push:
      return <i32>skbVlanPush.index
    case BPF_FUNC_skb_vlan_pop:
      return <i32>skbVlanPop.index
    case BPF_FUNC_get_hash_recalc:
      return <i32>getHashRecalc.index
    case BPF_FUNC_set_hash_invalid:
      return <i32>setHashInvalid.index
    case BPF_FUNC_set_hash:
      return <i32>setHash.index
    case BPF_FUNC_skb_set_tstamp:
      return <i32>skbSetTstamp.index
    case BPF_FUNC_xdp_adjust_head:
      return <i32>xdpAdjustHead.index
    case BPF_FUNC_xdp_adjust_meta:
      return <i32>xdpAdjustMeta.index
    case BPF_FUNC_xdp_adjust_tail:
      return <i32>xdpAdjustTail.index
    case BPF_FUNC_xdp_get_buff_len:
      return <i32>xdpGetBuffLen.index
    case BPF_FUNC_xdp_load_bytes:
      return <i32>xdpLoadBytes.index
    case BPF_FUNC_xdp_store_bytes:
      return <i32>xdpStoreBytes.index
    case BPF_FUNC_check_mtu:
      return <i32>checkMtu.index
    default:
      return 0
  }
}

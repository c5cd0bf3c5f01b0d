// SPDX-License-Identifier: GPL-2.0-only
// Helpers on tunnels: ids to functions of the WebAssembly table.

import {
  BPF_FUNC_lwt_push_encap,
  BPF_FUNC_lwt_seg6_action,
  BPF_FUNC_lwt_seg6_adjust_srh,
  BPF_FUNC_lwt_seg6_store_bytes,
  BPF_FUNC_skb_get_tunnel_key,
  BPF_FUNC_skb_get_tunnel_opt,
  BPF_FUNC_skb_set_tunnel_key,
  BPF_FUNC_skb_set_tunnel_opt,
} from '../gen/uapi-enums.gen'
import { lwtPushEncap, lwtSeg6Action, lwtSeg6AdjustSrh, lwtSeg6StoreBytes } from './net-lwt'
import { skbGetTunnelKey, skbGetTunnelOpt, skbSetTunnelKey, skbSetTunnelOpt } from './net-tunnel'

export function netHelperFn(id: i32): i32 {
  switch (id) {
    case BPF_FUNC_skb_get_tunnel_key:
      return <i32>skbGetTunnelKey.index
    case BPF_FUNC_skb_set_tunnel_key:
      return <i32>skbSetTunnelKey.index
    case BPF_FUNC_skb_get_tunnel_opt:
      return <i32>skbGetTunnelOpt.index
    case BPF_FUNC_skb_set_tunnel_opt:
      return <i32>skbSetTunnelOpt.index
    case BPF_FUNC_lwt_push_encap:
      return <i32>lwtPushEncap.index
    case BPF_FUNC_lwt_seg6_action:
      return <i32>lwtSeg6Action.index
    case BPF_FUNC_lwt_seg6_adjust_srh:
      return <i32>lwtSeg6AdjustSrh.index
    case BPF_FUNC_lwt_seg6_store_bytes:
      return <i32>lwtSeg6StoreBytes.index
    default:
      return 0
  }
}

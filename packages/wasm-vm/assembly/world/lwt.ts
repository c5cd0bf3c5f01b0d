// SPDX-License-Identifier: GPL-2.0-only
// Programs of routes. Kernel counterpart: net/core/lwt_bpf.c, and End.BPF of net/ipv6/seg6_local.c.

import { EINVAL } from '../gen/errno.gen'
import { AF_INET6 } from '../gen/system.gen'
import { Prog } from '../prog/prog'
import { runSkbSaveCb } from './hook'
import { reroute, routeInput } from './ip'
import { findTransport } from './ip6'
import { Netns } from './netns'
import { skbDoRedirect } from './redirect'
import { Skb, skbFree, skbNet, skbResetMac, skbResetNet } from './skb'

/** The packet goes on. */
export const LWT_OK: i32 = 0
export const LWT_DROPPED: i32 = 1
export const LWT_REDIRECTED: i32 = 2
/** The program changed it so that its route must be found again. */
export const LWT_REROUTE: i32 = 3

const BPF_OK: u32 = 0
const BPF_DROP: u32 = 2
const BPF_REDIRECT: u32 = 7
const BPF_LWT_REROUTE: u32 = 128

/** Runs a route's program on a packet whose data is at its network header. Below 0: an errno; the packet is gone then. */
export function lwtRun(prog: Prog, skb: Skb, canRedirect: bool): i32 {
  const ret = runSkbSaveCb(prog, skb)
  switch (ret) {
    case BPF_OK:
      skbResetNet(skb)
      return LWT_OK
    case BPF_LWT_REROUTE:
      skbResetNet(skb)
      return LWT_REROUTE
    case BPF_REDIRECT:
      if (!canRedirect) return LWT_OK
      skbResetMac(skb)
      skbDoRedirect(skb)
      return LWT_REDIRECTED
    case BPF_DROP:
      skbFree(skb)
      return LWT_DROPPED
    default:
      skbFree(skb)
      return -EINVAL
  }
}

/** The segment routing header of a packet, if it has one that fits; else 0. */
export function srhOf(skb: Skb): usize {
  const h = skbNet(skb)
  if (load<u8>(h, 6) != 43) return 0
  const srh = h + 40
  if (srh + 8 > <usize>skb.dataEnd || load<u8>(srh, 2) != 4) return 0
  const len = (<usize>load<u8>(srh, 1) + 1) << 3
  return srh + len > <usize>skb.dataEnd ? 0 : srh
}

/** End.BPF: the next segment becomes the destination, then the program decides. */
export function seg6LocalRun(ns: Netns, prog: Prog, skb: Skb): void {
  const srh = srhOf(skb)
  const left = srh ? <u32>load<u8>(srh, 3) : 0
  if (!left) {
    skbFree(skb)
    return
  }
  store<u8>(srh, <u8>(left - 1), 3)
  memory.copy(skbNet(skb) + 24, srh + 8 + ((<usize>(left - 1)) << 4), 16)
  const ret = runSkbSaveCb(prog, skb)
  switch (ret) {
    case BPF_OK:
    case BPF_LWT_REROUTE:
    case BPF_REDIRECT:
      break
    default:
      skbFree(skb)
      return
  }
  const changed = srhOf(skb)
  if (changed && <usize>load<u8>(changed, 4) * 16 + 8 + 16 > (<usize>load<u8>(changed, 1) + 1) << 3) {
    skbFree(skb)
    return
  }
  skbResetNet(skb)
  if (!findTransport(skb)) {
    skbFree(skb)
    return
  }
  if (ret == BPF_REDIRECT) reroute(ns, 0, skb, 0)
  else routeInput(ns, skb, AF_INET6, skbNet(skb) + 24)
}

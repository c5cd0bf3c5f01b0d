// SPDX-License-Identifier: GPL-2.0-only
// Programs of routes. Kernel counterpart: net/core/lwt_bpf.c; seg6.ts has End.BPF.

import { EINVAL } from '../gen/errno.gen'
import { Prog } from '../prog/prog'
import { runSkbSaveCb } from './hook'
import { skbDoRedirect } from './redirect'
import { Skb, skbFree, skbResetMac, skbResetNet } from './skb'

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

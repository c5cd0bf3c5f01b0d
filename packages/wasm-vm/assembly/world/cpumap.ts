// SPDX-License-Identifier: GPL-2.0-only
// Frames that XDP sends to another CPU: they go on from there into the stack. Kernel counterpart: kernel/bpf/cpumap.c.

import { cpumapProg } from '../maps/cpumap'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { netifReceiveAfterXdp } from './receive'
import { xdpDoRedirect } from './redirect'
import { ETH_HLEN, Skb, skbFree, skbPull } from './skb'
import { runXdpOnSkb, XDP_PASS, XDP_REDIRECT } from './xdp'

/** Data is at the link header. */
export function cpumapDeliver(entry: usize, cpu: u32, skb: Skb): void {
  const k = kernel()
  const before = k.currentCpu
  k.currentCpu = cpu
  const prog = entry ? cpumapProg(entry) : 0
  let act = XDP_PASS
  if (prog) act = runXdpOnSkb(changetype<Prog>(prog), skb, skb.dev, skb.dev)
  if (act == XDP_PASS) {
    skbPull(skb, ETH_HLEN)
    netifReceiveAfterXdp(skb)
  } else if (act != XDP_REDIRECT || xdpDoRedirect(skb.dev, skb)) skbFree(skb)
  k.currentCpu = before
}

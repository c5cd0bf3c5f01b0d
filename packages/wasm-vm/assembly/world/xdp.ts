// SPDX-License-Identifier: GPL-2.0-only
// XDP programs on packets. Kernel counterpart: bpf_prog_run_generic_xdp and do_xdp_generic of net/core/dev.c.

import { Prog } from '../prog/prog'
import { NetDevice } from './device'
import { PACKET_XDP, runCtx } from './hook'
import { xdpDoRedirect } from './redirect'
import {
  ETH_HLEN,
  ethTypeTrans,
  Skb,
  skbFree,
  skbMac,
  skbMakeRoom,
  skbPull,
  skbPush,
  skbResetMac,
  skbResetNet,
  skbResetTransport,
  skbSync,
} from './skb'
import { devXmitGeneric } from './transmit'
import { XdpBuff, XDP_PACKET_HEADROOM } from './xdp-buff'

export const XDP_ABORTED: u32 = 0
export const XDP_DROP: u32 = 1
export const XDP_PASS: u32 = 2
export const XDP_TX: u32 = 3
export const XDP_REDIRECT: u32 = 4

/** Nested runs (a device map's program) need a frame of their own. */
const BUFFS: usize = memory.data(8 * 64, 8)
const DEPTH: usize = memory.data(4, 4)

/** Runs a program on a packet whose data is at the link header, and brings the packet in line with what it changed. */
export function runXdpOnSkb(prog: Prog, skb: Skb, dev: NetDevice, txDev: NetDevice): u32 {
  const depth = load<u32>(DEPTH) & 7
  const xdp = changetype<XdpBuff>(BUFFS + <usize>depth * 64)
  store<u32>(DEPTH, depth + 1)
  xdp.data = skb.data
  xdp.dataEnd = skb.dataEnd
  xdp.dataMeta = skb.data - skb.metaLen
  xdp.ingressIfindex = <u32>dev.ifindex
  xdp.rxQueueIndex = skb.queueMapping ? skb.queueMapping - 1 : 0
  xdp.egressIfindex = changetype<usize>(txDev) ? <u32>txDev.ifindex : 0
  xdp.hardStart = <u32>skb.head
  xdp.hardEnd = <u32>skb.end
  xdp.dev = dev
  xdp.txDev = txDev
  xdp.skb = skb
  xdp.fragsLen = 0
  const act = <u32>runCtx(prog, changetype<usize>(xdp), 24, PACKET_XDP, 0)
  skb.data = xdp.data
  skb.dataEnd = xdp.dataEnd
  skb.metaLen = xdp.data - xdp.dataMeta
  store<u32>(DEPTH, depth)
  skbSync(skb)
  return act
}

/** True: the packet goes on, with data behind the link header. False: it is gone. */
export function xdpGeneric(prog: Prog, skb: Skb): bool {
  const dev = skb.dev
  const behind = skb.data - <u32>skbMac(skb)
  skbPush(skb, <i32>behind)
  if (!skbMakeRoom(skb, XDP_PACKET_HEADROOM, 0)) {
    skbFree(skb)
    return false
  }
  const before = eth(skb)
  const proto = ethProto(skb)
  const act = runXdpOnSkb(prog, skb, dev, changetype<NetDevice>(0))
  skbResetMac(skb)
  switch (act) {
    case XDP_PASS: {
      if (eth(skb) != before || ethProto(skb) != proto) {
        ethTypeTrans(skb, dev)
      } else skbPull(skb, behind)
      skbResetNet(skb)
      skbResetTransport(skb)
      return true
    }
    case XDP_TX:
      devXmitGeneric(skb, dev)
      return false
    case XDP_REDIRECT:
      if (xdpDoRedirect(dev, skb)) skbFree(skb)
      return false
    default:
      dev.rxDropped++
      skbFree(skb)
      return false
  }
}

@inline function eth(skb: Skb): u64 {
  return skb.len >= ETH_HLEN ? load<u64>(skb.data) & 0xffffffffffff : 0
}

@inline function ethProto(skb: Skb): u32 {
  return skb.len >= ETH_HLEN ? <u32>load<u16>(skb.data, 12) : 0
}

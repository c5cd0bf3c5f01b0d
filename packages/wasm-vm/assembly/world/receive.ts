// SPDX-License-Identifier: GPL-2.0-only
// Packets on their way in. Kernel counterpart: netif_rx and __netif_receive_skb_core of net/core/dev.c.

import { ETH_P_8021AD, ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6 } from '../gen/system.gen'
import { Prog } from '../prog/prog'
import { packetReceived } from './events'
import { ipRcv } from './ip'
import { ipv6Rcv } from './ip6'
import { packetTaps } from './packet-socket'
import { ETH_HLEN, queuePut, queueTake, Skb, skbFree, skbMac, skbPull, skbResetNet, skbResetTransport } from './skb'
import { tcClassify } from './tcx'
import { backlog, world } from './world'
import { xdpGeneric } from './xdp'
import { xdpProgOf } from './xdp-attach'

const VLAN_HLEN: u32 = 4

/** Queues a packet whose data is behind the link header; it is received when the sender's work is done. */
export function netifRx(skb: Skb): void {
  queuePut(backlog(world()), skb)
}

/** Receives what is queued, unless that is being done or a sender is still at work. */
export function softirqRun(): void {
  const w = world()
  if (w.inSoftirq || w.xmitDepth) return
  w.inSoftirq = true
  for (let skb = queueTake(backlog(w)); changetype<usize>(skb); skb = queueTake(backlog(w))) {
    if (changetype<usize>(skb.dev)) netifReceive(skb)
    else skbFree(skb)
  }
  w.inSoftirq = false
}

function netifReceive(skb: Skb): void {
  const dev = skb.dev
  packetReceived(skb)
  dev.rxPackets++
  dev.rxBytes += skb.len + ETH_HLEN
  skb.ifindex = <u32>dev.ifindex
  skb.ingressIfindex = <u32>dev.ifindex
  skbResetNet(skb)
  skbResetTransport(skb)
  const prog = xdpProgOf(dev)
  if (prog && !xdpGeneric(changetype<Prog>(prog), skb)) return
  netifReceiveAfterXdp(skb)
}

export function netifReceiveAfterXdp(skb: Skb): void {
  for (let turns = 0; turns < 4; turns++) {
    const dev = skb.dev
    skb.ifindex = <u32>dev.ifindex
    skb.ingressIfindex = <u32>dev.ifindex
    skbResetNet(skb)
    skbResetTransport(skb)
    skb.macLen = skb.net - skb.mac
    if (isVlan(skb.protocol) && !untag(skb)) return
    if (changetype<usize>(dev.netns.taps)) packetTaps(skb, false)
    const verdict = tcClassify(skb, true)
    if (!verdict) return
    if (verdict == 1) break
  }
  deliver(skb)
}

@inline function isVlan(protocol: u32): bool {
  return protocol == <u32>bswap<u16>(<u16>ETH_P_8021Q) || protocol == <u32>bswap<u16>(<u16>ETH_P_8021AD)
}

/** skb_vlan_untag: the tag moves from the bytes to the packet's fields. */
function untag(skb: Skb): bool {
  if (skb.vlanPresent) return true
  if (skb.len < VLAN_HLEN) {
    skbFree(skb)
    return false
  }
  const data = <usize>skb.data
  skb.vlanProto = skb.protocol
  skb.vlanTci = <u32>bswap<u16>(load<u16>(data))
  skb.vlanPresent = 1
  const proto = load<u16>(data, 2)
  const mac = skbMac(skb)
  // the addresses move up over the tag
  memory.copy(mac + VLAN_HLEN, mac, 12)
  skb.mac += VLAN_HLEN
  skbPull(skb, VLAN_HLEN)
  skb.protocol = <u32>proto
  skbResetNet(skb)
  skbResetTransport(skb)
  return true
}

/** To the protocol that the packet names. */
function deliver(skb: Skb): void {
  if (skb.vlanPresent && skb.vlanTci & 0xfff) {
    // no VLAN device takes it
    skbFree(skb)
    return
  }
  if (skb.protocol == <u32>bswap<u16>(<u16>ETH_P_IP)) ipRcv(skb)
  else if (skb.protocol == <u32>bswap<u16>(<u16>ETH_P_IPV6)) ipv6Rcv(skb)
  else skbFree(skb)
}

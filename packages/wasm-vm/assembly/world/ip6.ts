// SPDX-License-Identifier: GPL-2.0-only
// IPv6 on the way in. Kernel counterpart: net/ipv6/ip6_input.c, exthdrs.c, seg6_local.c.

import { AF_INET6, NFPROTO_IPV6 } from '../gen/system.gen'
import { IP6_HLEN, routeInput } from './ip'
import { nfHook, NF_PRE_ROUTING } from './netfilter'
import { NetDevice } from './device'
import { routeFind } from './routes'
import { seg6LocalRun } from './seg6'
import { PACKET_OTHERHOST, Skb, skbFree, skbNet, skbTrim } from './skb'

/** ipv6_rcv: data is at the network header. */
export function ipv6Rcv(skb: Skb): void {
  const h = <usize>skb.data
  if (skb.pktType == PACKET_OTHERHOST || skb.len < IP6_HLEN || load<u8>(h) >> 4 != 6) {
    skbFree(skb)
    return
  }
  const payload = <u32>bswap<u16>(load<u16>(h, 4))
  if (payload + IP6_HLEN > skb.len) {
    skbFree(skb)
    return
  }
  skbTrim(skb, payload + IP6_HLEN)
  if (!findTransport(skb)) {
    skbFree(skb)
    return
  }
  const ns = skb.dev.netns
  if (ns.nfHooks && !nfHook(ns, NFPROTO_IPV6, NF_PRE_ROUTING, skb, skb.dev, changetype<NetDevice>(0), 0)) {
    skbFree(skb)
    return
  }
  const daddr = skbNet(skb) + 24
  const route = routeFind(ns, AF_INET6, daddr, 0)
  if (changetype<usize>(route) && route.seg6local) {
    seg6LocalRun(ns, route, skb)
    return
  }
  routeInput(ns, skb, AF_INET6, daddr)
}

/** Sets the transport header and its protocol behind the extension headers. */
export function findTransport(skb: Skb): bool {
  const h = skbNet(skb)
  let proto = <u32>load<u8>(h, 6)
  let off: u32 = IP6_HLEN
  while (proto == 0 || proto == 43 || proto == 60) {
    if (h + <usize>off + 8 > <usize>skb.dataEnd) return false
    proto = <u32>load<u8>(h + <usize>off)
    off += (<u32>load<u8>(h + <usize>off, 1) + 1) << 3
  }
  if (h + <usize>off > <usize>skb.dataEnd) return false
  skb.ipProto = proto
  skb.transport = skb.net + off
  return true
}

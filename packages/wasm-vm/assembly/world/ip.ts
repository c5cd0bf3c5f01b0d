// SPDX-License-Identifier: GPL-2.0-only
// IPv4 and what both versions share on the way out: routes, light-weight tunnels, netfilter, cgroups, neighbours.
// Kernel counterpart: net/ipv4/ip_input.c, ip_output.c.

import { EACCES, EHOSTUNREACH, EMSGSIZE, EINVAL, ENETUNREACH, ENOMEM, EPERM } from '../gen/errno.gen'
import {
  AF_INET,
  AF_INET6,
  ETH_P_IP,
  ETH_P_IPV6,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
} from '../gen/system.gen'
import { BPF_CGROUP_INET_EGRESS } from '../gen/uapi-enums.gen'
import { Prog } from '../prog/prog'
import { cgRunSkb, NET_XMIT_CN } from './cgroup-run'
import { csumFold, csumPartial } from './checksum'
import { NetDevice } from './device'
import { icmpRcv } from './icmp'
import { lwtRun, LWT_DROPPED, LWT_REDIRECTED, LWT_REROUTE } from './lwt'
import { nfHook, NF_FORWARD, NF_LOCAL_IN, NF_LOCAL_OUT, NF_POST_ROUTING, NF_PRE_ROUTING } from './netfilter'
import { Addr, addrFind, addrOfDevice, neighFind, Netns } from './netns'
import { rawDeliver } from './raw-socket'
import {
  Route,
  routeFind,
  routeGateway,
  routeHasTunnel,
  routePrefSource,
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_UNICAST,
} from './routes'
import {
  ETH_HLEN,
  PACKET_OTHERHOST,
  Skb,
  skbFree,
  skbMakeRoom,
  skbNet,
  skbPull,
  skbPush,
  skbResetNet,
  skbResetTransport,
  skbTransport,
  skbTrim,
} from './skb'
import { Sock } from './sock'
import { tcpRcv } from './tcp'
import { devQueueXmit } from './transmit'
import { udpRcv } from './udp'

export const IP_HLEN: u32 = 20
export const IP6_HLEN: u32 = 40

// routes

/** Device through which a destination is reached (0: not at all); the route that says so is left in routeOf(). */
const ROUTE: usize = memory.data(8, 8)
export function routeOf(): Route {
  return changetype<Route>(load<usize>(ROUTE))
}

export function routeOutput(ns: Netns, family: u32, daddr: usize, oif: u32): NetDevice {
  store<usize>(ROUTE, 0)
  const local = addrFind(ns, family, daddr)
  if (changetype<usize>(local)) {
    const r = routeFind(ns, family, daddr, 0)
    if (changetype<usize>(r) && routeHasTunnel(r)) store<usize>(ROUTE, changetype<usize>(r))
    return ns.devices
  }
  const r = routeFind(ns, family, daddr, oif)
  if (!changetype<usize>(r)) return changetype<NetDevice>(0)
  store<usize>(ROUTE, changetype<usize>(r))
  return r.type == RTN_UNICAST ? r.dev : changetype<NetDevice>(0)
}

/** Why routeOutput() found no device. */
export function routeError(): i32 {
  const r = routeOf()
  if (!changetype<usize>(r)) return -ENETUNREACH
  if (r.type == RTN_BLACKHOLE) return -EINVAL
  return r.type == RTN_PROHIBIT ? -EACCES : -EHOSTUNREACH
}

/** Writes the source address for a destination; false if there is none. */
export function routeSource(ns: Netns, family: u32, daddr: usize, oif: u32, to: usize): bool {
  const local = addrFind(ns, family, daddr)
  const size: usize = family == AF_INET ? 4 : 16
  if (changetype<usize>(local)) {
    // all of 127.0.0.0/8 answers as 127.0.0.1
    memory.copy(to, changetype<usize>(local) + addrOffset(), size)
    return true
  }
  const dev = routeOutput(ns, family, daddr, oif)
  if (!changetype<usize>(dev)) return false
  const route = routeOf()
  if (route.hasSource) {
    memory.copy(to, routePrefSource(route), size)
    return true
  }
  const a = addrOfDevice(dev, family)
  if (!changetype<usize>(a)) {
    memory.fill(to, 0, size)
    return family == AF_INET6
  }
  memory.copy(to, changetype<usize>(a) + addrOffset(), size)
  return true
}

@inline function addrOffset(): usize {
  return offsetof<Addr>('a0')
}

/** Maximum size of packets through a device. */
@inline export function routeMtu(dev: NetDevice): u32 {
  return min<u32>(dev.mtu, 65535)
}

// output

/**
 * Sends what is in a packet (data at its transport header) from one address to another, in the name of a socket (or 0).
 * The packet is gone in any case. 0, or an errno.
 */
export function ipOutput(
  ns: Netns,
  sk: usize,
  skb: Skb,
  family: u32,
  saddr: usize,
  daddr: usize,
  protocol: u32,
  oif: u32,
): i32 {
  const dev = routeOutput(ns, family, daddr, oif)
  if (!changetype<usize>(dev)) {
    skbFree(skb)
    return routeError()
  }
  const route = routeOf()
  const hlen = family == AF_INET ? IP_HLEN : IP6_HLEN
  const segmented = protocol == IPPROTO_TCP && skb.gsoSize != 0
  if (skb.len + hlen > routeMtu(dev) && !segmented && protocol != IPPROTO_UDP) {
    skbFree(skb)
    return -EMSGSIZE
  }
  if (!skbMakeRoom(skb, hlen + ETH_HLEN + 64, 0)) {
    skbFree(skb)
    return -ENOMEM
  }
  skbResetTransport(skb)
  skb.ipProto = protocol
  if (family == AF_INET) pushHeader4(skb, sk, saddr, daddr, protocol)
  else pushHeader6(skb, sk, saddr, daddr, protocol)
  skb.dev = dev
  return localOut(ns, sk, skb, family, dev, route)
}

function pushHeader4(skb: Skb, sk: usize, saddr: usize, daddr: usize, protocol: u32): void {
  skbPush(skb, <i32>IP_HLEN)
  skbResetNet(skb)
  const h = <usize>skb.data
  store<u8>(h, 0x45)
  store<u8>(h, sk ? <u8>changetype<Sock>(sk).tos : 0, 1)
  store<u16>(h, bswap<u16>(<u16>skb.len), 2)
  store<u16>(h, protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ? bswap<u16>(takeId()) : 0, 4)
  store<u16>(h, 0x0040, 6)
  store<u8>(h, sk ? <u8>changetype<Sock>(sk).ttl : 64, 8)
  store<u8>(h, <u8>protocol, 9)
  store<u16>(h, 0, 10)
  store<u32>(h, load<u32>(saddr), 12)
  store<u32>(h, load<u32>(daddr), 16)
  store<u16>(h, csumFold(csumPartial(h, IP_HLEN, 0)), 10)
  skb.protocol = <u32>bswap<u16>(<u16>ETH_P_IP)
}
/** Number of the last IPv4 packet. */
const ID: usize = memory.data(4, 4)
function takeId(): u16 {
  const n = load<u16>(ID) + 1
  store<u16>(ID, n)
  return n
}

function pushHeader6(skb: Skb, sk: usize, saddr: usize, daddr: usize, protocol: u32): void {
  const payload = skb.len
  skbPush(skb, <i32>IP6_HLEN)
  skbResetNet(skb)
  const h = <usize>skb.data
  const tclass: u32 = sk ? changetype<Sock>(sk).tclass : 0
  store<u32>(h, bswap<u32>((6 << 28) | (tclass << 20)))
  store<u16>(h, bswap<u16>(<u16>payload), 4)
  store<u8>(h, <u8>protocol, 6)
  store<u8>(h, sk ? <u8>changetype<Sock>(sk).ttl : 64, 7)
  memory.copy(h + 8, saddr, 16)
  memory.copy(h + 24, daddr, 16)
  skb.protocol = <u32>bswap<u16>(<u16>ETH_P_IPV6)
}

/** From LOCAL_OUT on; data is at the network header. */
function localOut(ns: Netns, sk: usize, skb: Skb, family: u32, dev: NetDevice, route: Route): i32 {
  const pf: u32 = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6
  if (ns.nfHooks && !nfHook(ns, pf, NF_LOCAL_OUT, skb, changetype<NetDevice>(0), dev, sk)) {
    skbFree(skb)
    return -EPERM
  }
  return output(ns, sk, skb, family, dev, route, 0, 0)
}

/** dst_output: tunnels of the route, POST_ROUTING, cgroup, neighbour; `hop` 0: the one of the route. */
function output(
  ns: Netns,
  sk: usize,
  skb: Skb,
  family: u32,
  dev: NetDevice,
  route: Route,
  turns: u32,
  hop: usize,
): i32 {
  const pf: u32 = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6
  skb.dst = changetype<usize>(dev)
  if (changetype<usize>(route) && route.lwtOut) {
    const v = lwtRun(changetype<Prog>(route.lwtOut), skb, false)
    if (v == LWT_DROPPED) return -EPERM
    if (v < 0) return v
    if (v == LWT_REROUTE) return reroute(ns, sk, skb, turns)
  }
  if (ns.nfHooks && !nfHook(ns, pf, NF_POST_ROUTING, skb, changetype<NetDevice>(0), dev, sk)) {
    skbFree(skb)
    return -EPERM
  }
  let congested = 0
  if (sk) {
    const ret = cgRunSkb(changetype<Sock>(sk), skb, BPF_CGROUP_INET_EGRESS)
    if (ret && ret != NET_XMIT_CN) {
      skbFree(skb)
      return ret
    }
    congested = ret
  }
  if (changetype<usize>(route) && route.lwtXmit) {
    const v = lwtRun(changetype<Prog>(route.lwtXmit), skb, true)
    if (v == LWT_DROPPED) return -EPERM
    if (v == LWT_REDIRECTED) return 0
    if (v < 0) return v
    if (v == LWT_REROUTE) return reroute(ns, sk, skb, turns)
  }
  const err = hop
    ? neighSend(skb, dev, family, hop)
    : neighSend(skb, dev, hopFamily(family, route), nextHop(skb, family, route))
  return err ? err : congested
}

/** A program changed the destination or put a header in front: the route is looked up again. */
export function reroute(ns: Netns, sk: usize, skb: Skb, turns: u32): i32 {
  skbResetNet(skb)
  const v6 = load<u8>(skb.data) >> 4 == 6
  const family: u32 = v6 ? AF_INET6 : AF_INET
  skb.protocol = <u32>bswap<u16>(<u16>(v6 ? ETH_P_IPV6 : ETH_P_IP))
  const daddr = <usize>skb.data + (v6 ? 24 : 16)
  const dev = routeOutput(ns, family, daddr, 0)
  if (!changetype<usize>(dev) || turns > 4) {
    skbFree(skb)
    return -EHOSTUNREACH
  }
  skb.dev = dev
  return output(ns, sk, skb, family, dev, routeOf(), turns + 1, 0)
}

@inline function hopFamily(family: u32, route: Route): u32 {
  return changetype<usize>(route) && route.gatewayFamily ? route.gatewayFamily : family
}

function nextHop(skb: Skb, family: u32, route: Route): usize {
  if (changetype<usize>(route) && route.gatewayFamily) return routeGateway(route)
  return skbNet(skb) + (family == AF_INET ? 16 : 24)
}

/** Puts the link header in front and sends. */
function neighSend(skb: Skb, dev: NetDevice, family: u32, hop: usize): i32 {
  const mac = broadcastMac(family, hop)
  const dst = mac ? mac : neighFind(dev, family, hop)
  if (!dst) {
    skbFree(skb)
    return 0
  }
  if (!skbMakeRoom(skb, ETH_HLEN, 0)) {
    skbFree(skb)
    return -ENOMEM
  }
  skbPush(skb, <i32>ETH_HLEN)
  const eth = <usize>skb.data
  memory.copy(eth, dst, 6)
  memory.copy(eth + 6, dev.mac, 6)
  store<u16>(eth, <u16>skb.protocol, 12)
  return devQueueXmit(skb, dev)
}

const GROUP_MAC: usize = memory.data(8, 8)
/** Link address of a group or of all, or 0. */
function broadcastMac(family: u32, hop: usize): usize {
  if (family == AF_INET) {
    if (load<u32>(hop) == 0xffffffff) {
      memory.fill(GROUP_MAC, 0xff, 6)
      return GROUP_MAC
    }
    if ((load<u8>(hop) & 0xf0) != 0xe0) return 0
    store<u16>(GROUP_MAC, 0x0001)
    store<u8>(GROUP_MAC, 0x5e, 2)
    store<u8>(GROUP_MAC, load<u8>(hop, 1) & 0x7f, 3)
    store<u16>(GROUP_MAC, load<u16>(hop, 2), 4)
    return GROUP_MAC
  }
  if (load<u8>(hop) != 0xff) return 0
  store<u16>(GROUP_MAC, 0x3333)
  store<u32>(GROUP_MAC, load<u32>(hop, 12), 2)
  return GROUP_MAC
}

/** bpf_redirect_neigh: out of a device to the next hop of a struct bpf_redir_neigh, or (0) to the destination. */
export function neighOutput(skb: Skb, dev: NetDevice, nh: usize): i32 {
  const v6 = skb.protocol == <u32>bswap<u16>(<u16>ETH_P_IPV6)
  let family: u32 = v6 ? AF_INET6 : AF_INET
  skbResetNet(skb)
  let hop = skbNet(skb) + (v6 ? 24 : 16)
  if (nh) {
    family = load<u32>(nh)
    if (family != AF_INET && family != AF_INET6) {
      skbFree(skb)
      return -EINVAL
    }
    hop = nh + 4
  } else {
    const r = routeFind(dev.netns, family, hop, <u32>dev.ifindex)
    hop = nextHop(skb, family, r)
    family = hopFamily(family, r)
  }
  return neighSend(skb, dev, family, hop)
}

// input

/** ip_rcv: data is at the network header. */
export function ipRcv(skb: Skb): void {
  const h = <usize>skb.data
  if (skb.pktType == PACKET_OTHERHOST || skb.len < IP_HLEN || !headerOk(skb, h)) {
    skbFree(skb)
    return
  }
  const ihl = (<u32>(load<u8>(h) & 15)) << 2
  skbTrim(skb, <u32>bswap<u16>(load<u16>(h, 2)))
  skb.transport = skb.net + ihl
  const ns = skb.dev.netns
  if (ns.nfHooks && !nfHook(ns, NFPROTO_IPV4, NF_PRE_ROUTING, skb, skb.dev, changetype<NetDevice>(0), 0)) {
    skbFree(skb)
    return
  }
  routeInput(ns, skb, AF_INET, skbNet(skb) + 16)
}

function headerOk(skb: Skb, h: usize): bool {
  const first = <u32>load<u8>(h)
  const ihl = (first & 15) << 2
  if (first >> 4 != 4 || ihl < IP_HLEN || ihl > skb.len) return false
  const total = <u32>bswap<u16>(load<u16>(h, 2))
  if (total < ihl || total > skb.len) return false
  return csumFold(csumPartial(h, ihl, 0)) == 0
}

/** Local delivery or forwarding. */
export function routeInput(ns: Netns, skb: Skb, family: u32, daddr: usize): void {
  const route = routeFind(ns, family, daddr, 0)
  if (changetype<usize>(route) && route.lwtIn) {
    skb.dst = changetype<usize>(route.dev)
    const v = lwtRun(changetype<Prog>(route.lwtIn), skb, false)
    if (v == LWT_DROPPED || v < 0) return
    if (v == LWT_REROUTE) {
      reroute(ns, 0, skb, 0)
      return
    }
  }
  const target = skbNet(skb) + (family == AF_INET ? 16 : 24)
  if (changetype<usize>(addrFind(ns, family, target)) || isGroup(family, target)) {
    localIn(ns, skb, family)
    return
  }
  if (!ns.forwarding || !changetype<usize>(route) || route.type != RTN_UNICAST) {
    skbFree(skb)
    return
  }
  forwardTo(ns, skb, family, route, 0)
}

function isGroup(family: u32, p: usize): bool {
  if (family == AF_INET) return load<u32>(p) == 0xffffffff || (load<u8>(p) & 0xf0) == 0xe0
  return load<u8>(p) == 0xff
}

/** On to another machine: by way of the route's next hop, or of `hop`. */
export function forwardTo(ns: Netns, skb: Skb, family: u32, route: Route, hop: usize): void {
  const h = skbNet(skb)
  const ttlAt: usize = family == AF_INET ? 8 : 7
  const ttl = load<u8>(h + ttlAt)
  if (ttl <= 1) {
    skbFree(skb)
    return
  }
  const input = skb.dev
  const pf: u32 = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6
  store<u8>(h + ttlAt, ttl - 1)
  if (family == AF_INET) {
    store<u16>(h, 0, 10)
    store<u16>(h, csumFold(csumPartial(h, (<u32>(load<u8>(h) & 15)) << 2, 0)), 10)
  }
  if (ns.nfHooks && !nfHook(ns, pf, NF_FORWARD, skb, input, route.dev, 0)) {
    skbFree(skb)
    return
  }
  skb.dev = route.dev
  output(ns, 0, skb, family, route.dev, route, 0, hop)
}

/** LOCAL_IN and the transport protocol; data is at the network header. */
export function localIn(ns: Netns, skb: Skb, family: u32): void {
  const pf: u32 = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6
  if (ns.nfHooks && !nfHook(ns, pf, NF_LOCAL_IN, skb, skb.dev, changetype<NetDevice>(0), 0)) {
    skbFree(skb)
    return
  }
  const proto = family == AF_INET ? <u32>load<u8>(skbNet(skb), 9) : skb.ipProto
  skb.ipProto = proto
  skbPull(skb, <u32>(skbTransport(skb) - <usize>skb.data))
  rawDeliver(ns, skb, family, proto)
  if (proto == IPPROTO_UDP) udpRcv(ns, skb, family)
  else if (proto == IPPROTO_TCP) tcpRcv(ns, skb, family)
  else if (proto == IPPROTO_ICMP || proto == 58) icmpRcv(ns, skb, family)
  else skbFree(skb)
}

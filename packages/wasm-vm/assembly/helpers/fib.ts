// SPDX-License-Identifier: GPL-2.0-only
// bpf_fib_lookup: where the routing tables would send a packet, and the link addresses it would get.
// Kernel counterpart: bpf_ipv4_fib_lookup, bpf_ipv6_fib_lookup in net/core/filter.c.

import { EAFNOSUPPORT, EINVAL, ENODEV } from '../gen/errno.gen'
import { AF_INET, AF_INET6 } from '../gen/system.gen'
import { BPF_PROG_TYPE_XDP } from '../gen/uapi-enums.gen'
import { deviceIn, NetDevice } from '../world/device'
import { Addr, addrWords, maskWord, neighKnown, Netns, prefixMatches } from '../world/netns'
import {
  Route,
  routeGateway,
  routeHasTunnel,
  routeInTable,
  routeLookup,
  routePrefSource,
  RT_TABLE_MAIN,
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_UNREACHABLE,
} from '../world/routes'
import { ETH_HLEN, Skb } from '../world/skb'
import { world } from '../world/world'
import { XdpBuff } from '../world/xdp-buff'
import { errno, progType } from './given'

const FIB_DIRECT: u64 = 1
const FIB_OUTPUT: u64 = 2
const FIB_SKIP_NEIGH: u64 = 4
const FIB_TBID: u64 = 8
const FIB_SRC: u64 = 16
const FIB_MARK: u64 = 32
const FIB_ALL: u64 = 63

const RET_SUCCESS: u64 = 0
const RET_BLACKHOLE: u64 = 1
const RET_UNREACHABLE: u64 = 2
const RET_PROHIBIT: u64 = 3
const RET_NOT_FWDED: u64 = 4
const RET_FWD_DISABLED: u64 = 5
const RET_UNSUPP_LWT: u64 = 6
const RET_NO_NEIGH: u64 = 7
const RET_FRAG_NEEDED: u64 = 8
const RET_NO_SRC_ADDR: u64 = 9

// struct bpf_fib_lookup
const SIZE: i32 = 64
const FAMILY: usize = 0
/** tot_len, and mtu_result after. */
const TOT_LEN: usize = 6
const IFINDEX: usize = 8
/** tos or flowinfo, and rt_metric after. */
const METRIC: usize = 12
const SRC: usize = 16
const DST: usize = 32
/** tbid, and h_vlan_proto and h_vlan_TCI after. */
const TBID: usize = 48
/** mark, and smac after. */
const MARK: usize = 52
const DMAC: usize = 58

const VLAN_HLEN: u32 = 4
const MAX_MTU: u32 = 65535
const IPV6_MIN_MTU: u32 = 1280

export function fibLookup(ctx: u64, params: u64, plen: u64, flags: u64, r5: u64): u64 {
  if (<i32>(<u32>plen) < SIZE) return errno(EINVAL)
  flags = <u64>(<u32>flags)
  if (flags & ~FIB_ALL) return errno(EINVAL)
  const p = <usize>params
  const xdp = progType() == BPF_PROG_TYPE_XDP
  const dev = xdp ? changetype<XdpBuff>(<usize>ctx).dev : changetype<Skb>(<usize>ctx).dev
  const ns = changetype<usize>(dev) ? dev.netns : world().netns
  const checkMtu = xdp || load<u16>(p, TOT_LEN) != 0
  const family = <u32>load<u8>(p, FAMILY)
  if (family != AF_INET && family != AF_INET6) return errno(EAFNOSUPPORT)
  const ret = lookup(ns, p, family, flags, checkMtu)
  if (ret != RET_SUCCESS || checkMtu) return ret
  const out = deviceIn(ns, load<i32>(p, IFINDEX))
  store<u16>(p, <u16>out.mtu, TOT_LEN)
  const skb = changetype<Skb>(<usize>ctx)
  const fits = skb.len <= out.mtu + ETH_HLEN + VLAN_HLEN || skb.gsoSize != 0
  return out.up && fits ? RET_SUCCESS : RET_FRAG_NEEDED
}

function lookup(ns: Netns, p: usize, family: u32, flags: u64, checkMtu: bool): u64 {
  if (family == AF_INET6 && (isLinkScoped(p + DST) || isLinkScoped(p + SRC))) return RET_NOT_FWDED
  const from = deviceIn(ns, load<i32>(p, IFINDEX))
  if (!changetype<usize>(from)) return errno(ENODEV)
  if (!ns.forwarding) return RET_FWD_DISABLED
  const route = findRoute(ns, p, family, flags)
  if (!changetype<usize>(route)) return RET_NOT_FWDED
  switch (route.type) {
    case RTN_BLACKHOLE:
      return RET_BLACKHOLE
    case RTN_UNREACHABLE:
      return RET_UNREACHABLE
    case RTN_PROHIBIT:
      return RET_PROHIBIT
  }
  return forwarded(ns, p, family, flags, checkMtu, route)
}

/** Multicast, link-local and loopback addresses are never forwarded. */
function isLinkScoped(a: usize): bool {
  if (load<u64>(a) == 0 && load<u64>(a, 8) == 0x0100000000000000) return true
  return load<u8>(a) == 0xff || (load<u8>(a) == 0xfe && (load<u8>(a, 1) & 0xc0) == 0x80)
}

/** 0 where nothing is found, or the destination is this machine or a broadcast. */
function findRoute(ns: Netns, p: usize, family: u32, flags: u64): Route {
  const oif: u32 = flags & FIB_OUTPUT ? load<u32>(p, IFINDEX) : 0
  if (flags & FIB_DIRECT) {
    let table = RT_TABLE_MAIN
    if (flags & FIB_TBID) {
      table = load<u32>(p, TBID)
      store<u32>(p, 0, TBID)
    }
    return routeInTable(ns, family, p + DST, oif, table)
  }
  if (isLocal(ns, family, p + DST, oif)) return changetype<Route>(0)
  return routeLookup(ns, family, p + DST, oif, flags & FIB_MARK ? load<u32>(p, MARK) : 0)
}

/** What the local table answers: addresses of this machine, and for IPv4 the last address of each network. */
function isLocal(ns: Netns, family: u32, dest: usize, oif: u32): bool {
  for (let a = ns.addrs; changetype<usize>(a); a = a.next) {
    if (a.family != family || (oif && family == AF_INET && <u32>a.dev.ifindex != oif)) continue
    const own = addrWords(a)
    if (prefixMatches(own, dest, family, family == AF_INET ? 32 : 128)) return true
    if (family != AF_INET) continue
    const loopback = load<u8>(own) == 127
    if (loopback && prefixMatches(own, dest, family, a.prefix)) return true
    if (a.prefix < 31 && load<u32>(dest) == (load<u32>(own) | ~maskWord(a.prefix, 0))) return true
  }
  return false
}

function mtuOf(route: Route, family: u32): u32 {
  let mtu = min<u32>(route.dev.mtu, MAX_MTU)
  if (route.mtu && route.mtuLocked) mtu = route.mtu
  else if (family == AF_INET6) mtu = max<u32>(mtu, IPV6_MIN_MTU)
  return mtu - route.lwtHeadroom
}

function forwarded(ns: Netns, p: usize, family: u32, flags: u64, checkMtu: bool, route: Route): u64 {
  const out = route.dev
  const mtu = checkMtu ? mtuOf(route, family) : 0
  if (checkMtu && <u32>load<u16>(p, TOT_LEN) > mtu) {
    store<u16>(p, <u16>mtu, TOT_LEN)
    return RET_FRAG_NEEDED
  }
  if (routeHasTunnel(route)) return RET_UNSUPP_LWT
  // IPv6 looks for the source after the gateway is known, IPv4 before; the order shows when there is none
  const hop = family == AF_INET && route.gatewayFamily == AF_INET6 ? AF_INET6 : family
  if (family == AF_INET6) takeGateway(p, route)
  store<u32>(p, route.metric, METRIC)
  store<u32>(p, <u32>out.ifindex, IFINDEX)
  if (flags & FIB_SRC && !takeSource(ns, p, family, route)) return RET_NO_SRC_ADDR
  if (family == AF_INET) takeGateway(p, route)
  if (!(flags & FIB_SKIP_NEIGH)) {
    const mac = neighKnown(out, hop, p + DST)
    if (!mac) return RET_NO_NEIGH
    memory.copy(p + DMAC, mac, 6)
    memory.copy(p + MARK, out.mac, 6)
  }
  store<u32>(p, 0, TBID)
  if (mtu) store<u16>(p, <u16>mtu, TOT_LEN)
  return RET_SUCCESS
}

function takeGateway(p: usize, route: Route): void {
  if (!route.gatewayFamily) return
  const v6 = route.gatewayFamily == AF_INET6
  if (v6) store<u8>(p, <u8>AF_INET6, FAMILY)
  memory.copy(p + DST, routeGateway(route), v6 ? 16 : 4)
}

/** The source that a socket here would take. IPv4 has 0 where there is none. */
function takeSource(ns: Netns, p: usize, family: u32, route: Route): bool {
  const n: usize = family == AF_INET ? 4 : 16
  if (route.hasSource) {
    memory.copy(p + SRC, routePrefSource(route), n)
    return true
  }
  let best = changetype<Addr>(0)
  for (let a = ns.addrs; changetype<usize>(a); a = a.next) {
    if (a.family != family || isHostScoped(a)) continue
    if (!changetype<usize>(best) || sourceRank(a, route) >= sourceRank(best, route)) best = a
  }
  if (changetype<usize>(best)) memory.copy(p + SRC, addrWords(best), n)
  else if (family == AF_INET) store<u32>(p, 0, SRC)
  return changetype<usize>(best) != 0 || family == AF_INET
}

function isHostScoped(a: Addr): bool {
  return a.family == AF_INET ? load<u8>(addrWords(a)) == 127 : a.a0 == 0 && a.a1 == 0 && a.a2 == 0 && a.a3 == 0x01000000
}

/** Addresses of the device come first, of these the one in whose network the gateway is. */
function sourceRank(a: Addr, route: Route): i32 {
  if (a.dev != route.dev) return 0
  if (route.gatewayFamily != a.family) return 1
  return prefixMatches(addrWords(a), routeGateway(route), a.family, a.prefix) ? 2 : 1
}

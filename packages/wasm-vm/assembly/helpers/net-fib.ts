// SPDX-License-Identifier: GPL-2.0-only
// bpf_fib_lookup over the routes of the namespace, and the congestion mark. Kernel counterpart: net/core/filter.c.

import { EAFNOSUPPORT, EINVAL, ENODEV } from '../gen/errno.gen'
import { BPF_PROG_TYPE_XDP } from '../gen/uapi-enums.gen'
import { bytesEqual, isZero } from '../mem/bytes'
import { deviceIn, NetDevice } from '../world/device'
import { addrFind, Addr, addrOfDevice, Neigh, Netns, Route, routeFind, routeGateway } from '../world/netns'
import { Skb, skbNet } from '../world/skb'
import { XdpBuff } from '../world/xdp-buff'
import { asResult, errno, progType } from './given'
import { asSkb } from './skb-bytes'
import { isGso } from './skb-size'

const AF_INET: u32 = 2
const AF_INET6: u32 = 10

const F_DIRECT: u32 = 1
const F_OUTPUT: u32 = 2
const F_SKIP_NEIGH: u32 = 4
const F_TBID: u32 = 8
const F_SRC: u32 = 16
const F_ALL: u32 = 63
const RT_TABLE_MAIN: u32 = 254

const NOT_FWDED: i32 = 4
const FWD_DISABLED: i32 = 5
const UNSUPP_LWT: i32 = 6
const NO_NEIGH: i32 = 7
const FRAG_NEEDED: i32 = 8
const NO_SRC_ADDR: i32 = 9

// struct bpf_fib_lookup
const SIZE: i32 = 64
const TOT_LEN: usize = 6
const IFINDEX: usize = 8
const METRIC: usize = 12
const SRC: usize = 16
const DST: usize = 32
const VLAN: usize = 48
const SMAC: usize = 52
const DMAC: usize = 58

@inline function addrLen(family: u32): usize {
  return family == AF_INET ? 4 : 16
}

/** Link-local and multicast destinations of IPv6 are not forwarded. */
function needsStrict(addr: usize): bool {
  const b = load<u8>(addr)
  return b == 0xff || (b == 0xfe && (load<u8>(addr, 1) & 0xc0) == 0x80)
}

function routeFor(ns: Netns, p: usize, family: u32, flags: u32): Route {
  const none = changetype<Route>(0)
  if (!(flags & F_DIRECT)) {
    // the table of local addresses comes before all others
    if (changetype<usize>(addrFind(ns, family, p + DST))) return none
  } else if (flags & F_TBID) {
    const table = load<u32>(p, VLAN)
    store<u32>(p, 0, VLAN)
    if (table != RT_TABLE_MAIN) return none
  }
  return routeFind(ns, family, p + DST, flags & F_OUTPUT ? load<u32>(p, IFINDEX) : 0)
}

/** What is known of a station, not what could be asked. */
function neighEntry(dev: NetDevice, family: u32, addr: usize): Neigh {
  for (let n = dev.netns.neighs; changetype<usize>(n); n = n.next) {
    if (n.dev == dev && n.family == family && bytesEqual(changetype<usize>(n) + offsetof<Neigh>('a0'), addr, addrLen(family))) return n
  }
  return changetype<Neigh>(0)
}

function putSource(p: usize, dev: NetDevice, family: u32): bool {
  const a = addrOfDevice(dev, family)
  if (!changetype<usize>(a)) return false
  memory.copy(p + SRC, changetype<usize>(a) + offsetof<Addr>('a0'), addrLen(family))
  return true
}

function lookup(ns: Netns, p: usize, family: u32, flags: u32, checkMtu: bool): i32 {
  if (family == AF_INET6 && (needsStrict(p + DST) || needsStrict(p + SRC))) return NOT_FWDED
  if (!changetype<usize>(deviceIn(ns, <i32>load<u32>(p, IFINDEX)))) return -ENODEV
  if (!ns.forwarding) return FWD_DISABLED
  const route = routeFor(ns, p, family, flags)
  if (!changetype<usize>(route)) return NOT_FWDED
  const dev = route.dev
  let mtu: u32 = 0
  if (checkMtu) {
    mtu = route.mtu ? route.mtu : dev.mtu
    if (<u32>load<u16>(p, TOT_LEN) > mtu) {
      store<u16>(p, <u16>mtu, TOT_LEN)
      return FRAG_NEEDED
    }
  }
  if (route.lwtIn || route.lwtOut || route.lwtXmit || route.seg6local) return UNSUPP_LWT
  store<u32>(p, 0, METRIC)
  store<u32>(p, <u32>dev.ifindex, IFINDEX)
  if (flags & F_SRC && !putSource(p, dev, family) && family == AF_INET6) return NO_SRC_ADDR
  if (!isZero(routeGateway(route), addrLen(family))) memory.copy(p + DST, routeGateway(route), addrLen(family))
  if (!(flags & F_SKIP_NEIGH)) {
    const n = neighEntry(dev, family, p + DST)
    if (!changetype<usize>(n)) return NO_NEIGH
    memory.copy(p + DMAC, changetype<usize>(n) + offsetof<Neigh>('mac0'), 6)
    memory.copy(p + SMAC, dev.mac, 6)
  }
  store<u32>(p, 0, VLAN)
  if (mtu) store<u16>(p, <u16>mtu, TOT_LEN)
  return 0
}

export function fibLookup(ctx: u64, params: u64, len: u64, flags: u64, r5: u64): u64 {
  const p = <usize>params
  const f = <u32>flags
  if (<i32>len < SIZE || f & ~F_ALL) return errno(EINVAL)
  const family = <u32>load<u8>(p)
  if (family != AF_INET && family != AF_INET6) return errno(EAFNOSUPPORT)
  if (progType() == BPF_PROG_TYPE_XDP) return asResult(lookup(changetype<XdpBuff>(<usize>ctx).dev.netns, p, family, f, true))
  const skb = asSkb(ctx)
  const ns = skb.dev.netns
  const checkMtu = load<u16>(p, TOT_LEN) != 0
  let rc = lookup(ns, p, family, f, checkMtu)
  if (!rc && !checkMtu) {
    const dev = deviceIn(ns, <i32>load<u32>(p, IFINDEX))
    if (!forwardable(dev, skb)) rc = FRAG_NEEDED
    store<u16>(p, <u16>dev.mtu, TOT_LEN)
  }
  return asResult(rc)
}

function forwardable(dev: NetDevice, skb: Skb): bool {
  return dev.up && (skb.len <= dev.mtu + 14 + 4 || isGso(skb))
}

const P_IP: u32 = 0x0008
const P_IPV6: u32 = 0xdd86
const CE: u8 = 3

/** bpf_skb_ecn_set_ce: 1 if the packet is marked now. */
export function skbEcnSetCe(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const h = skbNet(skb)
  if (skb.protocol == P_IP) {
    if (skb.len < 20) return 0
    const ecn = (<u32>load<u8>(h, 1) + 1) & 3
    if (!(ecn & 2)) return <u64>(ecn == 0)
    // RFC 1624: the header's checksum moves with the field
    const check = <u32>load<u16>(h, 10) + 0xfbff + (ecn << 8)
    const folded = (check & 0xffff) + (check >> 16)
    store<u16>(h, <u16>(folded + u32(folded >= 0xffff)), 10)
    store<u8>(h, load<u8>(h, 1) | CE, 1)
    return 1
  }
  if (skb.protocol != P_IPV6 || skb.len < 40) return 0
  const tclass = (bswap<u16>(load<u16>(h)) >> 4) & 0xff
  if (!(tclass & 3)) return 0
  store<u8>(h, load<u8>(h, 1) | (CE << 4), 1)
  return 1
}

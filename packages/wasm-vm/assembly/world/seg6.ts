// SPDX-License-Identifier: GPL-2.0-only
// Segment routing: End.BPF, and the state that its program's helpers share with it.
// Kernel counterpart: input_action_end_bpf and seg6_bpf_has_valid_srh of net/ipv6/seg6_local.c, net/ipv6/seg6.c.

import { EACCES, EHOSTUNREACH, EINVAL, ENETUNREACH } from '../gen/errno.gen'
import { AF_INET6 } from '../gen/system.gen'
import { Prog } from '../prog/prog'
import { runSkbSaveCb } from './hook'
import { forwardTo } from './ip'
import { findTransport } from './ip6'
import { addrFind, Netns } from './netns'
import { Route, routeInTable, routeLookup, RTN_PROHIBIT, RTN_UNICAST, RTN_UNREACHABLE } from './routes'
import { Skb, skbFree, skbNet, skbResetNet } from './skb'

const NEXT_HOP_BY_HOP: u32 = 0
export const NEXT_IPV6: u32 = 41
export const NEXT_ROUTING: u32 = 43
const NEXT_DESTINATION: u32 = 60
const IP6_HLEN: usize = 40
/** struct ipv6_sr_hdr without its segments. */
export const SRH_SIZE: usize = 8

/** How often a packet may come back to segments of this machine: XMIT_RECURSION_LIMIT. */
const MAX_TURNS: i32 = 8

const BPF_OK: u32 = 0
const BPF_REDIRECT: u32 = 7

/** What the helpers and End.BPF know of the packet while the program runs. */
@unmanaged export class Seg6 {
  /** The routing header, 0 if there is none. */
  srh: usize
  /** Its length behind the first 8 bytes: what the header will say once it is valid again. */
  hdrlen: i32
  valid: bool
  /** Whether a helper has looked up a route; what it found, or an errno. */
  routed: bool
  hasHop: bool
  error: i32
  route: Route
  hop0: u64
  hop1: u64
}
const STATE: usize = memory.data(64, 8)
export function seg6(): Seg6 {
  return changetype<Seg6>(STATE)
}

/** Offset in an IPv6 packet (data at its header) of the first header of a kind, -1 if there is none. */
export function findHeader(skb: Skb, kind: u32, used: bool): i32 {
  const h = skbNet(skb)
  const end = <usize>skb.dataEnd
  let next = <u32>load<u8>(h, 6)
  let at = h + IP6_HLEN
  while (at <= end) {
    // a routing header at its end counts only where it was asked for
    const skip = kind == NEXT_ROUTING && !used && next == kind && at + 4 <= end && !load<u8>(at, 3)
    if (next == kind && !skip) return at + SRH_SIZE <= end ? <i32>(at - <usize>skb.data) : -1
    if (next != NEXT_HOP_BY_HOP && next != NEXT_ROUTING && next != NEXT_DESTINATION) return -1
    if (at + 2 > end) return -1
    next = <u32>load<u8>(at)
    at += (<usize>load<u8>(at, 1) + 1) << 3
  }
  return -1
}

/** seg6_validate_srh: type, length, counts and TLVs of a routing header agree. */
export function srhValid(srh: usize, len: u32, reduced: bool): bool {
  if (len < <u32>SRH_SIZE || load<u8>(srh, 2) != 4) return false
  const hdrlen = <u32>load<u8>(srh, 1)
  if ((hdrlen + 1) << 3 != len) return false
  const left = <u32>load<u8>(srh, 3)
  const first = <u32>load<u8>(srh, 4)
  if (reduced || left <= first) {
    if (<i32>first > <i32>(hdrlen >> 1) - 1 || left > first + 1) return false
  } else return false
  let at = <u32>SRH_SIZE + ((first + 1) << 4)
  if (at > len) return false
  while (at < len) {
    if (len - at < 2) return false
    at += 2 + <u32>load<u8>(srh + <usize>at, 1)
    if (at > len) return false
  }
  return true
}

/** The header that the program may have changed: its length is written, and it must hold together. */
export function seg6HasValid(): bool {
  const s = seg6()
  if (!s.srh) return false
  if (s.valid) return true
  if (s.hdrlen & 7) return false
  store<u8>(s.srh, <u8>(s.hdrlen >> 3), 1)
  if (!srhValid(s.srh, (<u32>load<u8>(s.srh, 1) + 1) << 3, true)) return false
  s.valid = true
  return true
}

/** After headers came or went. */
export function seg6Update(skb: Skb): void {
  const s = seg6()
  const at = findHeader(skb, NEXT_ROUTING, true)
  s.srh = at < 0 ? 0 : <usize>skb.data + <usize>at
  if (!s.srh) return
  s.hdrlen = (<i32>load<u8>(s.srh, 1)) << 3
  s.valid = true
}

/** Looks up where a packet goes: to `via`, or (0) to its destination, in a table (0: by the rules). 0, or an errno. */
export function seg6Lookup(ns: Netns, skb: Skb, via: usize, table: u32): i32 {
  const s = seg6()
  const dest = via ? via : skbNet(skb) + 24
  s.routed = true
  s.hasHop = via != 0
  if (via) memory.copy(STATE + offsetof<Seg6>('hop0'), via, 16)
  s.error = find(ns, s, dest, table, skb.mark)
  return s.error
}

function find(ns: Netns, s: Seg6, dest: usize, table: u32, mark: u32): i32 {
  s.route = changetype<Route>(0)
  // what would be for this machine goes nowhere
  if (!table && changetype<usize>(addrFind(ns, AF_INET6, dest))) return -EINVAL
  const r = table ? routeInTable(ns, AF_INET6, dest, 0, table) : routeLookup(ns, AF_INET6, dest, 0, mark)
  if (!changetype<usize>(r)) return table && !tableExists(ns, table) ? -EINVAL : -ENETUNREACH
  switch (r.type) {
    case RTN_UNICAST:
      s.route = r
      return 0
    case RTN_UNREACHABLE:
      return -EHOSTUNREACH
    case RTN_PROHIBIT:
      return -EACCES
    default:
      return -EINVAL
  }
}

function tableExists(ns: Netns, table: u32): bool {
  if (table >= 253 && table <= 255) return true
  for (let r = ns.routes; changetype<usize>(r); r = r.next) if (r.family == AF_INET6 && r.table == table) return true
  return false
}

/** The routing header with segments left, or 0. */
function begin(skb: Skb): bool {
  const s = seg6()
  memory.fill(STATE, 0, offsetof<Seg6>())
  const at = findHeader(skb, NEXT_ROUTING, false)
  if (at < 0) return false
  const srh = <usize>skb.data + <usize>at
  const len = (<u32>load<u8>(srh, 1) + 1) << 3
  if (srh + <usize>len > <usize>skb.dataEnd || !srhValid(srh, len, true) || !load<u8>(srh, 3)) return false
  s.srh = srh
  s.hdrlen = <i32>(len - 8)
  s.valid = true
  return true
}

function drop(skb: Skb): Route {
  skbFree(skb)
  return changetype<Route>(0)
}

/** End.BPF: the next segment becomes the destination, then the program decides. */
export function seg6LocalRun(ns: Netns, local: Route, skb: Skb): void {
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const next = runOnce(ns, local, skb)
    if (!changetype<usize>(next)) return
    local = next
  }
  drop(skb)
}

/** One segment; the route of another segment of this machine, if the packet goes there. */
function runOnce(ns: Netns, local: Route, skb: Skb): Route {
  const done = changetype<Route>(0)
  skb.dst = changetype<usize>(local.dev)
  if (!begin(skb)) return drop(skb)
  const s = seg6()
  const left = <u32>load<u8>(s.srh, 3) - 1
  store<u8>(s.srh, <u8>left, 3)
  memory.copy(skbNet(skb) + 24, s.srh + SRH_SIZE + ((<usize>left) << 4), 16)
  const ret = runSkbSaveCb(changetype<Prog>(local.seg6local), skb)
  if (ret != BPF_OK && ret != BPF_REDIRECT) return drop(skb)
  if (s.srh && !seg6HasValid()) return drop(skb)
  skbResetNet(skb)
  if (!findTransport(skb)) return drop(skb)
  // without a lookup of the program's own the packet is where it was: at this segment
  if (ret == BPF_REDIRECT && !s.routed) return local
  if (ret == BPF_OK) seg6Lookup(ns, skb, 0, 0)
  if (s.error) return drop(skb)
  if (s.route.seg6local) return s.route
  if (!ns.forwarding) return drop(skb)
  forwardTo(ns, skb, AF_INET6, s.route, s.hasHop && !s.route.gatewayFamily ? STATE + offsetof<Seg6>('hop0') : 0)
  return done
}

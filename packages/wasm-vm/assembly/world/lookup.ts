// SPDX-License-Identifier: GPL-2.0-only
// Which socket a packet is for. Kernel counterpart: net/ipv4/inet_hashtables.c, udp.c, and programs of SK_LOOKUP.

import { AF_INET, AF_INET6, IPPROTO_TCP, SOCK_DGRAM, SOCK_STREAM } from '../gen/system.gen'
import { Netns } from './netns'
import { runCtx } from './hook'
import { reuseSelect } from './reuseport'
import { runItem } from './run-array'
import { Skb } from './skb'
import { Sock, sockDst, sockSrc, TCP_CLOSE, TCP_LISTEN } from './sock'
import { keyHash } from '../maps/jhash'

const NONE: usize = 0

/** struct bpf_sk_lookup, and behind it whether the chosen socket's group is to be left alone. */
@unmanaged export class LookupCtx {
  sk: u64
  family: u32
  protocol: u32
  remoteIp4: u32
  r0: u32
  r1: u32
  r2: u32
  r3: u32
  remotePort: u32
  localIp4: u32
  l0: u32
  l1: u32
  l2: u32
  l3: u32
  localPort: u32
  ingressIfindex: u32
  pad: u32
  // the kernel's own
  noReuseport: bool
}
const CTX: usize = memory.data(offsetof<LookupCtx>(), 8)

/** Takes part in lookups from now on. */
export function sockHash(sk: Sock): void {
  if (sk.hashed) return
  sk.hashed = true
  sk.next = sk.netns.socks
  sk.netns.socks = sk
}

export function sockUnhash(sk: Sock): void {
  if (!sk.hashed) return
  sk.hashed = false
  let at = changetype<usize>(sk.netns) + offsetof<Netns>('socks')
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(sk)) at = load<usize>(at) + offsetof<Sock>('next')
  if (load<usize>(at)) store<usize>(at, changetype<usize>(sk.next))
}

function anyAddr(p: usize, family: u32): bool {
  if (family == AF_INET) return !load<u32>(p)
  return !load<u64>(p) && !load<u64>(p, 8)
}
function same(a: usize, b: usize, family: u32): bool {
  if (family == AF_INET) return load<u32>(a) == load<u32>(b)
  return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8)
}

@inline function kindOk(sk: Sock, protocol: u32): bool {
  return sk.protocol == protocol && (sk.type == SOCK_STREAM || sk.type == SOCK_DGRAM)
}

/** A connected socket with exactly these ends, or 0. */
function exact(
  ns: Netns,
  protocol: u32,
  family: u32,
  saddr: usize,
  sport: u16,
  daddr: usize,
  dport: u32,
  dif: u32,
): Sock {
  for (let sk = ns.socks; changetype<usize>(sk); sk = sk.next) {
    if (!kindOk(sk, protocol) || sk.srcPort != dport || sk.dstPort != sport || sk.family != family) continue
    if (protocol == IPPROTO_TCP && (sk.state == TCP_LISTEN || sk.state == TCP_CLOSE)) continue
    if (sk.boundDevIf && sk.boundDevIf != dif) continue
    if (same(sockSrc(sk), daddr, family) && same(sockDst(sk), saddr, family)) return sk
  }
  return changetype<Sock>(NONE)
}

/** The best socket that waits at an address: bound to it, or to all of them. */
function waiting(ns: Netns, protocol: u32, family: u32, daddr: usize, dport: u32, dif: u32, wantAddr: bool): Sock {
  let best = changetype<Sock>(NONE)
  let bestScore = -1
  for (let sk = ns.socks; changetype<usize>(sk); sk = sk.next) {
    if (!kindOk(sk, protocol) || sk.srcPort != dport || sk.dstPort) continue
    if (protocol == IPPROTO_TCP && sk.state != TCP_LISTEN) continue
    let score: i32
    if (sk.family == family) {
      const any = anyAddr(sockSrc(sk), family)
      if (any == wantAddr) continue
      if (!any && !same(sockSrc(sk), daddr, family)) continue
      score = family == AF_INET ? 2 : 1
    } else {
      // an IPv6 socket takes IPv4 unless it said no
      if (family != AF_INET || sk.v6only || wantAddr || !anyAddr(sockSrc(sk), AF_INET6)) continue
      score = 1
    }
    if (sk.boundDevIf) {
      if (sk.boundDevIf != dif) continue
      score += 4
    }
    if (score >= bestScore) {
      // of equals the one that was bound first, which stands last in the list
      best = sk
      bestScore = score
    }
  }
  return best
}

function pick(sk: Sock, skb: Skb, hash: u32): Sock {
  if (!changetype<usize>(sk) || !changetype<usize>(sk.reuseGroup) || !changetype<usize>(skb)) return sk
  return reuseSelect(sk, skb, hash)
}

function portHash(saddr: usize, sport: u16, daddr: usize, dport: u32, family: u32): u32 {
  const n: u32 = family == AF_INET ? 4 : 16
  return keyHash(saddr, n, keyHash(daddr, n, ((<u32>sport) << 16) | dport))
}

/** The socket for a packet with these ends (ports in network byte order), or 0. */
export function sockLookup(
  ns: Netns,
  protocol: u32,
  family: u32,
  saddr: usize,
  sport: u16,
  daddr: usize,
  dportBe: u16,
  skb: Skb,
): Sock {
  const dport = <u32>bswap<u16>(dportBe)
  const dif: u32 = changetype<usize>(skb) ? skb.ifindex : 0
  const hash = portHash(saddr, sport, daddr, dport, family)
  let sk = exact(ns, protocol, family, saddr, sport, daddr, dport, dif)
  if (changetype<usize>(sk)) return sk
  if (changetype<usize>(ns.skLookup)) {
    const pass = runLookup(ns, protocol, family, saddr, sport, daddr, dport, dif)
    if (!pass) return changetype<Sock>(NONE)
    const c = changetype<LookupCtx>(CTX)
    if (c.sk) {
      const chosen = changetype<Sock>(<usize>c.sk)
      return c.noReuseport ? chosen : pick(chosen, skb, hash)
    }
  }
  sk = waiting(ns, protocol, family, daddr, dport, dif, true)
  if (!changetype<usize>(sk)) sk = waiting(ns, protocol, family, daddr, dport, dif, false)
  return pick(sk, skb, hash)
}

/** Runs the programs of SK_LOOKUP: whether one let it pass. The choice is left in the context. */
function runLookup(
  ns: Netns,
  protocol: u32,
  family: u32,
  saddr: usize,
  sport: u16,
  daddr: usize,
  dport: u32,
  dif: u32,
): bool {
  const c = changetype<LookupCtx>(CTX)
  memory.fill(CTX, 0, offsetof<LookupCtx>())
  c.family = family
  c.protocol = protocol
  if (family == AF_INET) {
    c.remoteIp4 = load<u32>(saddr)
    c.localIp4 = load<u32>(daddr)
  } else {
    memory.copy(CTX + offsetof<LookupCtx>('r0'), saddr, 16)
    memory.copy(CTX + offsetof<LookupCtx>('l0'), daddr, 16)
  }
  c.remotePort = <u32>sport
  c.localPort = dport
  c.ingressIfindex = dif
  return lookupRunArray(ns)
}

/** Runs all programs on the context as it stands (bpf_sk_lookup_run). */
function lookupRunArray(ns: Netns): bool {
  const c = changetype<LookupCtx>(CTX)
  let selected: u64 = 0
  let noReuse = false
  let allPass = true
  const array = ns.skLookup
  for (let i: u32 = 0; i < array.count; i++) {
    c.sk = selected
    c.noReuseport = noReuse
    const ret = <u32>runCtx(runItem(array, i).prog, CTX, 72, 0, 0)
    if (ret == 1 && c.sk) {
      selected = c.sk
      noReuse = c.noReuseport
    } else if (ret == 0) allPass = false
  }
  c.sk = selected
  c.noReuseport = noReuse
  return allPass || selected != 0
}

/** Whether a port is in use by another socket in a way that forbids this one to bind. */
export function portConflict(sk: Sock, addr: usize, port: u32): bool {
  for (let o = sk.netns.socks; changetype<usize>(o); o = o.next) {
    if (o == sk || o.srcPort != port || o.protocol != sk.protocol) continue
    if (o.boundDevIf && sk.boundDevIf && o.boundDevIf != sk.boundDevIf) continue
    if (!overlaps(sk, addr, o)) continue
    if (sk.reuseport && o.reuseport && sk.uid == o.uid) continue
    if (sk.reuseaddr && o.reuseaddr && o.state != TCP_LISTEN) continue
    return true
  }
  return false
}

function overlaps(sk: Sock, addr: usize, o: Sock): bool {
  const mineAny = anyAddr(addr, sk.family)
  const theirsAny = anyAddr(sockSrc(o), o.family)
  if (sk.family == o.family) return mineAny || theirsAny || same(addr, sockSrc(o), sk.family)
  const six = sk.family == AF_INET6 ? sk : o
  if (six.v6only) return false
  return sk.family == AF_INET6 ? mineAny : theirsAny
}

/** Another socket of the same group at the same address, or 0. */
export function reusePeer(sk: Sock): Sock {
  for (let o = sk.netns.socks; changetype<usize>(o); o = o.next) {
    if (o == sk || !o.reuseport || o.srcPort != sk.srcPort || o.protocol != sk.protocol || o.family != sk.family)
      continue
    if (!changetype<usize>(o.reuseGroup) || o.uid != sk.uid || o.boundDevIf != sk.boundDevIf) continue
    if (same(sockSrc(o), sockSrc(sk), sk.family)) return o
  }
  return changetype<Sock>(NONE)
}

// SPDX-License-Identifier: GPL-2.0-only
// A network namespace: its devices, addresses, routes, sockets, and the programs that are attached to it.

import { kfree, kzalloc } from '../mem/alloc'
import { deviceCreate, DEV_LOOPBACK, deviceSetUp, NetDevice } from './device'
import { RunArray } from './run-array'
import { cgroupGet, cgroupPut } from './cgroup'
import { Route, routesDrop, Rule } from './routes'
import { Sock, sockNew } from './sock'
import { takeCookie, takeInode, world } from './world'

@unmanaged export class Netns {
  next: Netns
  ino: u32
  cookie: u64
  devices: NetDevice
  nextIfindex: i32
  addrs: Addr
  routes: Route
  /** Rules of which table is asked, by priority, beside those that every namespace has (world/routes.ts). */
  rules: Rule
  neighs: Neigh
  /** How many of them count against MAX_LEARNED. */
  learned: u32
  /** Sockets that a packet can reach: bound or connected ones. */
  socks: Sock
  /** AF_PACKET sockets that listen. */
  taps: Sock
  nextPort: u32
  /** Programs of NETNS_BPF_FLOW_DISSECTOR and NETNS_BPF_SK_LOOKUP. */
  flowDissector: RunArray
  skLookup: RunArray
  /** First of the netfilter hooks, sorted by family, hook and priority (world/netfilter.ts). */
  nfHooks: usize
  forwarding: bool
  /** Socket in whose name the namespace itself answers (ICMP, resets); of the root cgroup. */
  control: Sock
  /** What ip route local tables and rules give beyond devices: unused bits are 0. */
  unprivPortStart: u32
}

@unmanaged export class Addr {
  next: Addr
  dev: NetDevice
  family: u32
  prefix: u32
  a0: u32
  a1: u32
  a2: u32
  a3: u32
}

@unmanaged export class Neigh {
  next: Neigh
  dev: NetDevice
  family: u32
  a0: u32
  a1: u32
  a2: u32
  a3: u32
  /** Six bytes. */
  mac0: u32
  mac4: u16
}

export function netnsCreate(): Netns {
  const ns = changetype<Netns>(kzalloc(offsetof<Netns>()))
  if (!changetype<usize>(ns)) return ns
  const w = world()
  ns.ino = takeInode()
  ns.cookie = takeCookie()
  ns.nextIfindex = 1
  ns.nextPort = 32768
  ns.unprivPortStart = 1024
  if (changetype<usize>(w.netns)) {
    let last = w.netns
    while (changetype<usize>(last.next)) last = last.next
    last.next = ns
  }
  const lo = deviceCreate(ns, DEV_LOOPBACK, 0)
  lo.mtu = 65536
  deviceSetUp(lo, true)
  addrAdd(lo, 2, 0x0100007f, 0, 0, 0, 8)
  addrAdd(lo, 10, 0, 0, 0, 0x01000000, 128)
  ns.control = sockNew(ns, 2, 3, 1)
  cgroupPut(ns.control.cgroup)
  ns.control.cgroup = w.cgroup
  cgroupGet(w.cgroup)
  return ns
}

export function netnsByCookie(cookie: u64): Netns {
  let ns = world().netns
  while (changetype<usize>(ns) && ns.cookie != cookie) ns = ns.next
  return ns
}

/** Gives a device an address; words as they stand in packets. IPv4 uses the first one. */
export function addrAdd(dev: NetDevice, family: u32, a0: u32, a1: u32, a2: u32, a3: u32, prefix: u32): Addr {
  const ns = dev.netns
  const a = changetype<Addr>(kzalloc(offsetof<Addr>()))
  if (!changetype<usize>(a)) return a
  a.dev = dev
  a.family = family
  a.prefix = prefix
  a.a0 = a0
  a.a1 = a1
  a.a2 = a2
  a.a3 = a3
  a.next = ns.addrs
  ns.addrs = a
  return a
}

/** Bit mask of a prefix for word `i`, in packet order. */
@inline export function maskWord(prefix: u32, i: u32): u32 {
  const bits = <i32>prefix - <i32>(i * 32)
  if (bits <= 0) return 0
  if (bits >= 32) return 0xffffffff
  return bswap<u32>(0xffffffff << (32 - bits))
}

export function prefixMatches(a: usize, b: usize, family: u32, prefix: u32): bool {
  const words: u32 = family == 2 ? 1 : 4
  for (let i: u32 = 0; i < words; i++) {
    const m = maskWord(prefix, i)
    if ((load<u32>(a + ((<usize>i) << 2)) ^ load<u32>(b + ((<usize>i) << 2))) & m) return false
  }
  return true
}

@inline export function addrWords(a: Addr): usize {
  return changetype<usize>(a) + offsetof<Addr>('a0')
}

/** The address entry that equals the words at `p`, or 0. 127.0.0.0/8 is all local. */
export function addrFind(ns: Netns, family: u32, p: usize): Addr {
  for (let a = ns.addrs; changetype<usize>(a); a = a.next) {
    if (a.family != family) continue
    if (prefixMatches(addrWords(a), p, family, family == 2 ? 32 : 128)) return a
    if (family == 2 && a.dev.kind == DEV_LOOPBACK && prefixMatches(addrWords(a), p, 2, a.prefix)) return a
  }
  return changetype<Addr>(0)
}

/** First address of a device in a family, or 0. */
export function addrOfDevice(dev: NetDevice, family: u32): Addr {
  let found = changetype<Addr>(0)
  for (let a = dev.netns.addrs; changetype<usize>(a); a = a.next) {
    if (a.dev == dev && a.family == family) found = a
  }
  return found
}

export function neighAdd(dev: NetDevice, family: u32, addr: usize, mac: usize): void {
  const n = changetype<Neigh>(kzalloc(offsetof<Neigh>()))
  if (!changetype<usize>(n)) return
  n.dev = dev
  n.family = family
  memory.copy(changetype<usize>(n) + offsetof<Neigh>('a0'), addr, family == 2 ? 4 : 16)
  memory.copy(changetype<usize>(n) + offsetof<Neigh>('mac0'), mac, 6)
  n.next = dev.netns.neighs
  dev.netns.neighs = n
}

/** Address (6 bytes) that the neighbour table of a device has for an IP address, or 0. */
export function neighKnown(dev: NetDevice, family: u32, addr: usize): usize {
  const len: u32 = family == 2 ? 32 : 128
  for (let n = dev.netns.neighs; changetype<usize>(n); n = n.next) {
    if (n.dev != dev || n.family != family) continue
    if (prefixMatches(changetype<usize>(n) + offsetof<Neigh>('a0'), addr, family, len)) {
      return changetype<usize>(n) + offsetof<Neigh>('mac0')
    }
  }
  return 0
}

const NO_MAC: usize = memory.data(8, 8)

/** gc_thresh3: more is not kept, so that a sender to many addresses does not make each packet look through all of them. */
const MAX_LEARNED: u32 = 1024

function neighLearn(dev: NetDevice, family: u32, addr: usize, mac: usize): void {
  if (dev.netns.learned >= MAX_LEARNED) return
  dev.netns.learned++
  neighAdd(dev, family, addr, mac)
}

/**
 * The same; where the table does not know, what an answered ARP or neighbour solicitation would say, which the table then
 * keeps, at both ends. 0: nobody answers.
 */
export function neighFind(dev: NetDevice, family: u32, addr: usize): usize {
  const known = neighKnown(dev, family, addr)
  if (known) return known
  const peer = dev.peer
  if (changetype<usize>(peer) && peer.up && changetype<usize>(addrFind(peer.netns, family, addr))) {
    const own = addrOfDevice(dev, family)
    if (!peer.noArp && changetype<usize>(own) && !neighKnown(peer, family, addrWords(own)))
      neighLearn(peer, family, addrWords(own), dev.mac)
    neighLearn(dev, family, addr, peer.mac)
    return peer.mac
  }
  if (dev.kind == DEV_LOOPBACK) {
    memory.fill(NO_MAC, 0, 8)
    return NO_MAC
  }
  // a device without a link layer that asks (dummy: NOARP) takes any address
  if (!dev.noArp) return 0
  neighLearn(dev, family, addr, dev.mac)
  return dev.mac
}

function dropWhere(head: usize, nextOff: usize, devOff: usize, dev: NetDevice): void {
  while (load<usize>(head)) {
    const p = load<usize>(head)
    if (load<usize>(p + devOff) == changetype<usize>(dev)) {
      store<usize>(head, load<usize>(p + nextOff))
      kfree(p)
    } else head = p + nextOff
  }
}

/** A device goes: with it its addresses, routes and neighbours. */
export function addrsDrop(ns: Netns, dev: NetDevice): void {
  const at = changetype<usize>(ns)
  dropWhere(at + offsetof<Netns>('addrs'), offsetof<Addr>('next'), offsetof<Addr>('dev'), dev)
  routesDrop(ns, dev)
  dropWhere(at + offsetof<Netns>('neighs'), offsetof<Neigh>('next'), offsetof<Neigh>('dev'), dev)
  ns.learned = 0
  for (let n = ns.neighs; changetype<usize>(n); n = n.next) ns.learned++
}

// SPDX-License-Identifier: GPL-2.0-only
// AF_PACKET. Kernel counterpart: net/packet/af_packet.c.

import { EALREADY, EINVAL, EMSGSIZE, ENETDOWN, ENODEV, ENOMEM, ENOPROTOOPT, ENXIO, EPERM } from '../gen/errno.gen'
import {
  PACKET_FANOUT,
  PACKET_FANOUT_CBPF,
  PACKET_FANOUT_DATA,
  PACKET_FANOUT_EBPF,
  SOCK_DGRAM,
} from '../gen/system.gen'
import { BPF_PROG_TYPE_SOCKET_FILTER } from '../gen/uapi-enums.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { FD_PROG, fdGet, isErr } from '../syscall/fd'
import { DEV_LOOPBACK, deviceIn, NetDevice } from './device'
import { runSkb, runSkbSaveCb } from './hook'
import { Netns } from './netns'
import {
  ETH_HLEN,
  PACKET_LOOPBACK,
  PACKET_OUTGOING,
  queuePut,
  Skb,
  skbClone,
  skbFree,
  skbOf,
  SKB_HEADROOM,
  skbMac,
  skbNet,
  skbPull,
  skbPush,
  skbResetMac,
  skbResetNet,
  skbResetTransport,
  skbSetOwner,
  skbTrim,
} from './skb'
import { Sock, sockQueue } from './sock'
import { classicFromFprog } from './sock-filter'
import { fillSkbSock } from './sock-context'
import { devQueueXmit } from './transmit'
import { flowHash } from './flow'
import { kernel } from '../mem/root'

const SOCKADDR_LL: u32 = 20
const ALL: u32 = 0x0300
const PACKET_IGNORE_OUTGOING: i32 = 23
const PACKET_STATISTICS: i32 = 6
const PACKET_AUXDATA: i32 = 8
const PACKET_ADD_MEMBERSHIP: i32 = 1
const PACKET_DROP_MEMBERSHIP: i32 = 2
const PACKET_VERSION: i32 = 10
const PACKET_QDISC_BYPASS: i32 = 20

const FANOUT_HASH: u32 = 0
const FANOUT_LB: u32 = 1
const FANOUT_CPU: u32 = 2
const FANOUT_ROLLOVER: u32 = 3
const FANOUT_RND: u32 = 4
const FANOUT_QM: u32 = 5

@unmanaged class Fanout {
  refs: u32
  id: u32
  type: u32
  flags: u32
  netns: Netns
  count: u32
  turn: u32
  prog: Prog
  socks: usize
}
const FANOUT_MAX: u32 = 256

/** A new socket listens at once if it names a protocol. */
export function packetOpen(sk: Sock, protocol: u32): void {
  sk.packetProto = protocol & 0xffff
  if (sk.packetProto) hook(sk)
}

function hook(sk: Sock): void {
  if (sk.packetRunning) return
  sk.packetRunning = true
  let at = changetype<usize>(sk.netns) + offsetof<Netns>('taps')
  while (load<usize>(at)) at = load<usize>(at) + offsetof<Sock>('next')
  sk.next = changetype<Sock>(0)
  store<usize>(at, changetype<usize>(sk))
}

function unhook(sk: Sock): void {
  if (!sk.packetRunning) return
  sk.packetRunning = false
  let at = changetype<usize>(sk.netns) + offsetof<Netns>('taps')
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(sk)) at = load<usize>(at) + offsetof<Sock>('next')
  if (load<usize>(at)) store<usize>(at, changetype<usize>(sk.next))
}

export function packetRelease(sk: Sock): void {
  unhook(sk)
  fanoutLeave(sk)
}

/** bind to a struct sockaddr_ll. */
export function packetBind(sk: Sock, addr: usize, len: u32): i32 {
  if (len < SOCKADDR_LL || load<u16>(addr) != 17) return -EINVAL
  if (sk.fanout) return -EINVAL
  const proto = <u32>load<u16>(addr, 2)
  const ifindex = load<u32>(addr, 4)
  if (ifindex) {
    const dev = deviceIn(sk.netns, <i32>ifindex)
    if (!changetype<usize>(dev)) return -ENODEV
  }
  unhook(sk)
  sk.packetIfindex = ifindex
  if (proto) sk.packetProto = proto
  if (sk.packetProto) hook(sk)
  const dev = ifindex ? deviceIn(sk.netns, <i32>ifindex) : changetype<NetDevice>(0)
  if (changetype<usize>(dev) && !dev.up) sk.err = ENETDOWN
  return 0
}

/** Shows a packet to those who listen: with `out` its data is at the link header, else behind it. */
export function packetTaps(skb: Skb, out: bool): void {
  const ns = skb.dev.netns
  for (let sk = ns.taps; changetype<usize>(sk); sk = sk.next) {
    if (sk.packetIfindex && sk.packetIfindex != <u32>skb.dev.ifindex) continue
    if (out) {
      // only those who want everything see what goes out, and not what they sent themselves
      if (sk.packetProto != ALL || sk.ignoreOutgoing || skb.owner == changetype<usize>(sk)) continue
    } else if (sk.packetProto != ALL && sk.packetProto != skb.protocol) continue
    if (sk.fanout) {
      const f = changetype<Fanout>(sk.fanout)
      if (skb.owner && out && sameFanout(skb.owner, f)) continue
      // the first member stands for the group
      if (load<usize>(f.socks) != changetype<usize>(sk)) continue
      const to = fanoutSelect(f, skb)
      if (changetype<usize>(to)) receive(to, skb, out)
      continue
    }
    receive(sk, skb, out)
  }
}

function sameFanout(owner: usize, f: Fanout): bool {
  const sk = changetype<Sock>(owner)
  return sk.family == 17 && sk.fanout == changetype<usize>(f)
}

/** packet_rcv. */
function receive(sk: Sock, original: Skb, out: bool): void {
  if (original.pktType == PACKET_LOOPBACK) return
  const skb = skbClone(original)
  if (!changetype<usize>(skb)) return
  if (out) {
    skb.transport = skb.net
    skb.pktType = PACKET_OUTGOING
  }
  if (sk.type != SOCK_DGRAM) {
    skbPush(skb, <i32>(<usize>skb.data - skbMac(skb)))
  } else if (skb.pktType == PACKET_OUTGOING) {
    skbPull(skb, <u32>(skbNet(skb) - <usize>skb.data))
  }
  let keep = skb.len
  if (changetype<usize>(sk.filter)) {
    if (original.owner) {
      skb.sk = <u64>original.owner
      fillSkbSock(skb, changetype<Sock>(original.owner))
    }
    const ret = runSkbSaveCb(sk.filter, skb)
    skb.sk = 0
    if (!ret) {
      skbFree(skb)
      return
    }
    keep = min(keep, ret)
  }
  if (sockQueue(sk).bytes + skb.len > sk.rcvbuf) {
    sk.drops++
    skbFree(skb)
    return
  }
  skbTrim(skb, keep)
  fillAddress(skb)
  queuePut(sockQueue(sk), skb)
}

/** The struct sockaddr_ll that recvfrom gives. */
function fillAddress(skb: Skb): void {
  const a = kzalloc(SOCKADDR_LL)
  if (!a) return
  store<u16>(a, 17)
  store<u16>(a, <u16>skb.protocol, 2)
  store<u32>(a, skb.ifindex, 4)
  store<u16>(a, <u16>(skb.dev.kind == DEV_LOOPBACK ? 772 : 1), 8)
  store<u8>(a, <u8>skb.pktType, 10)
  store<u8>(a, 6, 11)
  memory.copy(a + 12, skbMac(skb) + 6, 6)
  skb.from = a
  skb.fromLen = SOCKADDR_LL
}

/** send and sendto: a frame (SOCK_RAW) or a payload with an address (SOCK_DGRAM). */
export function packetSend(sk: Sock, data: usize, len: u32, addr: usize, addrLen: u32): i32 {
  let ifindex = sk.packetIfindex
  let proto = sk.packetProto
  if (addr) {
    if (addrLen < 12 || addrLen < 12 + <u32>load<u8>(addr, 11)) return -EINVAL
    proto = <u32>load<u16>(addr, 2)
    ifindex = load<u32>(addr, 4)
  }
  const dev = deviceIn(sk.netns, <i32>ifindex)
  if (!ifindex || !changetype<usize>(dev)) return -ENXIO
  if (!dev.up) return -ENETDOWN
  const raw = sk.type != SOCK_DGRAM
  const limit = dev.mtu + (raw ? ETH_HLEN : 0)
  if (raw && len < ETH_HLEN) return -EINVAL
  if (len > limit + (isTagged(data, len, raw) ? 4 : 0)) return -EMSGSIZE
  const skb = skbOf(data, len, SKB_HEADROOM, 0)
  if (!changetype<usize>(skb)) return -ENOMEM
  skb.dev = dev
  skb.protocol = proto
  if (!raw) {
    skbPush(skb, <i32>ETH_HLEN)
    const eth = <usize>skb.data
    if (addr) memory.copy(eth, addr + 12, 6)
    memory.copy(eth + 6, dev.mac, 6)
    store<u16>(eth, <u16>proto, 12)
  }
  skbResetMac(skb)
  if (!proto || proto == ALL) skb.protocol = <u32>load<u16>(skb.data, 12)
  skb.priority = sk.priority
  skb.mark = sk.mark
  skbSetOwner(skb, changetype<usize>(sk))
  skbPull(skb, ETH_HLEN)
  skbResetNet(skb)
  skbResetTransport(skb)
  skbPush(skb, <i32>ETH_HLEN)
  const err = devQueueXmit(skb, dev)
  return err ? err : <i32>len
}

function isTagged(data: usize, len: u32, raw: bool): bool {
  return raw && len >= ETH_HLEN && load<u16>(data, 12) == 0x0081
}

// fanout

function fanoutSelect(f: Fanout, skb: Skb): Sock {
  const n = f.count
  if (!n) return changetype<Sock>(0)
  let i: u32 = 0
  switch (f.type) {
    case FANOUT_HASH:
      i = <u32>((<u64>flowHash(skb) * <u64>n) >> 32)
      break
    case FANOUT_LB:
      i = f.turn++ % n
      break
    case FANOUT_CPU:
      i = kernel().currentCpu % n
      break
    case FANOUT_RND:
      i = flowHash(skb) % n
      break
    case FANOUT_QM:
      i = skb.queueMapping % n
      break
    case FANOUT_ROLLOVER:
      while (i + 1 < n && full(f, i, skb)) i++
      break
    case PACKET_FANOUT_CBPF:
    case PACKET_FANOUT_EBPF:
      if (changetype<usize>(f.prog)) i = runSkb(f.prog, skb) % n
      break
  }
  return changetype<Sock>(load<usize>(f.socks + ((<usize>i) << 2)))
}

function full(f: Fanout, i: u32, skb: Skb): bool {
  const sk = changetype<Sock>(load<usize>(f.socks + ((<usize>i) << 2)))
  return sockQueue(sk).bytes + skb.len > sk.rcvbuf
}

function fanoutFind(ns: Netns, id: u32): Fanout {
  for (let sk = ns.taps; changetype<usize>(sk); sk = sk.next) {
    if (sk.fanout && changetype<Fanout>(sk.fanout).id == id) return changetype<Fanout>(sk.fanout)
  }
  return changetype<Fanout>(0)
}

function fanoutJoin(sk: Sock, arg: u32): i32 {
  const id = arg & 0xffff
  const type = (arg >> 16) & 0xff
  const flags = arg >> 24
  if (type > <u32>PACKET_FANOUT_EBPF) return -EINVAL
  if (sk.fanout) return -EALREADY
  if (!sk.packetRunning) return -EINVAL
  let f = fanoutFind(sk.netns, id)
  if (changetype<usize>(f)) {
    if (f.type != type || f.flags != flags) return -EINVAL
    const first = changetype<Sock>(load<usize>(f.socks))
    if (f.count && (first.packetProto != sk.packetProto || first.packetIfindex != sk.packetIfindex)) return -EINVAL
    if (f.count >= FANOUT_MAX) return -28
  } else {
    f = changetype<Fanout>(kzalloc(offsetof<Fanout>()))
    if (!changetype<usize>(f)) return -ENOMEM
    f.socks = kzalloc(<usize>FANOUT_MAX * 4)
    if (!f.socks) {
      kfree(changetype<usize>(f))
      return -ENOMEM
    }
    f.id = id
    f.type = type
    f.flags = flags
    f.netns = sk.netns
  }
  store<usize>(f.socks + ((<usize>f.count) << 2), changetype<usize>(sk))
  f.count++
  f.refs++
  sk.fanout = changetype<usize>(f)
  return 0
}

function fanoutLeave(sk: Sock): void {
  if (!sk.fanout) return
  const f = changetype<Fanout>(sk.fanout)
  sk.fanout = 0
  for (let i: u32 = 0; i < f.count; i++) {
    if (load<usize>(f.socks + ((<usize>i) << 2)) != changetype<usize>(sk)) continue
    f.count--
    store<usize>(f.socks + ((<usize>i) << 2), load<usize>(f.socks + ((<usize>f.count) << 2)))
    break
  }
  if (--f.refs) return
  if (changetype<usize>(f.prog)) progPut(f.prog)
  kfree(f.socks)
  kfree(changetype<usize>(f))
}

function fanoutData(sk: Sock, value: usize, len: u32): i32 {
  if (!sk.fanout) return -EINVAL
  const f = changetype<Fanout>(sk.fanout)
  let prog: usize
  if (f.type == PACKET_FANOUT_EBPF) {
    if (sk.filterLocked) return -EPERM
    if (len != 4) return -EINVAL
    prog = fdGet(load<i32>(value), FD_PROG)
    if (isErr(prog)) return <i32>prog
    if (changetype<Prog>(prog).type != BPF_PROG_TYPE_SOCKET_FILTER) return -EINVAL
    progGet(changetype<Prog>(prog))
  } else if (f.type == PACKET_FANOUT_CBPF) {
    if (sk.filterLocked) return -EPERM
    if (len != 16) return -EINVAL
    prog = classicFromFprog(value)
    if (isErr(prog)) return <i32>prog
  } else return -EINVAL
  if (changetype<usize>(f.prog)) progPut(f.prog)
  f.prog = changetype<Prog>(prog)
  return 0
}

/** SOL_PACKET. */
export function packetSetsockopt(sk: Sock, name: i32, value: usize, len: u32): i32 {
  switch (name) {
    case PACKET_FANOUT:
      return len != 4 && len != 8 ? -EINVAL : fanoutJoin(sk, load<u32>(value))
    case PACKET_FANOUT_DATA:
      return sk.fanout ? fanoutData(sk, value, len) : -EINVAL
    case PACKET_IGNORE_OUTGOING: {
      if (len != 4) return -EINVAL
      const v = load<i32>(value)
      if (v < 0 || v > 1) return -EINVAL
      sk.ignoreOutgoing = v != 0
      return 0
    }
    case PACKET_ADD_MEMBERSHIP:
    case PACKET_DROP_MEMBERSHIP:
      // every device takes what reaches it
      return len < 16 ? -EINVAL : changetype<usize>(deviceIn(sk.netns, load<i32>(value))) ? 0 : -ENODEV
    case PACKET_AUXDATA:
    case PACKET_VERSION:
    case PACKET_QDISC_BYPASS:
      return len < 4 ? -EINVAL : 0
    default:
      return -ENOPROTOOPT
  }
}

/** Bytes written, or an errno. */
export function packetGetsockopt(sk: Sock, name: i32, value: usize, len: u32): i32 {
  switch (name) {
    case PACKET_STATISTICS:
      if (len < 8) return -EINVAL
      store<u32>(value, sockQueue(sk).count + sk.drops)
      store<u32>(value, sk.drops, 4)
      sk.drops = 0
      return 8
    case PACKET_IGNORE_OUTGOING:
      if (len < 4) return -EINVAL
      store<u32>(value, u32(sk.ignoreOutgoing))
      return 4
    case PACKET_FANOUT: {
      if (len < 4) return -EINVAL
      const f = changetype<Fanout>(sk.fanout)
      store<u32>(value, sk.fanout ? f.id | (f.type << 16) | (f.flags << 24) : 0)
      return 4
    }
    default:
      return -ENOPROTOOPT
  }
}

/** getsockname. */
export function packetName(sk: Sock, to: usize): u32 {
  memory.fill(to, 0, SOCKADDR_LL)
  store<u16>(to, 17)
  store<u16>(to, <u16>sk.packetProto, 2)
  store<u32>(to, sk.packetIfindex, 4)
  const dev = deviceIn(sk.netns, <i32>sk.packetIfindex)
  if (changetype<usize>(dev)) {
    store<u16>(to, <u16>(dev.kind == DEV_LOOPBACK ? 772 : 1), 8)
    store<u8>(to, 6, 11)
    memory.copy(to + 12, dev.mac, 6)
    return 18
  }
  return 12
}

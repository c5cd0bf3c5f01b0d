// SPDX-License-Identifier: GPL-2.0-only
// UDP. Kernel counterpart: net/ipv4/udp.c.

import { EAGAIN, EDESTADDRREQ, EINVAL, EMSGSIZE, ENOMEM, EPIPE } from '../gen/errno.gen'
import { AF_INET, IPPROTO_UDP } from '../gen/system.gen'
import { BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP6_SENDMSG } from '../gen/uapi-enums.gen'
import { kzalloc } from '../mem/alloc'
import { csumFold, csumPartial, csumPseudo } from './checksum'
import { icmpUnreachable } from './icmp'
import { ipOutput, routeError, routeSource } from './ip'
import { sockLookup } from './lookup'
import { Netns } from './netns'
import { queuePut, Skb, skbAlloc, skbFree, SKB_HEADROOM, skbNet, skbPull, skbPut, skbSetOwner, skbTrim } from './skb'
import { addrPort, makeAddr, runSockAddr, SENDMSG_SRC, sockaddrOk } from './sock-addr'
import { autobind } from './bind'
import { SEND_SHUTDOWN, Sock, sockDst, sockQueue, sockSrc, TCP_ESTABLISHED } from './sock'
import { sockFilter } from './sock-filter'
import { sockmapIngress } from './sockmap-flow'
import { flowHash } from './flow'

const UDP_HLEN: u32 = 8
const MAX_PAYLOAD: u32 = 65507

/** Addresses of the datagram under way: source and destination, 16 bytes each. */
const SRC: usize = memory.data(16, 8)
const DST: usize = memory.data(16, 8)
const NAME: usize = memory.data(128, 8)

export function udpSend(sk: Sock, data: usize, len: u32, addr: usize, addrLen: u32): i32 {
  if (len > 0xffff) return -EMSGSIZE
  if (sk.shutdown & SEND_SHUTDOWN) return -EPIPE
  let dport: u16
  const connected = !addr
  if (addr) {
    const bad = sockaddrOk(sk, addr, addrLen)
    if (bad) return bad
    memory.copy(NAME, addr, min<u32>(addrLen, 128))
    dport = addrPort(NAME)
    if (!dport) return -EINVAL
  } else {
    if (sk.state != TCP_ESTABLISHED) return -EDESTADDRREQ
    makeAddr(NAME, sk.family, sockDst(sk), sk.dstPort)
    dport = sk.dstPort
  }
  const size: usize = sk.family == AF_INET ? 4 : 16
  memory.copy(SRC, sockSrc(sk), size)
  if (!sk.srcPort && autobind(sk)) return -EAGAIN
  if (!connected) {
    memory.copy(SENDMSG_SRC, SRC, 16)
    const type = sk.family == AF_INET ? BPF_CGROUP_UDP4_SENDMSG : BPF_CGROUP_UDP6_SENDMSG
    const err = runSockAddr(sk, type, NAME)
    if (err) return err
    memory.copy(SRC, SENDMSG_SRC, size)
    dport = addrPort(NAME)
    if (!dport) return -EINVAL
  }
  memory.copy(DST, NAME + (sk.family == AF_INET ? 4 : 8), size)
  // the unspecified address means this machine
  if (isAny(DST, <u32>size)) loopbackAddr(DST, sk.family)
  if (isAny(SRC, <u32>size) && !routeSource(sk.netns, sk.family, DST, sk.boundDevIf, SRC)) return routeError()
  if (len > MAX_PAYLOAD) return -EMSGSIZE
  return emit(sk, data, len, dport)
}

export function isAny(p: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i += 4) if (load<u32>(p + i)) return false
  return true
}
export function loopbackAddr(p: usize, family: u32): void {
  if (family == AF_INET) store<u32>(p, 0x0100007f)
  else {
    memory.fill(p, 0, 16)
    store<u8>(p, 1, 15)
  }
}

function emit(sk: Sock, data: usize, len: u32, dport: u16): i32 {
  const skb = skbAlloc(SKB_HEADROOM, len + UDP_HLEN)
  if (!changetype<usize>(skb)) return -ENOMEM
  const h = skbPut(skb, UDP_HLEN + len)
  memory.copy(h + UDP_HLEN, data, len)
  store<u16>(h, bswap<u16>(<u16>sk.srcPort))
  store<u16>(h, dport, 2)
  store<u16>(h, bswap<u16>(<u16>(UDP_HLEN + len)), 4)
  store<u16>(h, 0, 6)
  const pseudo = csumPseudo(sk.family, SRC, DST, IPPROTO_UDP, UDP_HLEN + len)
  const sum = csumFold(csumPartial(h, UDP_HLEN + len, pseudo))
  store<u16>(h, sum ? sum : 0xffff, 6)
  skb.priority = sk.priority
  skb.mark = sk.mark
  skbSetOwner(skb, changetype<usize>(sk))
  const err = ipOutput(sk.netns, changetype<usize>(sk), skb, sk.family, SRC, DST, IPPROTO_UDP, sk.boundDevIf)
  if (err < 0) return err
  // an ICMP error that came back meanwhile
  if (sk.err && sk.state == TCP_ESTABLISHED && sk.recvErr) {
    const e = sk.err
    sk.err = 0
    return -e
  }
  return <i32>len
}

/** A datagram arrives; data is at the UDP header. */
export function udpRcv(ns: Netns, skb: Skb, family: u32): void {
  const h = <usize>skb.data
  if (skb.len < UDP_HLEN) {
    skbFree(skb)
    return
  }
  const ulen = <u32>bswap<u16>(load<u16>(h, 4))
  if (ulen < UDP_HLEN || ulen > skb.len) {
    skbFree(skb)
    return
  }
  skbTrim(skb, ulen)
  const net = skbNet(skb)
  const saddr = net + (family == AF_INET ? 12 : 8)
  const daddr = net + (family == AF_INET ? 16 : 24)
  if (load<u16>(h, 6)) {
    const pseudo = csumPseudo(family, saddr, daddr, IPPROTO_UDP, ulen)
    if (csumFold(csumPartial(h, ulen, pseudo))) {
      skbFree(skb)
      return
    }
  }
  const sk = skb.chosen
    ? changetype<Sock>(skb.chosen)
    : sockLookup(ns, IPPROTO_UDP, family, saddr, load<u16>(h), daddr, load<u16>(h, 2), skb)
  skb.chosen = 0
  if (!changetype<usize>(sk)) {
    icmpUnreachable(ns, skb, family)
    skbFree(skb)
    return
  }
  udpDeliver(sk, skb, family)
}

function udpDeliver(sk: Sock, skb: Skb, family: u32): void {
  flowHash(skb)
  if (sockFilter(sk, skb, UDP_HLEN)) {
    sk.drops++
    skbFree(skb)
    return
  }
  const net = skbNet(skb)
  const from = makeFrom(family, net + (family == AF_INET ? 12 : 8), load<u16>(skb.data))
  skb.from = from
  skb.fromLen = family == AF_INET ? 16 : 28
  skbPull(skb, UDP_HLEN)
  if (sockmapIngress(sk, skb)) return
  udpQueue(sk, skb)
}

/** Puts a datagram without its headers into a socket. */
export function udpQueue(sk: Sock, skb: Skb): void {
  if (sockQueue(sk).bytes + skb.len > sk.rcvbuf) {
    sk.drops++
    skbFree(skb)
    return
  }
  queuePut(sockQueue(sk), skb)
}

function makeFrom(family: u32, saddr: usize, sport: u16): usize {
  const a = kzalloc(28)
  if (a) makeAddr(a, family, saddr, sport)
  return a
}

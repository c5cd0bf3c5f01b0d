// SPDX-License-Identifier: GPL-2.0-only
// SOCK_RAW of IPv4 and IPv6. Kernel counterpart: net/ipv4/raw.c.

import { EDESTADDRREQ, EINVAL, EMSGSIZE, ENOMEM } from '../gen/errno.gen'
import { AF_INET, SOCK_RAW } from '../gen/system.gen'
import { kzalloc } from '../mem/alloc'
import { ipOutput, routeError, routeSource } from './ip'
import { Netns } from './netns'
import { addrWords, makeAddr, sockaddrOk } from './sock-addr'
import {
  queuePut,
  Skb,
  skbClone,
  skbFree,
  SKB_HEADROOM,
  skbNet,
  skbOf,
  skbPush,
  skbResetTransport,
  skbSetOwner,
} from './skb'
import { Sock, sockDst, sockQueue, sockSrc, TCP_ESTABLISHED } from './sock'
import { sockFilter } from './sock-filter'
import { isAny } from './udp'

const SRC: usize = memory.data(16, 8)
const DST: usize = memory.data(16, 8)

/** Gives raw sockets of the protocol a copy; data is at the transport header. */
export function rawDeliver(ns: Netns, skb: Skb, family: u32, protocol: u32): void {
  for (let sk = ns.socks; changetype<usize>(sk); sk = sk.next) {
    if (sk.type != SOCK_RAW || sk.family != family || sk.protocol != protocol) continue
    const net = skbNet(skb)
    const saddr = net + (family == AF_INET ? 12 : 8)
    const daddr = net + (family == AF_INET ? 16 : 24)
    const n: usize = family == AF_INET ? 4 : 16
    if (!isAny(sockSrc(sk), <u32>n) && memory.compare(sockSrc(sk), daddr, n)) continue
    if (!isAny(sockDst(sk), <u32>n) && memory.compare(sockDst(sk), saddr, n)) continue
    if (sk.boundDevIf && sk.boundDevIf != skb.ifindex) continue
    give(sk, skb, family, saddr)
  }
}

function give(sk: Sock, original: Skb, family: u32, saddr: usize): void {
  const skb = skbClone(original)
  if (!changetype<usize>(skb)) return
  skb.dev = original.dev
  // IPv4 shows its header
  if (family == AF_INET) skbPush(skb, <i32>(<usize>skb.data - skbNet(skb)))
  if (sockFilter(sk, skb, 1) || sockQueue(sk).bytes + skb.len > sk.rcvbuf) {
    skbFree(skb)
    return
  }
  skb.from = kzalloc(28)
  if (skb.from) skb.fromLen = makeAddr(skb.from, family, saddr, 0)
  queuePut(sockQueue(sk), skb)
}

export function rawSend(sk: Sock, data: usize, len: u32, addr: usize, addrLen: u32): i32 {
  if (len > 0xffff) return -EMSGSIZE
  const n: usize = sk.family == AF_INET ? 4 : 16
  if (addr) {
    const bad = sockaddrOk(sk, addr, addrLen)
    if (bad) return bad
    memory.copy(DST, addrWords(addr), n)
  } else {
    if (sk.state != TCP_ESTABLISHED) return -EDESTADDRREQ
    memory.copy(DST, sockDst(sk), n)
  }
  memory.copy(SRC, sockSrc(sk), n)
  if (isAny(SRC, <u32>n) && !routeSource(sk.netns, sk.family, DST, sk.boundDevIf, SRC)) return routeError()
  if (sk.protocol == 255) return -EINVAL
  const skb = skbOf(data, len, SKB_HEADROOM, 0)
  if (!changetype<usize>(skb)) return -ENOMEM
  skbResetTransport(skb)
  skb.priority = sk.priority
  skb.mark = sk.mark
  skbSetOwner(skb, changetype<usize>(sk))
  const err = ipOutput(sk.netns, changetype<usize>(sk), skb, sk.family, SRC, DST, sk.protocol, sk.boundDevIf)
  return err < 0 ? err : <i32>len
}

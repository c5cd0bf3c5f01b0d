// SPDX-License-Identifier: GPL-2.0-only
// ICMP as far as sockets notice it: echoes are answered, unreachable ports reported to connected sockets.

import { ECONNREFUSED } from '../gen/errno.gen'
import { AF_INET, IPPROTO_ICMP, IPPROTO_UDP } from '../gen/system.gen'
import { csumFold, csumPartial, csumPseudo } from './checksum'
import { ipOutput } from './ip'
import { findPair } from './lookup-pair'
import { Netns } from './netns'
import { Skb, skbAlloc, skbFree, SKB_HEADROOM, skbNet, skbPut, skbSetOwner } from './skb'

const IPPROTO_ICMPV6: u32 = 58
const ECHO_REPLY: u8 = 0
const DEST_UNREACH: u8 = 3
const PORT_UNREACH: u8 = 3
const ECHO: u8 = 8
const ECHO6: u8 = 128
const REPLY6: u8 = 129
const UNREACH6: u8 = 1
const PORT6: u8 = 4

const FROM: usize = memory.data(16, 8)
const TO: usize = memory.data(16, 8)

/** Sends an ICMP message in answer to a packet, to its sender. */
function answer(ns: Netns, skb: Skb, family: u32, type: u8, code: u8, body: usize, len: u32): void {
  const net = skbNet(skb)
  const n: usize = family == AF_INET ? 4 : 16
  memory.copy(FROM, net + (family == AF_INET ? 16 : 24), n)
  memory.copy(TO, net + (family == AF_INET ? 12 : 8), n)
  const reply = skbAlloc(SKB_HEADROOM, len + 4)
  if (!changetype<usize>(reply)) return
  const h = skbPut(reply, len + 4)
  store<u8>(h, type)
  store<u8>(h, code, 1)
  store<u16>(h, 0, 2)
  memory.copy(h + 4, body, len)
  const protocol: u32 = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6
  const pseudo = family == AF_INET ? 0 : csumPseudo(family, FROM, TO, IPPROTO_ICMPV6, len + 4)
  store<u16>(h, csumFold(csumPartial(h, len + 4, pseudo)), 2)
  skbSetOwner(reply, changetype<usize>(ns.control))
  ipOutput(ns, changetype<usize>(ns.control), reply, family, FROM, TO, protocol, 0)
}

/** Nobody listens at the port of a datagram; data is at its UDP header. */
export function icmpUnreachable(ns: Netns, skb: Skb, family: u32): void {
  const net = skbNet(skb)
  const all = skb.dataEnd - <u32>net
  const len = min<u32>(all, family == AF_INET ? 548 : 1232)
  const body = skbAlloc(0, len + 4)
  if (!changetype<usize>(body)) return
  memory.copy(<usize>body.data + 4, net, len)
  answer(
    ns,
    skb,
    family,
    family == AF_INET ? DEST_UNREACH : UNREACH6,
    family == AF_INET ? PORT_UNREACH : PORT6,
    body.data,
    len + 4,
  )
  skbFree(body)
}

/** Data is at the ICMP header. */
export function icmpRcv(ns: Netns, skb: Skb, family: u32): void {
  const h = <usize>skb.data
  if (skb.len >= 8) {
    const type = load<u8>(h)
    if (family == AF_INET ? type == ECHO : type == ECHO6) {
      answer(ns, skb, family, family == AF_INET ? ECHO_REPLY : REPLY6, 0, h + 4, skb.len - 4)
    } else if (family == AF_INET ? type == DEST_UNREACH : type == UNREACH6) unreachable_(ns, skb, family, h)
  }
  skbFree(skb)
}

/** The packet that could not be delivered is in the message: its socket learns of it. */
function unreachable_(ns: Netns, skb: Skb, family: u32, h: usize): void {
  const inner = h + 8
  const hlen: usize = family == AF_INET ? 20 : 40
  if (inner + hlen + 8 > <usize>skb.dataEnd) return
  const protocol = <u32>load<u8>(inner + (family == AF_INET ? 9 : 6))
  if (protocol != IPPROTO_UDP) return
  const udp = inner + hlen
  const sk = findPair(
    ns,
    protocol,
    family,
    inner + (family == AF_INET ? 12 : 8),
    load<u16>(udp),
    inner + (family == AF_INET ? 16 : 24),
    load<u16>(udp, 2),
  )
  if (changetype<usize>(sk)) sk.err = ECONNREFUSED
}

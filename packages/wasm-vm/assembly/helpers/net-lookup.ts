// SPDX-License-Identifier: GPL-2.0-only
// Looking for sockets, and SYN cookies. Kernel counterpart: net/core/filter.c, net/ipv4/syncookies.c.

import { EACCES, EINVAL, ENOENT, EPROTONOSUPPORT } from '../gen/errno.gen'
import { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_PROG_TYPE_XDP } from '../gen/uapi-enums.gen'
import { keyHash } from '../maps/jhash'
import { sockLookup } from '../world/lookup'
import { Netns } from '../world/netns'
import { Skb } from '../world/skb'
import { Sock, sockGet, sockPut, TCP_LISTEN } from '../world/sock'
import { XdpBuff } from '../world/xdp-buff'
import { errno, progType } from './given'
import { contextSock, sockOf } from './net-sock'

const AF_INET: u32 = 2
const AF_INET6: u32 = 10
const IPPROTO_TCP: u32 = 6
const IPPROTO_UDP: u32 = 17
const TUPLE4: u32 = 12
const TUPLE6: u32 = 36
const S32_MAX: u64 = 0x7fffffff

function contextNetns(ctx: u64): Netns {
  if (progType() == BPF_PROG_TYPE_XDP) return changetype<XdpBuff>(<usize>ctx).dev.netns
  if (progType() == BPF_PROG_TYPE_CGROUP_SOCK_ADDR) return contextSock(ctx).netns
  const skb = changetype<Skb>(<usize>ctx)
  if (changetype<usize>(skb.dev)) return skb.dev.netns
  return contextSock(ctx).netns
}

/** `tuple`: addresses and ports as the packet has them. A reference comes with the socket. */
function find(ctx: u64, tuple: u64, len: u64, netns: u64, flags: u64, protocol: u32): u64 {
  const n = <u32>len
  if (n != TUPLE4 && n != TUPLE6) return 0
  if (flags || !(<i32>netns < 0 || netns <= S32_MAX)) return 0
  // namespaces that the caller numbered: there are none
  if (<i32>netns >= 0) return 0
  const t = <usize>tuple
  const v4 = n == TUPLE4
  const addr: usize = v4 ? 4 : 16
  const sport = load<u16>(t + 2 * addr)
  const dport = load<u16>(t + 2 * addr, 2)
  const family = v4 ? AF_INET : AF_INET6
  const sk = sockLookup(contextNetns(ctx), protocol, family, t, sport, t + addr, dport, changetype<Skb>(0))
  if (!changetype<usize>(sk)) return 0
  sockGet(sk)
  return <u64>changetype<usize>(sk)
}

export function skLookupTcp(ctx: u64, tuple: u64, len: u64, netns: u64, flags: u64): u64 {
  return find(ctx, tuple, len, netns, flags, IPPROTO_TCP)
}
export function skLookupUdp(ctx: u64, tuple: u64, len: u64, netns: u64, flags: u64): u64 {
  return find(ctx, tuple, len, netns, flags, IPPROTO_UDP)
}
export function skRelease(p: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = sockOf(p)
  if (changetype<usize>(sk)) sockPut(sk)
  return 0
}

// SYN cookies: number of the minute, index of the segment size, and a hash of both ends

const MSS4: usize = memory.data<u16>([536, 1300, 1440, 1460])
const MSS6: usize = memory.data<u16>([1220, 1440, 1460, 8940])
const TIE: usize = memory.data(48, 8)
const TH_FIN: u32 = 1
const TH_SYN: u32 = 2
const TH_RST: u32 = 4
const TH_ACK: u32 = 16

@inline function flagsOf(th: usize): u32 {
  return <u32>load<u8>(th, 13)
}

function tie(iph: usize, th: usize, v4: bool, seq: u32): u32 {
  memory.fill(TIE, 0, 48)
  if (v4) memory.copy(TIE, iph + 12, 8)
  else memory.copy(TIE, iph + 8, 32)
  store<u32>(TIE, load<u32>(th), 32)
  store<u32>(TIE, seq, 36)
  return keyHash(TIE, 40, 0x53594e)
}

function cookieOf(iph: usize, th: usize, v4: bool, seq: u32, index: u32): u32 {
  return (tie(iph, th, v4, seq) & ~(<u32>3)) | index
}

/** Segment size that the options of a SYN ask for. */
function askedMss(th: usize, len: u32): u32 {
  let at: u32 = 20
  while (at + 1 < len) {
    const kind = load<u8>(th + at)
    if (!kind) break
    if (kind == 1) {
      at++
      continue
    }
    const size = <u32>load<u8>(th + at, 1)
    if (size < 2 || at + size > len) break
    if (kind == 2 && size == 4) return <u32>bswap<u16>(load<u16>(th + at, 2))
    at += size
  }
  return 536
}

function mssIndex(table: usize, mss: u32): u32 {
  let i: u32 = 3
  while (i && mss < <u32>load<u16>(table + (<usize>i << 1))) i--
  return i
}

/** Family and length of the IP header fit the socket: 0, or the errno. */
function headerCheck(sk: Sock, iph: usize, len: u32): i32 {
  if (len < 20) return EINVAL
  const version = load<u8>(iph) >> 4
  if (version == 4) return sk.family == AF_INET6 && sk.v6only ? EINVAL : 0
  if (version == 6) return len < 40 || sk.family != AF_INET6 ? EINVAL : 0
  return EPROTONOSUPPORT
}

export function tcpGenSyncookie(p: u64, iph: u64, iphLen: u64, th: u64, thLen: u64): u64 {
  const sk = sockOf(p)
  const t = <usize>th
  const n = <u32>thLen
  if (!changetype<usize>(sk) || n < 20 || n != (<u32>load<u8>(t, 12) >> 4) * 4) return errno(EINVAL)
  if (sk.state != TCP_LISTEN || sk.protocol != IPPROTO_TCP) return errno(EINVAL)
  if ((flagsOf(t) & (TH_SYN | TH_ACK | TH_FIN | TH_RST)) != TH_SYN) return errno(EINVAL)
  const err = headerCheck(sk, <usize>iph, <u32>iphLen)
  if (err) return errno(err)
  // only a listener whose queue is full hands out cookies
  if (sk.backlogCnt < sk.backlogMax) return errno(ENOENT)
  const v4 = load<u8>(<usize>iph) >> 4 == 4
  const table = v4 ? MSS4 : MSS6
  const index = mssIndex(table, askedMss(t, n))
  const cookie = cookieOf(<usize>iph, t, v4, bswap<u32>(load<u32>(t, 4)), index)
  return <u64>cookie | (<u64>load<u16>(table + (<usize>index << 1)) << 32)
}

/** Whether an ACK brings back a cookie: 0, else -ENOENT. */
export function tcpCheckSyncookie(p: u64, iph: u64, iphLen: u64, th: u64, thLen: u64): u64 {
  const sk = sockOf(p)
  const t = <usize>th
  if (!changetype<usize>(sk) || <u32>thLen < 20) return errno(EINVAL)
  if (sk.state != TCP_LISTEN || sk.protocol != IPPROTO_TCP) return errno(EINVAL)
  if ((flagsOf(t) & (TH_ACK | TH_RST | TH_SYN)) != TH_ACK) return errno(ENOENT)
  const err = headerCheck(sk, <usize>iph, <u32>iphLen)
  if (err) return errno(err)
  if (sk.backlogCnt < sk.backlogMax) return errno(ENOENT)
  return rawCheck(<usize>iph, t) < 0 ? errno(ENOENT) : 0
}

/** Index of the segment size that a returned cookie carries, -1 if it is none. */
function rawCheck(iph: usize, th: usize): i32 {
  const v4 = load<u8>(iph) >> 4 == 4
  const cookie = bswap<u32>(load<u32>(th, 8)) - 1
  const seq = bswap<u32>(load<u32>(th, 4)) - 1
  return cookie == cookieOf(iph, th, v4, seq, cookie & 3) ? <i32>(cookie & 3) : -1
}

/** Without a socket: the cookie and the segment size. */
export function tcpRawGenSyncookie(iph: u64, th: u64, thLen: u64, r4: u64, r5: u64): u64 {
  const t = <usize>th
  const n = <u32>thLen
  if (n < 20 || n < (<u32>load<u8>(t, 12) >> 4) * 4) return errno(EINVAL)
  const v4 = load<u8>(<usize>iph) >> 4 == 4
  const table = v4 ? MSS4 : MSS6
  const index = mssIndex(table, askedMss(t, n))
  const cookie = cookieOf(<usize>iph, t, v4, bswap<u32>(load<u32>(t, 4)), index)
  return <u64>cookie | (<u64>load<u16>(table + (<usize>index << 1)) << 32)
}

export function tcpRawCheckSyncookie(iph: u64, th: u64, r3: u64, r4: u64, r5: u64): u64 {
  return rawCheck(<usize>iph, <usize>th) < 0 ? errno(EACCES) : 0
}

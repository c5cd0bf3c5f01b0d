// SPDX-License-Identifier: GPL-2.0-only
// Sockets as programs look them up, choose and read them. Kernel counterpart: net/core/filter.c.

import {
  EACCES,
  EAFNOSUPPORT,
  EBADFD,
  EEXIST,
  EINVAL,
  ENETUNREACH,
  ENOENT,
  EOPNOTSUPP,
  EPROTOTYPE,
  ESOCKTNOSUPPORT,
} from '../gen/errno.gen'
import { AF_INET, AF_INET6, AF_UNIX, IPPROTO_TCP, IPPROTO_UDP } from '../gen/system.gen'
import {
  BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_XDP,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_SOCKET_FILTER,
} from '../gen/uapi-enums.gen'
import { BpfMap } from '../maps/map'
import { reuseportLookup } from '../maps/reuseport-array'
import { sockmapLookup } from '../maps/sockmap'
import { keyHash } from '../maps/jhash'
import { bindTo } from '../world/bind'
import { imageSize } from '../world/image'
import { sockBehind, viewSock } from '../world/kernel-view'
import { LookupCtx, sockLookup } from '../world/lookup'
import { Netns } from '../world/netns'
import { ReuseCtx } from '../world/reuseport'
import { Skb, skbNet } from '../world/skb'
import { isTcp, isUdp, Sock, sockCookie, sockGet, sockPut, TCP_ESTABLISHED, TCP_LISTEN } from '../world/sock'
import { opsTail } from '../world/sock-ops'
import { world } from '../world/world'
import { XdpBuff } from '../world/xdp-buff'
import { asResult, errno, giveMemory, progType } from './given'

const SOCK_SIZE: u32 = 80
const TCP_SOCK_SIZE: u32 = 112
const LOOKUP_REPLACE: u64 = 1
const LOOKUP_NO_REUSEPORT: u64 = 2

/** The socket that the context of the running program stands for, or 0. */
export function contextSock(ctx: usize): Sock {
  switch (progType()) {
    case BPF_PROG_TYPE_CGROUP_SOCK:
      return changetype<Sock>(ctx)
    case BPF_PROG_TYPE_TRACING:
    case BPF_PROG_TYPE_LSM:
    case BPF_PROG_TYPE_STRUCT_OPS:
      return changetype<Sock>(<usize>sockBehind(<u64>ctx))
    case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
      return changetype<Sock>(<usize>load<u64>(ctx, 64))
    case BPF_PROG_TYPE_CGROUP_SOCKOPT:
      return changetype<Sock>(<usize>load<u64>(ctx))
    case BPF_PROG_TYPE_SOCK_OPS:
      return opsTail(ctx).sk
    case BPF_PROG_TYPE_SK_MSG:
      return changetype<Sock>(<usize>load<u64>(ctx, 72))
    default:
      return changetype<Sock>(<usize>changetype<Skb>(ctx).sk)
  }
}

/** Lets the program see a socket: its address. */
function give(sk: Sock): u64 {
  giveMemory(changetype<usize>(sk), SOCK_SIZE + TCP_SOCK_SIZE)
  return <u64>changetype<usize>(sk)
}

export function getSocketCookie(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (!ctx) return 0
  const sk = contextSock(<usize>ctx)
  return changetype<usize>(sk) ? sockCookie(sk) : 0
}

/** overflowuid where the packet has no socket of its own. */
export function getSocketUid(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const sk = changetype<Sock>(<usize>changetype<Skb>(<usize>ctx).sk)
  return changetype<usize>(sk) ? <u64>sk.uid : 65534
}

export function getNetnsCookie(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (!ctx) return world().netns.cookie
  const sk = contextSock(<usize>ctx)
  if (changetype<usize>(sk)) return sk.netns.cookie
  const type = progType()
  const packet =
    type == BPF_PROG_TYPE_SCHED_CLS ||
    type == BPF_PROG_TYPE_SCHED_ACT ||
    type == BPF_PROG_TYPE_CGROUP_SKB ||
    type == BPF_PROG_TYPE_SOCKET_FILTER ||
    type == BPF_PROG_TYPE_SK_SKB
  if (packet && changetype<usize>(changetype<Skb>(<usize>ctx).dev)) return changetype<Skb>(<usize>ctx).dev.netns.cookie
  return world().netns.cookie
}

// lookup

function contextNetns(ctx: usize): Netns {
  const type = progType()
  if (type == BPF_PROG_TYPE_XDP) {
    const dev = changetype<XdpBuff>(ctx).dev
    return changetype<usize>(dev) ? dev.netns : world().netns
  }
  if (type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR || type == BPF_PROG_TYPE_CGROUP_SOCK) return contextSock(ctx).netns
  const dev = changetype<Skb>(ctx).dev
  if (changetype<usize>(dev)) return dev.netns
  const sk = contextSock(ctx)
  return changetype<usize>(sk) ? sk.netns : world().netns
}

function lookup(ctx: u64, tuple: usize, len: u32, protocol: u32, netns: u64, flags: u64): Sock {
  const none = changetype<Sock>(0)
  if (flags || (len != 12 && len != 36)) return none
  // -1 is the namespace of the context; others have no ids here
  const id = <i64>netns
  if (id > 0x7fffffff || id >= 0) return none
  const family: u32 = len == 12 ? AF_INET : AF_INET6
  const n: usize = len == 12 ? 4 : 16
  const ns = contextNetns(<usize>ctx)
  const sk = sockLookup(
    ns,
    protocol,
    family,
    tuple,
    load<u16>(tuple + n * 2),
    tuple + n,
    load<u16>(tuple + n * 2 + 2),
    changetype<Skb>(0),
  )
  if (changetype<usize>(sk)) sockGet(sk)
  return sk
}

export function skLookupTcp(ctx: u64, tuple: u64, len: u64, netns: u64, flags: u64): u64 {
  const sk = lookup(ctx, <usize>tuple, <u32>len, IPPROTO_TCP, netns, flags)
  return changetype<usize>(sk) ? give(sk) : 0
}
export function skLookupUdp(ctx: u64, tuple: u64, len: u64, netns: u64, flags: u64): u64 {
  const sk = lookup(ctx, <usize>tuple, <u32>len, IPPROTO_UDP, netns, flags)
  return changetype<usize>(sk) ? give(sk) : 0
}

export function skRelease(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (sk) sockPut(changetype<Sock>(<usize>sockBehind(sk)))
  return 0
}

export function skFullsock(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return sk ? give(changetype<Sock>(<usize>sockBehind(sk))) : 0
}

/** struct bpf_tcp_sock of a TCP socket. */
export function tcpSock(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const s = sockBehind(sk)
  if (!sk || !isTcp(changetype<Sock>(<usize>s))) return 0
  const p = <usize>s + SOCK_SIZE
  giveMemory(p, TCP_SOCK_SIZE)
  return <u64>p
}

export function getListenerSock(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const s = changetype<Sock>(<usize>sockBehind(sk))
  return s.state == TCP_LISTEN ? give(s) : 0
}

/** INET_ECN_set_ce: whether the mark is there. */
export function skbEcnSetCe(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const h = skbNet(skb)
  if (h + 20 > <usize>skb.dataEnd) return 0
  if (load<u8>(h) >> 4 == 4) {
    const tos = load<u8>(h, 1)
    if (!(tos & 3)) return 0
    if ((tos & 3) == 3) return 1
    // the header's checksum follows
    const before = <u32>load<u16>(h)
    store<u8>(h, tos | 3, 1)
    let sum = (<u32>~load<u16>(h, 10)) & 0xffff
    sum += (~before & 0xffff) + <u32>load<u16>(h)
    sum = (sum & 0xffff) + (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16)
    store<u16>(h, <u16>~sum, 10)
    return 1
  }
  const word = bswap<u32>(load<u32>(h))
  const ecn = (word >> 20) & 3
  if (!ecn) return 0
  store<u32>(h, bswap<u32>(word | (3 << 20)))
  return 1
}

// choosing

export function skAssign(ctx: u64, sk: u64, flags: u64, r4: u64, r5: u64): u64 {
  const s = changetype<Sock>(<usize>sk)
  if (progType() == BPF_PROG_TYPE_SK_LOOKUP) return asResult(assignLookup(changetype<LookupCtx>(<usize>ctx), s, flags))
  const skb = changetype<Skb>(<usize>ctx)
  if (!sk || flags) return errno(EINVAL)
  if (!skb.tcAtIngress) return errno(EOPNOTSUPP)
  if (skb.dev.netns != s.netns) return errno(ENETUNREACH)
  if (!s.hashed) return errno(EOPNOTSUPP)
  skb.chosen = <usize>sk
  return 0
}

function assignLookup(c: LookupCtx, sk: Sock, flags: u64): i32 {
  if (flags & ~(LOOKUP_REPLACE | LOOKUP_NO_REUSEPORT)) return -EINVAL
  if (changetype<usize>(sk)) {
    if (sk.state == TCP_ESTABLISHED || (isTcp(sk) && sk.state != TCP_LISTEN)) return -ESOCKTNOSUPPORT
    if (sk.protocol != c.protocol) return -EPROTOTYPE
    if (sk.family != c.family && (sk.family == AF_INET || sk.v6only)) return -EAFNOSUPPORT
  }
  if (c.sk && !(flags & LOOKUP_REPLACE)) return -EEXIST
  c.sk = <u64>changetype<usize>(sk)
  c.noReuseport = (flags & LOOKUP_NO_REUSEPORT) != 0
  return 0
}

export function skSelectReuseport(ctx: u64, mapAddr: u64, key: u64, flags: u64, r5: u64): u64 {
  const c = changetype<ReuseCtx>(<usize>ctx)
  if (flags) return errno(EINVAL)
  const map = changetype<BpfMap>(<usize>mapAddr)
  const array = map.mapType == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY
  const p = array ? reuseportLookup(map, <usize>key) : sockmapLookup(map, <usize>key)
  if (!p) return errno(ENOENT)
  const sk = changetype<Sock>(p)
  const mine = changetype<Sock>(<usize>c.sk)
  if (!changetype<usize>(sk.reuseGroup)) return errno(array ? ENOENT : EINVAL)
  if (sk.reuseGroup != mine.reuseGroup) {
    if (sk.protocol != mine.protocol) return errno(EPROTOTYPE)
    if (sk.family != mine.family) return errno(EAFNOSUPPORT)
    return errno(EBADFD)
  }
  c.selected = sk
  return 0
}

// casts: the socket as a struct of the kernel

function cast(sk: Sock): u64 {
  const p = viewSock(sk)
  if (p) giveMemory(p, imageSize(p))
  return <u64>p
}
export function skcToTcp6Sock(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const s = changetype<Sock>(<usize>sockBehind(sk))
  return sk && isTcp(s) && s.family == AF_INET6 ? cast(s) : 0
}
export function skcToTcpSock(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const s = changetype<Sock>(<usize>sockBehind(sk))
  return sk && isTcp(s) ? cast(s) : 0
}
export function skcToUdp6Sock(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const s = changetype<Sock>(<usize>sockBehind(sk))
  return sk && isUdp(s) && s.family == AF_INET6 ? cast(s) : 0
}
export function skcToUnixSock(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const s = changetype<Sock>(<usize>sockBehind(sk))
  return sk && s.family == AF_UNIX ? cast(s) : 0
}
/** No socket here is in TIME_WAIT, a request, or of MPTCP. */
export function skcToNone(sk: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

/** bpf_bind: a local address for a socket that connects. */
export function bpfBind(ctx: u64, addr: u64, len: u64, r4: u64, r5: u64): u64 {
  const sk = contextSock(<usize>ctx)
  const n = <u32>len
  if (n < 2) return errno(EINVAL)
  const family = <u32>load<u16>(<usize>addr)
  if (family != AF_INET && family != AF_INET6) return errno(EAFNOSUPPORT)
  const need: u32 = family == AF_INET ? 16 : 24
  if (n < need) return errno(EINVAL)
  return asResult(bindTo(sk, <usize>addr, false, false))
}

// SYN cookies: a keyed number over addresses and ports, the size of segments in its low bits

const SECRET: u32 = 0x5eedc00c

function mssIndex(mss: u32): u32 {
  return mss >= 1460 ? 3 : mss >= 1440 ? 2 : mss >= 1300 ? 1 : 0
}
function mssOfIndex(i: u32): u32 {
  return i == 3 ? 1460 : i == 2 ? 1440 : i == 1 ? 1300 : 536
}

function cookieOf(ip: usize, th: usize, mss: u32): u32 {
  const v6 = load<u8>(ip) >> 4 == 6
  const h = keyHash(ip + (v6 ? 8 : 12), v6 ? 32 : 8, SECRET ^ load<u32>(th))
  return (h & ~(<u32>3)) | mssIndex(mss)
}

function checkTh(sk: u64, thLen: u64): i32 {
  if (<u32>thLen < 20) return -EINVAL
  const s = changetype<Sock>(<usize>sk)
  return !isTcp(s) || s.state != TCP_LISTEN ? -EINVAL : 0
}

export function tcpCheckSyncookie(sk: u64, ip: u64, ipLen: u64, th: u64, thLen: u64): u64 {
  const bad = checkTh(sk, thLen)
  if (bad) return asResult(bad)
  const flags = <u32>load<u8>(<usize>th, 13)
  if ((flags & 0x16) != 0x10) return errno(ENOENT)
  const got = bswap<u32>(load<u32>(<usize>th, 8)) - 1
  return got == cookieOf(<usize>ip, <usize>th, mssOfIndex(got & 3)) ? 0 : errno(ENOENT)
}

export function tcpGenSyncookie(sk: u64, ip: u64, ipLen: u64, th: u64, thLen: u64): u64 {
  const bad = checkTh(sk, thLen)
  if (bad) return asResult(bad)
  const flags = <u32>load<u8>(<usize>th, 13)
  if ((flags & 0x16) != 2) return errno(ENOENT)
  const mss: u32 = load<u8>(<usize>ip) >> 4 == 6 ? 1440 : 1460
  return (<u64>cookieOf(<usize>ip, <usize>th, mss)) | ((<u64>mss) << 32)
}

export function tcpRawGenSyncookie(ip: u64, th: u64, thLen: u64, r4: u64, r5: u64): u64 {
  if (<u32>thLen < 20) return errno(EINVAL)
  const mss: u32 = load<u8>(<usize>ip) >> 4 == 6 ? 1440 : 1460
  return (<u64>cookieOf(<usize>ip, <usize>th, mss)) | ((<u64>mss) << 32)
}
export function tcpRawCheckSyncookie(ip: u64, th: u64, r3: u64, r4: u64, r5: u64): u64 {
  const got = bswap<u32>(load<u32>(<usize>th, 8)) - 1
  return got == cookieOf(<usize>ip, <usize>th, mssOfIndex(got & 3)) ? 0 : errno(EACCES)
}

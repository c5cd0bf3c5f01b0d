// SPDX-License-Identifier: GPL-2.0-only
// Options of sockets and what SOCK_OPS programs do. Kernel counterpart: net/core/filter.c.

import { EEXIST, EINVAL, ENOENT, ENOMSG, ENOSPC, EPERM } from '../gen/errno.gen'
import {
  IPPROTO_IP,
  IPPROTO_IPV6,
  SO_BINDTODEVICE,
  SO_BINDTOIFINDEX,
  SO_KEEPALIVE,
  SO_MARK,
  SO_MAX_PACING_RATE,
  SO_PRIORITY,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOL_SOCKET,
  SOL_TCP,
  TCP_CONGESTION,
  TCP_MAXSEG,
  TCP_NODELAY,
} from '../gen/system.gen'
import { isTcp, Sock } from '../world/sock'
import { opsTail } from '../world/sock-ops'
import { getOption, setBpfOption, setOption } from '../world/sockopt'
import { asResult, errno } from './given'
import { contextSock } from './world-sk'

const SO_TXREHASH: i32 = 74
const IP_TOS: i32 = 1
const IPV6_TCLASS: i32 = 67
const IPV6_AUTOFLOWLABEL: i32 = 70
const ALL_CB_FLAGS: u32 = 0x7f
const OP_HDR_OPT_LEN: u32 = 14
const OP_WRITE_HDR_OPT: u32 = 15
const LOAD_SYN: u64 = 1
const KIND_EOL: u8 = 0
const KIND_NOP: u8 = 1
const KIND_EXP: u8 = 254
const KIND_EXP2: u8 = 253

/** Whether programs may touch an option: 1 yes, 2 it is one of theirs, 0 no. */
function allowed(sk: Sock, level: i32, name: i32, get: bool, len: u32): i32 {
  switch (level) {
    case SOL_SOCKET:
      switch (name) {
        case SO_REUSEADDR:
        case SO_SNDBUF:
        case SO_RCVBUF:
        case SO_KEEPALIVE:
        case SO_PRIORITY:
        case SO_REUSEPORT:
        case SO_RCVLOWAT:
        case SO_MARK:
        case SO_MAX_PACING_RATE:
        case SO_BINDTOIFINDEX:
        case SO_TXREHASH:
          return len == 4 ? 1 : 0
        case SO_BINDTODEVICE:
          return 1
        default:
          return 0
      }
    case SOL_TCP:
      if (!isTcp(sk)) return 0
      switch (name) {
        case TCP_NODELAY:
        case TCP_MAXSEG:
        case 4: // TCP_KEEPIDLE
        case 5: // TCP_KEEPINTVL
        case 6: // TCP_KEEPCNT
        case 7: // TCP_SYNCNT
        case 10: // TCP_WINDOW_CLAMP
        case 18: // TCP_USER_TIMEOUT
        case 27: // TCP_SAVE_SYN
          return len == 4 ? 1 : 0
        case TCP_CONGESTION:
          return len >= 2 ? 1 : 0
        default:
          return get ? (name == 1008 && len == 4 ? 1 : 0) : 2
      }
    case IPPROTO_IP:
      return name == IP_TOS && len == 4 && sk.family == 2 ? 1 : 0
    case IPPROTO_IPV6:
      return (name == IPV6_TCLASS || name == IPV6_AUTOFLOWLABEL) && len == 4 && sk.family == 10 ? 1 : 0
    default:
      return 0
  }
}

export function bpfSetsockopt(ctx: u64, level: u64, name: u64, value: u64, len: u64): u64 {
  const sk = contextSock(<usize>ctx)
  if (!changetype<usize>(sk)) return errno(EINVAL)
  const l = <i32>(<u32>level)
  const n = <i32>(<u32>name)
  const how = allowed(sk, l, n, false, <u32>len)
  if (!how) return errno(EINVAL)
  const r = how == 2 ? setBpfOption(sk, l, n, <usize>value, <u32>len) : setOption(sk, l, n, <usize>value, <u32>len)
  return r == -92 ? errno(EINVAL) : asResult(r)
}

export function bpfGetsockopt(ctx: u64, level: u64, name: u64, value: u64, len: u64): u64 {
  const sk = contextSock(<usize>ctx)
  const l = <i32>(<u32>level)
  const n = <i32>(<u32>name)
  let r = -EINVAL
  if (changetype<usize>(sk) && allowed(sk, l, n, true, <u32>len) == 1) {
    r = getOption(sk, l, n, <usize>value, <u32>len)
    if (r > 0) r = 0
  }
  if (r) memory.fill(<usize>value, 0, <u32>len)
  return asResult(r)
}

export function sockOpsCbFlagsSet(ctx: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  const t = opsTail(<usize>ctx)
  if (!t.full) return errno(EINVAL)
  const f = <u32>flags
  t.sk.opsFlags = f & ALL_CB_FLAGS
  return asResult(<i32>(f & ~ALL_CB_FLAGS))
}

/** Finds an option: its address, or an errno. `magic` counts for the experimental kinds. */
function find(at: usize, end: usize, kind: u8, magic: usize, magicLen: u32): usize {
  while (at < end) {
    const k = load<u8>(at)
    if (k == KIND_EOL) return -ENOMSG
    if (k == KIND_NOP) {
      at++
      continue
    }
    if (at + 1 >= end || load<u8>(at, 1) < 2 || at + <usize>load<u8>(at, 1) > end) return -14
    const n = <u32>load<u8>(at, 1)
    if (k == kind) {
      if (!magicLen) return at
      if (n >= 2 + magicLen && memory.compare(at + 2, magic, magicLen) == 0) return at
    }
    at += <usize>n
  }
  return -ENOMSG
}

/** Where the options of a TCP header are. */
@inline function optionsEnd(th: usize): usize {
  return th + ((<usize>(load<u8>(th, 12) >> 4)) << 2)
}

export function loadHdrOpt(ctx: u64, res: u64, len: u64, flags: u64, r5: u64): u64 {
  const out = <usize>res
  const room = <u32>len
  if (flags & ~LOAD_SYN) return errno(EINVAL)
  const kind = load<u8>(out)
  const want = <u32>load<u8>(out, 1)
  if (kind == KIND_EOL || kind == KIND_NOP || room < 2 || want > room) return errno(EINVAL)
  let magicLen: u32 = 0
  if (kind == KIND_EXP || kind == KIND_EXP2) {
    if (want != 4 && want != 6) return errno(EINVAL)
    magicLen = want - 2
  } else if (want) return errno(EINVAL)
  const t = opsTail(<usize>ctx)
  let th: usize
  if (flags & LOAD_SYN) {
    if (!t.sk.lastSyn) return errno(ENOENT)
    th = t.sk.lastSyn + (load<u8>(t.sk.lastSyn) >> 4 == 4 ? (<usize>(load<u8>(t.sk.lastSyn) & 15)) << 2 : 40)
  } else {
    th = <usize>load<u64>(<usize>ctx, 192)
    if (!th) return errno(EPERM)
  }
  const at = find(th + 20, optionsEnd(th), kind, out + 2, magicLen)
  if (at >= <usize>-4096) return asResult(<i32>at)
  const n = <u32>load<u8>(at, 1)
  memory.copy(out, at, min(n, room))
  return n > room ? errno(ENOSPC) : <u64>n
}

export function storeHdrOpt(ctx: u64, from: u64, len: u64, flags: u64, r5: u64): u64 {
  const c = <usize>ctx
  if (load<u32>(c) != OP_WRITE_HDR_OPT) return errno(EPERM)
  const n = <u32>len
  const src = <usize>from
  if (n < 2 || flags) return errno(EINVAL)
  const kind = load<u8>(src)
  const size = <u32>load<u8>(src, 1)
  if (kind == KIND_EOL || kind == KIND_NOP || size > n || size < 2) return errno(EINVAL)
  const t = opsTail(c)
  if (size > t.room - t.used) return errno(ENOSPC)
  const magicLen: u32 = kind == KIND_EXP || kind == KIND_EXP2 ? (size >= 6 ? 4 : size - 2) : 0
  const th = <usize>load<u64>(c, 192)
  const there = find(th + 20, t.options + <usize>t.used, kind, src + 2, magicLen)
  if (there < <usize>-4096) return errno(EEXIST)
  memory.copy(t.options + <usize>t.used, src, size)
  t.used += size
  return 0
}

export function reserveHdrOpt(ctx: u64, len: u64, flags: u64, r4: u64, r5: u64): u64 {
  const c = <usize>ctx
  if (load<u32>(c) != OP_HDR_OPT_LEN) return errno(EPERM)
  const n = <u32>len
  if (flags || n < 2) return errno(EINVAL)
  const t = opsTail(c)
  if (n > t.room - t.used) return errno(ENOSPC)
  t.used += n
  return 0
}

/** An acknowledgement is sent with everything that arrives, so there is never one outstanding. */
export function tcpSendAck(sk: u64, seq: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Redirects between sockets and messages on their way. Kernel counterpart: net/core/sock_map.c, net/core/filter.c.

import { EINVAL, ENOMEM } from '../gen/errno.gen'
import { BpfMap } from '../maps/map'
import { sockmapLookup, sockmapUpdateProg } from '../maps/sockmap'
import { kmalloc } from '../mem/alloc'
import { Skb } from '../world/skb'
import { isTcp, Sock, TCP_ESTABLISHED, TCP_LISTEN } from '../world/sock'
import { opsTail } from '../world/sock-ops'
import { MSG_F_INGRESS, MsgCtx } from '../world/sockmap-flow'
import { asResult, errno, giveMemory } from './given'

const SK_DROP: u64 = 0
const SK_PASS: u64 = 1
const F_INGRESS: u64 = 1
const KEY: usize = memory.data(8, 8)

function redirectOk(sk: Sock): bool {
  return !isTcp(sk) || sk.state != TCP_LISTEN
}

function skbRedirect(ctx: u64, map: u64, key: usize, flags: u64): u64 {
  if (flags & ~F_INGRESS) return SK_DROP
  const p = sockmapLookup(changetype<BpfMap>(<usize>map), key)
  if (!p || !redirectOk(changetype<Sock>(p))) return SK_DROP
  const skb = changetype<Skb>(<usize>ctx)
  skb.chosen = p
  skb.tcAtIngress = (flags & F_INGRESS) != 0
  return SK_PASS
}

export function skRedirectMap(ctx: u64, map: u64, key: u64, flags: u64, r5: u64): u64 {
  store<u32>(KEY, <u32>key)
  return skbRedirect(ctx, map, KEY, flags)
}
export function skRedirectHash(ctx: u64, map: u64, key: u64, flags: u64, r5: u64): u64 {
  return skbRedirect(ctx, map, <usize>key, flags)
}

function msgRedirect(ctx: u64, map: u64, key: usize, flags: u64): u64 {
  if (flags & ~F_INGRESS) return SK_DROP
  const p = sockmapLookup(changetype<BpfMap>(<usize>map), key)
  if (!p || !redirectOk(changetype<Sock>(p))) return SK_DROP
  const sk = changetype<Sock>(p)
  // out through a socket only if it is a connected stream
  if (!(flags & F_INGRESS) && (!isTcp(sk) || sk.state != TCP_ESTABLISHED)) return SK_DROP
  const m = changetype<MsgCtx>(<usize>ctx)
  m.redirect = p
  m.flags = flags & F_INGRESS ? MSG_F_INGRESS : 0
  return SK_PASS
}

export function msgRedirectMap(ctx: u64, map: u64, key: u64, flags: u64, r5: u64): u64 {
  store<u32>(KEY, <u32>key)
  return msgRedirect(ctx, map, KEY, flags)
}
export function msgRedirectHash(ctx: u64, map: u64, key: u64, flags: u64, r5: u64): u64 {
  return msgRedirect(ctx, map, <usize>key, flags)
}

/** sock_map_update and sock_hash_update: the socket of a SOCK_OPS program enters a map. */
export function sockMapUpdate(ctx: u64, map: u64, key: u64, flags: u64, r5: u64): u64 {
  return asResult(
    sockmapUpdateProg(changetype<BpfMap>(<usize>map), <usize>key, changetype<usize>(opsTail(<usize>ctx).sk), flags),
  )
}

// messages

export function msgApplyBytes(ctx: u64, bytes: u64, r3: u64, r4: u64, r5: u64): u64 {
  changetype<MsgCtx>(<usize>ctx).applyBytes = <u32>bytes
  return 0
}
export function msgCorkBytes(ctx: u64, bytes: u64, r3: u64, r4: u64, r5: u64): u64 {
  changetype<MsgCtx>(<usize>ctx).corkBytes = <u32>bytes
  return 0
}

/** Lets the program see [start, end) of the message. */
export function msgPullData(ctx: u64, start: u64, end: u64, flags: u64, r5: u64): u64 {
  const m = changetype<MsgCtx>(<usize>ctx)
  const from = <u32>start
  const to = <u32>end
  if (flags || to <= from || to > m.bufLen) return errno(EINVAL)
  m.data = <u64>(m.buf + <usize>from)
  m.dataEnd = <u64>(m.buf + <usize>to)
  giveMemory(<usize>m.data, to - from)
  return 0
}

/** The message in another buffer, which the sender frees with it. */
function replace(m: MsgCtx, buf: usize, len: u32): void {
  m.buf = buf
  m.bufLen = len
  m.size = len
  m.data = <u64>buf
  m.dataEnd = <u64>(buf + <usize>len)
  giveMemory(buf, len)
}

export function msgPushData(ctx: u64, start: u64, len: u64, flags: u64, r5: u64): u64 {
  const m = changetype<MsgCtx>(<usize>ctx)
  const at = <u32>start
  const n = <u32>len
  if (flags) return errno(EINVAL)
  if (!n) return 0
  if (at > m.bufLen || n > 65536) return errno(EINVAL)
  const buf = kmalloc(<usize>(m.bufLen + n) + 64)
  if (!buf) return errno(ENOMEM)
  memory.copy(buf, m.buf, at)
  memory.fill(buf + <usize>at, 0, n)
  memory.copy(buf + <usize>(at + n), m.buf + <usize>at, m.bufLen - at)
  replace(m, buf, m.bufLen + n)
  return 0
}

export function msgPopData(ctx: u64, start: u64, len: u64, flags: u64, r5: u64): u64 {
  const m = changetype<MsgCtx>(<usize>ctx)
  const at = <u32>start
  const n = <u32>len
  if (flags) return errno(EINVAL)
  if (at >= m.bufLen || n > m.bufLen - at) return errno(EINVAL)
  if (!n) return 0
  const buf = kmalloc(<usize>(m.bufLen - n) + 64)
  if (!buf) return errno(ENOMEM)
  memory.copy(buf, m.buf, at)
  memory.copy(buf + <usize>at, m.buf + <usize>(at + n), m.bufLen - at - n)
  replace(m, buf, m.bufLen - n)
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Tunnel metadata of a packet. Kernel counterpart: net/core/filter.c. At skb.tunnel:
//
//   mode u32 | flags u32 | id u32 | tos u8, ttl u8, pad | label u32 | options' length u32 | source 16 | destination 16 | options 255

import { EINVAL, ENOENT, ENOMEM, EPROTO } from '../gen/errno.gen'
import { kmalloc } from '../mem/alloc'
import { Skb, TUNNEL_SIZE } from '../world/skb'
import { errno } from './given'
import { asSkb } from './skb-bytes'

const MODE: usize = 0
const FLAGS: usize = 4
const ID: usize = 8
const TOS: usize = 12
const TTL: usize = 13
const LABEL: usize = 16
const OPT_LEN: usize = 20
const SRC: usize = 24
const DST: usize = 40
const OPTS: usize = 56
const MODE_TX: u32 = 1
const MODE_IPV6: u32 = 2

// flags of helpers
const F_IPV6: u64 = 1
const F_ZERO_CSUM_TX: u64 = 2
const F_DONT_FRAGMENT: u64 = 4
const F_SEQ_NUMBER: u64 = 8
const F_NO_TUNNEL_KEY: u64 = 16
const F_INFO_FLAGS: u64 = 16
// flags of tunnels, as the big-endian word shows them
const T_CSUM: u32 = 1
const T_KEY: u32 = 4
const T_SEQ: u32 = 8
const T_DONT_FRAGMENT: u32 = 0x100
const T_NOCACHE: u32 = 0x2000
const T_OPTIONS: u32 = 0xd800

// struct bpf_tunnel_key
const KEY_SIZE: u32 = 44
const K_REMOTE: usize = 4
const K_TOS: usize = 20
const K_TTL: usize = 21
const K_EXT: usize = 22
const K_LABEL: usize = 24
const K_LOCAL: usize = 28
const OPTS_MAX: u32 = 255
const KEY: usize = memory.data(48, 8)

/** Earlier versions of the structure were shorter. */
function isCompatSize(size: u32): bool {
  return size == 28 || size == 24 || size == 22 || size == 8
}

function fail(to: u64, size: u32, err: i32): u64 {
  memory.fill(<usize>to, 0, size)
  return errno(err)
}

export function skbGetTunnelKey(ctx: u64, to: u64, size: u64, flags: u64, r5: u64): u64 {
  const n = <u32>size
  const info = asSkb(ctx).tunnel
  if (!info || flags & ~(F_IPV6 | F_INFO_FLAGS)) return fail(to, n, EINVAL)
  const v6 = (load<u32>(info, MODE) & MODE_IPV6) != 0
  if (v6 != ((flags & F_IPV6) != 0)) return fail(to, n, EPROTO)
  if (n != KEY_SIZE && (!isCompatSize(n) || (n == 8 && v6))) return fail(to, n, EINVAL)
  memory.fill(KEY, 0, KEY_SIZE)
  store<u32>(KEY, load<u32>(info, ID))
  store<u8>(KEY, load<u8>(info, TOS), K_TOS)
  store<u8>(KEY, load<u8>(info, TTL), K_TTL)
  if (flags & F_INFO_FLAGS) store<u16>(KEY, bswap<u16>(<u16>load<u32>(info, FLAGS)), K_EXT)
  memory.copy(KEY + K_REMOTE, info + SRC, 16)
  memory.copy(KEY + K_LOCAL, info + DST, 16)
  if (v6) store<u32>(KEY, load<u32>(info, LABEL), K_LABEL)
  memory.copy(<usize>to, KEY, n)
  return 0
}

export function skbSetTunnelKey(ctx: u64, from: u64, size: u64, flags: u64, r5: u64): u64 {
  const n = <u32>size
  if (flags & ~(F_IPV6 | F_ZERO_CSUM_TX | F_DONT_FRAGMENT | F_SEQ_NUMBER | F_NO_TUNNEL_KEY)) return errno(EINVAL)
  if (n != KEY_SIZE && !isCompatSize(n)) return errno(EINVAL)
  memory.fill(KEY, 0, KEY_SIZE)
  memory.copy(KEY, <usize>from, n)
  const v6 = (flags & F_IPV6) != 0
  if ((!v6 && load<u32>(KEY, K_LABEL)) || load<u16>(KEY, K_EXT)) return errno(EINVAL)
  const info = tunnelOf(asSkb(ctx))
  if (!info) return errno(ENOMEM)
  store<u32>(info, v6 ? MODE_TX | MODE_IPV6 : MODE_TX, MODE)
  store<u32>(info, tunnelFlags(flags), FLAGS)
  store<u32>(info, load<u32>(KEY), ID)
  store<u8>(info, load<u8>(KEY, K_TOS), TOS)
  store<u8>(info, load<u8>(KEY, K_TTL), TTL)
  const len: usize = v6 ? 16 : 4
  memory.copy(info + DST, KEY + K_REMOTE, len)
  memory.copy(info + SRC, KEY + K_LOCAL, len)
  if (v6) store<u32>(info, load<u32>(KEY, K_LABEL) & 0xfffff, LABEL)
  return 0
}

/** Cleared metadata of the packet, 0 when memory is out. */
function tunnelOf(skb: Skb): usize {
  if (!skb.tunnel) skb.tunnel = kmalloc(TUNNEL_SIZE)
  if (skb.tunnel) memory.fill(skb.tunnel, 0, TUNNEL_SIZE)
  skb.dst = 0
  return skb.tunnel
}

function tunnelFlags(flags: u64): u32 {
  let f = T_NOCACHE
  if (flags & F_DONT_FRAGMENT) f |= T_DONT_FRAGMENT
  if (!(flags & F_ZERO_CSUM_TX)) f |= T_CSUM
  if (flags & F_SEQ_NUMBER) f |= T_SEQ
  if (!(flags & F_NO_TUNNEL_KEY)) f |= T_KEY
  return f
}

export function skbGetTunnelOpt(ctx: u64, to: u64, size: u64, r4: u64, r5: u64): u64 {
  const n = <u32>size
  const info = asSkb(ctx).tunnel
  if (!info || !(load<u32>(info, FLAGS) & T_OPTIONS)) return fail(to, n, ENOENT)
  const len = load<u32>(info, OPT_LEN)
  if (n < len) return fail(to, n, ENOMEM)
  memory.copy(<usize>to, info + OPTS, len)
  memory.fill(<usize>to + len, 0, n - len)
  return <u64>len
}

export function skbSetTunnelOpt(ctx: u64, from: u64, size: u64, r4: u64, r5: u64): u64 {
  const n = <u32>size
  const info = asSkb(ctx).tunnel
  if (!info || !(load<u32>(info, MODE) & MODE_TX) || n & 3) return errno(EINVAL)
  if (n > OPTS_MAX) return errno(ENOMEM)
  store<u32>(info, n, OPT_LEN)
  if (n) {
    memory.copy(info + OPTS, <usize>from, n)
    store<u32>(info, load<u32>(info, FLAGS) | T_OPTIONS, FLAGS)
  }
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Routes, tunnels, segment routing, infrared. Kernel counterpart: net/core/filter.c, net/core/lwt_bpf.c,
// drivers/media/rc/bpf-lirc.c.

import { EBADMSG, EFAULT, EINVAL, ENOENT, ENOMEM, EPROTO } from '../gen/errno.gen'
import { ETH_P_IP, ETH_P_IPV6 } from '../gen/system.gen'
import { kzalloc } from '../mem/alloc'
import { payloadOffset } from '../world/flow'
import { lircEvent } from '../world/lirc'
import { srhOf } from '../world/lwt'
import { Skb, skbMakeRoom, skbNet, skbPull, skbPush, skbResetNet, TUNNEL_SIZE } from '../world/skb'
import { errno } from './given'

/** Routes here have no realm. */
export function getRouteRealm(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

// tunnel metadata: { set u32, IPv6 u32, struct bpf_tunnel_key as it was set 44, length of options u32, options 256 }

const TUN_KEY: usize = 8
const TUN_OPT_LEN: usize = 52
const TUN_OPT: usize = 56
const TUN_OPT_MAX: u32 = 255
const KEY_SIZE: u32 = 44
const F_TUNINFO_IPV6: u64 = 1
const F_TUNINFO_FLAGS: u64 = 16

/** Sizes that struct bpf_tunnel_key had over time. */
function keySizeOk(size: u32): bool {
  return size == KEY_SIZE || size == 28 || size == 24 || size == 22 || size == 20 || size == 8
}

export function skbSetTunnelKey(ctx: u64, from: u64, size: u64, flags: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const n = <u32>size
  if (flags & ~(<u64>0x1f)) return errno(EINVAL)
  if (!keySizeOk(n)) return errno(EINVAL)
  const key = <usize>from
  // zero where nothing may be said yet, and what does not fit the version
  if (n >= 28 && (load<u32>(key, 24) & ~(<u32>0xfffff)) != 0) return errno(EINVAL)
  if (!(flags & F_TUNINFO_IPV6) && n >= 28 && load<u32>(key, 24)) return errno(EINVAL)
  if (!skb.tunnel) skb.tunnel = kzalloc(TUNNEL_SIZE)
  if (!skb.tunnel) return errno(ENOMEM)
  store<u32>(skb.tunnel, 1)
  store<u32>(skb.tunnel, <u32>(flags & F_TUNINFO_IPV6), 4)
  memory.fill(skb.tunnel + TUN_KEY, 0, KEY_SIZE)
  memory.copy(skb.tunnel + TUN_KEY, key, n)
  store<u32>(skb.tunnel, 0, TUN_OPT_LEN)
  return 0
}

export function skbGetTunnelKey(ctx: u64, to: u64, size: u64, flags: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const n = <u32>size
  const out = <usize>to
  let err = 0
  if (!skb.tunnel || !load<u32>(skb.tunnel) || flags & ~(F_TUNINFO_IPV6 | F_TUNINFO_FLAGS)) err = EINVAL
  else if (load<u32>(skb.tunnel, 4) != <u32>(flags & F_TUNINFO_IPV6)) err = EPROTO
  else if (!keySizeOk(n)) err = EINVAL
  if (err) {
    memory.fill(out, 0, n)
    return errno(err)
  }
  const key = skb.tunnel + TUN_KEY
  const whole = KEY_OUT
  memory.copy(whole, key, KEY_SIZE)
  // what was the far end when it was set is the near one when it is read
  memory.copy(whole + 4, key + 28, 16)
  memory.copy(whole + 28, key + 4, 16)
  memory.copy(out, whole, n)
  return 0
}
const KEY_OUT: usize = memory.data(48, 8)

export function skbSetTunnelOpt(ctx: u64, from: u64, size: u64, r4: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const n = <u32>size
  if (!skb.tunnel || !load<u32>(skb.tunnel) || n & 3) return errno(EINVAL)
  if (n > TUN_OPT_MAX) return errno(ENOMEM)
  memory.copy(skb.tunnel + TUN_OPT, <usize>from, n)
  store<u32>(skb.tunnel, n, TUN_OPT_LEN)
  return 0
}
export function skbGetTunnelOpt(ctx: u64, to: u64, size: u64, r4: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const n = <u32>size
  const out = <usize>to
  let err = 0
  let have: u32 = 0
  if (skb.tunnel) have = load<u32>(skb.tunnel, TUN_OPT_LEN)
  if (!have) err = ENOENT
  else if (n < have) err = ENOMEM
  if (err) {
    memory.fill(out, 0, n)
    return errno(err)
  }
  memory.copy(out, skb.tunnel + TUN_OPT, have)
  memory.fill(out + <usize>have, 0, n - have)
  return <u64>have
}

/** No packet here went through a security association. */
export function skbGetXfrmState(ctx: u64, index: u64, to: u64, size: u64, flags: u64): u64 {
  memory.fill(<usize>to, 0, <u32>size)
  return errno(EINVAL)
}

// light-weight tunnels

const ENCAP_SEG6: u32 = 0
const ENCAP_SEG6_INLINE: u32 = 1
const ENCAP_IP: u32 = 2

function setProtocol(skb: Skb): void {
  skb.protocol = <u32>bswap<u16>(<u16>(load<u8>(skb.data) >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP))
}

/** Puts headers in front of the packet, or a routing header behind its IPv6 header. Data is at the network header. */
export function lwtPushEncap(ctx: u64, type: u64, hdr: u64, len: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const n = <u32>len
  const h = <usize>hdr
  switch (<u32>type) {
    case ENCAP_IP: {
      const v = load<u8>(h) >> 4
      if (n < 20 || n > 512) return errno(EINVAL)
      if (v == 4 ? (<u32>(load<u8>(h) & 15)) << 2 < 20 : v == 6 ? n < 40 : true) return errno(EINVAL)
      if (!skbMakeRoom(skb, n + 64, 0)) return errno(ENOMEM)
      skbPush(skb, <i32>n)
      skbResetNet(skb)
      memory.copy(skb.data, h, n)
      setProtocol(skb)
      return 0
    }
    case ENCAP_SEG6:
    case ENCAP_SEG6_INLINE:
      return pushSrh(skb, h, n, <u32>type == ENCAP_SEG6_INLINE)
    default:
      return errno(EINVAL)
  }
}

function pushSrh(skb: Skb, srh: usize, n: u32, inline: bool): u64 {
  if (load<u8>(skb.data) >> 4 != 6 || n < 24) return errno(EBADMSG)
  if (load<u8>(srh, 2) != 4 || (<u32>load<u8>(srh, 1) + 1) << 3 != n) return errno(EINVAL)
  if (!skbMakeRoom(skb, n + 40 + 64, 0)) return errno(ENOMEM)
  const old = <usize>skb.data
  const first = srh + 8 + ((<usize>load<u8>(srh, 3)) << 4)
  if (inline) {
    skbPush(skb, <i32>n)
    memory.copy(skb.data, old, 40)
    const at = <usize>skb.data + 40
    memory.copy(at, srh, n)
    store<u8>(at, load<u8>(skb.data, 6))
    // the old destination is the last segment
    memory.copy(at + 8, <usize>skb.data + 24, 16)
  } else {
    skbPush(skb, <i32>(n + 40))
    memory.copy(skb.data, old, 40)
    const at = <usize>skb.data + 40
    memory.copy(at, srh, n)
    store<u8>(at, 41)
  }
  store<u8>(skb.data, 43, 6)
  store<u16>(skb.data, bswap<u16>(<u16>(skb.len - 40)), 4)
  memory.copy(<usize>skb.data + 24, first, 16)
  skbResetNet(skb)
  setProtocol(skb)
  return 0
}

/** Writes into what is free to change of the routing header: flags, tag, TLVs. */
export function lwtSeg6StoreBytes(ctx: u64, offset: u64, from: u64, len: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const srh = srhOf(skb)
  if (!srh) return errno(EINVAL)
  const tlvs = srh + 8 + ((<usize>load<u8>(srh, 4) + 1) << 4)
  const end = srh + ((<usize>load<u8>(srh, 1) + 1) << 3)
  const at = <usize>skb.data + <usize>(<u32>offset)
  const n = <usize>(<u32>len)
  const inTlvs = at >= tlvs && at + n <= end
  const inFields = at >= srh + 5 && at + n <= srh + 8
  if (!inTlvs && !inFields) return errno(EFAULT)
  memory.copy(at, <usize>from, n)
  return 0
}

/** Makes the TLVs longer or shorter at a place in them. */
export function lwtSeg6AdjustSrh(ctx: u64, offset: u64, delta: u64, r4: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  let srh = srhOf(skb)
  if (!srh) return errno(EINVAL)
  const d = <i32>(<u32>delta)
  const off = <usize>(<u32>offset)
  const tlvs = srh + 8 + ((<usize>load<u8>(srh, 4) + 1) << 4)
  const end = srh + ((<usize>load<u8>(srh, 1) + 1) << 3)
  const at = <usize>skb.data + off
  if (at < tlvs || at > end || d & 7) return errno(EFAULT)
  if (d < 0 && at + <usize>-d > end) return errno(EFAULT)
  if (!d) return 0
  const front = <usize>off
  if (d > 0) {
    if (!skbMakeRoom(skb, <u32>d + 64, 0)) return errno(ENOMEM)
    skbPush(skb, d)
    memory.copy(skb.data, <usize>skb.data + <usize>d, front)
    memory.fill(<usize>skb.data + front, 0, d)
  } else {
    memory.copy(<usize>skb.data + <usize>-d, skb.data, front)
    skbPull(skb, <u32>-d)
  }
  skbResetNet(skb)
  srh = skbNet(skb) + 40
  store<u8>(srh, <u8>(<i32>load<u8>(srh, 1) + (d >> 3)), 1)
  store<u16>(skb.data, bswap<u16>(<u16>(skb.len - 40)), 4)
  return 0
}

const ACTION_END_X: u32 = 2
const ACTION_END_T: u32 = 3
const ACTION_END_DT6: u32 = 7
const ACTION_END_B6: u32 = 9
const ACTION_END_B6_ENCAP: u32 = 10

/** What a segment asks for: the packet goes on to its (new) destination. */
export function lwtSeg6Action(ctx: u64, action: u64, param: u64, len: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const srh = srhOf(skb)
  if (!srh) return errno(EBADMSG)
  switch (<u32>action) {
    case ACTION_END_X:
      return <u32>len == 16 ? 0 : errno(EINVAL)
    case ACTION_END_T:
      return <u32>len == 4 ? 0 : errno(EINVAL)
    case ACTION_END_DT6: {
      if (<u32>len != 4) return errno(EINVAL)
      if (load<u8>(srh) != 41) return errno(EBADMSG)
      const skip = <u32>(srh - <usize>skb.data) + ((<u32>load<u8>(srh, 1) + 1) << 3)
      skbPull(skb, skip)
      skbResetNet(skb)
      setProtocol(skb)
      return 0
    }
    case ACTION_END_B6:
      return pushSrh(skb, <usize>param, <u32>len, true)
    case ACTION_END_B6_ENCAP:
      return pushSrh(skb, <usize>param, <u32>len, false)
    default:
      return errno(EINVAL)
  }
}

// infrared

export function rcRepeat(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  lircEvent(0, 0, 0, 1, 0, 0)
  return 0
}
export function rcKeydown(ctx: u64, protocol: u64, scancode: u64, toggle: u64, r5: u64): u64 {
  lircEvent(<u32>protocol, scancode, toggle != 0 ? 1 : 0, 0, 0, 0)
  return 0
}
export function rcPointerRel(ctx: u64, dx: u64, dy: u64, r4: u64, r5: u64): u64 {
  lircEvent(0, 0, 0, 0, <i32>(<u32>dx), <i32>(<u32>dy))
  return 0
}

// calls of converted classic programs

/** A and X follow the packet. */
export function classicPayOffset(ctx: u64, a: u64, x: u64, r4: u64, r5: u64): u64 {
  return <u64>payloadOffset(changetype<Skb>(<usize>ctx))
}
export function classicHatype(ctx: u64, a: u64, x: u64, r4: u64, r5: u64): u64 {
  const dev = changetype<Skb>(<usize>ctx).dev
  return changetype<usize>(dev) && dev.kind == 0 ? 772 : 1
}

/** Offset of the netlink attribute of type X at or behind A, 0 if there is none. */
function nlattr(skb: Skb, a: u32, x: u32, end: u32): u64 {
  let at = a
  while (at + 4 <= end) {
    const p = <usize>skb.data + <usize>at
    const len = <u32>load<u16>(p)
    if (len < 4 || at + len > end) return 0
    if (((<u32>load<u16>(p, 2)) & 0x3fff) == x) return <u64>at
    at += (len + 3) & ~3
  }
  return 0
}
export function classicNlattr(ctx: u64, a: u64, x: u64, r4: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  return nlattr(skb, <u32>a, <u32>x, skb.len)
}
export function classicNlattrNest(ctx: u64, a: u64, x: u64, r4: u64, r5: u64): u64 {
  const skb = changetype<Skb>(<usize>ctx)
  const at = <u32>a
  if (at + 4 > skb.len) return 0
  const len = <u32>load<u16>(<usize>skb.data + <usize>at)
  return len > skb.len - at ? 0 : nlattr(skb, at + 4, <u32>x, at + len)
}

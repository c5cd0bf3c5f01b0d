// SPDX-License-Identifier: GPL-2.0-only
// Realms, security associations, infrared, and what classic programs ask. Kernel counterpart: net/core/filter.c,
// drivers/media/rc/bpf-lirc.c.

import { EINVAL } from '../gen/errno.gen'
import { payloadOffset } from '../world/flow'
import { lircEvent } from '../world/lirc'
import { Skb } from '../world/skb'
import { errno } from './given'

/** Routes here have no realm. */
export function getRouteRealm(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

/** No packet here went through a security association. */
export function skbGetXfrmState(ctx: u64, index: u64, to: u64, size: u64, flags: u64): u64 {
  memory.fill(<usize>to, 0, <u32>size)
  return errno(EINVAL)
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

// SPDX-License-Identifier: GPL-2.0-only
// Making a packet longer or shorter at its ends. Kernel counterpart: net/core/filter.c (bpf_skb_change_*).

import { EFAULT, EINVAL, ENOMEM, ENOTSUPP } from '../gen/errno.gen'
import {
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  Skb,
  skbHeadroom,
  skbMakeRoom,
  skbPull,
  skbPush,
  skbResetMac,
  skbTailroom,
} from '../world/skb'
import { errno } from './given'
import { asSkb } from './skb-bytes'

/** BPF_SKB_MAX_LEN: four pages less what the kernel keeps at the end. */
export const SKB_MAX_LEN: u32 = 4 * 4096 - 320

@inline export function isGso(skb: Skb): bool {
  return skb.gsoSize != 0
}

/** Headers must not be cut off. */
function minLen(skb: Skb): u32 {
  const start = skbHeadroom(skb)
  let len: u32 = skb.net > start ? skb.net - start : 0
  if (skb.transportSet && skb.transport > start) len = skb.transport - start
  return len
}

export function skbChangeTail(ctx: u64, newLen: u64, flags: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const n = <u32>newLen
  if (flags || n > SKB_MAX_LEN || n < minLen(skb)) return errno(EINVAL)
  if (skb.encapsulation) return errno(ENOTSUPP)
  if (n > skb.len) {
    const more = n - skb.len
    if (skbTailroom(skb) < more && !skbMakeRoom(skb, 0, more)) return errno(ENOMEM)
    memory.fill(<usize>skb.dataEnd, 0, more)
  } else if (skb.ipSummed == CHECKSUM_PARTIAL && n < csumEnd(skb)) skb.ipSummed = CHECKSUM_NONE
  setEnd(skb, skb.data + n)
  if (isGso(skb)) {
    skb.gsoSize = 0
    skb.gsoSegs = 0
    skb.gsoType = 0
  }
  return 0
}

function setEnd(skb: Skb, end: u32): void {
  skb.dataEnd = end
  skbPull(skb, 0)
}

function csumEnd(skb: Skb): u32 {
  return skb.csumStart - skbHeadroom(skb) + skb.csumOffset + 2
}

export function skbChangeHead(ctx: u64, headRoom: u64, flags: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const n = <u32>headRoom
  const newLen = skb.len + n
  if (flags || (!isGso(skb) && newLen > SKB_MAX_LEN) || newLen < skb.len) return errno(EINVAL)
  if (!pushZeros(skb, n)) return errno(ENOMEM)
  skbResetMac(skb)
  skb.macLen = skb.net - skb.mac
  return 0
}

/** `n` zero bytes before data; false when memory is out. */
function pushZeros(skb: Skb, n: u32): bool {
  if (skbHeadroom(skb) < n && !skbMakeRoom(skb, n + 64, 0)) return false
  skbPush(skb, <i32>n)
  memory.fill(<usize>skb.data, 0, n)
  return true
}

/** bpf_skb_adjust_room of SK_SKB programs: room before the data. */
export function skSkbAdjustRoom(ctx: u64, diff: u64, mode: u64, flags: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const d = <i32>diff
  const n = <u32>abs<i32>(d)
  if (flags || <u32>mode) return errno(EINVAL)
  if (n > 0xfff) return errno(EFAULT)
  if (d >= 0) return pushZeros(skb, n) ? 0 : errno(ENOMEM)
  if (n > skb.len) return errno(ENOMEM)
  skbPull(skb, n)
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Reading and writing the bytes of a packet. Kernel counterpart: net/core/filter.c.

import { EFAULT, EINVAL, ENOMEM } from '../gen/errno.gen'
import { BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_PROG_TYPE_SK_REUSEPORT } from '../gen/uapi-enums.gen'
import { Skb, skbMac, skbNet } from '../world/skb'
import { errno, progType } from './given'

const F_RECOMPUTE_CSUM: u64 = 1
const F_INVALIDATE_HASH: u64 = 2
const HDR_START_MAC: u32 = 0
const HDR_START_NET: u32 = 1
const MAX_OFFSET: u32 = 0xffff

@inline export function asSkb(p: u64): Skb {
  return changetype<Skb>(<usize>p)
}

/** Whether the first `len` bytes are there to be written: what skb_ensure_writable says. */
@inline export function writable(skb: Skb, len: u32): bool {
  return len <= skb.len
}

function clearAndFail(to: u64, len: u32): u64 {
  memory.fill(<usize>to, 0, len)
  return errno(EFAULT)
}

export function skbLoadBytes(ctx: u64, offset: u64, to: u64, len: u64, r5: u64): u64 {
  const n = <u32>len
  const off = <u32>offset
  let data: u64 = <u64>load<u32>(<usize>ctx, 76)
  let end: u64 = <u64>load<u32>(<usize>ctx, 80)
  if (progType() == BPF_PROG_TYPE_SK_REUSEPORT) {
    data = <u64>load<u32>(<usize>ctx)
    end = <u64>load<u32>(<usize>ctx, 8)
  } else if (progType() == BPF_PROG_TYPE_FLOW_DISSECTOR) {
    // a dissection of bare bytes has no packet
    if (off > MAX_OFFSET || !asSkb(ctx).head) return clearAndFail(to, n)
  }
  if (off > 0x7fffffff || data + <u64>off + <u64>n > end) return clearAndFail(to, n)
  memory.copy(<usize>to, <usize>data + off, n)
  return 0
}

export function skbLoadBytesRelative(ctx: u64, offset: u64, to: u64, len: u64, start: u64): u64 {
  const n = <u32>len
  const off = <u32>offset
  const from = <u32>start
  if (off > MAX_OFFSET) return clearAndFail(to, n)
  let base: u64
  let end: u64
  if (progType() == BPF_PROG_TYPE_SK_REUSEPORT) {
    base = relativeReuseport(<usize>ctx, from)
    end = <u64>load<u32>(<usize>ctx, 8)
    if (!base) return clearAndFail(to, n)
  } else {
    const skb = asSkb(ctx)
    if (from == HDR_START_MAC) base = <u64>skbMac(skb)
    else if (from == HDR_START_NET) base = <u64>skbNet(skb)
    else return clearAndFail(to, n)
    end = <u64>skb.dataEnd
  }
  if (base + <u64>off + <u64>n > end) return clearAndFail(to, n)
  memory.copy(<usize>to, <usize>base + off, n)
  return 0
}

/** The context of a reuseport program keeps its packet behind what programs see (struct sk_reuseport_md is 56 bytes). */
function relativeReuseport(ctx: usize, from: u32): u64 {
  const skb = changetype<Skb>(load<usize>(ctx, 56))
  if (!changetype<usize>(skb)) return 0
  if (from == HDR_START_MAC) return <u64>skbMac(skb)
  return from == HDR_START_NET ? <u64>skbNet(skb) : 0
}

export function skbStoreBytes(ctx: u64, offset: u64, from: u64, len: u64, flags: u64): u64 {
  const skb = asSkb(ctx)
  const off = <u32>offset
  const n = <u32>len
  if (flags & ~(F_RECOMPUTE_CSUM | F_INVALIDATE_HASH)) return errno(EINVAL)
  if (off > 0x7fffffff || <u64>off + <u64>n > <u64>skb.len) return errno(EFAULT)
  memory.copy(<usize>skb.data + off, <usize>from, n)
  if (flags & F_INVALIDATE_HASH) skb.hash = 0
  return 0
}

/** bpf_skb_pull_data: packets are in one piece, so that what is there is there. */
export function skbPullData(ctx: u64, len: u64, r3: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  const n = <u32>len
  return writable(skb, n ? n : skb.len) ? 0 : errno(ENOMEM)
}

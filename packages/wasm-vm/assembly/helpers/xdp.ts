// SPDX-License-Identifier: GPL-2.0-only
// Frames of XDP programs: the ends move, bytes are copied. Kernel counterpart: net/core/filter.c. A frame is in one piece:
//
//   head | struct xdp_frame | headroom | metadata | packet | tailroom | end

import { EACCES, EFAULT, EINVAL } from '../gen/errno.gen'
import { XdpBuff } from '../world/xdp-buff'
import { errno } from './given'

/** sizeof(struct xdp_frame), which lies at the head of the frame. */
const XDP_FRAME: u32 = 40
const ETH_HLEN: u32 = 14
const META_MAX: u32 = 255
const MAX_OFFSET: u32 = 0xffff

@inline function asXdp(p: u64): XdpBuff {
  return changetype<XdpBuff>(<usize>p)
}

/** Signed 64-bit addresses: an offset may lead far away. */
@inline function moved(at: u32, offset: u64): i64 {
  return <i64>at + <i64><i32>offset
}

export function xdpAdjustHead(ctx: u64, offset: u64, r3: u64, r4: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  const meta = x.dataMeta <= x.data ? x.data - x.dataMeta : 0
  const data = moved(x.data, offset)
  const start = <i64>x.head + <i64>(XDP_FRAME + meta)
  if (data < start || data > <i64>x.dataEnd - <i64>ETH_HLEN) return errno(EINVAL)
  if (meta) memory.copy(<usize>(<u32>data - meta), x.dataMeta, meta)
  x.dataMeta = <u32>data - meta
  x.data = <u32>data
  return 0
}

export function xdpAdjustMeta(ctx: u64, offset: u64, r3: u64, r4: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  const meta = moved(x.dataMeta, offset)
  if (meta < <i64>x.head + <i64>XDP_FRAME || meta > <i64>x.data) return errno(EINVAL)
  const len = x.data - <u32>meta
  if (len & 3 || len > META_MAX) return errno(EACCES)
  x.dataMeta = <u32>meta
  return 0
}

export function xdpAdjustTail(ctx: u64, offset: u64, r3: u64, r4: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  const end = moved(x.dataEnd, offset)
  if (end > <i64>x.end || end < <i64>x.data + <i64>ETH_HLEN) return errno(EINVAL)
  if (<u32>end > x.dataEnd) memory.fill(x.dataEnd, 0, <u32>end - x.dataEnd)
  x.dataEnd = <u32>end
  return 0
}

export function xdpGetBuffLen(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  return <u64>(x.dataEnd - x.data)
}

/** 0 or the errno of an access outside the frame. */
function outside(x: XdpBuff, offset: u32, len: u32): i32 {
  if (offset > MAX_OFFSET || len > MAX_OFFSET) return EFAULT
  return offset + len > x.dataEnd - x.data ? EINVAL : 0
}

export function xdpLoadBytes(ctx: u64, offset: u64, to: u64, len: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  const err = outside(x, <u32>offset, <u32>len)
  if (err) return errno(err)
  memory.copy(<usize>to, x.data + <u32>offset, <u32>len)
  return 0
}

export function xdpStoreBytes(ctx: u64, offset: u64, from: u64, len: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  const err = outside(x, <u32>offset, <u32>len)
  if (err) return errno(err)
  memory.copy(x.data + <u32>offset, <usize>from, <u32>len)
  return 0
}

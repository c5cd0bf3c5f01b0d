// SPDX-License-Identifier: GPL-2.0-only
// Frames of XDP programs: the ends move, bytes are copied. Fragments are one piece of memory, whole pages. Kernel
// counterpart: net/core/filter.c.
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
const FRAG: u32 = 4096

@inline function asXdp(p: u64): XdpBuff {
  return changetype<XdpBuff>(<usize>p)
}

/** Signed 64-bit addresses: an offset may lead far away. */
@inline function moved(at: u32, offset: u64): i64 {
  return <i64>at + <i64>(<i32>offset)
}

export function xdpAdjustHead(ctx: u64, offset: u64, r3: u64, r4: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  const meta = x.dataMeta <= x.data ? x.data - x.dataMeta : 0
  const data = moved(x.data, offset)
  const start = <i64>x.hardStart + <i64>(XDP_FRAME + meta)
  if (data < start || data > <i64>x.dataEnd - <i64>ETH_HLEN) return errno(EINVAL)
  if (meta) memory.copy(<usize>(<u32>data - meta), <usize>x.dataMeta, meta)
  x.dataMeta = <u32>data - meta
  x.data = <u32>data
  return 0
}

export function xdpAdjustMeta(ctx: u64, offset: u64, r3: u64, r4: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  const meta = moved(x.dataMeta, offset)
  if (meta < <i64>x.hardStart + <i64>XDP_FRAME || meta > <i64>x.data) return errno(EINVAL)
  const len = x.data - <u32>meta
  if (len & 3 || len > META_MAX) return errno(EACCES)
  x.dataMeta = <u32>meta
  return 0
}

export function xdpAdjustTail(ctx: u64, offset: u64, r3: u64, r4: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  if (x.fragsLen) return adjustFrags(x, <i32>offset)
  const end = moved(x.dataEnd, offset)
  if (end > <i64>x.hardEnd || end < <i64>x.data + <i64>ETH_HLEN) return errno(EINVAL)
  if (<u32>end > x.dataEnd) memory.fill(<usize>x.dataEnd, 0, <u32>end - x.dataEnd)
  x.dataEnd = <u32>end
  return 0
}

/** Fragments are pages in a row: the last one has room to its end, and shrinking drops bytes from the back. */
function adjustFrags(x: XdpBuff, offset: i32): u64 {
  if (offset >= 0) {
    const used = x.fragsLen & (FRAG - 1)
    if (<u32>offset > (used ? FRAG - used : 0)) return errno(EINVAL)
    memory.fill(x.frags + x.fragsLen, 0, <u32>offset)
    x.fragsLen += <u32>offset
    return 0
  }
  const cut = <u32>-offset
  if (<i64>cut > <i64>buffLen(x) - <i64>ETH_HLEN) return errno(EINVAL)
  const fromFrags = min(cut, x.fragsLen)
  x.fragsLen -= fromFrags
  x.dataEnd -= cut - fromFrags
  return 0
}

@inline export function buffLen(x: XdpBuff): u32 {
  return x.dataEnd - x.data + x.fragsLen
}

export function xdpGetBuffLen(ctx: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>buffLen(asXdp(ctx))
}

/** 0 or the errno of an access outside the frame. */
function outside(x: XdpBuff, offset: u32, len: u32): i32 {
  if (offset > MAX_OFFSET || len > MAX_OFFSET) return EFAULT
  return offset + len > buffLen(x) ? EINVAL : 0
}

/** Bytes of an access that lie before the fragments. */
@inline function linearPart(x: XdpBuff, offset: u32, len: u32): u32 {
  const linear = x.dataEnd - x.data
  return offset >= linear ? 0 : min(len, linear - offset)
}

/** Where byte `offset` is that lies in the fragments. */
@inline function fragAt(x: XdpBuff, offset: u32): usize {
  return x.frags + (offset - (x.dataEnd - x.data))
}

export function xdpCopyOut(x: XdpBuff, offset: u32, to: usize, len: u32): void {
  const n = linearPart(x, offset, len)
  memory.copy(to, <usize>x.data + offset, n)
  if (n < len) memory.copy(to + n, fragAt(x, offset + n), len - n)
}

export function xdpLoadBytes(ctx: u64, offset: u64, to: u64, len: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  const err = outside(x, <u32>offset, <u32>len)
  if (err) return errno(err)
  xdpCopyOut(x, <u32>offset, <usize>to, <u32>len)
  return 0
}

export function xdpStoreBytes(ctx: u64, offset: u64, from: u64, len: u64, r5: u64): u64 {
  const x = asXdp(ctx)
  const off = <u32>offset
  const size = <u32>len
  const err = outside(x, off, size)
  if (err) return errno(err)
  const n = linearPart(x, off, size)
  memory.copy(<usize>x.data + off, <usize>from, n)
  if (n < size) memory.copy(fragAt(x, off + n), <usize>from + n, size - n)
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Internet checksums. Kernel counterpart: net/core/filter.c, include/net/checksum.h.

import { EACCES, EFAULT, EINVAL, ENOTSUPP } from '../gen/errno.gen'
import { CHECKSUM_COMPLETE, CHECKSUM_NONE, CHECKSUM_PARTIAL, CHECKSUM_UNNECESSARY, Skb } from '../world/skb'
import { errno } from './given'
import { asSkb, writable } from './skb-bytes'

const F_HDR_FIELD_MASK: u64 = 0xf
const F_PSEUDO_HDR: u64 = 0x10
const F_MARK_MANGLED_0: u64 = 0x20
const F_MARK_ENFORCE: u64 = 0x40
const F_IPV6: u64 = 0x80
const MANGLED_0: u16 = 0xffff

/** Ones' complement sum of 32-bit words. */
@inline export function csumAdd(a: u32, b: u32): u32 {
  const s = a + b
  return s + u32(s < b)
}

@inline function csumSub(a: u32, b: u32): u32 {
  return csumAdd(a, ~b)
}
/** Folded to 16 bits and complemented. */
export function csumFold(sum: u32): u16 {
  return <u16>~csumFrom32(sum)
}

@inline function csumFrom32(sum: u32): u32 {
  return (sum + rotl<u32>(sum, 16)) >> 16
}

/** Sum of bytes, continued from `seed`. */
export function csumPartial(p: usize, len: u32, seed: u32): u32 {
  let sum: u64 = <u64>seed
  let i: u32 = 0
  for (; i + 4 <= len; i += 4) sum += <u64>load<u32>(p + i)
  let rest: u32 = 0
  for (let shift: u32 = 0; i < len; i++, shift += 8) rest |= (<u32>load<u8>(p + i)) << shift
  sum += <u64>rest
  sum = (sum & 0xffffffff) + (sum >> 32)
  sum = (sum & 0xffffffff) + (sum >> 32)
  return <u32>sum
}

@inline function replaceByDiff(ptr: usize, diff: u32): void {
  store<u16>(ptr, csumFold(csumAdd(diff, ~(<u32>load<u16>(ptr)))))
}

@inline function replace4(ptr: usize, from: u32, to: u32): void {
  store<u16>(ptr, csumFold(csumAdd(csumSub(~(<u32>load<u16>(ptr)), from), to)))
}

@inline function add16(a: u16, b: u16): u16 {
  const s = <u16>(a + b)
  return <u16>(<u32>s + u32(s < b))
}
function replace2(ptr: usize, from: u16, to: u16): void {
  const old = load<u16>(ptr)
  store<u16>(ptr, <u16>~(<u32>add16(add16(<u16>~(<u32>old), <u16>~(<u32>from)), to)))
}

export function l3CsumReplace(ctx: u64, offset: u64, from: u64, to: u64, flags: u64): u64 {
  const skb = asSkb(ctx)
  const off = <u32>offset
  if (flags & ~F_HDR_FIELD_MASK) return errno(EINVAL)
  if (off > 0xffff || off & 1 || !writable(skb, off + 2)) return errno(EFAULT)
  const ptr = <usize>skb.data + off
  switch (<u32>flags) {
    case 0:
      if (from) return errno(EINVAL)
      replaceByDiff(ptr, <u32>to)
      return 0
    case 2:
      replace2(ptr, <u16>from, <u16>to)
      return 0
    case 4:
      replace4(ptr, <u32>from, <u32>to)
      return 0
    default:
      return errno(EINVAL)
  }
}

/** inet_proto_csum_replace4: the packet's own sum moves too where the field counts in it. */
function protoReplace4(ptr: usize, skb: Skb, from: u32, to: u32, pseudo: bool): void {
  if (skb.ipSummed != CHECKSUM_PARTIAL) {
    replace4(ptr, from, to)
    if (skb.ipSummed == CHECKSUM_COMPLETE && pseudo) skb.csum = ~csumAdd(csumSub(~skb.csum, from), to)
  } else if (pseudo) {
    store<u16>(ptr, <u16>~(<u32>csumFold(csumAdd(csumSub(<u32>load<u16>(ptr), from), to))))
  }
}

function protoReplaceByDiff(ptr: usize, skb: Skb, diff: u32, pseudo: bool, ipv6: bool): void {
  if (skb.ipSummed != CHECKSUM_PARTIAL) {
    replaceByDiff(ptr, diff)
    if (skb.ipSummed == CHECKSUM_COMPLETE && pseudo && !ipv6) skb.csum = ~csumSub(diff, skb.csum)
  } else if (pseudo) {
    store<u16>(ptr, <u16>~(<u32>csumFold(csumAdd(diff, <u32>load<u16>(ptr)))))
  }
}

export function l4CsumReplace(ctx: u64, offset: u64, from: u64, to: u64, flags: u64): u64 {
  const skb = asSkb(ctx)
  const off = <u32>offset
  const known = F_MARK_MANGLED_0 | F_MARK_ENFORCE | F_PSEUDO_HDR | F_HDR_FIELD_MASK | F_IPV6
  if (flags & ~known) return errno(EINVAL)
  if (off > 0xffff || off & 1 || !writable(skb, off + 2)) return errno(EFAULT)
  const ptr = <usize>skb.data + off
  const mangled0 = (flags & F_MARK_MANGLED_0) != 0
  if (mangled0 && !(flags & F_MARK_ENFORCE) && !load<u16>(ptr)) return 0
  const pseudo = (flags & F_PSEUDO_HDR) != 0
  switch (<u32>(flags & F_HDR_FIELD_MASK)) {
    case 0:
      if (from) return errno(EINVAL)
      protoReplaceByDiff(ptr, skb, <u32>to, pseudo, (flags & F_IPV6) != 0)
      break
    case 2:
      protoReplace4(ptr, skb, <u32>(<u16>from), <u32>(<u16>to), pseudo)
      break
    case 4:
      protoReplace4(ptr, skb, <u32>from, <u32>to, pseudo)
      break
    default:
      return errno(EINVAL)
  }
  if (mangled0 && !load<u16>(ptr)) store<u16>(ptr, MANGLED_0)
  return 0
}

/** bpf_csum_diff: the difference that replacing `from` by `to` makes, folded to 16 bits. */
export function csumDiff(from: u64, fromSize: u64, to: u64, toSize: u64, seed: u64): u64 {
  const a = <u32>fromSize
  const b = <u32>toSize
  let sum = <u32>seed
  if (b) sum = csumPartial(<usize>to, b, sum)
  if (a && b) sum = csumSub(sum, csumPartial(<usize>from, a, 0))
  else if (a) sum = ~csumPartial(<usize>from, a, ~sum)
  return <u64>csumFrom32(sum)
}

export function csumUpdate(ctx: u64, csum: u64, r3: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  if (skb.ipSummed != CHECKSUM_COMPLETE) return errno(ENOTSUPP)
  skb.csum = csumAdd(skb.csum, <u32>csum)
  return <u64>skb.csum
}

const LEVEL_MAX: u8 = 3

/** Query, one level more or less, none: how many checksums the device has verified. */
export function csumLevel(ctx: u64, level: u64, r3: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  if (level > 3) return errno(EINVAL)
  const verified = skb.ipSummed == CHECKSUM_UNNECESSARY
  switch (<u32>level) {
    case 0:
      return verified ? <u64>skb.csumLevel : errno(EACCES)
    case 1:
      if (!verified) {
        if (skb.ipSummed == CHECKSUM_NONE) {
          skb.ipSummed = CHECKSUM_UNNECESSARY
          skb.csumLevel = 0
        }
      } else if (skb.csumLevel < LEVEL_MAX) skb.csumLevel++
      return 0
    case 2:
      if (!verified) return 0
      if (!skb.csumLevel) skb.ipSummed = CHECKSUM_NONE
      else skb.csumLevel--
      return 0
    default:
      resetUnnecessary(skb)
      return 0
  }
}

export function resetUnnecessary(skb: Skb): void {
  if (skb.ipSummed != CHECKSUM_UNNECESSARY) return
  skb.ipSummed = CHECKSUM_NONE
  skb.csumLevel = 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Shifts of scalars by what is known. Counterparts: scalar32_min_max_lsh, __scalar64_min_max_lsh and their like.

import { mark32Unbounded, mark64Unbounded, update32Bounds, updateBounds } from '../bounds'
import { RegState } from '../state'
import { tnumArsh, tnumLsh, tnumRsh } from '../tnum'

const S32_MIN: i32 = i32.MIN_VALUE
const S32_MAX: i32 = i32.MAX_VALUE
const LOW32: u64 = 0xffffffff

function lshBounds32(d: RegState, lo: u64, hi: u64): void {
  d.s32min = S32_MIN
  d.s32max = S32_MAX
  if (hi > 31 || <u64>d.u32max > (<u64>1) << (31 - hi)) {
    d.u32min = 0
    d.u32max = u32.MAX_VALUE
  } else {
    d.u32min <<= <u32>lo
    d.u32max <<= <u32>hi
  }
}

export function lsh32(d: RegState, s: RegState): void {
  const lo = s.u32min
  lshBounds32(d, lo, s.u32max)
  tnumLsh(d.varOff, d.varValue & LOW32, d.varMask & LOW32, lo)
  d.varValue &= LOW32
  d.varMask &= LOW32
  mark64Unbounded(d)
  update32Bounds(d)
}

export function lsh64(d: RegState, s: RegState): void {
  const lo = s.umin
  const hi = s.umax
  // Half of a sign extension by two shifts: the subregister's bounds keep their signs in the upper half.
  const half = lo == 32 && hi == 32
  const smax: i64 = half ? (<i64>d.s32max) << 32 : i64.MAX_VALUE
  const smin: i64 = half ? (<i64>d.s32min) << 32 : i64.MIN_VALUE
  d.smax = smax
  d.smin = smin
  if (d.umax > (<u64>1) << (63 - hi)) {
    d.umin = 0
    d.umax = u64.MAX_VALUE
  } else {
    d.umin <<= lo
    d.umax <<= hi
  }
  lshBounds32(d, lo, hi)
  tnumLsh(d.varOff, d.varValue, d.varMask, <u32>lo)
  updateBounds(d)
}

export function rsh32(d: RegState, s: RegState): void {
  d.s32min = S32_MIN
  d.s32max = S32_MAX
  tnumRsh(d.varOff, d.varValue & LOW32, d.varMask & LOW32, s.u32min)
  d.u32min >>= s.u32max
  d.u32max >>= s.u32min
  mark64Unbounded(d)
  update32Bounds(d)
}

export function rsh64(d: RegState, s: RegState): void {
  d.smin = i64.MIN_VALUE
  d.smax = i64.MAX_VALUE
  tnumRsh(d.varOff, d.varValue, d.varMask, <u32>s.umin)
  d.umin >>= s.umax
  d.umax >>= s.umin
  mark32Unbounded(d)
  updateBounds(d)
}

export function arsh32(d: RegState, s: RegState): void {
  const by = s.u32min
  d.s32min >>= <i32>by
  d.s32max >>= <i32>by
  tnumArsh(d.varOff, d.varValue & LOW32, d.varMask & LOW32, by, 32)
  d.u32min = 0
  d.u32max = u32.MAX_VALUE
  mark64Unbounded(d)
  update32Bounds(d)
}

export function arsh64(d: RegState, s: RegState): void {
  const by = s.umin
  d.smin >>= <i64>by
  d.smax >>= <i64>by
  tnumArsh(d.varOff, d.varValue, d.varMask, <u32>by, 64)
  d.umin = 0
  d.umax = u64.MAX_VALUE
  mark32Unbounded(d)
  updateBounds(d)
}

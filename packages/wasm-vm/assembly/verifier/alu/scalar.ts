// SPDX-License-Identifier: GPL-2.0-only
// Arithmetic on two numbers: bounds and known bits of the result, for both widths at once.
// Kernel counterpart: scalar_min_max_*, scalar32_min_max_*, adjust_scalar_min_max_vals of verifier.c (6.18).

import { ENOMEM } from '../../gen/errno.gen'
import { insnClass, insnCode, insnDst, insnImm } from '../../insn/raw'
import {
  boundsSync,
  coerceToSize,
  isConst,
  isConst32,
  mark32Known,
  markKnown,
  markUnbounded,
  markUnknown,
  updateBounds,
  zext32,
} from '../bounds'
import { Env } from '../env'
import { copyReg, frameOf, regOf, RegState, VState } from '../state'
import { pushStack } from '../states/stack'
import { tnumAdd, tnumAnd, tnumMul, tnumNeg, tnumOr, tnumSet, tnumSub, tnumXor } from '../tnum'
import { arsh32, arsh64, lsh32, lsh64, rsh32, rsh64 } from './shift'
import { sanitizeErr, sanitizeNeeded, sanitizeValAlu } from './sanitize'

const S32_MIN: i32 = i32.MIN_VALUE
const S32_MAX: i32 = i32.MAX_VALUE
const LOW32: u64 = 0xffffffff
const OP_OR: i32 = 0x40
const OP_AND: i32 = 0x50
const OP_END: i32 = 0xd0
/** The source operand as it was, since destination and source may be one register. */
const SRC: usize = memory.data(112, 8)
/** The operand of a negation as it was. */
const NEGATED: usize = memory.data(112, 8)

@inline export function addOverflows(a: i64, b: i64): bool {
  const r = a + b
  return ((a ^ r) & (b ^ r)) < 0
}

@inline export function subOverflows(a: i64, b: i64): bool {
  const r = a - b
  return ((a ^ b) & (a ^ r)) < 0
}
function mulOverflows(a: i64, b: i64): bool {
  if (a == 0 || b == 0) return false
  if ((a == -1 && b == i64.MIN_VALUE) || (b == -1 && a == i64.MIN_VALUE)) return true
  const r = a * b
  return r / b != a
}
function mulOverflowsUnsigned(a: u64, b: u64): bool {
  if ((a | b) >> 32 == 0) return false
  return a != 0 && b > u64.MAX_VALUE / a
}

@inline function fitsS32(v: i64): bool {
  return v >= <i64>S32_MIN && v <= <i64>S32_MAX
}

export function scalar32Add(d: RegState, s: RegState): void {
  const lo = <i64>d.s32min + <i64>s.s32min
  const hi = <i64>d.s32max + <i64>s.s32max
  const ok = fitsS32(lo) && fitsS32(hi)
  d.s32min = ok ? <i32>lo : S32_MIN
  d.s32max = ok ? <i32>hi : S32_MAX
  const ulo = <u64>d.u32min + <u64>s.u32min
  const uhi = <u64>d.u32max + <u64>s.u32max
  // Both ends wrapped or none: still one range.
  const split = ulo <= LOW32 && uhi > LOW32
  d.u32min = split ? 0 : <u32>ulo
  d.u32max = split ? u32.MAX_VALUE : <u32>uhi
}

export function scalar64Add(d: RegState, s: RegState): void {
  if (addOverflows(d.smin, s.smin) || addOverflows(d.smax, s.smax)) {
    d.smin = i64.MIN_VALUE
    d.smax = i64.MAX_VALUE
  } else {
    d.smin += s.smin
    d.smax += s.smax
  }
  const ulo = d.umin + s.umin
  const uhi = d.umax + s.umax
  const split = ulo >= s.umin && uhi < s.umax
  d.umin = split ? 0 : ulo
  d.umax = split ? u64.MAX_VALUE : uhi
}

function scalar32Sub(d: RegState, s: RegState): void {
  const lo = <i64>d.s32min - <i64>s.s32max
  const hi = <i64>d.s32max - <i64>s.s32min
  const ok = fitsS32(lo) && fitsS32(hi)
  d.s32min = ok ? <i32>lo : S32_MIN
  d.s32max = ok ? <i32>hi : S32_MAX
  const split = d.u32min < s.u32max && d.u32max >= s.u32min
  const ulo = d.u32min - s.u32max
  const uhi = d.u32max - s.u32min
  d.u32min = split ? 0 : ulo
  d.u32max = split ? u32.MAX_VALUE : uhi
}

function scalar64Sub(d: RegState, s: RegState): void {
  if (subOverflows(d.smin, s.smax) || subOverflows(d.smax, s.smin)) {
    d.smin = i64.MIN_VALUE
    d.smax = i64.MAX_VALUE
  } else {
    d.smin -= s.smax
    d.smax -= s.smin
  }
  const split = d.umin < s.umax && d.umax >= s.umin
  const ulo = d.umin - s.umax
  const uhi = d.umax - s.umin
  d.umin = split ? 0 : ulo
  d.umax = split ? u64.MAX_VALUE : uhi
}

function scalar32Mul(d: RegState, s: RegState): void {
  const uhi = <u64>d.u32max * <u64>s.u32max
  const fits = uhi <= LOW32
  d.u32min = fits ? d.u32min * s.u32min : 0
  d.u32max = fits ? <u32>uhi : u32.MAX_VALUE
  const a = <i64>d.s32min * <i64>s.s32min
  const b = <i64>d.s32min * <i64>s.s32max
  const c = <i64>d.s32max * <i64>s.s32min
  const e = <i64>d.s32max * <i64>s.s32max
  const ok = fitsS32(a) && fitsS32(b) && fitsS32(c) && fitsS32(e)
  d.s32min = ok ? <i32>min<i64>(min<i64>(a, b), min<i64>(c, e)) : S32_MIN
  d.s32max = ok ? <i32>max<i64>(max<i64>(a, b), max<i64>(c, e)) : S32_MAX
}

function scalar64Mul(d: RegState, s: RegState): void {
  if (mulOverflowsUnsigned(d.umax, s.umax) || mulOverflowsUnsigned(d.umin, s.umin)) {
    d.umin = 0
    d.umax = u64.MAX_VALUE
  } else {
    d.umin *= s.umin
    d.umax *= s.umax
  }
  if (
    mulOverflows(d.smin, s.smin) ||
    mulOverflows(d.smin, s.smax) ||
    mulOverflows(d.smax, s.smin) ||
    mulOverflows(d.smax, s.smax)
  ) {
    d.smin = i64.MIN_VALUE
    d.smax = i64.MAX_VALUE
    return
  }
  const a = d.smin * s.smin
  const b = d.smin * s.smax
  const c = d.smax * s.smin
  const e = d.smax * s.smax
  d.smin = min<i64>(min<i64>(a, b), min<i64>(c, e))
  d.smax = max<i64>(max<i64>(a, b), max<i64>(c, e))
}

/** Signed bounds of a result whose unsigned ones are known. */
function signedFromUnsigned32(d: RegState): void {
  const ok = <i32>d.u32min <= <i32>d.u32max
  d.s32min = ok ? <i32>d.u32min : S32_MIN
  d.s32max = ok ? <i32>d.u32max : S32_MAX
}
function signedFromUnsigned64(d: RegState): void {
  const ok = <i64>d.umin <= <i64>d.umax
  d.smin = ok ? <i64>d.umin : i64.MIN_VALUE
  d.smax = ok ? <i64>d.umax : i64.MAX_VALUE
  updateBounds(d)
}

// The three bitwise ones read the known bits of the result, which are computed before.
function bitwise32(op: i32, d: RegState, s: RegState): void {
  if (isConst32(s) && isConst32(d)) {
    mark32Known(d, d.varValue & LOW32)
    return
  }
  const v = <u32>d.varValue
  const m = <u32>d.varMask
  if (op == 0x50) {
    d.u32min = v
    d.u32max = min<u32>(d.u32max, s.u32max)
  } else if (op == 0x40) {
    d.u32min = max<u32>(d.u32min, s.u32min)
    d.u32max = v | m
  } else {
    d.u32min = v
    d.u32max = v | m
  }
  signedFromUnsigned32(d)
}

function bitwise64(op: i32, d: RegState, s: RegState): void {
  if (isConst(s) && isConst(d)) {
    markKnown(d, d.varValue)
    return
  }
  const v = d.varValue
  const m = d.varMask
  if (op == 0x50) {
    d.umin = v
    d.umax = min<u64>(d.umax, s.umax)
  } else if (op == 0x40) {
    d.umin = max<u64>(d.umin, s.umin)
    d.umax = v | m
  } else {
    d.umin = v
    d.umax = v | m
  }
  signedFromUnsigned64(d)
}

/** Byte swaps: known bits move with their bytes, ranges are found again from them; the narrow ones cut the value off. */
function byteSwap(p: usize, d: RegState): void {
  const bits = insnImm(p)
  // bswap always swaps; to big endian swaps here, to little endian only cuts.
  if (insnClass(p) == 7 || (insnCode(p) & 8) != 0) {
    tnumSet(d.varOff, swapped(d.varValue, bits), swapped(d.varMask, bits))
    markUnbounded(d)
  }
  if (bits != 64) coerceToSize(d, bits >> 3)
  d.id = 0
}
function swapped(v: u64, bits: i32): u64 {
  if (bits == 16) return <u64>bswap<u16>(<u16>v)
  return bits == 32 ? <u64>bswap<u32>(<u32>v) : bswap<u64>(v)
}

/** Whether bounds of the result are computed at all; shifts need a known distance in range. */
function isComputable(op: i32, s: RegState, wide: bool): bool {
  switch (op) {
    case 0x00:
    case 0x10:
    case 0x20:
    case 0x40:
    case 0x50:
    case 0x80:
    case 0xa0:
    case OP_END:
      return true
    case 0x60:
    case 0x70:
    case 0xc0: {
      const known = wide
        ? isConst(s) && s.smin == s.smax && s.umin == s.umax
        : isConst32(s) && s.s32min == s.s32max && s.u32min == s.u32max
      const width: u64 = wide ? 64 : 32
      return known && s.umax < width
    }
  }
  return false
}

function compute(p: usize, op: i32, d: RegState, s: RegState, wide: bool): void {
  switch (op) {
    case OP_END:
      byteSwap(p, d)
      break
    case 0x00:
      scalar32Add(d, s)
      scalar64Add(d, s)
      tnumAdd(d.varOff, d.varValue, d.varMask, s.varValue, s.varMask)
      break
    case 0x10:
      scalar32Sub(d, s)
      scalar64Sub(d, s)
      tnumSub(d.varOff, d.varValue, d.varMask, s.varValue, s.varMask)
      break
    case 0x80: {
      const was = changetype<RegState>(NEGATED)
      copyReg(was, d)
      markKnown(d, 0)
      scalar32Sub(d, was)
      scalar64Sub(d, was)
      tnumNeg(d.varOff, was.varValue, was.varMask)
      break
    }
    case 0x20:
      tnumMul(d.varOff, d.varValue, d.varMask, s.varValue, s.varMask)
      scalar32Mul(d, s)
      scalar64Mul(d, s)
      break
    case 0x50:
      tnumAnd(d.varOff, d.varValue, d.varMask, s.varValue, s.varMask)
      bitwise32(op, d, s)
      bitwise64(op, d, s)
      break
    case 0x40:
      tnumOr(d.varOff, d.varValue, d.varMask, s.varValue, s.varMask)
      bitwise32(op, d, s)
      bitwise64(op, d, s)
      break
    case 0xa0:
      tnumXor(d.varOff, d.varValue, d.varMask, s.varValue, s.varMask)
      bitwise32(op, d, s)
      bitwise64(op, d, s)
      break
    case 0x60:
      if (wide) lsh64(d, s)
      else lsh32(d, s)
      break
    case 0x70:
      if (wide) rsh64(d, s)
      else rsh32(d, s)
      break
    case 0xc0:
      if (wide) arsh64(d, s)
      else arsh32(d, s)
      break
  }
}

/**
 * What an arithmetic shift by all but one bit leaves, nothing or all ones, is walked as the two values that it has:
 * all ones here and nothing on a path that waits. That way `(x s>> 63) & K` is 0 or K, not a range.
 */
function forkSign(env: Env, p: usize, d: RegState): i32 {
  const wide = d.smin == -1 && d.smax == 0
  if (!wide && (d.s32min != -1 || d.s32max != 0)) return 0
  const other: VState = pushStack(env, env.insnIdx, env.insnIdx, false)
  if (changetype<usize>(other) == 0) return -ENOMEM
  const o = regOf(frameOf(other, other.curframe), insnDst(p))
  if (wide) {
    markKnown(o, 0)
    markKnown(d, ~(<u64>0))
  } else {
    mark32Known(o, 0)
    mark32Known(d, ~(<u64>0))
  }
  return 0
}

/** dst = dst op src for two numbers. */
export function adjustScalar(env: Env, p: usize, d: RegState, src: RegState): i32 {
  const op = insnCode(p) & 0xf0
  const wide = insnClass(p) == 7
  if (!isComputable(op, src, wide)) {
    markUnknown(env, d)
    return 0
  }
  if (sanitizeNeeded(op)) {
    const ret = sanitizeValAlu(env, p)
    if (ret < 0) return sanitizeErr(env, p, ret, changetype<RegState>(0), changetype<RegState>(0))
  }
  const s = changetype<RegState>(SRC)
  copyReg(s, src)
  if ((op == OP_AND || op == OP_OR) && isConst(s)) {
    const err = forkSign(env, p, d)
    if (err) return err
  }
  compute(p, op, d, s, wide)
  if (!wide && op != OP_END) zext32(d)
  boundsSync(d)
  return 0
}

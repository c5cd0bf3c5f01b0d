// SPDX-License-Identifier: GPL-2.0-only
// Tristate numbers: a bit set in mask is unknown, else it is that of value. Counterpart: kernel/bpf/tnum.c.
// A tnum is 16 bytes in memory (value, mask). Operands come as numbers, the result goes to an address, which may be
// that of an operand.

@inline export function tnumSet(out: usize, value: u64, mask: u64): void {
  store<u64>(out, value)
  store<u64>(out, mask, 8)
}

@inline export function tnumConst(out: usize, value: u64): void {
  tnumSet(out, value, 0)
}

/** Covers all numbers of an unsigned range. */
export function tnumRange(out: usize, lo: u64, hi: u64): void {
  const chi = lo ^ hi
  const bits = 64 - <i32>clz(chi)
  if (bits > 63) {
    tnumSet(out, 0, ~(<u64>0))
    return
  }
  const delta = ((<u64>1) << bits) - 1
  tnumSet(out, lo & ~delta, delta)
}

export function tnumLsh(out: usize, v: u64, m: u64, by: u32): void {
  tnumSet(out, v << by, m << by)
}
export function tnumRsh(out: usize, v: u64, m: u64, by: u32): void {
  tnumSet(out, v >> by, m >> by)
}

/** Arithmetic shift; in 32 bits the upper half of the result is zero. */
export function tnumArsh(out: usize, v: u64, m: u64, by: u32, bits: i32): void {
  if (bits == 32) tnumSet(out, <u64>(<u32>((<i32>v) >> by)), <u64>(<u32>((<i32>m) >> by)))
  else tnumSet(out, <u64>((<i64>v) >> by), <u64>((<i64>m) >> by))
}

export function tnumAdd(out: usize, av: u64, am: u64, bv: u64, bm: u64): void {
  const sm = am + bm
  const sv = av + bv
  const mu = ((sm + sv) ^ sv) | am | bm
  tnumSet(out, sv & ~mu, mu)
}
export function tnumSub(out: usize, av: u64, am: u64, bv: u64, bm: u64): void {
  const dv = av - bv
  const mu = ((dv + am) ^ (dv - bm)) | am | bm
  tnumSet(out, dv & ~mu, mu)
}
export function tnumNeg(out: usize, v: u64, m: u64): void {
  tnumSub(out, 0, 0, v, m)
}
export function tnumAnd(out: usize, av: u64, am: u64, bv: u64, bm: u64): void {
  const v = av & bv
  tnumSet(out, v, (av | am) & (bv | bm) & ~v)
}
export function tnumOr(out: usize, av: u64, am: u64, bv: u64, bm: u64): void {
  const v = av | bv
  tnumSet(out, v, (am | bm) & ~v)
}
export function tnumXor(out: usize, av: u64, am: u64, bv: u64, bm: u64): void {
  const mu = am | bm
  tnumSet(out, (av ^ bv) & ~mu, mu)
}

/** Long multiplication; an unknown bit of a joins the sums with and without b. */
export function tnumMul(out: usize, av: u64, am: u64, bv: u64, bm: u64): void {
  let accV: u64 = 0
  let accM: u64 = 0
  while (av | am) {
    if ((av | am) & 1) {
      const sm = accM + bm
      const sv = accV + bv
      const mu = ((sm + sv) ^ sv) | accM | bm
      const v = sv & ~mu
      if (av & 1) {
        accV = v
        accM = mu
      } else {
        const um = (accV ^ v) | accM | mu
        accV = accV & v & ~um
        accM = um
      }
    }
    av >>= 1
    am >>= 1
    bv <<= 1
    bm <<= 1
  }
  tnumSet(out, accV, accM)
}

@inline export function tnumOverlap(av: u64, am: u64, bv: u64, bm: u64): bool {
  const known = ~am & ~bm
  return (av & known) == (bv & known)
}

@inline export function tnumIntersect(out: usize, av: u64, am: u64, bv: u64, bm: u64): void {
  const m = am & bm
  tnumSet(out, (av | bv) & ~m, m)
}

@inline export function tnumCast(out: usize, v: u64, m: u64, size: i32): void {
  const keep = ((<u64>1) << (size * 8)) - 1
  tnumSet(out, v & keep, m & keep)
}

@inline export function tnumIsAligned(v: u64, m: u64, size: u64): bool {
  return size == 0 || ((v | m) & (size - 1)) == 0
}
/** Whether all numbers of b are numbers of a. */
@inline export function tnumIn(av: u64, am: u64, bv: u64, bm: u64): bool {
  return (bm & ~am) == 0 && av == (bv & ~am)
}

/** The smallest member above z; the largest one when none is above. */
export function tnumNext(v: u64, m: u64, z: u64): u64 {
  const most = v | m
  if (z >= most) return most
  if (z < v) return v
  const near = v | (z & m)
  if (near > z) {
    // From the highest known one that z lacks downwards everything is the least that it can be.
    const above = highBits(v & ~m & ~z)
    return (z & above) | (v & ~above)
  }
  // Count the unknown bits above the highest one of z that must be zero; known bits pass the carry on.
  const wrong = z & ~v & ~m
  const above = highBits(wrong)
  const step: u64 = wrong ? (<u64>1) << (64 - clz<u64>(wrong)) : 1
  return (((((z & m) | ~m) & above) + step) & m) | v
}
/** All bits above the highest one of p. */
@inline function highBits(p: u64): u64 {
  return p ? (~(<u64>0) << (63 - clz<u64>(p))) << 1 : ~(<u64>0)
}

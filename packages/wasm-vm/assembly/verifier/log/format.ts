// SPDX-License-Identifier: GPL-2.0-only
// The kernel's printf for messages: %d %i %u %x %c with l and ll, flags # + 0 and a width (or *),
// %s for a literal made with S(), %S for a NUL-terminated string and %T for a tnum, both made with Z().

const ARGS: usize = memory.data(16 * 8, 8)
const DIGITS: usize = memory.data(32, 8)

/** A literal as an argument: the address of its UTF-16 text. */
@inline export function S(s: string): i64 {
  return <i64>changetype<usize>(s)
}

/** An address as an argument. */
@inline export function Z(p: usize): i64 {
  return <i64>p
}

@inline export function setFormatArg(i: i32, v: i64): void {
  store<i64>(ARGS + ((<usize>i) << 3), v)
}

@inline function unitAt(s: usize, i: i32): i32 {
  return <i32>load<u16>(s + ((<usize>i) << 1))
}

@inline function argAt(i: i32): i64 {
  return load<i64>(ARGS + ((<usize>i) << 3))
}
/** Length of a literal in code units (the runtime keeps its byte length in front of it). */
@inline function literalLength(s: usize): i32 {
  return load<i32>(s - 4) >> 1
}

function digitsOf(v: u64, base: u64): i32 {
  let n = 0
  do {
    const d = <u32>(v % base)
    store<u8>(DIGITS + <usize>n, d < 10 ? 48 + d : 87 + d)
    n++
    v /= base
  } while (v != 0)
  return n
}

/** Writes a number; what does not fit before `end` is dropped. Returns the next position. */
function putNumber(p: usize, end: usize, v: i64, conv: i32, plus: bool, alt: bool, zero: bool, width: i32): usize {
  let sign = 0
  let u = <u64>v
  if (conv == 100) {
    if (v < 0) {
      sign = 45
      u = <u64>0 - u
    } else if (plus) sign = 43
  }
  const n = digitsOf(u, conv == 120 ? 16 : 10)
  const prefixed = alt && conv == 120
  let pad = width - n - (sign ? 1 : 0) - (prefixed ? 2 : 0)
  if (!zero) for (; pad > 0; pad--) p = put(p, end, 32)
  if (sign) p = put(p, end, sign)
  if (prefixed) {
    p = put(p, end, 48)
    p = put(p, end, 120)
  }
  for (; pad > 0; pad--) p = put(p, end, 48)
  for (let i = n - 1; i >= 0; i--) p = put(p, end, <i32>load<u8>(DIGITS + <usize>i))
  return p
}

@inline function put(p: usize, end: usize, c: i32): usize {
  if (p >= end) return p
  store<u8>(p, <u8>c)
  return p + 1
}

function putLiteral(p: usize, end: usize, s: usize): usize {
  const n = literalLength(s)
  for (let i = 0; i < n; i++) p = put(p, end, <i32>load<u16>(s + ((<usize>i) << 1)))
  return p
}

function putBytes(p: usize, end: usize, s: usize): usize {
  for (let c = load<u8>(s); c != 0; c = load<u8>(++s)) p = put(p, end, c)
  return p
}

/** A constant in decimal if it is small, else (value; mask). */
function putTnum(p: usize, end: usize, t: usize): usize {
  const value = load<i64>(t)
  const mask = load<i64>(t, 8)
  if (mask == 0) {
    if (<u64>value <= 0xffff) return putNumber(p, end, value, 117, false, false, false, 0)
    return putNumber(p, end, value, 120, false, true, false, 0)
  }
  p = put(p, end, 40)
  p = putNumber(p, end, value, 120, false, true, false, 0)
  p = put(p, end, 59)
  p = put(p, end, 32)
  p = putNumber(p, end, mask, 120, false, true, false, 0)
  return put(p, end, 41)
}

/** Formats with the arguments set by setFormatArg into [buf, buf + size); always ends with NUL. Returns the length. */
export function formatMessage(buf: usize, size: usize, fmt: string): i32 {
  const f = changetype<usize>(fmt)
  const len = literalLength(f)
  const end = buf + size - 1
  let p = buf
  let arg = 0
  let i = 0
  while (i < len) {
    let c = unitAt(f, i++)
    if (c != 37) {
      p = put(p, end, c)
      continue
    }
    let plus = false
    let alt = false
    let zero = false
    for (;;) {
      c = unitAt(f, i++)
      if (c == 43) plus = true
      else if (c == 35) alt = true
      else if (c == 48) zero = true
      else break
    }
    let width = 0
    if (c == 42) {
      width = <i32>argAt(arg++)
      c = unitAt(f, i++)
    }
    while (c >= 48 && c <= 57) {
      width = width * 10 + c - 48
      c = unitAt(f, i++)
    }
    let longs = 0
    while (c == 108 || c == 122) {
      longs += c == 122 ? 2 : 1
      c = unitAt(f, i++)
    }
    if (c == 37) {
      p = put(p, end, 37)
      continue
    }
    let v = argAt(arg++)
    if (c == 100 || c == 105) {
      p = putNumber(p, end, longs ? v : <i64>(<i32>v), 100, plus, alt, zero, width)
    } else if (c == 117 || c == 120) {
      p = putNumber(p, end, longs ? v : <i64>(<u64>(<u32>v)), c, plus, alt, zero, width)
    } else if (c == 99) {
      for (let k = 1; k < width; k++) p = put(p, end, 32)
      p = put(p, end, <i32>v)
    } else if (c == 115) {
      p = putLiteral(p, end, <usize>v)
    } else if (c == 83) {
      p = putBytes(p, end, <usize>v)
    } else if (c == 84) {
      p = putTnum(p, end, <usize>v)
    }
  }
  store<u8>(p, 0)
  return <i32>(p - buf)
}

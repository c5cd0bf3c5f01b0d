// SPDX-License-Identifier: GPL-2.0-only
// Text of the kernel: a printf core over a sink that counts what did not fit, as vsnprintf does.

/** Where text goes: `buf` has room for `cap` bytes; `len` counts all that were written, fitting or not. */
@unmanaged export class Sink {
  buf: usize
  cap: usize
  len: usize
}

@inline export function putByte(s: Sink, c: u32): void {
  if (s.len < s.cap) store<u8>(s.buf + s.len, <u8>c)
  s.len++
}

function pad(s: Sink, n: i32, c: u32): void {
  while (n-- > 0) putByte(s, c)
}

export const FMT_ZERO: u32 = 1
export const FMT_LEFT: u32 = 2
export const FMT_PLUS: u32 = 4
export const FMT_SPACE: u32 = 8
export const FMT_ALT: u32 = 16
export const FMT_UPPER: u32 = 32
export const FMT_SIGNED: u32 = 64

const DIGITS: usize = memory.data(24, 8)

/** A number: `width` and `precision` as in printf (precision -1: none). */
export function putNumber(s: Sink, value: u64, base: u32, flags: u32, width: i32, precision: i32): void {
  let sign: u32 = 0
  if (flags & FMT_SIGNED) {
    if (<i64>value < 0) {
      sign = 45
      value = 0 - value
    } else if (flags & FMT_PLUS) sign = 43
    else if (flags & FMT_SPACE) sign = 32
  }
  let n = 0
  const hex: u32 = flags & FMT_UPPER ? 55 : 87
  const nonzero = value != 0
  if (value == 0) store<u8>(DIGITS + n++, 48)
  while (value) {
    const d = <u32>(value % <u64>base)
    store<u8>(DIGITS + n++, <u8>(d < 10 ? d + 48 : d + hex))
    value /= <u64>base
  }
  const digits = max(n, precision)
  let prefix = 0
  if (flags & FMT_ALT && base == 16) prefix = 2
  if (flags & FMT_ALT && base == 8 && nonzero) prefix = 1
  const fill = width - digits - prefix - (sign ? 1 : 0)
  const zeros = (flags & FMT_ZERO) != 0 && (flags & FMT_LEFT) == 0
  if (!zeros && !(flags & FMT_LEFT)) pad(s, fill, 32)
  if (sign) putByte(s, sign)
  if (prefix) putByte(s, 48)
  if (prefix == 2) putByte(s, flags & FMT_UPPER ? 88 : 120)
  if (zeros) pad(s, fill, 48)
  pad(s, digits - n, 48)
  while (n > 0) putByte(s, <u32>load<u8>(DIGITS + --n))
  if (flags & FMT_LEFT) pad(s, fill, 32)
}

/** A text: `unit` is 1 for zero-terminated bytes, 2 for an AssemblyScript literal. */
export function putText(s: Sink, text: usize, unit: usize, flags: u32, width: i32, precision: i32): void {
  let n = 0
  if (unit == 2) n = changetype<string>(text).length
  else while ((precision < 0 || n < precision) && load<u8>(text + n)) n++
  if (precision >= 0 && n > precision) n = precision
  if (!(flags & FMT_LEFT)) pad(s, width - n, 32)
  for (let i = 0; i < n; i++) putByte(s, <u32>load<u8>(text + <usize>i * unit))
  if (flags & FMT_LEFT) pad(s, width - n, 32)
}

function flagOf(c: u32): u32 {
  if (c == 48) return FMT_ZERO
  if (c == 45) return FMT_LEFT
  if (c == 43) return FMT_PLUS
  if (c == 32) return FMT_SPACE
  return c == 35 ? FMT_ALT : 0
}

/**
 * Writes `format`, an AssemblyScript literal, with i64 arguments at `args`. Conversions: %d %i %u %x %X %o %c %p %% with
 * flags, width (also *), precision and lengths (hh h l ll z); without a length only the low 32 bits count.
 * %s takes the address of a literal, %S the address of zero-terminated bytes.
 */
export function formatTo(s: Sink, format: usize, args: usize): void {
  let p = format
  const end = p + ((<usize>changetype<string>(format).length) << 1)
  while (p < end) {
    let c = <u32>load<u16>(p)
    p += 2
    if (c != 37 || p >= end) {
      putByte(s, c)
      continue
    }
    let flags: u32 = 0
    let width = 0
    let precision = -1
    let long = 0
    c = <u32>load<u16>(p)
    p += 2
    while (flagOf(c)) {
      flags |= flagOf(c)
      c = <u32>load<u16>(p)
      p += 2
    }
    if (c == 42) {
      width = <i32>load<i64>(args)
      args += 8
      if (width < 0) {
        flags |= FMT_LEFT
        width = -width
      }
      c = <u32>load<u16>(p)
      p += 2
    }
    while (c >= 48 && c <= 57) {
      width = width * 10 + <i32>(c - 48)
      c = <u32>load<u16>(p)
      p += 2
    }
    if (c == 46) {
      precision = 0
      c = <u32>load<u16>(p)
      p += 2
      if (c == 42) {
        precision = <i32>load<i64>(args)
        args += 8
        c = <u32>load<u16>(p)
        p += 2
      }
      while (c >= 48 && c <= 57) {
        precision = precision * 10 + <i32>(c - 48)
        c = <u32>load<u16>(p)
        p += 2
      }
    }
    while (c == 108 || c == 104 || c == 122) {
      if (c == 108) long++
      c = <u32>load<u16>(p)
      p += 2
    }
    if (c == 37) {
      putByte(s, 37)
      continue
    }
    const arg = load<i64>(args)
    args += 8
    putConversion(s, c, arg, long, flags, width, precision)
  }
}

function putConversion(s: Sink, c: u32, arg: i64, long: i32, flags: u32, width: i32, precision: i32): void {
  const unsigned = long ? <u64>arg : <u64>(<u32>arg)
  switch (c) {
    case 100: // d
    case 105: // i
      putNumber(s, long ? <u64>arg : <u64>(<i64>(<i32>arg)), 10, flags | FMT_SIGNED, width, precision)
      break
    case 117: // u
      putNumber(s, unsigned, 10, flags, width, precision)
      break
    case 120: // x
      putNumber(s, unsigned, 16, flags, width, precision)
      break
    case 88: // X
      putNumber(s, unsigned, 16, flags | FMT_UPPER, width, precision)
      break
    case 111: // o
      putNumber(s, unsigned, 8, flags, width, precision)
      break
    case 112: // p
      putNumber(s, <u64>arg, 16, flags | FMT_ZERO, width ? width : 16, precision)
      break
    case 99: // c
      putByte(s, (<u32>arg) & 255)
      break
    case 115: // s
      putText(s, <usize>arg, 2, flags, width, precision)
      break
    case 83: // S
      putText(s, <usize>arg, 1, flags, width, precision)
      break
    default:
      putByte(s, c)
  }
}

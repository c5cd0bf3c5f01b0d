// SPDX-License-Identifier: GPL-2.0-only
// Text to numbers, comparison. Kernel counterpart: kernel/bpf/helpers.c (__bpf_strtoull and its users).

import { EINVAL, ERANGE } from '../gen/errno.gen'
import { isSpace } from './ctype'
import { asResult, errno } from './given'

const BASE_MASK: u64 = 31
/** Value and sign of the number that was parsed last. */
const VALUE: usize = memory.data(16, 8)

@inline function digitOf(c: u32): u32 {
  if (c >= 48 && c <= 57) return c - 48
  const l = c | 32
  return l >= 97 && l <= 122 ? l - 87 : 99
}

/** Bytes read, or -errno; the number is at VALUE, whether it was negative behind it. */
function parse(buf: usize, len: usize, flags: u64): i32 {
  const base = <u32>(flags & BASE_MASK)
  if (!buf || !len) return -EINVAL
  if (base != 0 && base != 8 && base != 10 && base != 16) return -EINVAL
  if (flags & ~BASE_MASK) return -EINVAL
  let p: usize = 0
  while (p < len && isSpace(load<u8>(buf + p))) p++
  const negative = p < len && load<u8>(buf + p) == 45
  if (negative) p++
  const left = len - p
  // the kernel looks at no more than 63 bytes, copied and zero-terminated
  const end = p + min<usize>(left, 63)
  if (p >= end) return -EINVAL
  return digits(buf, p, end, base, negative)
}

@inline function charAt(buf: usize, p: usize, end: usize): u32 {
  return p < end ? <u32>load<u8>(buf + p) : 0
}

function digits(buf: usize, start: usize, end: usize, asked: u32, negative: bool): i32 {
  let p = start
  let base = asked
  const hex = charAt(buf, p, end) == 48 && (charAt(buf, p + 1, end) | 32) == 120
  if (!base) {
    base = 10
    if (charAt(buf, p, end) == 48) base = hex && digitOf(charAt(buf, p + 2, end)) < 16 ? 16 : 8
  }
  if (base == 16 && hex) p += 2
  let value: u64 = 0
  let overflow = false
  const first = p
  for (; p < end; p++) {
    const d = digitOf(load<u8>(buf + p))
    if (d >= base) break
    if (value & ((<u64>15) << 60) && value > (~(<u64>0) - <u64>d) / <u64>base) overflow = true
    value = value * <u64>base + <u64>d
  }
  if (overflow) return -ERANGE
  if (p == first) return -EINVAL
  store<u64>(VALUE, value)
  store<u64>(VALUE, negative ? 1 : 0, 8)
  return <i32>p
}

export function strtol(buf: u64, len: u64, flags: u64, res: u64, r5: u64): u64 {
  store<u64>(<usize>res, 0)
  const n = parse(<usize>buf, <u32>len, flags)
  if (n < 0) return asResult(n)
  const v = load<u64>(VALUE)
  if (load<u64>(VALUE, 8)) {
    if (<i64>(0 - v) > 0) return errno(ERANGE)
    store<u64>(<usize>res, 0 - v)
  } else {
    if (<i64>v < 0) return errno(ERANGE)
    store<u64>(<usize>res, v)
  }
  return asResult(n)
}

export function strtoul(buf: u64, len: u64, flags: u64, res: u64, r5: u64): u64 {
  store<u64>(<usize>res, 0)
  const n = parse(<usize>buf, <u32>len, flags)
  if (n < 0) return asResult(n)
  if (load<u64>(VALUE, 8)) return errno(EINVAL)
  store<u64>(<usize>res, load<u64>(VALUE))
  return asResult(n)
}

export function strncmp(a: u64, size: u64, b: u64, r4: u64, r5: u64): u64 {
  const n = <usize>(<u32>size)
  for (let i: usize = 0; i < n; i++) {
    const x = <u32>load<u8>(<usize>a + i)
    const y = <u32>load<u8>(<usize>b + i)
    if (x != y) return x < y ? ~(<u64>0) : 1
    if (!x) break
  }
  return 0
}

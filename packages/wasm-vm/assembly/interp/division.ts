// SPDX-License-Identifier: GPL-2.0-only
// Division as RFC 9669 defines it: by zero gives 0, a remainder by zero leaves the dividend, and the one quotient that
// does not fit (INT_MIN / -1) wraps. WebAssembly traps in each of these cases.

@inline export function div64(a: u64, b: u64): u64 {
  return b ? a / b : 0
}

@inline export function mod64(a: u64, b: u64): u64 {
  return b ? a % b : a
}

@inline export function div32(a: u32, b: u32): u32 {
  return b ? a / b : 0
}

@inline export function mod32(a: u32, b: u32): u32 {
  return b ? a % b : a
}
export function sdiv64(a: u64, b: u64): u64 {
  if (<i64>b == -1) return 0 - a
  return b ? <u64>(<i64>a / <i64>b) : 0
}
export function smod64(a: u64, b: u64): u64 {
  if (<i64>b == -1) return 0
  return b ? <u64>(<i64>a % <i64>b) : a
}
export function sdiv32(a: u32, b: u32): u32 {
  if (<i32>b == -1) return 0 - a
  return b ? <u32>(<i32>a / <i32>b) : 0
}
export function smod32(a: u32, b: u32): u32 {
  if (<i32>b == -1) return 0
  return b ? <u32>(<i32>a % <i32>b) : a
}

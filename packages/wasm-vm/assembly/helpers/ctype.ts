// SPDX-License-Identifier: GPL-2.0-only
// Classes of bytes as the kernel's ctype table has them (Latin-1).

export function isSpace(c: u32): bool {
  return (c >= 9 && c <= 13) || c == 32 || c == 160
}
export function isDigit(c: u32): bool {
  return c >= 48 && c <= 57
}
export function isUpper(c: u32): bool {
  return (c >= 65 && c <= 90) || (c >= 192 && c <= 222 && c != 215)
}
export function isLower(c: u32): bool {
  return (c >= 97 && c <= 122) || (c >= 223 && c != 247)
}
export function isAlnum(c: u32): bool {
  return isDigit(c) || isUpper(c) || isLower(c)
}
export function isPunct(c: u32): bool {
  if (c >= 161 && c <= 191) return true
  if (c == 215 || c == 247) return true
  return c > 32 && c < 127 && !isAlnum(c)
}
export function toLower(c: i32): i32 {
  return (c >= 65 && c <= 90) || (c >= 192 && c <= 222 && c != 215) ? c + 32 : c
}
/** ASCII control bytes that are no white space. */
export function isControl(c: u32): bool {
  return c == 127 || (c < 32 && !isSpace(c))
}

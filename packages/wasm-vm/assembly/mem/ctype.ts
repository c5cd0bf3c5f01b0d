// SPDX-License-Identifier: GPL-2.0-only
// Classes of characters as the kernel has them (lib/ctype.c): the upper half is Latin-1.

export function isAlpha(c: u32): bool {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || (c >= 192 && c != 215 && c != 247)
}
export function isDigit(c: u32): bool {
  return c >= 48 && c <= 57
}
export function isPrint(c: u32): bool {
  return (c >= 32 && c < 127) || c >= 160
}

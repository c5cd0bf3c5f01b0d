// SPDX-License-Identifier: GPL-2.0-only
// Bytes and zero-terminated strings in linear memory.

export function isZero(p: usize, len: usize): bool {
  for (let i: usize = 0; i < len; i++) {
    if (load<u8>(p + i)) return false
  }
  return true
}

export function cstrlen(p: usize): usize {
  let n: usize = 0
  while (load<u8>(p + n)) n++
  return n
}

export function cstrEquals(a: usize, b: usize): bool {
  let i: usize = 0
  while (load<u8>(a + i) && load<u8>(a + i) == load<u8>(b + i)) i++
  return load<u8>(a + i) == load<u8>(b + i)
}

/** Whether a zero-terminated string is the text of an AssemblyScript literal (ASCII). */
export function cstrIs(p: usize, text: string): bool {
  const n = text.length
  const t = changetype<usize>(text)
  for (let i = 0; i < n; i++) {
    if (<u32>load<u8>(p + i) != <u32>load<u16>(t + ((<usize>i) << 1))) return false
  }
  return load<u8>(p + n) == 0
}

/** Writes the text of a literal (ASCII) with its final zero; the length without it. */
export function cstrPut(dst: usize, text: string): usize {
  const n = text.length
  const t = changetype<usize>(text)
  for (let i = 0; i < n; i++) store<u8>(dst + i, <u8>load<u16>(t + ((<usize>i) << 1)))
  store<u8>(dst + n, 0)
  return n
}

/** Copies a short range: calls of the engine's copy routine cost more than a few words. */
@inline export function copyShort(dst: usize, src: usize, len: usize): void {
  if (len == 8) store<u64>(dst, load<u64>(src))
  else if (len == 4) store<u32>(dst, load<u32>(src))
  else if (len == 16) {
    const low = load<u64>(src)
    store<u64>(dst, low)
    store<u64>(dst, load<u64>(src, 8), 8)
  } else memory.copy(dst, src, len)
}

/** Whether two byte ranges hold the same. */
@inline export function bytesEqual(a: usize, b: usize, len: usize): bool {
  let i: usize = 0
  for (; i + 8 <= len; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false
  }
  for (; i < len; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false
  }
  return true
}

@inline export function alignUp(n: usize, to: usize): usize {
  return (n + to - 1) & ~(to - 1)
}

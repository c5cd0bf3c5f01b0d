// SPDX-License-Identifier: GPL-2.0-only
// Bob Jenkins' lookup3 as Linux's hash maps use it (include/linux/jhash.h): with BPF_F_ZERO_SEED the order of iteration
// is Linux's.

const INITVAL: u32 = 0xdeadbeef

/** Hash of `len` bytes; words where the length is a multiple of four. */
export function keyHash(key: usize, len: u32, seed: u32): u32 {
  let a: u32 = INITVAL + len + seed
  let b = a
  let c = a
  let p = key
  let n = len
  while (n > 12) {
    a += load<u32>(p)
    b += load<u32>(p, 4)
    c += load<u32>(p, 8)
    a -= c
    a ^= rotl<u32>(c, 4)
    c += b
    b -= a
    b ^= rotl<u32>(a, 6)
    a += c
    c -= b
    c ^= rotl<u32>(b, 8)
    b += a
    a -= c
    a ^= rotl<u32>(c, 16)
    c += b
    b -= a
    b ^= rotl<u32>(a, 19)
    a += c
    c -= b
    c ^= rotl<u32>(b, 4)
    b += a
    n -= 12
    p += 12
  }
  if (!n) return c
  if (n == 4) a += load<u32>(p)
  else if (n == 8) {
    a += load<u32>(p)
    b += load<u32>(p, 4)
  } else if (n == 12) {
    a += load<u32>(p)
    b += load<u32>(p, 4)
    c += load<u32>(p, 8)
  } else {
    a += tailWord(p, 0, n)
    b += tailWord(p, 4, n)
    c += tailWord(p, 8, n)
  }
  c ^= b
  c -= rotl<u32>(b, 14)
  a ^= c
  a -= rotl<u32>(c, 11)
  b ^= a
  b -= rotl<u32>(a, 25)
  c ^= b
  c -= rotl<u32>(b, 16)
  a ^= c
  a -= rotl<u32>(c, 4)
  b ^= a
  b -= rotl<u32>(a, 14)
  c ^= b
  c -= rotl<u32>(b, 24)
  return c
}

function tailWord(p: usize, at: u32, n: u32): u32 {
  let w: u32 = 0
  for (let i: u32 = 0; i < 4 && at + i < n; i++) w |= (<u32>load<u8>(p + at + i)) << (i << 3)
  return w
}

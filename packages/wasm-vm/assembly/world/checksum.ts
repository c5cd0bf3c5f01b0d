// SPDX-License-Identifier: GPL-2.0-only
// The Internet checksum (RFC 1071).

/** Sum of 16-bit words in memory order, carried around; an odd last byte counts as the first of a word. */
export function csumPartial(p: usize, len: u32, sum: u32): u32 {
  let s = <u64>sum
  let i: u32 = 0
  for (; i + 4 <= len; i += 4) s += <u64>load<u32>(p + i)
  if (i + 2 <= len) {
    s += <u64>load<u16>(p + i)
    i += 2
  }
  if (i < len) s += <u64>load<u8>(p + i)
  s = (s & 0xffffffff) + (s >> 32)
  s = (s & 0xffffffff) + (s >> 32)
  return <u32>s
}

/** The checksum that a sum stands for. */
export function csumFold(sum: u32): u16 {
  let s = (sum & 0xffff) + (sum >> 16)
  s = (s & 0xffff) + (s >> 16)
  return <u16>~s
}

/** Sum of the pseudo header of TCP and UDP. */
export function csumPseudo(family: u32, saddr: usize, daddr: usize, protocol: u32, len: u32): u32 {
  const n: u32 = family == 2 ? 4 : 16
  let s = csumPartial(saddr, n, 0)
  s = csumPartial(daddr, n, s)
  let t = <u64>s + <u64>bswap<u16>(<u16>protocol) + ((<u64>bswap<u32>(len)) & 0xffffffff)
  t = (t & 0xffffffff) + (t >> 32)
  return <u32>((t & 0xffffffff) + (t >> 32))
}

// SPDX-License-Identifier: BSD-2-Clause
// More live values than registers: rounds of a block cipher.
#include "bench.h"

#define ROL(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define QUARTER(a, b, c, d) \
  a += b, d = ROL(d ^ a, 16), c += d, b = ROL(b ^ c, 12), a += b, d = ROL(d ^ a, 8), c += d, b = ROL(b ^ c, 7)

SEC("socket") int spill(struct __sk_buff *skb) {
  u32 a0 = skb->len, a1 = 0x61707865, a2 = 0x3320646e, a3 = 0x79622d32;
  u32 b0 = 1, b1 = 2, b2 = 3, b3 = 4;
  u32 c0 = 5, c1 = 6, c2 = 7, c3 = 8;
  u32 d0 = 9, d1 = 10, d2 = 11, d3 = 12;
#pragma clang loop unroll(disable)
  for (u32 i = 0; i < 300; i++) {
    QUARTER(a0, b0, c0, d0);
    QUARTER(a1, b1, c1, d1);
    QUARTER(a2, b2, c2, d2);
    QUARTER(a3, b3, c3, d3);
    QUARTER(a0, b1, c2, d3);
    QUARTER(a1, b2, c3, d0);
    QUARTER(a2, b3, c0, d1);
    QUARTER(a3, b0, c1, d2);
  }
  return a0 ^ a1 ^ a2 ^ a3 ^ b0 ^ b1 ^ b2 ^ b3 ^ c0 ^ c1 ^ c2 ^ c3 ^ d0 ^ d1 ^ d2 ^ d3;
}

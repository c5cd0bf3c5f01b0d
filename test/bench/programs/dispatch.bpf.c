// SPDX-License-Identifier: BSD-2-Clause
// A small stack-free virtual machine: a switch on each of many opcodes.
#include "bench.h"

SEC("socket") int dispatch(struct __sk_buff *skb) {
  u64 state = skb->len + 12345;
  u32 a = skb->len;
  u32 b = a + 2;
  opaque(a);
  opaque(b);
  for (u32 i = 0; i < 1300; i++) {
    switch (next_random(&state) >> 60) {
      case 0: a += b; break;
      case 1: a -= b; break;
      case 2: a ^= b; break;
      case 3: a |= b; break;
      case 4: a &= ~b; break;
      case 5: b += 3; break;
      case 6: b *= 5; break;
      case 7: b ^= a; break;
      case 8: a <<= 1; break;
      case 9: a >>= 1; break;
      case 10: b -= a; break;
      case 11: a = ~a; break;
      case 12: b >>= 2; break;
      case 13: a += 17; break;
      case 14: b |= 1; break;
      default: a ^= 0x5bd1e995; break;
    }
    opaque(a);
    opaque(b);
  }
  return a ^ b;
}

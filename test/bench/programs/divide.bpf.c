// SPDX-License-Identifier: BSD-2-Clause
// Divisions: greatest common divisors, and by constants.
#include "bench.h"

SEC("socket") int divide(struct __sk_buff *skb) {
  u64 state = skb->len + 4711;
  u64 digest = 0;
  for (u32 i = 0; i < 200; i++) {
    u64 a = next_random(&state) >> 16;
    u64 b = (next_random(&state) >> 40) | 1;
    for (u32 k = 0; k < 24; k++) {
      opaque(b);
      if (!b) break;
      u64 r = a % b;
      a = b;
      b = r;
    }
    digest += a + state / 1000003 + (u32)state % 10007;
  }
  return digest ^ digest >> 32;
}

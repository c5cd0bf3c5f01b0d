// SPDX-License-Identifier: BSD-2-Clause
// Steps of the Collatz sequence, odd and even by arithmetic, as far as a bound.
#include "bench.h"

SEC("socket") int collatz(struct __sk_buff *skb) {
  u32 steps = skb->len;
  for (u32 n = 1; n < 40; n++) {
    u64 x = n + skb->len;
    for (u32 i = 0; i < 110; i++) {
      u64 odd = -(x & 1);
      u64 half = x >> 1;
      steps += ((x - 1) | (1 - x)) >> 63;
      x = half ^ (odd & (half ^ (3 * x + 1)));
      opaque(x);
    }
  }
  return steps;
}

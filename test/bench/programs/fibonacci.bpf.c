// SPDX-License-Identifier: BSD-2-Clause
// Fibonacci numbers modulo 2^64, the sum of their upper halves.
#include "bench.h"

SEC("socket") int fibonacci(struct __sk_buff *skb) {
  u64 digest = 0;
  for (u32 round = 0; round < 64; round++) {
    u64 a = skb->len;
    u64 b = round;
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < 150; i++) {
      u64 c = a + b;
      opaque(c);
      a = b;
      b = c;
    }
    digest += b >> 32;
  }
  return digest;
}

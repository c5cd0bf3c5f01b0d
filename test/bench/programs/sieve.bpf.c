// SPDX-License-Identifier: BSD-2-Clause
// The sieve of Eratosthenes over odd numbers.
#include "bench.h"

#define SIZE 2048
u8 composite[SIZE];

SEC("socket") int sieve(struct __sk_buff *skb) {
  u32 count = 0;
  for (u32 i = 0; i < SIZE; i++) {
    composite[i] = 0;
    opaque(i);
  }
  for (u32 i = 3; i < 64; i += 2) {
    if (composite[i / 2]) continue;
    for (u32 j = i * i / 2; j < SIZE; j += i) composite[j & (SIZE - 1)] = 1;
  }
  for (u32 i = 1; i < SIZE; i++) count += !composite[i];
  return count + skb->len;
}

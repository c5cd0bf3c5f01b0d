// SPDX-License-Identifier: BSD-2-Clause
// Odd-even transposition sort with minimum and maximum in place of branches.
#include "bench.h"

#define SIZE 64
u32 items[SIZE];

SEC("socket") int sort(struct __sk_buff *skb) {
  u64 state = skb->len + 99;
  u32 digest = 0;
  for (u32 i = 0; i < SIZE; i++) items[i] = next_random(&state) >> 33;
  for (u32 round = 0; round < SIZE; round++) {
    for (u32 i = round & 1; i + 1 < SIZE; i += 2) {
      u32 x = items[i & (SIZE - 1)];
      u32 y = items[(i + 1) & (SIZE - 1)];
      u32 swap = (u32)((s32)(y - x) >> 31) & (x ^ y);
      items[i & (SIZE - 1)] = x ^ swap;
      items[(i + 1) & (SIZE - 1)] = y ^ swap;
    }
  }
  for (u32 i = 0; i < SIZE; i++) digest = digest * 31 + items[i];
  return digest;
}

// SPDX-License-Identifier: BSD-2-Clause
// Bytes from one buffer to another, one at a time, each changed on the way.
#include "bench.h"

#define SIZE 1024
u8 from[SIZE];
u8 to[SIZE];

SEC("socket") int copy(struct __sk_buff *skb) {
  u32 sum = skb->len;
  for (u32 i = 0; i < SIZE; i++) from[i] = i + sum;
  for (u32 round = 0; round < 6; round++) {
    for (u32 i = 0; i < SIZE; i++) {
      u8 c = from[i];
      opaque(c);
      to[(i + round) & (SIZE - 1)] = c;
    }
  }
  for (u32 i = 0; i < SIZE; i += 8) sum += to[i];
  return sum;
}

// SPDX-License-Identifier: BSD-2-Clause
// Population count, reversal and leading zeros with shifts and masks.
#include "bench.h"

SEC("socket") int bits(struct __sk_buff *skb) {
  u64 state = skb->len + 0x9e3779b97f4a7c15ull;
  u64 digest = 0;
  for (u32 i = 0; i < 1000; i++) {
    u64 x = next_random(&state);
    u64 pop = x - ((x >> 1) & 0x5555555555555555ull);
    pop = (pop & 0x3333333333333333ull) + ((pop >> 2) & 0x3333333333333333ull);
    pop = ((pop + (pop >> 4)) & 0x0f0f0f0f0f0f0f0full) * 0x0101010101010101ull >> 56;
    u64 rev = ((x >> 1) & 0x5555555555555555ull) | ((x & 0x5555555555555555ull) << 1);
    rev = ((rev >> 2) & 0x3333333333333333ull) | ((rev & 0x3333333333333333ull) << 2);
    rev = ((rev >> 4) & 0x0f0f0f0f0f0f0f0full) | ((rev & 0x0f0f0f0f0f0f0f0full) << 4);
    u32 smear = x >> 32;
    smear |= smear >> 1;
    smear |= smear >> 2;
    smear |= smear >> 4;
    smear |= smear >> 8;
    smear |= smear >> 16;
    digest += pop + (rev ^ smear);
  }
  return digest ^ digest >> 32;
}

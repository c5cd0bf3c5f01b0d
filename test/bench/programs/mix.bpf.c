// SPDX-License-Identifier: BSD-2-Clause
// 64-bit multiply and shift mixing, as hash functions end.
#include "bench.h"

SEC("socket") int mix(struct __sk_buff *skb) {
  u64 digest = skb->len;
  for (u32 i = 0; i < 4000; i++) {
    u64 z = digest + i * 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    digest ^= z ^ (z >> 31);
  }
  return digest ^ digest >> 32;
}

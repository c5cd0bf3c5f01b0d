// SPDX-License-Identifier: BSD-2-Clause
// Calls of a helper that does little: bytes of the packet.
#include "bench.h"

SEC("socket") int helpers(struct __sk_buff *skb) {
  u32 sum = 0;
  for (u32 i = 0; i < 500; i++) {
    u32 word = 0;
    if (skb_load_bytes(skb, i & 31, &word, 4)) return 0;
    sum += word;
  }
  return sum;
}

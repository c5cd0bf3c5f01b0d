// SPDX-License-Identifier: BSD-2-Clause
// Small subprograms called in a loop.
#include "bench.h"

no_inline u64 rotate(u64 x, u32 by) {
  by &= 63;
  return x << by | x >> ((64 - by) & 63);
}

no_inline u64 quarter(u64 a, u64 b) {
  a += b;
  return rotate(a ^ b, 16 + (b & 7));
}

SEC("socket") int calls(struct __sk_buff *skb) {
  u64 a = skb->len + 1;
  u64 b = 0x6a09e667f3bcc908ull;
#pragma clang loop unroll(disable)
  for (u32 i = 0; i < 1500; i++) {
    a = quarter(a, b);
    b = quarter(b, a);
  }
  return a ^ b >> 32;
}

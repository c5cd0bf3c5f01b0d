// SPDX-License-Identifier: BSD-2-Clause
// Strings compared byte by byte up to the first difference or the end.
#include "bench.h"

#define ROW 64
#define ROWS 32
char words[ROWS * ROW];

inline_always s32 compare_rows(u32 a, u32 b) {
  const char *x = &words[(a & (ROWS - 1)) * ROW];
  const char *y = &words[(b & (ROWS - 1)) * ROW];
  for (u32 i = 0; i < ROW; i++) {
    u8 p = x[i];
    u8 q = y[i];
    if (p != q) return (s32)p - (s32)q;
    if (!p) return 0;
  }
  return 0;
}

SEC("socket") int compare(struct __sk_buff *skb) {
  u64 state = skb->len + 77;
  s32 digest = 0;
  for (u32 i = 0; i < ROWS * ROW; i++) words[i] = (i % ROW) == 40 + (i / ROW) % 8 ? 0 : 'a' + i % ROW % 16;
  for (u32 i = 0; i < 128; i++) {
    u64 r = next_random(&state);
    digest += compare_rows(r, r >> 8);
  }
  return digest;
}

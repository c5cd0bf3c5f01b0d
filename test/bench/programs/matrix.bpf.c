// SPDX-License-Identifier: BSD-2-Clause
// Products of 8 x 8 matrices.
#include "bench.h"

#define N 8
u32 left[N * N];
u32 right[N * N];
u32 product[N * N];

SEC("socket") int matrix(struct __sk_buff *skb) {
  u32 digest = 0;
  for (u32 i = 0; i < N * N; i++) {
    left[i] = i + skb->len;
    right[i] = i * 3 + 1;
  }
  for (u32 round = 0; round < 8; round++) {
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < N; i++) {
#pragma clang loop unroll(disable)
      for (u32 j = 0; j < N; j++) {
        u32 sum = 0;
#pragma clang loop unroll(disable)
        for (u32 k = 0; k < N; k++) sum += left[i * N + k] * right[k * N + j];
        product[i * N + j] = sum;
      }
    }
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < N * N; i++) left[i] = product[i] ^ (product[i] >> 7);
  }
  for (u32 i = 0; i < N * N; i++) digest = digest * 17 + product[i];
  return digest;
}

// SPDX-License-Identifier: BSD-2-Clause
// CRC-32 of a buffer: a table made bit by bit, then a byte at a time.
#include "bench.h"

#define SIZE 1024
u32 table[256];
u8 input[SIZE];

SEC("socket") int crc(struct __sk_buff *skb) {
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
#pragma clang loop unroll(full)
    for (u32 k = 0; k < 8; k++) c = (c >> 1) ^ (0xedb88320u & -(c & 1));
    table[i] = c;
  }
  for (u32 i = 0; i < SIZE; i++) input[i] = i * 7 + skb->len;
  u32 crc = ~0u;
#pragma clang loop unroll(disable)
  for (u32 i = 0; i < SIZE * 4; i++) crc = table[(crc ^ input[i & (SIZE - 1)]) & 0xff] ^ (crc >> 8);
  return ~crc;
}

// SPDX-License-Identifier: BSD-2-Clause
// Packet bytes read directly and summed as the Internet checksum does.
#include "bench.h"

SEC("tc") int packet(struct __sk_buff *skb) {
  u32 digest = 0;
  for (u32 round = 0; round < 40; round++) {
    u8 *data = (u8 *)(long)skb->data;
    u8 *end = (u8 *)(long)skb->data_end;
    u32 sum = round;
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < 64; i += 2) {
      u8 *at = data + i;
      if (at + 2 > end) break;
      sum += *(u16 *)at;
    }
    sum = (sum & 0xffff) + (sum >> 16);
    digest += (u16)~(sum + (sum >> 16));
  }
  return digest;
}

// SPDX-License-Identifier: BSD-2-Clause
// Lookups in an array, each value raised.
#include "bench.h"

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 256);
  __type(key, u32);
  __type(value, u64);
} counters SEC(".maps");

SEC("socket") int array(struct __sk_buff *skb) {
  u64 state = skb->len + 5;
  u64 sum = 0;
  for (u32 i = 0; i < 1000; i++) {
    u32 key = next_random(&state) & 255;
    u64 *value = map_lookup_elem(&counters, &key);
    if (!value) return 0;
    *value += i;
    sum += key;
  }
  return sum;
}

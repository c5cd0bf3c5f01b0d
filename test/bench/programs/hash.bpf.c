// SPDX-License-Identifier: BSD-2-Clause
// Lookups in a hash map, an update every fourth time.
#include "bench.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 512);
  __type(key, u32);
  __type(value, u64);
} flows SEC(".maps");

no_inline u32 step(u32 key, u32 i) {
  u64 fresh = i;
  u64 *value = map_lookup_elem(&flows, &key);
  if (value) *value += i;
  if (!(i & 3)) map_update_elem(&flows, &key, &fresh, BPF_ANY);
  return key + i;
}

SEC("socket") int hash(struct __sk_buff *skb) {
  u64 state = skb->len + 5;
  u32 sum = 0;
  for (u32 i = 0; i < 200; i++) sum += step(next_random(&state) & 255, i + skb->len);
  return sum;
}

// SPDX-License-Identifier: BSD-2-Clause
// bpf_loop: a callback called over and over.
#include "bench.h"

static long (*loop_helper)(u32 turns, void *callback, void *context, u64 flags) = (void *)BPF_FUNC_loop;

static long turn(u32 index, u64 *sum) {
  *sum = *sum * 31 + index;
  return 0;
}

SEC("socket") int loop(struct __sk_buff *skb) {
  u64 sum = skb->len;
  loop_helper(1000, turn, &sum, 0);
  return sum ^ sum >> 32;
}

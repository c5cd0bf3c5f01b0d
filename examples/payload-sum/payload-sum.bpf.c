// SPDX-License-Identifier: BSD-2-Clause
/* A tc program that adds up the bytes of a packet, in a callback that bpf_loop() calls once for each. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define LONGEST 128

struct sum {
	struct __sk_buff *skb;
	__u64 bytes;
	__u64 total;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} total SEC(".maps");

static long add_byte(__u32 index, struct sum *sum)
{
	__u8 byte;

	if (bpf_skb_load_bytes(sum->skb, index, &byte, sizeof(byte)))
		return 1;
	sum->bytes++;
	sum->total += byte;
	return 0;
}

SEC("tc")
int add_bytes(struct __sk_buff *skb)
{
	struct sum sum = { .skb = skb };
	__u32 zero = 0;

	bpf_loop(LONGEST, add_byte, &sum, 0);
	bpf_map_update_elem(&total, &zero, &sum.total, BPF_ANY);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

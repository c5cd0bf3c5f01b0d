// SPDX-License-Identifier: BSD-2-Clause
/* Adds up what the caller wrote to a ring. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

__u64 sum;

static long add(struct bpf_dynptr *record, void *context)
{
	__u64 value = 0;

	bpf_dynptr_read(&value, sizeof(value), record, 0, 0);
	sum += value;
	return 0;
}

SEC("socket")
int drain(struct __sk_buff *skb)
{
	return bpf_user_ringbuf_drain(&ring, add, 0, 0);
}

char LICENSE[] SEC("license") = "GPL";

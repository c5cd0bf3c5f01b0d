// SPDX-License-Identifier: BSD-2-Clause
/* Refused: a reserved record is neither submitted nor discarded on one of the paths. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("tc")
int report(struct __sk_buff *skb)
{
	__u32 *length = bpf_ringbuf_reserve(&events, sizeof(*length), 0);

	if (!length)
		return 0;
	*length = skb->len;
	if (skb->len < 64)
		return 0;
	bpf_ringbuf_submit(length, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

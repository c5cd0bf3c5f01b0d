// SPDX-License-Identifier: BSD-2-Clause
/* Refused: the length of the packet stands in the context to be read, not written. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int shorten(struct __sk_buff *skb)
{
	skb->len = 64;
	return 64;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

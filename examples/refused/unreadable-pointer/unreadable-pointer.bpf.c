// SPDX-License-Identifier: BSD-2-Clause
/* Refused: a number out of the context is used as an address. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int peek(struct __sk_buff *skb)
{
	__u32 *place = (__u32 *)(long)skb->hash;

	return *place;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

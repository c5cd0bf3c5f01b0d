// SPDX-License-Identifier: BSD-2-Clause
/* Refused: the helper exists, but not for socket filters. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int block(struct __sk_buff *skb)
{
	return bpf_redirect(skb->ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

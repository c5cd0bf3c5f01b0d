// SPDX-License-Identifier: BSD-2-Clause
/* Refused: nothing that the loop does brings it nearer to its end. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int wait_for_mark(struct __sk_buff *skb)
{
	while (*(volatile __u32 *)&skb->mark == 0)
		;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

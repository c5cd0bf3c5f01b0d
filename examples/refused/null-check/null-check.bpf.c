// SPDX-License-Identifier: BSD-2-Clause
/* Refused: the value that a lookup returns is used without asking whether there is one. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} packets SEC(".maps");

SEC("socket")
int count(struct __sk_buff *skb)
{
	__u32 key = skb->ifindex;
	__u64 *seen = bpf_map_lookup_elem(&packets, &key);

	*seen += 1;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

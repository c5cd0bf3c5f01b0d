// SPDX-License-Identifier: BSD-2-Clause
/* Bytes per IP protocol, counted by a socket filter with legacy packet loads. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} bytes_by_protocol SEC(".maps");

SEC("socket")
int count_bytes(struct __sk_buff *skb)
{
	__u32 type = load_half(skb, ETH_TYPE_OFF);
	__u32 protocol;
	__u64 *bytes;

	if (type == ETH_TYPE_IPV4)
		protocol = load_byte(skb, IPV4_PROTOCOL_OFF);
	else if (type == ETH_TYPE_IPV6)
		protocol = load_byte(skb, IPV6_NEXT_HEADER_OFF);
	else
		return 0;

	bytes = bpf_map_lookup_elem(&bytes_by_protocol, &protocol);
	if (bytes)
		__sync_fetch_and_add(bytes, skb->len);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

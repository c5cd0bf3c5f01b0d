// SPDX-License-Identifier: BSD-2-Clause
/* Packets and bytes per IPv4 source address, in a hash map that the first packet of an address fills. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../packet.h"

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct traffic);
} traffic_by_source SEC(".maps");

SEC("socket")
int count_sources(struct __sk_buff *skb)
{
	struct traffic *seen, first = {};
	__u32 source;

	if (load_half(skb, ETH_TYPE_OFF) != ETH_TYPE_IPV4)
		return 0;
	source = load_word(skb, IPV4_SOURCE_OFF);

	seen = bpf_map_lookup_elem(&traffic_by_source, &source);
	if (!seen) {
		bpf_map_update_elem(&traffic_by_source, &source, &first, BPF_NOEXIST);
		seen = bpf_map_lookup_elem(&traffic_by_source, &source);
		if (!seen)
			return 0;
	}
	__sync_fetch_and_add(&seen->packets, 1);
	__sync_fetch_and_add(&seen->bytes, skb->len);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

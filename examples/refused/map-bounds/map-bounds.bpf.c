// SPDX-License-Identifier: BSD-2-Clause
/* Refused: an index out of the packet reaches beyond the array in the map's value. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../../packet.h"

struct histogram {
	__u32 packets[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct histogram);
} by_protocol SEC(".maps");

SEC("socket")
int count(struct __sk_buff *skb)
{
	__u32 zero = 0, protocol = load_byte(skb, IPV4_PROTOCOL_OFF) & 0xff;
	struct histogram *histogram = bpf_map_lookup_elem(&by_protocol, &zero);

	if (histogram)
		histogram->packets[protocol]++;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// SPDX-License-Identifier: BSD-2-Clause
/* A parser in pieces: the main program finds the protocol and tail-calls the program that knows it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../packet.h"

enum parser { PARSE_IPV4, PARSE_IPV6, PARSERS };

struct flow {
	__u32 source;
	__u32 dest;
	__u32 protocol;
	__u32 ports;
};

int parse_ipv4(struct __sk_buff *skb);
int parse_ipv6(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, PARSERS);
	__type(key, __u32);
	__array(values, int(struct __sk_buff *));
} parsers SEC(".maps") = {
	.values = {
		[PARSE_IPV4] = (void *)&parse_ipv4,
		[PARSE_IPV6] = (void *)&parse_ipv6,
	},
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow);
	__type(value, __u64);
} bytes_by_flow SEC(".maps");

static __noinline void add_bytes(struct flow *flow, __u64 bytes)
{
	__u64 *seen = bpf_map_lookup_elem(&bytes_by_flow, flow);

	if (seen)
		__sync_fetch_and_add(seen, bytes);
	else
		bpf_map_update_elem(&bytes_by_flow, flow, &bytes, BPF_ANY);
}

static __u32 ports_of(struct __sk_buff *skb, __u32 protocol, __u32 off)
{
	if (protocol == IP_PROTOCOL_TCP || protocol == IP_PROTOCOL_UDP)
		return load_word(skb, off);
	return 0;
}

SEC("socket/ipv4")
int parse_ipv4(struct __sk_buff *skb)
{
	struct flow flow = {};
	__u32 header = (load_byte(skb, ETH_LEN) & 0xf) * 4;

	flow.source = load_word(skb, IPV4_SOURCE_OFF);
	flow.dest = load_word(skb, IPV4_DEST_OFF);
	flow.protocol = load_byte(skb, IPV4_PROTOCOL_OFF);
	flow.ports = ports_of(skb, flow.protocol, ETH_LEN + header);
	add_bytes(&flow, skb->len);
	return 0;
}

SEC("socket/ipv6")
int parse_ipv6(struct __sk_buff *skb)
{
	struct flow flow = {};

	/* The addresses are folded to their last word: enough to tell the flows of one network apart. */
	flow.source = load_word(skb, ETH_LEN + 8 + 12);
	flow.dest = load_word(skb, ETH_LEN + 24 + 12);
	flow.protocol = load_byte(skb, IPV6_NEXT_HEADER_OFF);
	flow.ports = ports_of(skb, flow.protocol, ETH_LEN + IPV6_LEN);
	add_bytes(&flow, skb->len);
	return 0;
}

SEC("socket")
int dispatch(struct __sk_buff *skb)
{
	__u32 type = load_half(skb, ETH_TYPE_OFF);

	if (type == ETH_TYPE_IPV4)
		bpf_tail_call(skb, &parsers, PARSE_IPV4);
	else if (type == ETH_TYPE_IPV6)
		bpf_tail_call(skb, &parsers, PARSE_IPV6);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

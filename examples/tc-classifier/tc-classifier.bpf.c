// SPDX-License-Identifier: BSD-2-Clause
/* A tc program: marks TCP packets by port, and drops packets longer than a limit. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "../packet.h"

const volatile __u32 longest = 1514;

struct classes {
	__u64 marked;
	__u64 dropped;
	__u64 other;
};

struct classes classes;

SEC("tc")
int classify(struct __sk_buff *skb)
{
	__u8 protocol;
	__u16 port;

	if (skb->len > longest) {
		classes.dropped++;
		return TC_ACT_SHOT;
	}
	if (skb->protocol != bpf_htons(ETH_TYPE_IPV4) ||
	    bpf_skb_load_bytes(skb, IPV4_PROTOCOL_OFF, &protocol, sizeof(protocol)) ||
	    protocol != IP_PROTOCOL_TCP ||
	    bpf_skb_load_bytes(skb, ETH_LEN + 20 + 2, &port, sizeof(port))) {
		classes.other++;
		return TC_ACT_OK;
	}
	skb->mark = bpf_ntohs(port);
	classes.marked++;
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

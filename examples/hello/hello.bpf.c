// SPDX-License-Identifier: BSD-2-Clause
/* A tc program that counts down the time to live of IPv4 packets and says so in the trace pipe. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "../packet.h"

#define IPV4_TTL_OFF (ETH_LEN + 8)
#define IPV4_CHECKSUM_OFF (ETH_LEN + 10)

SEC("tc")
int hop(struct __sk_buff *skb)
{
	__u8 ttl;

	if (skb->protocol != bpf_htons(ETH_TYPE_IPV4))
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, IPV4_TTL_OFF, &ttl, sizeof(ttl)))
		return TC_ACT_OK;
	if (ttl <= 1) {
		bpf_printk("a packet of %u bytes dies here", skb->len);
		return TC_ACT_SHOT;
	}
	bpf_l3_csum_replace(skb, IPV4_CHECKSUM_OFF, bpf_htons(ttl << 8), bpf_htons((ttl - 1) << 8), 2);
	ttl--;
	bpf_skb_store_bytes(skb, IPV4_TTL_OFF, &ttl, sizeof(ttl), 0);
	bpf_printk("a packet of %u bytes goes on, time to live %u", skb->len, ttl);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// SPDX-License-Identifier: BSD-2-Clause
/* Refused: the packet is read without a comparison with its end. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "../../packet.h"

SEC("xdp")
int drop_ipv6(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data;

	if (*(__u16 *)(data + ETH_TYPE_OFF) == bpf_htons(ETH_TYPE_IPV6))
		return XDP_DROP;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

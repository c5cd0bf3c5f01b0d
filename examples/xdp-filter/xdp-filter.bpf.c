// SPDX-License-Identifier: BSD-2-Clause
/* Drops UDP packets to one port and counts every verdict, reading the packet directly. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "../packet.h"

const volatile __u16 dropped_port = 7;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, XDP_REDIRECT + 1);
	__type(key, __u32);
	__type(value, __u64);
} packets_by_verdict SEC(".maps");

static __noinline int count(int verdict)
{
	__u32 key = verdict;
	__u64 *packets = bpf_map_lookup_elem(&packets_by_verdict, &key);

	if (packets)
		*packets += 1;
	return verdict;
}

SEC("xdp")
int filter_udp(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data;
	__u8 *end = (__u8 *)(long)ctx->data_end;
	__u32 header;

	/* Ethernet and the fixed part of IPv4. */
	if (data + ETH_LEN + 20 > end)
		return count(XDP_PASS);
	if (*(__u16 *)(data + ETH_TYPE_OFF) != bpf_htons(ETH_TYPE_IPV4))
		return count(XDP_PASS);
	if (data[IPV4_PROTOCOL_OFF] != IP_PROTOCOL_UDP)
		return count(XDP_PASS);

	header = (data[ETH_LEN] & 0xf) * 4;
	if (header < 20)
		return count(XDP_ABORTED);
	data += ETH_LEN + header;
	if (data + 4 > end)
		return count(XDP_ABORTED);
	if (*(__u16 *)(data + 2) == bpf_htons(dropped_port))
		return count(XDP_DROP);
	return count(XDP_PASS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

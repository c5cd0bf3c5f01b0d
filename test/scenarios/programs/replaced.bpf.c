// SPDX-License-Identifier: BSD-2-Clause
/* Programs one of whose functions is replaced. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 from_extension;

__attribute__((noinline)) int verdict(struct xdp_md *ctx)
{
	volatile int ret = XDP_PASS;

	return ret;
}

SEC("xdp")
int whole(struct xdp_md *ctx)
{
	int ret = verdict(ctx);

	return ret + 10;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: BSD-2-Clause
/* Takes the place of a function of another program. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 calls;

__attribute__((noinline)) int twice(int x)
{
	volatile int y = x;

	return 2 * y;
}

SEC("freplace/verdict")
int instead(struct xdp_md *ctx)
{
	calls++;
	return twice(ctx->rx_queue_index + 20);
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: BSD-2-Clause
/* Refused: the hook knows only yes and no, and the program may return anything. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/connect4")
int choose(struct bpf_sock_addr *ctx)
{
	return ctx->user_port;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

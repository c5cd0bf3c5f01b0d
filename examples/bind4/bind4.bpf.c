// SPDX-License-Identifier: BSD-2-Clause
/* A cgroup program that refuses bind(2) to one port: the caller gets EPERM. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

const volatile __u16 refused_port = 4040;
__u64 refused;

SEC("cgroup/bind4")
int refuse_port(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port != bpf_htons(refused_port))
		return 1;
	__sync_fetch_and_add(&refused, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

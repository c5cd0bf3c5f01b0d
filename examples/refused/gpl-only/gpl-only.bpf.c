// SPDX-License-Identifier: BSD-2-Clause
/* Refused: the helper is only for programs under a licence compatible with the GPL. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tracepoint/raw_syscalls/sys_enter")
int say_hello(void *ctx)
{
	bpf_printk("hello");
	return 0;
}

char LICENSE[] SEC("license") = "Proprietary";

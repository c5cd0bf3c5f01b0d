// SPDX-License-Identifier: BSD-2-Clause
/* Counts the system calls of one process by number. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* 0: every process. */
const volatile __u32 only_pid = 0;

/* Format of raw_syscalls:sys_enter, as tracefs prints it. */
struct sys_enter {
	__u64 common;
	__s64 id;
	__u64 args[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, __s64);
	__type(value, __u64);
} calls_by_number SEC(".maps");

SEC("tracepoint/raw_syscalls/sys_enter")
int count_calls(struct sys_enter *ctx)
{
	__s64 number = ctx->id;
	__u64 one = 1, *calls;

	if (only_pid && bpf_get_current_pid_tgid() >> 32 != only_pid)
		return 0;
	calls = bpf_map_lookup_elem(&calls_by_number, &number);
	if (calls)
		__sync_fetch_and_add(calls, 1);
	else
		bpf_map_update_elem(&calls_by_number, &number, &one, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// SPDX-License-Identifier: BSD-2-Clause
/* Memory of the caller that a value of task storage points to. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __uptr __attribute__((btf_type_tag("uptr")))

struct shared {
	__u64 in;
	__u64 out;
};

struct value {
	struct shared __uptr *shared;
	__u64 calls;
};

struct task_struct {
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct value);
} values SEC(".maps");

/* The compiler keeps what a value points to only if something has that type. */
struct shared unused;

SEC("raw_tp/sys_enter")
int answer(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct value *value = bpf_task_storage_get(&values, task, 0, 0);
	struct shared *shared;

	if (!value)
		return 1;
	value->calls++;
	shared = value->shared;
	if (!shared)
		return 2;
	shared->out = shared->in * 2;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

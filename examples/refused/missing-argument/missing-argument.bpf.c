// SPDX-License-Identifier: BSD-2-Clause
/* Refused: a helper is declared with an argument too few, so a register that it reads was never written. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} seen SEC(".maps");

static long (*remember)(void *map, const void *key) = (void *)BPF_FUNC_map_update_elem;

SEC("socket")
int note_interface(struct __sk_buff *skb)
{
	__u32 key = skb->ifindex;

	remember(&seen, &key);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

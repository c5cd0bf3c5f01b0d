// SPDX-License-Identifier: BSD-2-Clause
/* Lists in memory that the caller sees: programs and caller build and read them by the same pointers. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* a type that is younger than the headers may be */
#define BPF_MAP_TYPE_ARENA 33
#define __arena __attribute__((address_space(1)))
#define PAGES 8
#define PAGE 4096
#define NO_NODE (-1)

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PAGES);
} arena SEC(".maps");

void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, __u32 page_cnt, int node_id, __u64 flags) __ksym;
void bpf_arena_free_pages(void *map, void __arena *addr, __u32 page_cnt) __ksym;
int bpf_arena_reserve_pages(void *map, void __arena *addr, __u32 page_cnt) __ksym;

struct node {
	struct node __arena *next;
	__u64 value;
};

/* arenas and their variables */
struct node __arena *__arena head;
__u64 __arena turns;
int __arena answer = 42;

/* for the caller to set */
__u32 wanted = 4;
struct node __arena *given;

SEC("syscall")
int build(void *ctx)
{
	struct node __arena *node = bpf_arena_alloc_pages(&arena, 0, 1, NO_NODE, 0);

	if (!node)
		return -1;
	head = 0;
	for (__u32 i = 0; i < 64 && i < wanted; i++) {
		node[i].value = (i + 1) * 10;
		node[i].next = head;
		head = &node[i];
	}
	turns++;
	return 0;
}

SEC("syscall")
int sum(void *ctx)
{
	struct node __arena *node = given;
	__u64 total = 0;

	for (int i = 0; i < 64 && node; i++) {
		total += node->value;
		node = node->next;
	}
	__sync_fetch_and_add(&turns, 1);
	return total;
}

/* how many single pages there are, then whether all can be had at once after they are given back */
SEC("syscall")
int exhaust(void *ctx)
{
	char __arena *first = 0, *last = 0;
	int count = 0;

	for (int i = 0; i < 2 * PAGES; i++) {
		char __arena *page = bpf_arena_alloc_pages(&arena, 0, 1, NO_NODE, 0);

		if (!page)
			break;
		if (!first || page < first)
			first = page;
		count++;
	}
	bpf_arena_free_pages(&arena, first, count);
	last = bpf_arena_alloc_pages(&arena, 0, count, NO_NODE, 0);
	bpf_arena_free_pages(&arena, last, count);
	return count | (last == first) << 8;
}

/* bits: reserved, not allocated then, not reserved again, allocated after it is given back */
SEC("syscall")
int reserve(void *ctx)
{
	char __arena *place = (char __arena *)&turns + 4 * PAGE;
	int seen = 0;

	place = (char __arena *)((__u64)place & ~(PAGE - 1ull));
	if (!bpf_arena_reserve_pages(&arena, place, 2))
		seen |= 1;
	if (!bpf_arena_alloc_pages(&arena, place + PAGE, 1, NO_NODE, 0))
		seen |= 2;
	if (bpf_arena_reserve_pages(&arena, place, 1) == -16)
		seen |= 4;
	bpf_arena_free_pages(&arena, place, 2);
	if (bpf_arena_alloc_pages(&arena, place + PAGE, 1, NO_NODE, 0))
		seen |= 8;
	bpf_arena_free_pages(&arena, place, 2);
	return seen;
}

/* memory that is not there: loads give zero, stores and atomics do nothing */
SEC("syscall")
int missing(void *ctx)
{
	volatile __u64 __arena *gone = bpf_arena_alloc_pages(&arena, 0, 1, NO_NODE, 0);
	__u64 before, after, fetched;

	if (!gone)
		return -1;
	*gone = 7;
	before = *gone;
	bpf_arena_free_pages(&arena, (void __arena *)gone, 1);
	after = *gone;
	*gone = 9;
	fetched = __sync_fetch_and_add(gone, 5);
	return before * 100 + after * 10 + *gone + fetched * 1000;
}

char LICENSE[] SEC("license") = "GPL";

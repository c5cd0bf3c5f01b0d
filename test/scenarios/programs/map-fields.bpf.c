// SPDX-License-Identifier: BSD-2-Clause
// What maps say of themselves through their own pointers.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TYPE __attribute__((preserve_access_index))
#define ENTRIES 8
#define INNER 1234
#define FIELDS 8

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 key_size, value_size, max_entries, map_flags, id;
	int numa_node;
	__u32 btf_key_type_id, btf_value_type_id;
	__u64 map_extra;
	char name[16];
	_Bool frozen;
} TYPE;
struct bpf_array {
	struct bpf_map map;
	__u32 elem_size, index_mask;
} TYPE;
typedef struct {
	int counter;
} atomic_t;
struct bpf_htab {
	struct bpf_map map;
	atomic_t count;
	__u32 n_buckets, elem_size;
} TYPE;
struct bpf_ringbuf_map {
	struct bpf_map map;
} TYPE;

#define MAP(name, kind, k, v, n, ...)        \
	struct {                             \
		__uint(type, kind);          \
		__uint(max_entries, n);      \
		__uint(key_size, k);         \
		__uint(value_size, v);       \
		__VA_ARGS__                  \
	} name SEC(".maps")

MAP(array, BPF_MAP_TYPE_ARRAY, 4, 4, 5);
MAP(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 12, ENTRIES);
MAP(prog_array, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, ENTRIES);
MAP(hash, BPF_MAP_TYPE_HASH, 4, 4, ENTRIES, __uint(map_flags, BPF_F_NO_PREALLOC););
MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 12, 20, 9);
MAP(lru, BPF_MAP_TYPE_LRU_HASH, 4, 4, ENTRIES);
MAP(lpm, BPF_MAP_TYPE_LPM_TRIE, 8, 4, ENTRIES, __uint(map_flags, BPF_F_NO_PREALLOC););
MAP(queue, BPF_MAP_TYPE_QUEUE, 0, 4, ENTRIES);
MAP(bloom, BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, ENTRIES, __uint(map_extra, 3););
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, INNER);
	__type(key, __u32);
	__type(value, __u32);
} inner SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { (void *)&inner } };

__u32 fields[16][FIELDS];
__u32 ids[16];
__u32 sizes[10];
char name[16];
__u32 turns;

static __noinline void show(struct bpf_map *map, __u32 at)
{
	__u32 *row = fields[at & 15];

	row[0] = map->map_type;
	row[1] = map->key_size;
	row[2] = map->value_size;
	row[3] = map->max_entries;
	row[4] = map->map_flags;
	row[5] = map->numa_node;
	row[6] = map->map_extra;
	row[7] = map->frozen;
	ids[at & 15] = map->id;
}

SEC("tc")
int look(void *ctx)
{
	show((void *)&array, 0);
	show((void *)&percpu_array, 1);
	show((void *)&prog_array, 2);
	show((void *)&hash, 3);
	show((void *)&percpu_hash, 4);
	show((void *)&lru, 5);
	show((void *)&lpm, 6);
	show((void *)&queue, 7);
	show((void *)&bloom, 8);
	show((void *)&ring, 9);
	return 0;
}

SEC("tc")
int look_inside(void *ctx)
{
	__u32 key = 0, entries, i;
	struct bpf_htab *table = (void *)&hash;
	struct bpf_array *found = bpf_map_lookup_elem(&outer, &key);

	sizes[0] = ((struct bpf_array *)&array)->elem_size;
	sizes[1] = ((struct bpf_array *)&array)->index_mask;
	sizes[2] = ((struct bpf_array *)&percpu_array)->elem_size;
	sizes[3] = table->elem_size;
	sizes[4] = table->n_buckets;
	sizes[5] = table->count.counter;
	bpf_map_update_elem(&hash, &key, &key, 0);
	sizes[6] = table->count.counter;
	sizes[7] = ((struct bpf_htab *)&percpu_hash)->elem_size;
	sizes[8] = ((struct bpf_htab *)&percpu_hash)->n_buckets;
	sizes[9] = found ? found->map.max_entries : 0;
	entries = ((struct bpf_array *)&array)->map.max_entries;
	for (i = 0; i < entries && i < 16; i++)
		turns++;
	name[0] = ((struct bpf_array *)&array)->map.name[0];
	name[1] = ((struct bpf_array *)&array)->map.name[1];
	return 0;
}

char _license[] SEC("license") = "GPL";

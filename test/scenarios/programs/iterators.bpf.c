// SPDX-License-Identifier: BSD-2-Clause
// Iterators over every kind of object: a line each, or a number each.
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define TYPE __attribute__((preserve_access_index))

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id, seq_num;
} TYPE;
struct task_struct {
	int pid, tgid;
	char comm[16];
	struct task_struct *group_leader;
} TYPE;
struct file {
	unsigned int f_flags;
} TYPE;
struct vm_area_struct {
	unsigned long vm_start, vm_end;
} TYPE;
struct bpf_map {
	__u32 id, key_size, value_size, max_entries;
	char name[16];
} TYPE;
struct bpf_prog_aux {
	__u32 id;
	char name[16];
} TYPE;
struct bpf_prog {
	__u32 len;
	struct bpf_prog_aux *aux;
} TYPE;
struct bpf_link {
	__u32 id;
	struct bpf_prog *prog;
} TYPE;
struct kernfs_node {
	__u64 id;
} TYPE;
struct cgroup {
	int level;
	struct kernfs_node *kn;
} TYPE;
struct sock_common {
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
} TYPE;
struct sock {
	struct sock_common __sk_common;
	__u16 sk_type;
} TYPE;
struct inet_sock {
	struct sock sk;
} TYPE;
struct udp_sock {
	struct inet_sock inet;
} TYPE;
struct unix_sock {
	struct sock sk;
} TYPE;
struct netlink_sock {
	struct sock sk;
	__u32 portid;
} TYPE;
struct kallsym_iter {
	unsigned long value;
	char type;
	char name[512];
} TYPE;
struct kmem_cache {
	unsigned int object_size;
	const char *name;
} TYPE;
struct dma_buf {
	unsigned long size;
} TYPE;
struct fib6_info {
	__u32 fib6_metric;
} TYPE;
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} TYPE;
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
} TYPE;
struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
} TYPE;
struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
} TYPE;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key, *value;
} TYPE;
struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
} TYPE;
struct bpf_iter__sockmap {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	struct sock *sk;
} TYPE;
struct bpf_iter__bpf_prog {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
} TYPE;
struct bpf_iter__bpf_link {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
} TYPE;
struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
	struct cgroup *cgroup;
} TYPE;
struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	__u32 uid;
} TYPE;
struct bpf_iter__udp {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
	__u32 uid;
	int bucket;
} TYPE;
struct bpf_iter__unix {
	struct bpf_iter_meta *meta;
	struct unix_sock *unix_sk;
	__u32 uid;
} TYPE;
struct bpf_iter__netlink {
	struct bpf_iter_meta *meta;
	struct netlink_sock *sk;
} TYPE;
struct bpf_iter__ksym {
	struct bpf_iter_meta *meta;
	struct kallsym_iter *ksym;
} TYPE;
struct bpf_iter__kmem_cache {
	struct bpf_iter_meta *meta;
	struct kmem_cache *s;
} TYPE;
struct bpf_iter__dmabuf {
	struct bpf_iter_meta *meta;
	struct dma_buf *dmabuf;
} TYPE;
struct bpf_iter__ipv6_route {
	struct bpf_iter_meta *meta;
	struct fib6_info *rt;
} TYPE;

char LICENSE[] SEC("license") = "GPL";

/** Only this process is shown, where others live as well. */
const volatile int mine = 0;
/** How often a program was called with nothing: the end of a pass. */
int ends = 0;
/** A program asks for the same object again as long as this is not 0. */
int again = 0;
/** Bytes that the program `wide` writes about each object. */
int width = 0;
char filler[4096];

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task) {
		ends++;
		return 0;
	}
	if (task->tgid == mine && task->pid == mine)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d leads %d\n", task->group_leader->pid == mine, task->tgid == task->pid);
	return 0;
}

SEC("iter/task_file")
int task_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 fd = ctx->fd;

	if (!task || !ctx->file) {
		ends++;
		return 0;
	}
	if (task->tgid == mine)
		bpf_seq_write(ctx->meta->seq, &fd, sizeof(fd));
	return 0;
}

SEC("iter/task_vma")
int task_areas(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;

	if (!task || !vma) {
		ends++;
		return 0;
	}
	if (task->tgid == mine)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d\n", vma->vm_start < vma->vm_end);
	return 0;
}

SEC("iter/bpf_map")
int maps(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;

	if (!map) {
		ends++;
		return 0;
	}
	if (again) {
		again--;
		BPF_SEQ_PRINTF(ctx->meta->seq, "again %d\n", again);
		return 1;
	}
	if (__builtin_memcmp(map->name, "shown", 5) == 0)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%s %d %d %d\n", map->name, map->key_size, map->value_size, map->max_entries);
	return 0;
}

SEC("iter/bpf_prog")
int progs(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;

	if (!prog) {
		ends++;
		return 0;
	}
	if (__builtin_memcmp(prog->aux->name, "progs", 6) == 0)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d\n", prog->aux->id > 0);
	return 0;
}

SEC("iter/bpf_link")
int links(struct bpf_iter__bpf_link *ctx)
{
	struct bpf_link *link = ctx->link;

	if (!link) {
		ends++;
		return 0;
	}
	if (link->prog && __builtin_memcmp(link->prog->aux->name, "links", 6) == 0)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d\n", link->id > 0);
	return 0;
}

SEC("iter/cgroup")
int cgroups(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgroup = ctx->cgroup;

	if (!cgroup) {
		ends++;
		return 0;
	}
	__u64 id = cgroup->kn->id;

	bpf_seq_write(ctx->meta->seq, &id, sizeof(id));
	return 0;
}

SEC("iter/tcp")
int tcps(struct bpf_iter__tcp *ctx)
{
	struct sock_common *sk = ctx->sk_common;

	if (!sk) {
		ends++;
		return 0;
	}
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d %d %d\n", sk->skc_family, sk->skc_num, sk->skc_state, ctx->uid);
	return 0;
}

SEC("iter/udp")
int udps(struct bpf_iter__udp *ctx)
{
	struct udp_sock *sk = ctx->udp_sk;

	if (!sk) {
		ends++;
		return 0;
	}
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d %d\n", sk->inet.sk.__sk_common.skc_family,
		       sk->inet.sk.__sk_common.skc_num, ctx->uid);
	return 0;
}

SEC("iter/unix")
int unixes(struct bpf_iter__unix *ctx)
{
	struct unix_sock *sk = ctx->unix_sk;

	if (!sk) {
		ends++;
		return 0;
	}
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d\n", sk->sk.sk_type, sk->sk.__sk_common.skc_state);
	return 0;
}

SEC("iter/netlink")
int netlinks(struct bpf_iter__netlink *ctx)
{
	if (!ctx->sk)
		ends++;
	return 0;
}

SEC("iter/ksym")
int symbols(struct bpf_iter__ksym *ctx)
{
	struct kallsym_iter *sym = ctx->ksym;

	if (!sym) {
		ends++;
		return 0;
	}
	if (__builtin_memcmp(sym->name, "bpf_fentry_test1", 17) == 0)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%s %c %d\n", sym->name, sym->type, sym->value != 0);
	return 0;
}

SEC("iter/kmem_cache")
int caches(struct bpf_iter__kmem_cache *ctx)
{
	struct kmem_cache *cache = ctx->s;
	char name[16] = {};

	if (!cache) {
		ends++;
		return 0;
	}
	bpf_probe_read_kernel_str(name, sizeof(name), cache->name);
	if (__builtin_memcmp(name, "kmalloc-96", 11) == 0)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d\n", cache->object_size);
	return 0;
}

SEC("iter/dmabuf")
int buffers(struct bpf_iter__dmabuf *ctx)
{
	if (!ctx->dmabuf)
		ends++;
	return 0;
}

SEC("iter/ipv6_route")
int routes(struct bpf_iter__ipv6_route *ctx)
{
	struct fib6_info *route = ctx->rt;

	if (!route) {
		ends++;
		return 0;
	}
	BPF_SEQ_PRINTF(ctx->meta->seq, "%u\n", route->fib6_metric);
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} stored SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} socks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} shown SEC(".maps");

SEC("iter/bpf_sk_storage_map")
int storages(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	__u32 *value = ctx->value;

	if (!sk || !value) {
		ends++;
		return 0;
	}
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d\n", sk->__sk_common.skc_family, *value);
	*value += 1;
	return 0;
}

SEC("iter/sockmap")
int sockmaps(struct bpf_iter__sockmap *ctx)
{
	struct sock *sk = ctx->sk;
	__u32 *key = ctx->key;

	if (!key) {
		ends++;
		return 0;
	}
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %d\n", *key, sk ? sk->__sk_common.skc_family : 0);
	return 0;
}

SEC("iter/bpf_map_elem")
int elements(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *key = ctx->key;
	__u64 *value = ctx->value;

	if (!key || !value) {
		ends++;
		return 0;
	}
	*value += 1;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %llu\n", *key, *value);
	return 0;
}

SEC("iter/bpf_map")
int wide(struct bpf_iter__bpf_map *ctx)
{
	int left = width;

	if (!ctx->map)
		return 0;
	for (int i = 0; i < 64 && left > 0; i++) {
		bpf_seq_write(ctx->meta->seq, filler, sizeof(filler));
		left -= sizeof(filler);
	}
	return 0;
}

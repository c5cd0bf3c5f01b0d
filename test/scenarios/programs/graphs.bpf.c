// SPDX-License-Identifier: BSD-2-Clause
/* Objects that programs allocate: in lists, in trees, in both, and in map values. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __kptr_local __attribute__((btf_type_tag("kptr")))
#define __percpu_kptr_local __attribute__((btf_type_tag("percpu_kptr")))
#define contains(type, node) __attribute__((btf_decl_tag("contains:" #type ":" #node)))
#define private(name) SEC(".data." #name) __attribute__((aligned(8)))
#define obj_new(type) ((type *)bpf_obj_new_impl(__builtin_btf_type_id(*(type *)0, 0), 0))
#define percpu_obj_new(type) ((type *)bpf_percpu_obj_new_impl(__builtin_btf_type_id(*(type *)0, 0), 0))

typedef _Bool bool;
#define true 1
#define false 0

struct bpf_list_head {
	__u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_list_node {
	__u64 opaque[3];
} __attribute__((aligned(8)));
struct bpf_rb_root {
	__u64 opaque[2];
} __attribute__((aligned(8)));
struct bpf_rb_node {
	__u64 opaque[4];
} __attribute__((aligned(8)));
struct bpf_refcount {
	__u32 opaque;
} __attribute__((aligned(4)));

extern void *bpf_obj_new_impl(__u64 type, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *object, void *meta) __ksym;
extern void *bpf_percpu_obj_new_impl(__u64 type, void *meta) __ksym;
extern void bpf_percpu_obj_drop_impl(void *object, void *meta) __ksym;
extern void *bpf_refcount_acquire_impl(void *object, void *meta) __ksym;
extern int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta,
				    __u64 off) __ksym;
extern int bpf_list_push_back_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta,
				   __u64 off) __ksym;
extern struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __ksym;
extern struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *head) __ksym;
extern struct bpf_list_node *bpf_list_front(struct bpf_list_head *head) __ksym;
extern struct bpf_list_node *bpf_list_back(struct bpf_list_head *head) __ksym;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			       bool(less)(struct bpf_rb_node *, const struct bpf_rb_node *), void *meta,
			       __u64 off) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;
extern struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __ksym;
extern struct bpf_rb_node *bpf_rbtree_root(struct bpf_rb_root *root) __ksym;
extern struct bpf_rb_node *bpf_rbtree_left(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;
extern struct bpf_rb_node *bpf_rbtree_right(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

struct item {
	struct bpf_list_node link;
	__u32 value;
};

struct leaf {
	__u32 key;
	struct bpf_rb_node node;
};

struct both {
	struct bpf_refcount count;
	struct bpf_list_node link;
	struct bpf_rb_node node;
	__u32 key;
};

struct plain {
	__u64 a;
	__u32 b;
};

struct counters {
	__u64 hits;
};

private(queue) struct bpf_spin_lock queue_lock;
private(queue) struct bpf_list_head queue contains(item, link);
private(tree) struct bpf_spin_lock tree_lock;
private(tree) struct bpf_rb_root tree contains(leaf, node);
private(shared) struct bpf_spin_lock shared_lock;
private(shared) struct bpf_list_head shared_list contains(both, link);
private(shared) struct bpf_rb_root shared_tree contains(both, node);

struct slot {
	struct plain __kptr_local *object;
	struct counters __percpu_kptr_local *counters;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

__u32 seen[16];
__u32 failed;

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return container_of(a, struct leaf, node)->key < container_of(b, struct leaf, node)->key;
}

static bool less_both(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return container_of(a, struct both, node)->key < container_of(b, struct both, node)->key;
}

static int put(__u32 value, bool front)
{
	struct item *it = obj_new(struct item);

	if (!it)
		return -1;
	it->value = value;
	bpf_spin_lock(&queue_lock);
	if (front)
		bpf_list_push_front_impl(&queue, &it->link, 0, 0);
	else
		bpf_list_push_back_impl(&queue, &it->link, 0, 0);
	bpf_spin_unlock(&queue_lock);
	return 0;
}

static __u32 take(bool front)
{
	struct bpf_list_node *n;
	struct item *it;
	__u32 value;

	bpf_spin_lock(&queue_lock);
	n = front ? bpf_list_pop_front(&queue) : bpf_list_pop_back(&queue);
	bpf_spin_unlock(&queue_lock);
	if (!n)
		return 99;
	it = container_of(n, struct item, link);
	value = it->value;
	bpf_obj_drop_impl(it, 0);
	return value;
}

/* 1 2 3 and 4 before them; then from both ends until nothing is left. */
SEC("tc")
int list_ends(void *ctx)
{
	if (put(1, false) || put(2, false) || put(3, false) || put(4, true))
		failed = 1;
	seen[0] = take(true);
	seen[1] = take(false);
	seen[2] = take(true);
	seen[3] = take(true);
	seen[4] = take(true);
	return 0;
}

/* Only looks at the ends, while it holds the lock. */
SEC("tc")
int list_look(void *ctx)
{
	struct bpf_list_node *n;

	if (put(7, false) || put(8, false))
		failed = 1;
	bpf_spin_lock(&queue_lock);
	n = bpf_list_front(&queue);
	if (n)
		seen[0] = container_of(n, struct item, link)->value;
	n = bpf_list_back(&queue);
	if (n)
		seen[1] = container_of(n, struct item, link)->value;
	bpf_spin_unlock(&queue_lock);
	return 0;
}

static int grow(__u32 key)
{
	struct leaf *l = obj_new(struct leaf);

	if (!l)
		return -1;
	l->key = key;
	bpf_spin_lock(&tree_lock);
	bpf_rbtree_add_impl(&tree, &l->node, less, 0, 0);
	bpf_spin_unlock(&tree_lock);
	return 0;
}

#define KEYS 10
const volatile __u32 keys[KEYS] = { 50, 20, 80, 10, 30, 25, 27, 90, 5, 26 };

SEC("tc")
int tree_grow(void *ctx)
{
	for (int i = 0; i < KEYS; i++)
		if (grow(keys[i]))
			failed = 1;
	return 0;
}

static __u32 key_of(struct bpf_rb_node *n)
{
	return n ? container_of(n, struct leaf, node)->key : 0;
}

/* The top of the tree, its children and theirs: how the tree is balanced. */
SEC("tc")
int tree_shape(void *ctx)
{
	struct bpf_rb_node *top, *left, *right;

	bpf_spin_lock(&tree_lock);
	top = bpf_rbtree_root(&tree);
	if (top) {
		seen[0] = key_of(top);
		left = bpf_rbtree_left(&tree, top);
		right = bpf_rbtree_right(&tree, top);
		seen[1] = key_of(left);
		seen[2] = key_of(right);
		if (left) {
			seen[3] = key_of(bpf_rbtree_left(&tree, left));
			seen[4] = key_of(bpf_rbtree_right(&tree, left));
		}
		if (right) {
			seen[5] = key_of(bpf_rbtree_left(&tree, right));
			seen[6] = key_of(bpf_rbtree_right(&tree, right));
		}
	}
	seen[7] = key_of(bpf_rbtree_first(&tree));
	bpf_spin_unlock(&tree_lock);
	return 0;
}

/* Takes the smallest, three times. */
SEC("tc")
int tree_take(void *ctx)
{
	struct bpf_rb_node *n;

	for (int i = 0; i < 3; i++) {
		bpf_spin_lock(&tree_lock);
		n = bpf_rbtree_first(&tree);
		if (n)
			n = bpf_rbtree_remove(&tree, n);
		bpf_spin_unlock(&tree_lock);
		if (!n) {
			failed = 1;
			return 0;
		}
		seen[i] = key_of(n);
		bpf_obj_drop_impl(container_of(n, struct leaf, node), 0);
	}
	return 0;
}

__u32 ask;

/* Puts one key in. */
SEC("tc")
int tree_put(void *ctx)
{
	return grow(ask);
}

/* The way from the top to a key: a 1, then 0 for left and 1 for right; takes the key out if told so. */
static int find(bool out)
{
	struct bpf_rb_node *n;
	__u32 way = 1, key;

	bpf_spin_lock(&tree_lock);
	n = bpf_rbtree_root(&tree);
	for (int i = 0; i < 12 && n; i++) {
		key = key_of(n);
		if (key == ask) {
			if (!out)
				break;
			n = bpf_rbtree_remove(&tree, n);
			bpf_spin_unlock(&tree_lock);
			if (n)
				bpf_obj_drop_impl(container_of(n, struct leaf, node), 0);
			return way;
		}
		way = way * 2 + (ask > key);
		n = ask < key ? bpf_rbtree_left(&tree, n) : bpf_rbtree_right(&tree, n);
	}
	bpf_spin_unlock(&tree_lock);
	return n ? way : 0;
}

SEC("tc")
int tree_way(void *ctx)
{
	return find(false);
}

SEC("tc")
int tree_out(void *ctx)
{
	return find(true);
}

/* One object with two owners. */
SEC("tc")
int two_owners(void *ctx)
{
	struct both *one = obj_new(struct both), *two;
	struct bpf_rb_node *n;
	struct bpf_list_node *l;

	if (!one)
		return 1;
	one->key = 41;
	two = bpf_refcount_acquire_impl(one, 0);
	bpf_spin_lock(&shared_lock);
	seen[0] = bpf_rbtree_add_impl(&shared_tree, &one->node, less_both, 0, 0);
	seen[1] = bpf_list_push_back_impl(&shared_list, &two->link, 0, 0);
	n = bpf_rbtree_first(&shared_tree);
	if (!n) {
		bpf_spin_unlock(&shared_lock);
		return 2;
	}
	n = bpf_rbtree_remove(&shared_tree, n);
	bpf_spin_unlock(&shared_lock);
	if (!n)
		return 3;
	one = container_of(n, struct both, node);
	one->key++;
	bpf_obj_drop_impl(one, 0);
	bpf_spin_lock(&shared_lock);
	l = bpf_list_pop_front(&shared_list);
	bpf_spin_unlock(&shared_lock);
	if (!l)
		return 4;
	two = container_of(l, struct both, link);
	seen[2] = two->key;
	bpf_obj_drop_impl(two, 0);
	return 0;
}

/* Keeps an object in a map value; what was there before is dropped. */
SEC("tc")
int stash(void *ctx)
{
	__u32 zero = 0;
	struct slot *s = bpf_map_lookup_elem(&slots, &zero);
	struct plain *p, *old;

	if (!s)
		return 1;
	p = obj_new(struct plain);
	if (!p)
		return 2;
	p->a = 123;
	p->b = 45;
	old = bpf_kptr_xchg(&s->object, p);
	if (old) {
		seen[1] = old->b;
		bpf_obj_drop_impl(old, 0);
	}
	return 0;
}

/* Reads the object where it is. */
SEC("tc")
int stash_read(void *ctx)
{
	__u32 zero = 0;
	struct slot *s = bpf_map_lookup_elem(&slots, &zero);
	struct plain *p;

	if (!s)
		return 1;
	p = s->object;
	if (!p)
		return 2;
	seen[0] = p->a + p->b;
	return 0;
}

/* Counts in an object that has one copy a CPU. */
SEC("tc")
int percpu_count(void *ctx)
{
	__u32 zero = 0;
	struct slot *s = bpf_map_lookup_elem(&slots, &zero);
	struct counters *c, *mine;

	if (!s)
		return 1;
	c = s->counters;
	if (!c) {
		c = percpu_obj_new(struct counters);
		if (!c)
			return 2;
		c = bpf_kptr_xchg(&s->counters, c);
		if (c)
			bpf_percpu_obj_drop_impl(c, 0);
		c = s->counters;
		if (!c)
			return 3;
	}
	mine = bpf_this_cpu_ptr(c);
	mine->hits += 5;
	seen[0] = mine->hits;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

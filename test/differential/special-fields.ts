// SPDX-License-Identifier: BSD-2-Clause
/** Structures with special fields, in C: lists, trees, locks, kernel pointers, rightly and wrongly declared. */
export const PRELUDE = `typedef unsigned int u32;
typedef unsigned long long u64;
struct bpf_list_head { u64 o[2]; } __attribute__((aligned(8)));
struct bpf_list_node { u64 o[3]; } __attribute__((aligned(8)));
struct bpf_rb_root { u64 o[2]; } __attribute__((aligned(8)));
struct bpf_rb_node { u64 o[4]; } __attribute__((aligned(8)));
struct bpf_refcount { u32 o; } __attribute__((aligned(4)));
struct bpf_spin_lock { u32 val; };
struct bpf_res_spin_lock { u32 val; };
struct bpf_timer { u64 o[2]; } __attribute__((aligned(8)));
struct bpf_wq { u64 o[2]; } __attribute__((aligned(8)));
#define C(t,n) __attribute__((btf_decl_tag("contains:" #t ":" #n)))
#define KPTR __attribute__((btf_type_tag("kptr")))
#define UNT __attribute__((btf_type_tag("kptr_untrusted")))
#define PCPU __attribute__((btf_type_tag("percpu_kptr")))
#define UPTR __attribute__((btf_type_tag("uptr")))
#define LN struct bpf_list_node
#define LH struct bpf_list_head
#define RN struct bpf_rb_node
#define RR struct bpf_rb_root
#define L struct bpf_spin_lock l
`

/** Each declares struct foo, which is also made the value of maps. */
export const DECLARATIONS: readonly (readonly [name: string, c: string])[] = [
  ['ok', 'struct b{LN n;int v;}; struct foo{LH h C(b,n);L;};'],
  ['nolock', 'struct b{LN n;int v;}; struct foo{LH h C(b,n);};'],
  ['reslock', 'struct b{LN n;int v;}; struct foo{LH h C(b,n);struct bpf_res_spin_lock l;};'],
  ['bothlocks', 'struct b{LN n;int v;}; struct foo{LH h C(b,n);struct bpf_res_spin_lock r;L;};'],
  ['twolocks', 'struct foo{L;struct bpf_spin_lock m;};'],
  ['self', 'struct foo{LH h C(foo,n);LN n;L;};'],
  ['ab', 'struct b; struct foo{LH h C(b,n);LN n;L;}; struct b{LH h C(foo,n);LN n;L;}; struct use{struct b*p;};'],
  ['owner of owner', 'struct c{LN n;}; struct b{LH h C(c,n);LN n;L;}; struct foo{LH h C(b,n);L;};'],
  [
    'chain3',
    'struct d{LN n;}; struct c{LH h C(d,n);LN n;L;}; struct b{LH h C(c,n);LN n;L;}; struct foo{LH h C(b,n);L;};',
  ],
  [
    'chain3node',
    'struct d{LN n;}; struct c{LH h C(d,n);LN n;L;}; struct b{LH h C(c,n);LN n;L;}; struct foo{LH h C(b,n);LN n;L;};',
  ],
  ['nodetag', 'struct foo{LH h;L;};'],
  ['badtype', 'struct foo{LH h C(zzz,n);L;};'],
  ['badnode', 'struct b{LN n;}; struct foo{LH h C(b,m);L;};'],
  ['wrongnode', 'struct b{RN n;}; struct foo{LH h C(b,n);L;};'],
  ['emptynode', 'struct b{LN n;}; struct foo{LH h __attribute__((btf_decl_tag("contains:b:")));L;};'],
  ['nocolon', 'struct b{LN n;}; struct foo{LH h __attribute__((btf_decl_tag("contains:b")));L;};'],
  ['twotags', 'struct b{LN n;LN m;}; struct foo{LH h C(b,n) C(b,m);L;};'],
  ['rb', 'struct b{RN n;}; struct foo{RR h C(b,n);L;};'],
  ['rbwrong', 'struct b{LN n;}; struct foo{RR h C(b,n);L;};'],
  ['bothnodes', 'struct foo{LN a;RN b;};'],
  ['bothnodesref', 'struct foo{LN a;RN b;struct bpf_refcount r;};'],
  ['tworef', 'struct foo{struct bpf_refcount r;struct bpf_refcount s;};'],
  ['refonly', 'struct foo{struct bpf_refcount r;int x;};'],
  ['heads array', 'struct b{LN n;}; struct foo{LH h[3] C(b,n);L;};'],
  ['heads array11', 'struct b{LN n;}; struct foo{LH h[11] C(b,n);L;};'],
  ['heads array10', 'struct b{LN n;}; struct foo{LH h[10] C(b,n);L;};'],
  ['nodes array', 'struct foo{LN n[2];};'],
  ['lock array', 'struct foo{struct bpf_spin_lock l[2];};'],
  ['nested', 'struct b{LN n;}; struct in{LH h C(b,n);}; struct foo{struct in i;L;};'],
  ['nestedlock', 'struct b{LN n;}; struct in{LH h C(b,n);L;}; struct foo{struct in i;int z;};'],
  ['nestednode', 'struct in{LN n;int z;}; struct foo{struct in i;};'],
  ['nestednode2', 'struct in{LN n;int z;}; struct b{struct in i;LN m;}; struct foo{LH h C(b,m);L;};'],
  ['nestednode3', 'struct in{LN n;int z;}; struct b{struct in i;}; struct foo{LH h C(b,i);L;};'],
  ['kptr local', 'struct b{int v;}; struct foo{struct b KPTR*p;};'],
  ['kptr task', 'struct task_struct; struct foo{struct task_struct KPTR*p;};'],
  ['kptr task2', 'struct task_struct{int a;}; struct foo{struct task_struct KPTR*p;};'],
  ['kptr sock', 'struct sock{int a;}; struct foo{struct sock KPTR*p;};'],
  ['unt sock', 'struct sock{int a;}; struct foo{struct sock UNT*p;};'],
  ['kptr int', 'struct foo{int KPTR*p;};'],
  ['kptr union', 'union u{int a;long b;}; struct foo{union u KPTR*p;};'],
  ['kptr arr', 'struct b{int v;}; struct foo{struct b KPTR*p[4];};'],
  ['kptr arr11', 'struct b{int v;}; struct foo{struct b KPTR*p[11];};'],
  ['kptr arr12', 'struct b{int v;}; struct foo{struct b KPTR*p[12];};'],
  ['kptr two tags', 'struct b{int v;}; struct foo{struct b KPTR UNT*p;};'],
  ['kptr volatile', 'struct b{int v;}; struct foo{struct b KPTR*volatile p;};'],
  ['kptr const', 'struct b{int v;}; struct foo{const struct b KPTR*p;};'],
  ['kptr constptr', 'struct b{int v;}; struct foo{struct b KPTR*const p;};'],
  ['kptr othertag', 'struct b{int v;}; struct foo{struct b __attribute__((btf_type_tag("zzz")))*p;};'],
  ['kptr percpu', 'struct b{int v;}; struct foo{struct b PCPU*p;};'],
  ['kptr cpumask', 'struct bpf_cpumask{int v;}; struct foo{struct bpf_cpumask KPTR*p;};'],
  ['kptr cgroup', 'struct cgroup{int v;}; struct foo{struct cgroup KPTR*p;};'],
  ['kptr self', 'struct foo{struct foo KPTR*p;int x;};'],
  ['kptr self list', 'struct foo{struct foo KPTR*p;LN n;}; struct g{LH h C(foo,n);L;};'],
  ['uptr', 'struct b{int v;}; struct foo{struct b UPTR*p;};'],
  ['uptr kptr', 'struct b{int v;}; struct foo{struct b UPTR*p;struct b KPTR*q;};'],
  ['misaligned', 'struct foo{int a; LN n __attribute__((packed));} __attribute__((packed));'],
  ['unaligned kptr', 'struct b{int v;}; struct foo{int a;struct b KPTR*p;} __attribute__((packed));'],
  ['wronglist size', 'struct bpf_lis{int x;}; struct foo{LN n;};'],
  ['timer', 'struct foo{struct bpf_timer t;LN n;};'],
  ['wq', 'struct foo{struct bpf_wq t;LN n;};'],
  ['reslock only', 'struct foo{struct bpf_res_spin_lock l;int x;};'],
  ['struct in union', 'struct foo{union {LN n; int x;} u;};'],
  ['badtagafter', 'struct b{LN n;}; struct foo{LH h C(b,n);LH g;L;};'],
  ['twoheads', 'struct b{LN n;RN m;struct bpf_refcount r;}; struct foo{LH h C(b,n);RR g C(b,m);L;};'],
  ['kptr ring', 'struct b; struct foo{struct b KPTR*p;}; struct b{struct foo KPTR*q;}; struct use{struct b*p;};'],
  [
    'deep4',
    'struct e{LN n;};struct d{LH h C(e,n);LN n;L;}; struct c{LH h C(d,n);LN n;L;}; struct b{LH h C(c,n);LN n;L;}; struct foo{LH h C(b,n);L;};',
  ],
  ['node after kptr', 'struct k{LN n;}; struct foo{struct k KPTR*p;LN n;};'],
  ['nested deep', 'struct a1{LN n;};struct a2{struct a1 x;};struct a3{struct a2 x;};struct foo{struct a3 x;LN m;};'],
]

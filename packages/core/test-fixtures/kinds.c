// SPDX-License-Identifier: BSD-2-Clause
// Every BTF kind, and structs whose padding is hard to print.
#define SEC(name) __attribute__((section(name), used))
#define TAG(name) __attribute__((btf_type_tag(name)))
#define DECL(name) __attribute__((btf_decl_tag(name)))

typedef _Bool bool;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef __int128 s128;

struct forward;
union forward_union;

enum small { SMALL_A, SMALL_B = 7 } __attribute__((mode(byte)));
enum plain { PLAIN_A = 1, PLAIN_B = 0xfffffffeu };
enum negative { NEGATIVE = -3, ZERO = 0 };
enum large { LARGE = 0x123456789abcULL };
enum large_negative { LARGE_NEGATIVE = -0x123456789abcLL };

struct list {
  struct list *next;
  struct list **prev;
};

struct bits {
  int a : 3;
  u32 b : 7;
  u64 c : 40;
  u8 d : 1;
  u8 : 0;
  u8 e : 2;
  bool f : 1;
};

struct gaps {
  u8 a;
  u64 b;
  u8 c;
  u16 d __attribute__((aligned(8)));
  u32 e;
} __attribute__((aligned(32)));

struct packed {
  u8 a;
  u64 b;
  u16 c[3];
} __attribute__((packed));

struct mixed {
  u8 first;
  u32 bits : 5;
  u32 more : 20 __attribute__((aligned(4)));
  u64 last;
};

struct nested {
  union {
    struct {
      u32 x, y;
    };
    u64 xy;
  };
  struct {
    enum { INNER_A, INNER_B } kind;
    char text[5];
  } inner[2][3];
  struct forward *opaque;
  union forward_union *opaque_union;
  int (*callback)(struct nested *self, const char *format, ...);
  void (*(*table)[4])(void);
  int (*(*returns)(u8))[8];
  struct list head;
  const volatile u32 *const restrict pointer;
  u32 TAG("user") * tagged;
  float f;
  double d;
  s128 wide;
  u64 flexible[];
};

typedef int (*compare_t)(const void *, const void *);
typedef struct {
  compare_t compare;
  enum small small;
  enum plain plain;
  enum negative negative;
  enum large large;
  enum large_negative large_negative;
} anonymous_t;
typedef u32 matrix_t[2][3];

struct tagged {
  u32 plain;
  u32 member DECL("member-tag");
} DECL("struct-tag");

struct nested *nested_pointer;
struct bits bits;
struct gaps gaps;
struct packed packed SEC(".data.packed");
struct mixed mixed;
anonymous_t anonymous;
struct tagged tagged;
matrix_t matrix;
static volatile const u32 constant = 5;
extern int configuration SEC(".kconfig");
extern int kernel_function(struct list *list) SEC(".ksyms");

static __attribute__((noinline)) u32 local_function(u32 value DECL("argument-tag")) {
  return value + constant + tagged.member;
}

__attribute__((noinline)) u32 global_function(struct nested *nested) {
  return nested ? nested->x : 0;
}

SEC("socket") int program(void *ctx) {
  return local_function(configuration) + global_function(nested_pointer) + kernel_function(0);
}

char license_text[] SEC("license") = "Dual BSD/GPL";

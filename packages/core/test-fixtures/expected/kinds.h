#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

typedef unsigned int u32;

typedef unsigned long long u64;

struct forward;

union forward_union;

struct list {
	struct list *next;
	struct list **prev;
};

typedef __int128 s128;

typedef unsigned char u8;

struct nested {
	union {
		struct {
			u32 x;
			u32 y;
		};
		u64 xy;
	};
	struct {
		enum {
			INNER_A = 0,
			INNER_B = 1,
		} kind;
		char text[5];
	} inner[2][3];
	struct forward *opaque;
	union forward_union *opaque_union;
	int (*callback)(struct nested *, const char *, ...);
	void (*(*table)[4])(void);
	int (* (*returns)(u8))[8];
	struct list head;
	volatile const u32 * restrict const pointer;
	u32 __attribute__((btf_type_tag("user"))) *tagged;
	float f;
	double d;
	long: 64;
	s128 wide;
	u64 flexible[0];
};

typedef _Bool bool;

struct bits {
	int a: 3;
	u32 b: 7;
	u64 c: 40;
	u8 d: 1;
	char: 5;
	u8 e: 2;
	bool f: 1;
};

typedef unsigned short u16;

struct gaps {
	u8 a;
	u64 b;
	u8 c;
	long: 0;
	u16 d;
	u32 e;
};

struct packed {
	u8 a;
	u64 b;
	u16 c[3];
} __attribute__((packed));

struct mixed {
	u8 first;
	u32 bits: 5;
	int: 19;
	u32 more: 20;
	u64 last;
};

typedef int (*compare_t)(const void *, const void *);

enum small {
	SMALL_A = 0,
	SMALL_B = 7,
};

enum plain {
	PLAIN_A = 1,
	PLAIN_B = 4294967294,
};

enum negative {
	NEGATIVE = -3,
	ZERO = 0,
};

enum large {
	LARGE = 20015998343868ULL,
};

enum large_negative {
	LARGE_NEGATIVE = -20015998343868LL,
};

typedef struct {
	compare_t compare;
	enum small small;
	enum plain plain;
	enum negative negative;
	enum large large;
	enum large_negative large_negative;
} anonymous_t;

struct tagged {
	u32 plain;
	u32 member;
};

typedef u32 matrix_t[2][3];

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */

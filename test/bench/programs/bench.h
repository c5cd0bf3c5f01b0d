// SPDX-License-Identifier: BSD-2-Clause
// What the bench programs share. Each is a socket filter that computes and returns a 32-bit digest; the packet's length
// is the seed, so that nothing is known when it is compiled.
#pragma once

#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))
#define inline_always static inline __attribute__((always_inline))
#define no_inline static __attribute__((noinline))

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

char _license[] SEC("license") = "GPL";

inline_always u64 next_random(u64 *state) {
  u64 x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  *state = x;
  return x;
}

// Hides a value's origin from the optimizer.
#define opaque(x) asm volatile("" : "+r"(x))

// Enough of libbpf's way to declare maps.
#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*map_update_elem)(void *map, const void *key, const void *value, u64 flags) =
    (void *)BPF_FUNC_map_update_elem;
static long (*skb_load_bytes)(const void *skb, u32 offset, void *to, u32 len) = (void *)BPF_FUNC_skb_load_bytes;

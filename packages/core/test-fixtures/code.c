// SPDX-License-Identifier: BSD-2-Clause
// Code that makes the compiler use much of the instruction set, and every kind of relocation.
#define SEC(name) __attribute__((section(name), used))
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct {
  int (*type)[1];
  int (*max_entries)[4];
  u32 *key;
  u64 *value;
} counters SEC(".maps");

static void *(*const map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const loop)(u32 count, void *callback, void *context, u64 flags) = (void *)181;
extern int kernel_function(void *context) SEC(".ksyms");
u64 load_byte(void *skb, u64 offset) asm("llvm.bpf.load.byte");
u64 load_half(void *skb, u64 offset) asm("llvm.bpf.load.half");
u64 load_word(void *skb, u64 offset) asm("llvm.bpf.load.word");

const volatile int limit = 5;
int count;
u64 table[3] = {1, 2, 3};
void *pointer = &count;

static __attribute__((noinline)) int callback(u32 index, int *context) {
  *context += index;
  return 0;
}

static __attribute__((noinline)) int local_function(int value) {
  return value * 3 + limit;
}

__attribute__((noinline)) int global_function(u32 a, u32 b) {
  return a / b + local_function(a);
}

__attribute__((noinline)) u64 arithmetic(u64 a, u64 b, u32 c, u32 d) {
  u64 wide = (a + b) * 7 - (a / (b | 1)) + (a % (b | 3));
  u32 half = (c ^ d) + (c << 5) - (d >> 3) + (c / (d | 1)) + (c % 10);
  wide ^= (a << (b & 63)) | (a >> 7) | ((long long)b >> 9);
  half ^= ((int)c >> 4) & (d | 0x7fffffff);
  wide += __builtin_bswap64(a) + __builtin_bswap32(c) + __builtin_bswap16((u16)d);
  if ((long long)a > (long long)b)
    wide = -wide;
  if ((int)c < -5)
    half = -half;
  return wide + half + (signed char)a + (short)b + (int)c + 0x123456789abcdefULL;
}

__attribute__((noinline)) u64 accesses(u8 *bytes, u16 *halves, u32 *words, u64 *quads, signed char *chars) {
  bytes[1] = bytes[0] + 1;
  halves[2] = halves[-1];
  words[3] = words[100];
  quads[-4] = quads[4];
  bytes[5] = 1;
  halves[5] = 2;
  words[5] = 3;
  quads[5] = -4;
  return chars[3] + ((short *)halves)[7] + ((int *)words)[9];
}

SEC("socket") int packet(void *skb) {
  return load_byte(skb, 23) + load_half(skb, 12) + load_word(skb, load_byte(skb, 14));
}

SEC("xdp") int program(void *ctx) {
  u32 key = 0;
  int context = 0;
  u64 old = 3;
  u64 *value = map_lookup_elem(&counters, &key);
  if (!value)
    return 1;
  __sync_fetch_and_add(value, 1);
#if __BPF_CPU_VERSION__ >= 3
  old += __sync_fetch_and_add(value, 2) + __sync_fetch_and_and(value, 6) + __sync_fetch_and_xor(value, 9);
  old += __sync_lock_test_and_set(value, 3) + __sync_val_compare_and_swap(value, 5, old);
  __sync_fetch_and_or((u32 *)value, 4);
  old += __sync_fetch_and_or((u32 *)value, 4) + __sync_lock_test_and_set((u32 *)value, 3);
  old += __sync_val_compare_and_swap((u32 *)value, 7, (u32)old);
#endif
#if __BPF_CPU_VERSION__ >= 4
  old += (int)old / context + (long long)old % (context + 1LL);
#endif
  loop(10, callback, &context, 0);
  if (context > limit)
    return global_function(context, (int)old);
  for (u32 i = 0; i < 100; i++)
    count += table[i % 3] << 2;
  return context ? kernel_function(ctx) : (u32)local_function(context) % 7;
}

char license_text[] SEC("license") = "GPL";

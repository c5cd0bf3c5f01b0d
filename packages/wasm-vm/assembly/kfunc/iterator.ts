// SPDX-License-Identifier: GPL-2.0-only
// Iterators that programs keep on their stack: numbers of a range, set bits of memory.
// Kernel counterpart: bpf_iter_num_*, bpf_iter_bits_* of kernel/bpf.

import { E2BIG, EFAULT, EINVAL, ENOMEM } from '../gen/errno.gen'
import { errno, giveMemory } from '../helpers/given'
import { kfree, kmalloc } from '../mem/alloc'
import { copyFromUser } from '../mem/user'

const MAX_LOOPS: i64 = 8 * 1024 * 1024
const MAX_WORDS: u32 = 511

@unmanaged class Num {
  cur: i32
  end: i32
}

export function iterNumNew(it: u64, start: u64, end: u64, r4: u64, r5: u64): u64 {
  const n = changetype<Num>(<usize>it)
  const from = <i32>start
  const to = <i32>end
  n.cur = 0
  n.end = 0
  if (from > to) return errno(EINVAL)
  if (<i64>to - <i64>from > MAX_LOOPS) return errno(E2BIG)
  n.cur = from - 1
  n.end = to
  return 0
}

export function iterNumNext(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const n = changetype<Num>(<usize>it)
  // The sum wraps as it does in the kernel.
  if (n.cur + 1 >= n.end) {
    n.cur = 0
    n.end = 0
    return 0
  }
  n.cur++
  giveMemory(<usize>it, 4)
  return it
}

export function iterNumDestroy(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const n = changetype<Num>(<usize>it)
  n.cur = 0
  n.end = 0
  return 0
}

@unmanaged class Bits {
  /** The bits themselves up to 64 of them, else where they are. */
  bits: u64
  count: i32
  bit: i32
}

export function iterBitsNew(it: u64, from: u64, words: u64, r4: u64, r5: u64): u64 {
  const b = changetype<Bits>(<usize>it)
  const n = <u32>words
  b.bits = 0
  b.count = 0
  b.bit = -1
  if (!from || !n) return errno(EINVAL)
  if (n > MAX_WORDS) return errno(E2BIG)
  const bytes = (<usize>n) << 3
  if (n == 1) {
    if (!copyFromUser(<usize>it, from, bytes)) return errno(EFAULT)
    b.count = 64
    return 0
  }
  const copy = kmalloc(bytes)
  if (!copy) return errno(ENOMEM)
  if (!copyFromUser(copy, from, bytes)) {
    kfree(copy)
    return errno(EFAULT)
  }
  b.bits = <u64>copy
  b.count = <i32>(n << 6)
  return 0
}

export function iterBitsNext(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const b = changetype<Bits>(<usize>it)
  if (b.count == 0 || b.bit >= b.count) return 0
  const at = b.count == 64 ? <usize>it : <usize>b.bits
  let i = b.bit + 1
  while (i < b.count) {
    const word = load<u64>(at + ((<usize>(i >> 6)) << 3)) >> ((<u64>i) & 63)
    if (word) {
      i += <i32>ctz<u64>(word)
      break
    }
    i = (i | 63) + 1
  }
  b.bit = i
  if (i >= b.count) return 0
  const p = <usize>it + offsetof<Bits>('bit')
  giveMemory(p, 4)
  return <u64>p
}

export function iterBitsDestroy(it: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const b = changetype<Bits>(<usize>it)
  if (b.count > 64) kfree(<usize>b.bits)
  b.count = 0
  return 0
}

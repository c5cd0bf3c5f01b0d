// SPDX-License-Identifier: GPL-2.0-only
// Strings that may lie anywhere: every byte is read as if it might not be there.
// Kernel counterpart: bpf_strcmp and its family of kernel/bpf/helpers.c (6.18).

import { E2BIG, ENOENT } from '../gen/errno.gen'
import { errno } from '../helpers/given'
import { kernelFault, readable } from '../helpers/probe'
import { toLower } from '../helpers/ctype'

/** Longest string that is looked at (XATTR_SIZE_MAX). */
const MAX: u32 = 65536

/** A byte, or -errno. */
@inline function byteAt(s: u64, i: u32): i32 {
  const at = s + <u64>i
  return readable(at, 1) ? <i32>load<u8>(<usize>at) : -kernelFault(at)
}

@inline function result(v: i32): u64 {
  return <u64>(<i64>v)
}

function compare(a: u64, b: u64, fold: bool): i32 {
  for (let i: u32 = 0; i < MAX; i++) {
    let x = byteAt(a, i)
    if (x < 0) return x
    let y = byteAt(b, i)
    if (y < 0) return y
    if (fold) {
      x = toLower(x)
      y = toLower(y)
    }
    if (x != y) return x < y ? -1 : 1
    if (!x) return 0
  }
  return -E2BIG
}

export function bpfStrcmp(a: u64, b: u64, r3: u64, r4: u64, r5: u64): u64 {
  return result(compare(a, b, false))
}
export function bpfStrcasecmp(a: u64, b: u64, r3: u64, r4: u64, r5: u64): u64 {
  return result(compare(a, b, true))
}

export function bpfStrnchr(s: u64, count: u64, c: u64, r4: u64, r5: u64): u64 {
  let i: u32 = 0
  for (; <u64>i < count && i < MAX; i++) {
    const x = byteAt(s, i)
    if (x < 0) return result(x)
    if (x == <i32>(c & 255)) return <u64>i
    if (!x) return errno(ENOENT)
  }
  return i == MAX ? errno(E2BIG) : errno(ENOENT)
}
export function bpfStrchr(s: u64, c: u64, r3: u64, r4: u64, r5: u64): u64 {
  return bpfStrnchr(s, <u64>MAX, c, 0, 0)
}

export function bpfStrchrnul(s: u64, c: u64, r3: u64, r4: u64, r5: u64): u64 {
  for (let i: u32 = 0; i < MAX; i++) {
    const x = byteAt(s, i)
    if (x < 0) return result(x)
    if (!x || x == <i32>(c & 255)) return <u64>i
  }
  return errno(E2BIG)
}

export function bpfStrrchr(s: u64, c: u64, r3: u64, r4: u64, r5: u64): u64 {
  let last = -ENOENT
  for (let i: u32 = 0; i < MAX; i++) {
    const x = byteAt(s, i)
    if (x < 0) return result(x)
    if (x == <i32>(c & 255)) last = <i32>i
    if (!x) return result(last)
  }
  return errno(E2BIG)
}

export function bpfStrnlen(s: u64, count: u64, r3: u64, r4: u64, r5: u64): u64 {
  let i: u32 = 0
  for (; <u64>i < count && i < MAX; i++) {
    const x = byteAt(s, i)
    if (x < 0) return result(x)
    if (!x) return <u64>i
  }
  return i == MAX ? errno(E2BIG) : <u64>i
}
export function bpfStrlen(s: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return bpfStrnlen(s, <u64>MAX, 0, 0, 0)
}

/** How many bytes at the start are of the set, or are not. */
function span(s: u64, set: u64, wanted: bool): i32 {
  for (let i: u32 = 0; i < MAX; i++) {
    const x = byteAt(s, i)
    if (x <= 0) return x < 0 ? x : <i32>i
    let y = 0
    let j: u32 = 0
    for (; j < MAX; j++) {
      y = byteAt(set, j)
      if (y < 0) return y
      if (!y || x == y) break
    }
    if (j == MAX) return -E2BIG
    if ((y != 0) != wanted) return <i32>i
  }
  return -E2BIG
}
export function bpfStrspn(s: u64, accept: u64, r3: u64, r4: u64, r5: u64): u64 {
  return result(span(s, accept, true))
}
export function bpfStrcspn(s: u64, reject: u64, r3: u64, r4: u64, r5: u64): u64 {
  return result(span(s, reject, false))
}

/** One more byte of the second string is read, in case it ends where the first one's part does. */
function find(a: u64, b: u64, len: u64): i32 {
  for (let i: u32 = 0; i < MAX; i++) {
    let j: u32 = 0
    for (; <u64>i + <u64>j <= len && j < MAX; j++) {
      const y = byteAt(b, j)
      if (y <= 0) return y < 0 ? y : <i32>i
      if (<u64>i + <u64>j == len) break
      const x = byteAt(a, i + j)
      if (x < 0) return x
      if (!x) return -ENOENT
      if (x != y) break
    }
    if (j == MAX) return -E2BIG
    if (<u64>i + <u64>j == len) return -ENOENT
  }
  return -E2BIG
}
export function bpfStrnstr(a: u64, b: u64, len: u64, r4: u64, r5: u64): u64 {
  return result(find(a, b, len))
}
export function bpfStrstr(a: u64, b: u64, r3: u64, r4: u64, r5: u64): u64 {
  return result(find(a, b, <u64>MAX))
}

// SPDX-License-Identifier: GPL-2.0-only
// Dynptrs: memory whose size is known when the program runs. Kernel counterpart: struct bpf_dynptr_kern and
// kernel/bpf/helpers.c.
//
//   | data u64 | size 0..23, type 28..30, read-only 31 | offset u32 |
//
// data is the memory, or the packet's context for the packet types.

import { E2BIG, EFAULT, EINVAL } from '../gen/errno.gen'
import { skbLoadBytes, skbStoreBytes } from './skb-bytes'
import { xdpLoadBytes, xdpStoreBytes } from './xdp'
import { errno, giveMemory } from './given'

export const DYNPTR_LOCAL: u32 = 1
export const DYNPTR_RINGBUF: u32 = 2
export const DYNPTR_SKB: u32 = 3
export const DYNPTR_XDP: u32 = 4

const MAX_SIZE: u32 = (1 << 24) - 1
const TYPE_SHIFT: u32 = 28
const RDONLY: u32 = 1 << 31

@unmanaged export class Dynptr {
  data: u64
  size: u32
  offset: u32
}

@inline export function dynptrSizeOk(size: u32): bool {
  return size <= MAX_SIZE
}

@inline export function dynptrSize(d: Dynptr): u32 {
  return d.size & MAX_SIZE
}

@inline export function dynptrSetSize(d: Dynptr, size: u32): void {
  d.size = (d.size & ~MAX_SIZE) | size
}

@inline export function dynptrType(d: Dynptr): u32 {
  return (d.size & ~RDONLY) >> TYPE_SHIFT
}

@inline export function dynptrReadOnly(d: Dynptr): bool {
  return (d.size & RDONLY) != 0
}

@inline export function dynptrSetReadOnly(d: Dynptr): void {
  d.size |= RDONLY
}

export function dynptrInit(d: Dynptr, data: usize, type: u32, size: u32): void {
  d.data = <u64>data
  d.size = size | (type << TYPE_SHIFT)
  d.offset = 0
}
export function dynptrClear(d: Dynptr): void {
  d.data = 0
  d.size = 0
  d.offset = 0
}

/** Whether `len` bytes at `offset` lie inside. */
@inline export function dynptrHas(d: Dynptr, offset: u32, len: u32): bool {
  const size = dynptrSize(d)
  return len <= size && offset <= size - len
}

@inline export function dynptrPlain(d: Dynptr): bool {
  return dynptrType(d) == DYNPTR_LOCAL || dynptrType(d) == DYNPTR_RINGBUF
}

export function dynptrFromMem(data: u64, size: u64, flags: u64, out: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>out)
  const n = <u32>size
  if (!dynptrSizeOk(n) || flags) {
    dynptrClear(d)
    return dynptrSizeOk(n) ? errno(EINVAL) : errno(E2BIG)
  }
  dynptrInit(d, <usize>data, DYNPTR_LOCAL, n)
  return 0
}

export function dynptrRead(dst: u64, len: u64, src: u64, offset: u64, flags: u64): u64 {
  const d = changetype<Dynptr>(<usize>src)
  const n = <u32>len
  const off = <u32>offset
  if (!d.data || flags) return errno(EINVAL)
  if (!dynptrHas(d, off, n)) return errno(E2BIG)
  if (dynptrPlain(d)) {
    memory.copy(<usize>dst, <usize>d.data + d.offset + off, n)
    return 0
  }
  if (dynptrType(d) == DYNPTR_SKB) return skbLoadBytes(d.data, <u64>(d.offset + off), dst, <u64>n, 0)
  if (dynptrType(d) == DYNPTR_XDP) return xdpLoadBytes(d.data, <u64>(d.offset + off), dst, <u64>n, 0)
  return errno(EFAULT)
}

export function dynptrWrite(dst: u64, offset: u64, src: u64, len: u64, flags: u64): u64 {
  const d = changetype<Dynptr>(<usize>dst)
  const n = <u32>len
  const off = <u32>offset
  if (!d.data || dynptrReadOnly(d)) return errno(EINVAL)
  if (!dynptrHas(d, off, n)) return errno(E2BIG)
  if (dynptrType(d) == DYNPTR_SKB) return skbStoreBytes(d.data, <u64>(d.offset + off), src, <u64>n, flags)
  if (flags) return errno(EINVAL)
  if (dynptrPlain(d)) {
    memory.copy(<usize>d.data + d.offset + off, <usize>src, n)
    return 0
  }
  if (dynptrType(d) == DYNPTR_XDP) return xdpStoreBytes(d.data, <u64>(d.offset + off), src, <u64>n, 0)
  return errno(EFAULT)
}

export function dynptrData(ptr: u64, offset: u64, len: u64, r4: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>ptr)
  if (!d.data || !dynptrHas(d, <u32>offset, <u32>len) || dynptrReadOnly(d) || !dynptrPlain(d)) return 0
  const p = <usize>d.data + d.offset + <u32>offset
  giveMemory(p, <u32>len)
  return <u64>p
}

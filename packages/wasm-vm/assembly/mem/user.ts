// SPDX-License-Identifier: GPL-2.0-only
// The caller's memory. Kernel and caller share one address space, and both take from the heap; an address outside memory
// or below the heap, where the kernel's static data is, faults.

import { EFAULT } from '../gen/errno.gen'
import { copyShort } from './bytes'

/** Whether `len` bytes at `addr` are the caller's to give. An empty range always is. */
@inline export function userOk(addr: u64, len: u64): bool {
  if (len == 0) return true
  const end = (<u64>memory.size()) << 16
  return addr >= <u64>__heap_base && addr <= end && len <= end - addr
}

/** False: EFAULT. */
export function copyFromUser(dst: usize, src: u64, len: usize): bool {
  if (!len) return true
  if (!userOk(src, <u64>len)) return false
  copyShort(dst, <usize>src, len)
  return true
}

/** False: EFAULT. */
export function copyToUser(dst: u64, src: usize, len: usize): bool {
  if (!len) return true
  if (!userOk(dst, <u64>len)) return false
  copyShort(<usize>dst, src, len)
  return true
}

export function putUser32(dst: u64, value: u32): bool {
  if (!userOk(dst, 4)) return false
  store<u32>(<usize>dst, value)
  return true
}

export function putUser64(dst: u64, value: u64): bool {
  if (!userOk(dst, 8)) return false
  store<u64>(<usize>dst, value)
  return true
}

/** strncpy_from_user: the string's length (`size` if it does not end in time), or -EFAULT. */
export function stringFromUser(dst: usize, src: u64, size: usize): i32 {
  for (let i: usize = 0; i < size; i++) {
    if (!userOk(src + <u64>i, 1)) return -EFAULT
    const c = load<u8>(<usize>src + i)
    store<u8>(dst + i, c)
    if (!c) return <i32>i
  }
  return <i32>size
}

// SPDX-License-Identifier: GPL-2.0-only
// Reading memory that may not be there. Kernel and user are one address space, so that the families do the same.
// Kernel counterpart: kernel/trace/bpf_trace.c.

import { EFAULT, EINVAL, EPERM, ERANGE } from '../gen/errno.gen'
import { errno } from './given'

/** Where the kernel's half of the address space begins on x86-64. */
const KERNEL_HALF: u64 = 0xffff800000000000
const NULL_PAGES: u64 = 4096

/** Whether the address is there to be read. */
export function readable(at: u64, size: u64): bool {
  const end = (<u64>memory.size()) << 16
  return at >= NULL_PAGES && at <= end && size <= end - at
}

/** The errno of reading kernel memory where there is none: what can be no kernel address is out of range. */
export function kernelFault(at: u64): i32 {
  return at < KERNEL_HALF ? ERANGE : EFAULT
}

/** Copies `size` bytes of `src`, or clears `dst`: -EFAULT. */
export function probeRead(dst: u64, size: u64, src: u64, r4: u64, r5: u64): u64 {
  return readOr(dst, <u32>size, src, EFAULT)
}
export function probeReadKernel(dst: u64, size: u64, src: u64, r4: u64, r5: u64): u64 {
  return readOr(dst, <u32>size, src, kernelFault(src))
}

function readOr(dst: u64, size: u32, src: u64, err: i32): u64 {
  if (!size) return 0
  if (readable(src, size)) {
    memory.copy(<usize>dst, <usize>src, size)
    return 0
  }
  memory.fill(<usize>dst, 0, size)
  return errno(err)
}

/** strncpy_from_*_nofault: bytes with the final zero. */
export function probeReadStr(dst: u64, size: u64, src: u64, r4: u64, r5: u64): u64 {
  return readStringOr(<usize>dst, <u32>size, src, EFAULT)
}
export function probeReadKernelStr(dst: u64, size: u64, src: u64, r4: u64, r5: u64): u64 {
  return readStringOr(<usize>dst, <u32>size, src, kernelFault(src))
}

function readStringOr(dst: usize, size: u32, src: u64, err: i32): u64 {
  if (!size) return 0
  for (let i: u32 = 0; i < size; i++) {
    if (!readable(src + <u64>i, 1)) {
      memory.fill(dst, 0, size)
      return errno(err)
    }
    const c = load<u8>(<usize>src + i)
    store<u8>(dst + i, c)
    if (!c) return <u64>(i + 1)
  }
  store<u8>(dst + size - 1, 0)
  return <u64>size
}

/** bpf_probe_write_user: tasks have no memory of their own that a program may change. */
export function probeWriteUser(dst: u64, src: u64, size: u64, r4: u64, r5: u64): u64 {
  return errno(EPERM)
}

export function copyFromUserHelper(dst: u64, size: u64, src: u64, r4: u64, r5: u64): u64 {
  return probeRead(dst, size, src, 0, 0)
}

/** flags must be 0. */
export function copyFromUserTask(dst: u64, size: u64, src: u64, task: u64, flags: u64): u64 {
  if (flags) return errno(EINVAL)
  return probeRead(dst, size, src, 0, 0)
}

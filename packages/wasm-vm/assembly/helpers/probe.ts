// SPDX-License-Identifier: GPL-2.0-only
// Reading memory that may not be there. Kernel and user are one address space, so that the families do the same.
// Kernel counterpart: kernel/trace/bpf_trace.c.

import { EFAULT, EPERM } from '../gen/errno.gen'
import { probeOk } from '../interp/regions'
import { asResult, errno } from './given'

/** Copies `size` bytes of `src`, or clears `dst`: -EFAULT. */
export function probeRead(dst: u64, size: u64, src: u64, r4: u64, r5: u64): u64 {
  const n = <u32>size
  if (!n) return 0
  if (probeOk(src, n)) {
    memory.copy(<usize>dst, <usize>src, n)
    return 0
  }
  memory.fill(<usize>dst, 0, n)
  return errno(EFAULT)
}

/** strncpy_from_*_nofault: bytes with the final zero. */
export function probeReadStr(dst: u64, size: u64, src: u64, r4: u64, r5: u64): u64 {
  const n = <u32>size
  const to = <usize>dst
  if (!n) return 0
  for (let i: u32 = 0; i < n; i++) {
    if (!probeOk(src + <u64>i, 1)) {
      memory.fill(to, 0, n)
      return errno(EFAULT)
    }
    const c = load<u8>(<usize>src + i)
    store<u8>(to + i, c)
    if (!c) return <u64>(i + 1)
  }
  store<u8>(to + n - 1, 0)
  return <u64>n
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
  if (flags) return asResult(-22)
  return probeRead(dst, size, src, 0, 0)
}

// SPDX-License-Identifier: GPL-2.0-only
// bpf_loop. Kernel counterpart: kernel/bpf/bpf_iter.c.

import { E2BIG, EINVAL, ENOENT } from '../gen/errno.gen'
import { invokeCallback } from '../interp/run'
import { errno } from './given'

const BPF_MAX_LOOPS: u32 = 8 * 1024 * 1024

export function bpfLoop(n: u64, fn: u64, ctx: u64, flags: u64, r5: u64): u64 {
  const turns = <u32>n
  if (flags) return errno(EINVAL)
  // the verifier's inlined form moves the errno as 32 bits
  if (turns > BPF_MAX_LOOPS) return <u64>(<u32>-E2BIG)
  for (let i: u32 = 0; i < turns; i++) {
    if (invokeCallback(fn, <u64>i, ctx, 0, 0, 0)) return <u64>(i + 1)
  }
  return <u64>turns
}

/** bpf_find_vma: simulated tasks map no files. */
export function findVma(task: u64, start: u64, fn: u64, ctx: u64, flags: u64): u64 {
  return flags ? errno(EINVAL) : errno(ENOENT)
}

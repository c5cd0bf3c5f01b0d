// SPDX-License-Identifier: GPL-2.0-only
// Per-CPU variables and objects. An object that a program allocated per CPU (bpf_percpu_obj_new) is an array of copies,
// each rounded up to 8 bytes, behind a word that holds the size of one.

import { kernel } from '../mem/root'
import { giveMemory } from './given'

export const PERCPU_HEADER: usize = 8

/** Address of CPU `cpu`'s copy, 0 if there is no such CPU. */
export function perCpuPtr(ptr: u64, cpu: u64, r3: u64, r4: u64, r5: u64): u64 {
  const c = <u32>cpu
  if (!ptr || c >= kernel().cpus) return 0
  const size = load<u32>(<usize>ptr - PERCPU_HEADER)
  const p = <usize>ptr + <usize>c * size
  giveMemory(p, size)
  return <u64>p
}

export function thisCpuPtr(ptr: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return perCpuPtr(ptr, <u64>kernel().currentCpu, 0, 0, 0)
}

// SPDX-License-Identifier: GPL-2.0-only
// bpf_throw: the engines leave all frames up to the program's entry; callbacks may not throw. Kernel counterpart: bpf_throw of kernel/bpf/helpers.c.

import { currentRun } from '../interp/run-state'

export function bpfThrow(cookie: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const run = currentRun()
  run.thrown = true
  run.cookie = cookie
  return 0
}

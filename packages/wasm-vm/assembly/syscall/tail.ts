// SPDX-License-Identifier: GPL-2.0-only
// Structs of callers that are newer than the kernel: what it does not know must be zero. Counterpart:
// bpf_check_uarg_tail_zero.

import { E2BIG, EFAULT } from '../gen/errno.gen'
import { isZero } from '../mem/bytes'
import { userOk } from '../mem/user'

export function checkTail(addr: u64, known: u32, given: u32): i32 {
  if (given > 4096) return -E2BIG
  if (given <= known) return 0
  const from = addr + <u64>known
  if (!userOk(from, <u64>(given - known))) return -EFAULT
  return isZero(<usize>from, given - known) ? 0 : -E2BIG
}

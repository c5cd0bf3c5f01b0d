// SPDX-License-Identifier: GPL-2.0-only
// Work queues in map values: timers that are due at once. Kernel counterpart: bpf_wq_* of kernel/bpf/helpers.c.

import { EINVAL } from '../gen/errno.gen'
import { callingProg, errno } from '../helpers/given'
import { timerSetCallback, timerStart, workInit } from '../helpers/timer'
import { BpfMap } from '../maps/map'

export function wqInit(wq: u64, map: u64, flags: u64, r4: u64, r5: u64): u64 {
  return <u64>workInit(<usize>wq, changetype<BpfMap>(<usize>map), <u64>(<u32>flags))
}

export function wqSetCallback(wq: u64, callback: u64, flags: u64, aux: u64, r5: u64): u64 {
  if (<u32>flags) return errno(EINVAL)
  return <u64>timerSetCallback(<usize>wq, callback, callingProg())
}

export function wqStart(wq: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u32>flags ? errno(EINVAL) : <u64>timerStart(<usize>wq, 0, 0)
}

// SPDX-License-Identifier: GPL-2.0-only
// The timer helpers over timer.ts.

import { BpfMap } from '../maps/map'
import { callingProg } from './given'
import { timerCancel, timerInit, timerSetCallback, timerStart } from './timer'

export function timerInitHelper(timer: u64, map: u64, flags: u64, r4: u64, r5: u64): u64 {
  return <u64>timerInit(<usize>timer, changetype<BpfMap>(<usize>map), flags)
}
export function timerSetCallbackHelper(timer: u64, fn: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>timerSetCallback(<usize>timer, fn, callingProg())
}
export function timerStartHelper(timer: u64, ns: u64, flags: u64, r4: u64, r5: u64): u64 {
  return <u64>timerStart(<usize>timer, ns, flags)
}
export function timerCancelHelper(timer: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>timerCancel(<usize>timer)
}

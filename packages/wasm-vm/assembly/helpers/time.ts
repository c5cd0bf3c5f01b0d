// SPDX-License-Identifier: GPL-2.0-only
// Clocks, randomness and where a program runs. Kernel counterpart: kernel/bpf/helpers.c, kernel/bpf/core.c.

import { kernel } from '../mem/root'
import { bootNs, monotonicNs, realNs } from '../wasi/clock'
import { randomU32 } from '../wasi/random'

/** Ticks a second, and where the count begins: five minutes before it wraps at 32 bits. */
const HZ: u64 = 1000
const INITIAL_JIFFIES: u64 = 0x100000000 - 300 * 1000
/** A coarse clock moves with the tick. */
const TICK_NS: u64 = 1000000000 / 1000
/** International atomic time is ahead of UTC. */
const TAI_OFFSET_NS: u64 = 37 * 1000000000

export function ktimeGetNs(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return monotonicNs()
}
export function ktimeGetBootNs(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return bootNs()
}
export function ktimeGetCoarseNs(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const now = monotonicNs()
  return now - (now % TICK_NS)
}
export function ktimeGetTaiNs(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return realNs() + TAI_OFFSET_NS
}
export function jiffies64(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return monotonicNs() / (1000000000 / HZ) + INITIAL_JIFFIES
}

export function getPrandomU32(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>randomU32()
}
export function getSmpProcessorId(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>kernel().currentCpu
}
export function getNumaNodeId(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

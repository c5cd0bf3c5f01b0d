// SPDX-License-Identifier: GPL-2.0-only
// Clocks: the host's, or one that only the host moves.

import { kernel } from '../mem/root'
import { clock_time_get } from './imports'

const CLOCK_REALTIME: u32 = 0
const CLOCK_MONOTONIC: u32 = 1
const WORD: usize = memory.data(8, 8)

/** Nanoseconds of the monotonic clock. */
export function monotonicNs(): u64 {
  const k = kernel()
  if (k.virtualClock) return k.now
  clock_time_get(CLOCK_MONOTONIC, 1, WORD)
  return load<u64>(WORD)
}

/** Nanoseconds since boot: the monotonic clock and the time spent asleep. */
export function bootNs(): u64 {
  return monotonicNs() + kernel().bootOffset
}

/** Nanoseconds since 1970. */
export function realNs(): u64 {
  const k = kernel()
  if (k.virtualClock) return k.now + k.realOffset
  clock_time_get(CLOCK_REALTIME, 1, WORD)
  return load<u64>(WORD)
}

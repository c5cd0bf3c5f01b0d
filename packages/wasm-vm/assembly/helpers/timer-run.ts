// SPDX-License-Identifier: GPL-2.0-only
// What is due: callbacks of timers run, and the world goes on, from the clock's side. Kernel counterpart: bpf_timer_cb.

import { BPF_MAP_TYPE_ARRAY } from '../gen/uapi-enums.gen'
import { invokeCallback } from '../interp/run'
import { currentRun } from '../interp/run-state'
import { rcuFlush } from '../mem/rcu'
import { kernel } from '../mem/root'
import { progGet, progPut } from '../prog/refs'
import { worldNextNs, worldRunDue } from '../world/world-timer'
import { nextTimerNs, takeDueTimer, Timer, timerDone } from './timer'

/** A callback that always starts its timer again for now must not keep the caller for ever. */
const MAX_RUNS: i32 = 100_000
const INDEX: usize = memory.data(8, 8)

function fire(t: Timer): void {
  const map = t.map
  const value = t.value - <usize>t.offset
  let key = value - ((map.keySize + 7) & ~7)
  if (map.mapType == BPF_MAP_TYPE_ARRAY) {
    store<u32>(INDEX, <u32>(value - map.values) / map.elemSize)
    key = INDEX
  }
  const run = currentRun()
  const k = kernel()
  const prog = t.prog
  const outerProg = run.prog
  const outerEngine = run.engine
  progGet(prog)
  run.prog = changetype<usize>(prog)
  run.engine = <i32>k.engine
  k.active++
  invokeCallback(t.callback, <u64>changetype<usize>(map), <u64>key, <u64>value, 0, 0)
  if (!--k.active) rcuFlush()
  run.prog = outerProg
  run.engine = outerEngine
  progPut(prog)
}

/** Runs what is due; how many callbacks ran. */
export function timers_run(): i32 {
  let n = 0
  while (n < MAX_RUNS) {
    const t = takeDueTimer()
    if (!changetype<usize>(t)) {
      if (!worldRunDue()) break
      n++
      if (!kernel().active) rcuFlush()
      continue
    }
    n++
    if (changetype<usize>(t.prog)) fire(t)
    timerDone(t)
  }
  return n
}

/** Nanoseconds until the next timer is due, or something in the world; -1: none is armed. */
export function timers_next(): i64 {
  const timer = nextTimerNs()
  const other = worldNextNs()
  if (timer < 0) return other
  return other < 0 || timer < other ? timer : other
}

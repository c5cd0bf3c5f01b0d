// SPDX-License-Identifier: GPL-2.0-only
// bpf_timer: callbacks that the clock starts. Kernel counterpart: kernel/bpf/helpers.c. What a map value holds is the
// address of a Timer in its first word; work queues share the object.

import { EBUSY, EDEADLK, EINVAL, ENOMEM, EPERM } from '../gen/errno.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { rcuFree } from '../mem/rcu'
import { Kernel, kernel } from '../mem/root'
import { BpfMap } from '../maps/map'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { bootNs, monotonicNs, realNs } from '../wasi/clock'

const CLOCK_REALTIME: u64 = 0
const CLOCK_MONOTONIC: u64 = 1
const CLOCK_BOOTTIME: u64 = 7

@unmanaged export class Timer {
  map: BpfMap
  /** Value that holds the timer. */
  value: usize
  /** Where in the map's value it stands. */
  offset: u32
  prog: Prog
  /** The callback as the program's register held it. */
  callback: u64
  clock: u64
  /** When it fires, by its clock; 0: it does not. */
  expires: u64
  running: bool
  dead: bool
  next: usize
}

function armed(t: Timer): bool {
  return t.expires != 0
}

function unlink(t: Timer): void {
  const k = kernel()
  let at = changetype<usize>(k) + offsetof<Kernel>('timers')
  for (let cur = load<usize>(at); cur; cur = load<usize>(at)) {
    if (cur == changetype<usize>(t)) {
      store<usize>(at, t.next)
      break
    }
    at = cur + offsetof<Timer>('next')
  }
  t.next = 0
  t.expires = 0
}

/** bpf_timer_init. */
export function timerInit(slot: usize, map: BpfMap, flags: u64): i64 {
  if (flags >= 16 || (flags != CLOCK_MONOTONIC && flags != CLOCK_REALTIME && flags != CLOCK_BOOTTIME)) return -EINVAL
  return make(slot, map, flags, <u32>map.record.timerOff)
}

/** bpf_wq_init: a queue runs its callback as soon as it can. */
export function workInit(slot: usize, map: BpfMap, flags: u64): i64 {
  return flags ? -EINVAL : make(slot, map, CLOCK_MONOTONIC, <u32>map.record.wqOff)
}

function make(slot: usize, map: BpfMap, clock: u64, offset: u32): i64 {
  if (load<u64>(slot)) return -EBUSY
  if (!map.usercnt) return -EPERM
  const t = changetype<Timer>(kzalloc(offsetof<Timer>()))
  if (!changetype<usize>(t)) return -ENOMEM
  t.map = map
  t.value = slot
  t.clock = clock
  t.offset = offset
  store<u64>(slot, <u64>changetype<usize>(t))
  return 0
}

export function timerSetCallback(slot: usize, callback: u64, prog: Prog): i64 {
  const t = changetype<Timer>(<usize>load<u64>(slot))
  if (!changetype<usize>(t)) return -EINVAL
  if (!t.map.usercnt) return -EPERM
  if (t.prog != prog) {
    if (changetype<usize>(t.prog)) progPut(t.prog)
    progGet(prog)
    t.prog = prog
  }
  t.callback = callback
  return 0
}

function clockNow(t: Timer): u64 {
  if (t.clock == CLOCK_REALTIME) return realNs()
  return t.clock == CLOCK_BOOTTIME ? bootNs() : monotonicNs()
}

export function timerStart(slot: usize, ns: u64, flags: u64): i64 {
  if (flags & ~(<u64>3)) return -EINVAL
  const t = changetype<Timer>(<usize>load<u64>(slot))
  if (!changetype<usize>(t) || !changetype<usize>(t.prog)) return -EINVAL
  if (armed(t)) unlink(t)
  t.expires = flags & 1 ? ns : clockNow(t) + ns
  if (!t.expires) t.expires = 1
  const k = kernel()
  t.next = k.timers
  k.timers = changetype<usize>(t)
  return 0
}

/** bpf_timer_cancel: 1 if it was going to fire. */
export function timerCancel(slot: usize): i64 {
  const t = changetype<Timer>(<usize>load<u64>(slot))
  if (!changetype<usize>(t)) return -EINVAL
  if (t.running) return -EDEADLK
  const was = armed(t)
  if (was) unlink(t)
  dropProg(t)
  return was ? 1 : 0
}

function dropProg(t: Timer): void {
  if (changetype<usize>(t.prog)) progPut(t.prog)
  t.prog = changetype<Prog>(0)
}

/** The value that holds a timer ends. */
export function freeTimer(slot: usize): void {
  const t = changetype<Timer>(<usize>load<u64>(slot))
  if (!changetype<usize>(t)) return
  store<u64>(slot, 0)
  if (armed(t)) unlink(t)
  if (t.running) {
    t.dead = true
    return
  }
  dropProg(t)
  rcuFree(changetype<usize>(t))
}

/** The armed timer that is due first, if any is due; it is armed no more. */
export function takeDueTimer(): Timer {
  let best = changetype<Timer>(0)
  let lead: i64 = 0
  for (let p = kernel().timers; p; p = changetype<Timer>(p).next) {
    const t = changetype<Timer>(p)
    const late = <i64>(clockNow(t) - t.expires)
    if (late < 0 || (changetype<usize>(best) && late <= lead)) continue
    best = t
    lead = late
  }
  if (changetype<usize>(best)) {
    unlink(best)
    best.running = true
  }
  return best
}

/** A timer's callback has ended. */
export function timerDone(t: Timer): void {
  t.running = false
  if (!t.dead) return
  dropProg(t)
  kfree(changetype<usize>(t))
}

/** Nanoseconds until the next timer fires, by its clock; -1: none is armed. */
export function nextTimerNs(): i64 {
  let best: i64 = -1
  for (let p = kernel().timers; p; p = changetype<Timer>(p).next) {
    const t = changetype<Timer>(p)
    const left = max<i64>(<i64>(t.expires - clockNow(t)), 0)
    if (best < 0 || left < best) best = left
  }
  return best
}

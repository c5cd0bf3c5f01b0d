// SPDX-License-Identifier: GPL-2.0-only
// Time in the simulated network: connections that wait for an acknowledgement, and packets on slow links. Kernel
// counterparts: net/ipv4/tcp_timer.c, net/sched/sch_netem.c.

import { monotonicNs } from '../wasi/clock'
import { Sock, sockGet } from './sock'
import { world, World } from './world'

/** Sends again after so many microseconds, unless it is stopped or armed anew before. */
export function timerArm(sk: Sock, us: u32): void {
  const at = monotonicNs() + <u64>us * 1000
  if (!sk.rtoAt) {
    sk.armedNext = world().armedSocks
    world().armedSocks = sk
  }
  sk.rtoAt = at ? at : 1
}

export function timerStop(sk: Sock): void {
  if (!sk.rtoAt) return
  sk.rtoAt = 0
  let at = changetype<usize>(world()) + offsetof<World>('armedSocks')
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(sk)) at = load<usize>(at) + offsetof<Sock>('armedNext')
  if (load<usize>(at)) store<usize>(at, changetype<usize>(sk.armedNext))
  sk.armedNext = changetype<Sock>(0)
}

/** Nanoseconds until the next is due, -1: none. */
export function tcpNextNs(): i64 {
  let best: i64 = -1
  const now = monotonicNs()
  for (let sk = world().armedSocks; changetype<usize>(sk); sk = sk.armedNext) {
    const left = sk.rtoAt > now ? <i64>(sk.rtoAt - now) : 0
    if (best < 0 || left < best) best = left
  }
  return best
}

/** A connection whose time is over, disarmed and with a reference; 0: none. */
export function tcpTakeDue(): Sock {
  const now = monotonicNs()
  let due = changetype<Sock>(0)
  for (let sk = world().armedSocks; changetype<usize>(sk); sk = sk.armedNext) {
    if (sk.rtoAt <= now && (!changetype<usize>(due) || sk.rtoAt <= due.rtoAt)) due = sk
  }
  if (!changetype<usize>(due)) return due
  sockGet(due)
  timerStop(due)
  return due
}

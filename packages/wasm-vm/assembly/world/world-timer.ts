// SPDX-License-Identifier: GPL-2.0-only
// What the passing of time does in the world: packets on slow links arrive, connections send again.

import { kernel } from '../mem/root'
import { linksDeliver, linksNextNs } from './link-quality'
import { softirqRun } from './receive'
import { sockPut } from './sock'
import { tcpTimerFired } from './tcp'
import { tcpNextNs, tcpTakeDue } from './tcp-timer'

/** Nanoseconds until something happens, -1: nothing will. */
export function worldNextNs(): i64 {
  if (!kernel().world) return -1
  const link = linksNextNs()
  const tcp = tcpNextNs()
  if (link < 0) return tcp
  return tcp < 0 || link < tcp ? link : tcp
}

/** Lets one thing happen that is due; whether there was one. */
export function worldRunDue(): bool {
  if (!kernel().world) return false
  if (linksDeliver()) {
    softirqRun()
    return true
  }
  const sk = tcpTakeDue()
  if (!changetype<usize>(sk)) return false
  tcpTimerFired(sk)
  sockPut(sk)
  softirqRun()
  return true
}

// SPDX-License-Identifier: GPL-2.0-only
// Links that lose packets and links that are slow, as the host's world API sets them. Kernel counterpart:
// net/sched/sch_netem.c.

import { kfree, kzalloc } from '../mem/alloc'
import { monotonicNs } from '../wasi/clock'
import { devicePut, deviceGet, NetDevice } from './device'
import { Skb, skbFree, skbOrphan } from './skb'
import { driverXmitNow } from './transmit'
import { world, World } from './world'

/** A packet under way on a slow link. */
@unmanaged class Slow {
  next: usize
  at: u64
  skb: Skb
  dev: NetDevice
}

/** Whether the link takes a packet for itself: it loses it, or keeps it for a time. */
export function linkTakes(skb: Skb, dev: NetDevice): bool {
  if (dev.dropCount) {
    if (dev.dropAfter) dev.dropAfter--
    else {
      dev.dropCount--
      dev.txDropped++
      skbFree(skb)
      return true
    }
  }
  if (!dev.delayNs) return false
  const slow = changetype<Slow>(kzalloc(offsetof<Slow>()))
  if (!changetype<usize>(slow)) return false
  skbOrphan(skb)
  deviceGet(dev)
  slow.at = monotonicNs() + dev.delayNs
  slow.skb = skb
  slow.dev = dev
  let at = changetype<usize>(world()) + offsetof<World>('slowPackets')
  while (load<usize>(at) && changetype<Slow>(load<usize>(at)).at <= slow.at)
    at = load<usize>(at) + offsetof<Slow>('next')
  slow.next = load<usize>(at)
  store<usize>(at, changetype<usize>(slow))
  return true
}

/** Nanoseconds until the next packet is through, -1: none is under way. */
export function linksNextNs(): i64 {
  const first = world().slowPackets
  if (!first) return -1
  const now = monotonicNs()
  const at = changetype<Slow>(first).at
  return at > now ? <i64>(at - now) : 0
}

/** Lets the next packet through whose time is over; whether there was one. */
export function linksDeliver(): bool {
  const first = world().slowPackets
  if (!first || changetype<Slow>(first).at > monotonicNs()) return false
  const slow = changetype<Slow>(first)
  world().slowPackets = slow.next
  if (slow.dev.gone) skbFree(slow.skb)
  else driverXmitNow(slow.skb, slow.dev)
  devicePut(slow.dev)
  kfree(first)
  return true
}

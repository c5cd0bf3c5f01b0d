// SPDX-License-Identifier: GPL-2.0-only
// netkit: a pair of devices whose programs run where one side sends to the other. Programs are attached through the
// primary device only. Kernel counterpart: drivers/net/netkit.c.

import { EACCES, EINVAL, ENODEV, ENXIO } from '../gen/errno.gen'
import { BPF_NETKIT_PEER } from '../gen/uapi-enums.gen'
import { DEV_NETKIT, deviceByIndex, NetDevice } from './device'
import { runSkb } from './hook'
import { Mprog, mprogAt } from './mprog'
import { netifRx } from './receive'
import { skbDoRedirect } from './redirect'
import { ETH_HLEN, ethTypeTrans, PACKET_HOST, Skb, skbFree, skbOrphan, skbResetMac } from './skb'

export const NETKIT_NEXT: i32 = -1
export const NETKIT_PASS: i32 = 0
export const NETKIT_DROP: i32 = 2
export const NETKIT_REDIRECT: i32 = 7

/** The device whose programs an attach type means, or an errno. */
export function netkitFetch(ifindex: u32, type: u32): usize {
  const dev = deviceByIndex(ifindex)
  if (!changetype<usize>(dev)) return -ENODEV
  if (dev.kind != DEV_NETKIT) return -ENXIO
  if (!dev.netkitPrimary) return -EACCES
  if (type != BPF_NETKIT_PEER) return changetype<usize>(dev)
  return changetype<usize>(dev.peer) ? changetype<usize>(dev.peer) : -ENODEV
}

/** What the device does without programs: PASS or DROP. */
export function netkitSetPolicy(dev: NetDevice, policy: i32): i32 {
  if (policy != NETKIT_PASS && policy != NETKIT_DROP) return -EINVAL
  dev.netkitPolicy = policy
  return 0
}

function verdict(m: Mprog, skb: Skb, policy: i32): i32 {
  let ret = policy
  for (let i = 0; i < m.count; i++) {
    ret = <i32>runSkb(mprogAt(m, i), skb)
    if (ret != NETKIT_NEXT) break
  }
  return ret
}

/** netkit_xmit: the packet's data is at the link header. */
export function netkitXmit(skb: Skb, dev: NetDevice): void {
  const peer = dev.peer
  if (!changetype<usize>(peer) || !peer.up || skb.len < ETH_HLEN) {
    dev.txDropped++
    skbFree(skb)
    return
  }
  const len = <u64>skb.len
  skbOrphan(skb)
  skb.dst = 0
  skb.ingressIfindex = 0
  skb.pktType = PACKET_HOST
  if (peer.netns != dev.netns) {
    skb.tstamp = 0
    skb.priority = 0
    skb.mark = 0
  }
  skbResetMac(skb)
  skb.dev = peer
  skb.ifindex = <u32>peer.ifindex
  skb.tcAtIngress = false
  let ret = dev.netkitPolicy
  if (changetype<usize>(dev.netkit)) ret = verdict(dev.netkit, skb, ret)
  switch (ret) {
    case NETKIT_NEXT:
    case NETKIT_PASS:
      dev.txPackets++
      dev.txBytes += len
      ethTypeTrans(skb, peer)
      netifRx(skb)
      return
    case NETKIT_REDIRECT:
      dev.txPackets++
      dev.txBytes += len
      skbDoRedirect(skb)
      return
    default:
      dev.txDropped++
      skbFree(skb)
  }
}

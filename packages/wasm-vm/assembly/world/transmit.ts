// SPDX-License-Identifier: GPL-2.0-only
// Packets on their way out of a device. Kernel counterpart: __dev_queue_xmit and the loopback, dummy and veth drivers.

import { ENETDOWN, ENOMEM } from '../gen/errno.gen'
import { DEV_LOOPBACK, DEV_NETKIT, DEV_TAP, DEV_VETH, deviceOut, NetDevice } from './device'
import { packetQueued } from './events'
import { linkTakes } from './link-quality'
import { netkitXmit } from './netkit'
import { packetTaps } from './packet-socket'
import { netifRx, softirqRun } from './receive'
import {
  ETH_HLEN,
  ethTypeTrans,
  PACKET_HOST,
  PACKET_OUTGOING,
  queuePut,
  Skb,
  skbClone,
  skbFree,
  skbMac,
  skbOrphan,
  skbResetMac,
} from './skb'
import { tcClassify } from './tcx'
import { world } from './world'

/** XMIT_RECURSION_LIMIT. */
const MAX_DEPTH: u32 = 8

/** Sends a packet whose data is at the link header. 0 or an errno; the packet is gone in any case. */
export function devQueueXmit(skb: Skb, dev: NetDevice): i32 {
  const w = world()
  skb.dev = dev
  skb.ifindex = <u32>dev.ifindex
  skbResetMac(skb)
  skb.macLen = ETH_HLEN
  if (!dev.up) {
    skbFree(skb)
    return -ENETDOWN
  }
  if (w.xmitDepth >= MAX_DEPTH) {
    dev.txDropped++
    skbFree(skb)
    return -ENETDOWN
  }
  w.xmitDepth++
  if (tcClassify(skb, false) == 1) {
    packetQueued(skb)
    hardXmit(skb, dev)
  }
  w.xmitDepth--
  softirqRun()
  return 0
}

/** generic_xdp_tx: past the classifiers. */
export function devXmitGeneric(skb: Skb, dev: NetDevice): void {
  const w = world()
  skb.dev = dev
  skb.ifindex = <u32>dev.ifindex
  skb.metaLen = 0
  skbResetMac(skb)
  if (!dev.up || w.xmitDepth >= MAX_DEPTH) {
    dev.txDropped++
    skbFree(skb)
    return
  }
  w.xmitDepth++
  driverXmit(skb, dev)
  w.xmitDepth--
  softirqRun()
}

/** dev_hard_start_xmit: those who listen get a copy, then the driver the packet. */
function hardXmit(skb: Skb, dev: NetDevice): void {
  if (changetype<usize>(dev.netns.taps)) {
    const type = skb.pktType
    skb.pktType = PACKET_OUTGOING
    packetTaps(skb, true)
    skb.pktType = type
  }
  driverXmit(skb, dev)
}

function driverXmit(skb: Skb, dev: NetDevice): void {
  if (dev.kind == DEV_NETKIT) {
    if (dev.capture) keepCopy(skb, dev)
    netkitXmit(skb, dev)
    return
  }
  dev.txPackets++
  dev.txBytes += skb.len
  if (dev.capture && dev.kind != DEV_TAP) keepCopy(skb, dev)
  if ((dev.dropCount || dev.delayNs) && linkTakes(skb, dev)) return
  driverXmitNow(skb, dev)
}

/** Past what the link does to it. */
export function driverXmitNow(skb: Skb, dev: NetDevice): void {
  switch (dev.kind) {
    case DEV_LOOPBACK:
      loopbackXmit(skb, dev)
      return
    case DEV_VETH:
      vethXmit(skb, dev)
      return
    case DEV_TAP:
      skbOrphan(skb)
      queuePut(deviceOut(dev), skb)
      return
    default:
      skbFree(skb)
  }
}

function keepCopy(skb: Skb, dev: NetDevice): void {
  const copy = skbClone(skb)
  if (changetype<usize>(copy)) queuePut(deviceOut(dev), copy)
}

function loopbackXmit(skb: Skb, dev: NetDevice): void {
  skbOrphan(skb)
  skb.tstamp = 0
  skb.queueMapping = 0
  ethTypeTrans(skb, dev)
  netifRx(skb)
}

function vethXmit(skb: Skb, dev: NetDevice): void {
  const peer = dev.peer
  if (!changetype<usize>(peer) || !peer.up) {
    dev.txDropped++
    skbFree(skb)
    return
  }
  skbOrphan(skb)
  skb.tstamp = 0
  skb.dst = 0
  if (peer.netns != dev.netns) {
    // skb_scrub_packet of a packet that crosses namespaces
    skb.mark = 0
    skb.priority = 0
  }
  skb.queueMapping = 0
  skb.pktType = PACKET_HOST
  ethTypeTrans(skb, peer)
  netifRx(skb)
}

/** A frame of these bytes sent out of a device, as a packet socket would. */
export function devSendFrame(dev: NetDevice, skb: Skb): i32 {
  if (!changetype<usize>(skb)) return -ENOMEM
  skbResetMac(skb)
  if (skb.len >= ETH_HLEN) {
    skb.protocol = <u32>load<u16>(skbMac(skb), 12)
    skb.net = skb.mac + ETH_HLEN
    skb.transport = skb.net
  }
  return devQueueXmit(skb, dev)
}

/** A frame of these bytes that arrives at a device from its link. */
export function devReceiveFrame(dev: NetDevice, skb: Skb): i32 {
  if (!changetype<usize>(skb)) return -ENOMEM
  if (!dev.up) {
    skbFree(skb)
    return -ENETDOWN
  }
  if (skb.len < ETH_HLEN) {
    skbFree(skb)
    return -22
  }
  ethTypeTrans(skb, dev)
  netifRx(skb)
  softirqRun()
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Where a program sends its packet: what bpf_redirect and its relatives leave behind, and what is then done.
// Kernel counterpart: net/core/filter.c (skb_do_redirect, xdp_do_generic_redirect).

import { EAGAIN, EINVAL, EMSGSIZE, ENETDOWN } from '../gen/errno.gen'
import {
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_UNSPEC,
  BPF_MAP_TYPE_XSKMAP,
} from '../gen/uapi-enums.gen'
import { devmapDevice, devmapNextEntry, devmapProg } from '../maps/devmap'
import { BpfMap } from '../maps/map'
import { idFind } from '../mem/ids'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { cpumapDeliver } from './cpumap'
import { deviceIn, NetDevice } from './device'
import { neighOutput } from './ip'
import { netifRx } from './receive'
import { ETH_HLEN, ethTypeTrans, Skb, skbClone, skbFree, skbPull } from './skb'
import { devQueueXmit, devXmitGeneric } from './transmit'
import { runXdpOnSkb, XDP_PASS } from './xdp'
import { xskDeliver } from './xsk'

export const F_INGRESS: u32 = 1
export const F_BROADCAST: u32 = 8
export const F_EXCLUDE_INGRESS: u32 = 16
/** The kernel's own flags of a redirect. */
export const F_PEER: u32 = 1 << 16
export const F_NEIGH: u32 = 1 << 17
export const F_NEXTHOP: u32 = 1 << 18

@unmanaged export class RedirectInfo {
  index: u32
  flags: u32
  mapId: u32
  mapType: u32
  /** What the map held: device entry, CPU entry, socket. */
  target: usize
  /** struct bpf_redir_neigh */
  nhFamily: u32
  nh0: u32
  nh1: u32
  nh2: u32
  nh3: u32
}

const INFO: usize = memory.data(offsetof<RedirectInfo>(), 8)

@inline export function redirectInfo(): RedirectInfo {
  return changetype<RedirectInfo>(INFO)
}

// what classifiers redirect

/** Does what a TC_ACT_REDIRECT asks, with data at the link header. -EAGAIN: receive again on skb.dev; else it is gone. */
export function skbDoRedirect(skb: Skb): i32 {
  const ri = redirectInfo()
  const flags = ri.flags
  const ns = skb.dev.netns
  let dev = deviceIn(ns, <i32>ri.index)
  ri.index = 0
  ri.flags = 0
  if (!changetype<usize>(dev)) {
    skbFree(skb)
    return -EINVAL
  }
  if (flags & F_PEER) {
    dev = dev.peer
    if (!skb.tcAtIngress || !changetype<usize>(dev) || !dev.up || dev.netns == ns) {
      skbFree(skb)
      return -EINVAL
    }
    skb.dev = dev
    skb.metaLen = 0
    return -EAGAIN
  }
  if (flags & F_NEIGH) return redirectNeigh(skb, dev, ri, (flags & F_NEXTHOP) != 0)
  return redirectTo(skb, dev, flags)
}

function redirectNeigh(skb: Skb, dev: NetDevice, ri: RedirectInfo, nextHop: bool): i32 {
  skbPull(skb, skb.net - (skb.data - <u32>skb.head))
  return neighOutput(skb, dev, nextHop ? changetype<usize>(ri) + offsetof<RedirectInfo>('nhFamily') : 0)
}

/** __bpf_redirect: out of a device, or in through it. */
export function redirectTo(skb: Skb, dev: NetDevice, flags: u32): i32 {
  skb.redirected = true
  if (flags & F_INGRESS) return devForward(skb, dev)
  skb.dev = dev
  skb.tstamp = 0
  return devQueueXmit(skb, dev)
}

/** Data at the link header: received by `dev` as if it came from its link. */
export function devForward(skb: Skb, dev: NetDevice): i32 {
  if (!dev.up || skb.len > dev.mtu + ETH_HLEN + 4) {
    dev.rxDropped++
    skbFree(skb)
    return -ENETDOWN
  }
  skb.metaLen = 0
  skb.tstamp = 0
  ethTypeTrans(skb, dev)
  netifRx(skb)
  return 0
}

// what XDP programs redirect

/** XDP_REDIRECT of a packet whose data is at the link header. 0 or an errno, and then the packet is still the caller's. */
export function xdpDoRedirect(dev: NetDevice, skb: Skb): i32 {
  const ri = redirectInfo()
  const type = ri.mapType
  const index = ri.index
  const flags = ri.flags
  ri.index = 0
  ri.flags = 0
  ri.mapType = BPF_MAP_TYPE_UNSPEC
  const mapId = ri.mapId
  ri.mapId = 0
  switch (type) {
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH: {
      if (!(flags & F_BROADCAST)) return devmapSend(skb, ri.target)
      const map = idFind(kernel().maps, mapId)
      return map ? broadcast(dev, skb, changetype<BpfMap>(map), (flags & F_EXCLUDE_INGRESS) != 0) : -EINVAL
    }
    case BPF_MAP_TYPE_CPUMAP:
      cpumapDeliver(ri.target, index, skb)
      return 0
    case BPF_MAP_TYPE_XSKMAP:
      return xskDeliver(ri.target, skb)
    default: {
      const to = deviceIn(dev.netns, <i32>index)
      if (!changetype<usize>(to)) return -EINVAL
      const err = okToForward(to, skb)
      if (err) return err
      skb.dev = to
      devXmitGeneric(skb, to)
      return 0
    }
  }
}

function okToForward(dev: NetDevice, skb: Skb): i32 {
  if (!dev.up) return -ENETDOWN
  return skb.len > dev.mtu + ETH_HLEN + 4 ? -EMSGSIZE : 0
}

/** Sends through an entry of a device map, whose program may drop. */
function devmapSend(skb: Skb, entry: usize): i32 {
  if (!entry) return -EINVAL
  const to = devmapDevice(entry)
  const err = okToForward(to, skb)
  if (err) return err
  const prog = devmapProg(entry)
  if (prog && runXdpOnSkb(changetype<Prog>(prog), skb, skb.dev, to) != XDP_PASS) {
    skbFree(skb)
    return 0
  }
  skb.dev = to
  devXmitGeneric(skb, to)
  return 0
}

function broadcast(dev: NetDevice, skb: Skb, map: BpfMap, exclude: bool): i32 {
  let last: usize = 0
  for (let e = devmapNextEntry(map, 0); e; e = devmapNextEntry(map, e)) {
    const to = devmapDevice(e)
    if (exclude && to == dev) continue
    if (okToForward(to, skb)) continue
    if (last) {
      const copy = skbClone(skb)
      if (changetype<usize>(copy) && devmapSend(copy, last)) skbFree(copy)
    }
    last = e
  }
  if (!last) {
    skbFree(skb)
    return 0
  }
  return devmapSend(skb, last)
}

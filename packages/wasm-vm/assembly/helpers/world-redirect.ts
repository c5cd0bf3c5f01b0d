// SPDX-License-Identifier: GPL-2.0-only
// Sending packets elsewhere. Kernel counterpart: net/core/filter.c.

import { EINVAL, ENOMEM } from '../gen/errno.gen'
import {
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_UNSPEC,
  BPF_PROG_TYPE_XDP,
} from '../gen/uapi-enums.gen'
import { cpumapLookup } from '../maps/cpumap'
import { devmapEntry } from '../maps/devmap'
import { BpfMap } from '../maps/map'
import { xskmapLookup } from '../maps/xskmap'
import { deviceIn } from '../world/device'
import {
  F_BROADCAST,
  F_EXCLUDE_INGRESS,
  F_INGRESS,
  F_NEIGH,
  F_NEXTHOP,
  F_PEER,
  redirectInfo,
  RedirectInfo,
  redirectTo,
} from '../world/redirect'
import { Skb, skbClone } from '../world/skb'
import { asResult, errno, progType } from './given'

const XDP_ABORTED: u64 = 0
const XDP_REDIRECT: u64 = 4
const TC_ACT_SHOT: u64 = 2
const TC_ACT_REDIRECT: u64 = 7
const ACTION_MASK: u64 = 3
const REDIR_NEIGH_SIZE: u32 = 20

/** XDP: out of a device. Others: out of it, or in through it. */
export function redirect(ifindex: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  const ri = redirectInfo()
  if (progType() == BPF_PROG_TYPE_XDP) {
    if (flags) return XDP_ABORTED
    ri.index = <u32>ifindex
    ri.mapId = 0x7fffffff
    ri.mapType = BPF_MAP_TYPE_UNSPEC
    ri.flags = 0
    return XDP_REDIRECT
  }
  if (flags & ~(<u64>F_INGRESS)) return TC_ACT_SHOT
  ri.flags = <u32>flags
  ri.index = <u32>ifindex
  return TC_ACT_REDIRECT
}

export function redirectPeer(ifindex: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (flags) return TC_ACT_SHOT
  const ri = redirectInfo()
  ri.flags = F_PEER
  ri.index = <u32>ifindex
  return TC_ACT_REDIRECT
}

export function redirectNeigh(ifindex: u64, params: u64, plen: u64, flags: u64, r5: u64): u64 {
  const n = <u32>plen
  if ((n && n < REDIR_NEIGH_SIZE) || flags) return TC_ACT_SHOT
  const ri = redirectInfo()
  ri.flags = F_NEIGH | (n ? F_NEXTHOP : 0)
  ri.index = <u32>ifindex
  if (n) memory.copy(changetype<usize>(ri) + offsetof<RedirectInfo>('nhFamily'), <usize>params, REDIR_NEIGH_SIZE)
  return TC_ACT_REDIRECT
}

const KEY: usize = memory.data(8, 8)

export function redirectMap(mapAddr: u64, key: u64, flags: u64, r4: u64, r5: u64): u64 {
  const map = changetype<BpfMap>(<usize>mapAddr)
  const ri = redirectInfo()
  const type = map.mapType
  const dev = type == BPF_MAP_TYPE_DEVMAP || type == BPF_MAP_TYPE_DEVMAP_HASH
  const allowed = ACTION_MASK | (dev ? <u64>(F_BROADCAST | F_EXCLUDE_INGRESS) : 0)
  if (flags & ~allowed) return XDP_ABORTED
  const index = <u32>key
  store<u32>(KEY, index)
  if (dev) ri.target = devmapEntry(map, index)
  else ri.target = type == BPF_MAP_TYPE_CPUMAP ? cpumapLookup(map, KEY) : xskmapLookup(map, KEY)
  if (!ri.target && !(flags & (<u64>F_BROADCAST))) {
    ri.mapId = 0x7fffffff
    ri.mapType = BPF_MAP_TYPE_UNSPEC
    return flags & ACTION_MASK
  }
  ri.index = index
  ri.mapId = map.id
  ri.mapType = type
  ri.flags = flags & (<u64>F_BROADCAST) ? <u32>flags : 0
  return XDP_REDIRECT
}

/** A copy goes out of a device, or in through it. */
export function cloneRedirect(ctx: u64, ifindex: u64, flags: u64, r4: u64, r5: u64): u64 {
  if (flags & ~(<u64>F_INGRESS)) return errno(EINVAL)
  const skb = changetype<Skb>(<usize>ctx)
  if (!changetype<usize>(skb.dev)) return errno(EINVAL)
  const dev = deviceIn(skb.dev.netns, <i32>(<u32>ifindex))
  if (!changetype<usize>(dev)) return errno(EINVAL)
  const copy = skbClone(skb)
  if (!changetype<usize>(copy)) return errno(ENOMEM)
  return asResult(redirectTo(copy, dev, <u32>flags))
}

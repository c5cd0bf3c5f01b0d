// SPDX-License-Identifier: GPL-2.0-only
// Helpers that send the packet elsewhere. Kernel counterpart: net/core/filter.c; what is done with the wish is in
// world/redirect.ts.

import { EINVAL, ENOMEM } from '../gen/errno.gen'
import {
  BPF_MAP_TYPE_CPUMAP, BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH, BPF_MAP_TYPE_UNSPEC, BPF_PROG_TYPE_XDP,
} from '../gen/uapi-enums.gen'
import { cpumapLookup } from '../maps/cpumap'
import { devmapEntry } from '../maps/devmap'
import { BpfMap } from '../maps/map'
import { xskmapLookup } from '../maps/xskmap'
import { deviceIn } from '../world/device'
import {
  F_BROADCAST, F_EXCLUDE_INGRESS, F_INGRESS, F_NEIGH, F_NEXTHOP, F_PEER, redirectInfo, RedirectInfo, redirectTo,
} from '../world/redirect'
import { skbClone } from '../world/skb'
import { asResult, errno, progType } from './given'
import { asSkb } from './skb-bytes'

const TC_ACT_SHOT: u64 = 2
const TC_ACT_REDIRECT: u64 = 7
const XDP_ABORTED: u64 = 0
const XDP_REDIRECT: u64 = 4
const ACTION_MASK: u64 = 3
const NEIGH_SIZE: u32 = 20
/** A number that no map has. */
const NO_MAP: u32 = 0x7fffffff

export function cloneRedirect(ctx: u64, ifindex: u64, flags: u64, r4: u64, r5: u64): u64 {
  const skb = asSkb(ctx)
  if (flags & ~(<u64>F_INGRESS)) return errno(EINVAL)
  const dev = deviceIn(skb.dev.netns, <i32>ifindex)
  if (!changetype<usize>(dev)) return errno(EINVAL)
  const copy = skbClone(skb)
  if (!changetype<usize>(copy)) return errno(ENOMEM)
  return asResult(redirectTo(copy, dev, <u32>flags))
}

function wish(index: u64, flags: u32): RedirectInfo {
  const ri = redirectInfo()
  ri.index = <u32>index
  ri.flags = flags
  return ri
}

export function redirect(ifindex: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (progType() == BPF_PROG_TYPE_XDP) {
    if (flags) return XDP_ABORTED
    const ri = wish(ifindex, 0)
    ri.mapId = NO_MAP
    ri.mapType = BPF_MAP_TYPE_UNSPEC
    return XDP_REDIRECT
  }
  if (flags & ~(<u64>F_INGRESS)) return TC_ACT_SHOT
  wish(ifindex, <u32>flags)
  return TC_ACT_REDIRECT
}

export function redirectPeer(ifindex: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  if (flags) return TC_ACT_SHOT
  wish(ifindex, F_PEER)
  return TC_ACT_REDIRECT
}

/** `params` is a struct bpf_redir_neigh: the next hop. */
export function redirectNeighHelper(ifindex: u64, params: u64, size: u64, flags: u64, r5: u64): u64 {
  const n = <u32>size
  if ((n && n < NEIGH_SIZE) || flags) return TC_ACT_SHOT
  const ri = wish(ifindex, n ? F_NEIGH | F_NEXTHOP : F_NEIGH)
  if (n) memory.copy(changetype<usize>(ri) + offsetof<RedirectInfo>('nhFamily'), <usize>params, NEIGH_SIZE)
  return TC_ACT_REDIRECT
}

const KEY: usize = memory.data(8, 8)

function entryOf(map: BpfMap, index: u32): usize {
  store<u32>(KEY, index)
  switch (map.mapType) {
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
      return devmapEntry(map, index)
    case BPF_MAP_TYPE_CPUMAP:
      return cpumapLookup(map, KEY)
    default:
      return xskmapLookup(map, KEY)
  }
}

/** The low bits of the flags are what it returns when the map has nothing there. */
export function redirectMap(map: u64, key: u64, flags: u64, r4: u64, r5: u64): u64 {
  const m = changetype<BpfMap>(<usize>map)
  const isDevice = m.mapType == BPF_MAP_TYPE_DEVMAP || m.mapType == BPF_MAP_TYPE_DEVMAP_HASH
  const known = ACTION_MASK | (isDevice ? <u64>(F_BROADCAST | F_EXCLUDE_INGRESS) : 0)
  if (flags & ~known) return XDP_ABORTED
  const ri = redirectInfo()
  ri.target = entryOf(m, <u32>key)
  const broadcast = (flags & <u64>F_BROADCAST) != 0
  if (!ri.target && !broadcast) {
    ri.mapId = NO_MAP
    ri.mapType = BPF_MAP_TYPE_UNSPEC
    return flags & ACTION_MASK
  }
  ri.index = <u32>key
  ri.mapId = m.id
  ri.mapType = m.mapType
  ri.flags = broadcast ? <u32>flags : 0
  return XDP_REDIRECT
}

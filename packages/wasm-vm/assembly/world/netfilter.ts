// SPDX-License-Identifier: GPL-2.0-only
// Netfilter hooks with programs. Kernel counterpart: net/netfilter/nf_bpf_link.c.

import { EAFNOSUPPORT, EINVAL, ENOMEM, EOPNOTSUPP, EPROTO, EBUSY } from '../gen/errno.gen'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../gen/system.gen'
import { BPF_LINK_TYPE_NETFILTER, BPF_NETFILTER } from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__flags,
  ATTR_LINK_CREATE__netfilter__flags,
  ATTR_LINK_CREATE__netfilter__hooknum,
  ATTR_LINK_CREATE__netfilter__pf,
  ATTR_LINK_CREATE__netfilter__priority,
} from '../gen/uapi-layouts.gen'
import { Prog } from '../prog/prog'
import { Link, linkCancel, linkNew, linkSettle } from '../syscall/link'
import { runCtx } from './hook'
import { NetDevice } from './device'
import { Netns } from './netns'
import { Skb } from './skb'
import { current } from './world'

export const NF_PRE_ROUTING: u32 = 0
export const NF_LOCAL_IN: u32 = 1
export const NF_FORWARD: u32 = 2
export const NF_LOCAL_OUT: u32 = 3
export const NF_POST_ROUTING: u32 = 4
const NF_INET_NUMHOOKS: u32 = 5
const IP_DEFRAG: u32 = 1
const PRI_FIRST: i32 = <i32>0x80000000
const PRI_LAST: i32 = 0x7fffffff
const PRI_CONNTRACK_DEFRAG: i32 = -400

/** struct bpf_nf_ctx { state, skb } and struct nf_hook_state, as the kernel lays them out: hook u8, pf u8, in, out, sk, net, okfn. */
const CTX: usize = memory.data(16, 8)
const STATE: usize = memory.data(48, 8)

function checkPriority(pf: u32, hook: u32, prio: i32, flags: u32): i32 {
  if (pf != NFPROTO_IPV4 && pf != NFPROTO_IPV6) return -EAFNOSUPPORT
  if (hook >= NF_INET_NUMHOOKS) return -EPROTO
  if (flags & ~IP_DEFRAG) return -EOPNOTSUPP
  if (prio == PRI_FIRST || prio == PRI_LAST) return -34
  return flags & IP_DEFRAG && prio <= PRI_CONNTRACK_DEFRAG ? -34 : 0
}

export function netfilterLinkCreate(attr: usize, prog: Prog): i32 {
  if (load<u32>(attr, ATTR_LINK_CREATE__flags)) return -EINVAL
  const pf = load<u32>(attr, ATTR_LINK_CREATE__netfilter__pf)
  const hook = load<u32>(attr, ATTR_LINK_CREATE__netfilter__hooknum)
  const prio = load<i32>(attr, ATTR_LINK_CREATE__netfilter__priority)
  const flags = load<u32>(attr, ATTR_LINK_CREATE__netfilter__flags)
  const err = checkPriority(pf, hook, prio, flags)
  if (err) return err
  const link = linkNew(BPF_LINK_TYPE_NETFILTER, prog, BPF_NETFILTER)
  if (!changetype<usize>(link)) return -ENOMEM
  link.aux0 = pf
  link.aux1 = hook
  link.aux2 = <u32>prio
  link.aux3 = flags
  const ns = current().netns
  let at = changetype<usize>(ns) + offsetof<Netns>('nfHooks')
  while (load<usize>(at)) {
    const l = changetype<Link>(load<usize>(at))
    if (l.aux0 == pf && l.aux1 == hook) {
      if (<i32>l.aux2 == prio) {
        // two programs at one priority would leave their order open
        linkCancel(link)
        return -EBUSY
      }
      if (<i32>l.aux2 > prio) break
    }
    at = changetype<usize>(l) + offsetof<Link>('next')
  }
  link.next = changetype<Link>(load<usize>(at))
  store<usize>(at, changetype<usize>(link))
  link.target = changetype<usize>(ns)
  return linkSettle(link)
}

export function netfilterLinkRelease(link: Link): void {
  if (!link.target) return
  let at = link.target + offsetof<Netns>('nfHooks')
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(link)) at = load<usize>(at) + offsetof<Link>('next')
  if (load<usize>(at)) store<usize>(at, changetype<usize>(link.next))
  link.target = 0
}

/** Whether a packet, whose data is at its network header, may go on. */
export function nfHook(ns: Netns, pf: u32, hook: u32, skb: Skb, input: NetDevice, output: NetDevice, sk: usize): bool {
  for (let p = ns.nfHooks; p;) {
    const link = changetype<Link>(p)
    p = changetype<usize>(link.next)
    if (link.aux0 != pf || link.aux1 != hook) continue
    store<u8>(STATE, <u8>hook)
    store<u8>(STATE, <u8>pf, 1)
    store<u64>(STATE, <u64>changetype<usize>(input), 8)
    store<u64>(STATE, <u64>changetype<usize>(output), 16)
    store<u64>(STATE, <u64>sk, 24)
    store<u64>(STATE, <u64>changetype<usize>(ns), 32)
    store<u64>(CTX, <u64>STATE)
    store<u64>(CTX, <u64>changetype<usize>(skb), 8)
    if (!((<u32>runCtx(link.prog, CTX, 16, 0, 0)) & 0xff)) return false
  }
  return true
}

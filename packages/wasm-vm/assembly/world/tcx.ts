// SPDX-License-Identifier: GPL-2.0-only
// Classifiers of devices: tcx programs and links, and clsact filters behind them; programs and links of netkit devices
// are attached in the same way. Kernel counterpart: kernel/bpf/tcx.c,
// sch_handle_ingress and sch_handle_egress of net/core/dev.c.

import { EAGAIN, ENODEV, ENOENT, ENOLINK, ENOMEM, EPERM } from '../gen/errno.gen'
import { BPF_F_ID, BPF_F_REPLACE } from '../gen/uapi-defines.gen'
import {
  BPF_LINK_TYPE_NETKIT,
  BPF_LINK_TYPE_TCX,
  BPF_NETKIT_PEER,
  BPF_NETKIT_PRIMARY,
  BPF_TCX_INGRESS,
} from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__attach_type,
  ATTR_LINK_CREATE__flags,
  ATTR_LINK_CREATE__target_ifindex,
  ATTR_LINK_CREATE__tcx__expected_revision,
  ATTR_LINK_CREATE__tcx__relative_fd,
  ATTR_PROG_ATTACH__attach_flags,
  ATTR_PROG_ATTACH__attach_type,
  ATTR_PROG_ATTACH__expected_revision,
  ATTR_PROG_ATTACH__relative_fd,
  ATTR_PROG_ATTACH__replace_bpf_fd,
  ATTR_PROG_ATTACH__target_ifindex,
  ATTR_QUERY__attach_type,
  ATTR_QUERY__target_ifindex,
} from '../gen/uapi-layouts.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { isErr } from '../syscall/fd'
import { Link, linkCancel, linkNew, linkSettle, linkSwapProg } from '../syscall/link'
import { progOfType } from './cgroup-link'
import { deviceByIndex, NetDevice } from './device'
import { runSkb } from './hook'
import { Mprog, mprogAt, mprogAttach, mprogDestroy, mprogDetach, mprogNew, mprogQuery } from './mprog'
import { netkitFetch } from './netkit'
import { skbDoRedirect } from './redirect'
import { Skb, skbFree, skbMac, skbPull, skbPush } from './skb'

const TCX_NEXT: i32 = -1
const TCX_PASS: i32 = 0
const TCX_DROP: i32 = 2
const TCX_REDIRECT: i32 = 7

@inline function isNetkit(type: u32): bool {
  return type == BPF_NETKIT_PRIMARY || type == BPF_NETKIT_PEER
}

/** The device that an attach type means, or an errno. */
function deviceFor(ifindex: u32, type: u32): usize {
  if (isNetkit(type)) return netkitFetch(ifindex, type)
  const dev = deviceByIndex(ifindex)
  return changetype<usize>(dev) ? changetype<usize>(dev) : -ENODEV
}

function place(dev: NetDevice, type: u32): Mprog {
  if (isNetkit(type)) return dev.netkit
  return type == BPF_TCX_INGRESS ? dev.tcxIngress : dev.tcxEgress
}
function setPlace(dev: NetDevice, type: u32, m: Mprog): void {
  if (isNetkit(type)) dev.netkit = m
  else if (type == BPF_TCX_INGRESS) dev.tcxIngress = m
  else dev.tcxEgress = m
}
/** A place of tcx is given up with its last program, and its revision begins anew; one of netkit stays. */
function dropEmpty(dev: NetDevice, type: u32): void {
  const m = place(dev, type)
  if (!changetype<usize>(m) || m.count || isNetkit(type)) return
  mprogDestroy(m)
  setPlace(dev, type, changetype<Mprog>(0))
}

function attachAt(
  dev: NetDevice,
  type: u32,
  prog: Prog,
  link: usize,
  replace: usize,
  flags: u32,
  rel: u32,
  rev: u64,
): i32 {
  let m = place(dev, type)
  if (!changetype<usize>(m)) {
    m = mprogNew()
    if (!changetype<usize>(m)) return -ENOMEM
    setPlace(dev, type, m)
  }
  const err = mprogAttach(m, prog, link, replace, flags, rel, rev)
  dropEmpty(dev, type)
  return err
}

export function tcxProgAttach(attr: usize, prog: Prog): i32 {
  const type = load<u32>(attr, ATTR_PROG_ATTACH__attach_type)
  const found = deviceFor(load<u32>(attr, ATTR_PROG_ATTACH__target_ifindex), type)
  if (isErr(found)) return <i32>found
  const dev = changetype<NetDevice>(found)
  const flags = load<u32>(attr, ATTR_PROG_ATTACH__attach_flags)
  let replace: usize = 0
  if (flags & BPF_F_REPLACE) {
    replace = progOfType(load<i32>(attr, ATTR_PROG_ATTACH__replace_bpf_fd), prog.type)
    if (isErr(replace)) return <i32>replace
  }
  return attachAt(
    dev,
    type,
    prog,
    0,
    replace,
    flags,
    load<u32>(attr, ATTR_PROG_ATTACH__relative_fd),
    load<u64>(attr, ATTR_PROG_ATTACH__expected_revision),
  )
}

/** `prog` 0: what the flags point at. */
export function tcxProgDetach(attr: usize, prog: usize): i32 {
  const type = load<u32>(attr, ATTR_PROG_ATTACH__attach_type)
  const found = deviceFor(load<u32>(attr, ATTR_PROG_ATTACH__target_ifindex), type)
  if (isErr(found)) return <i32>found
  const dev = changetype<NetDevice>(found)
  const m = place(dev, type)
  if (!changetype<usize>(m) || !m.count) return -ENOENT
  const err = mprogDetach(
    m,
    prog,
    0,
    load<u32>(attr, ATTR_PROG_ATTACH__attach_flags),
    load<u32>(attr, ATTR_PROG_ATTACH__relative_fd),
    load<u64>(attr, ATTR_PROG_ATTACH__expected_revision),
  )
  dropEmpty(dev, type)
  return err
}

export function tcxQuery(attr: usize, uattr: u64): i32 {
  const type = load<u32>(attr, ATTR_QUERY__attach_type)
  const found = deviceFor(load<u32>(attr, ATTR_QUERY__target_ifindex), type)
  if (isErr(found)) return <i32>found
  const m = place(changetype<NetDevice>(found), type)
  return mprogQuery(changetype<usize>(m) && m.count ? m : changetype<Mprog>(0), attr, uattr)
}

export function tcxLinkCreate(attr: usize, prog: Prog): i32 {
  const type = load<u32>(attr, ATTR_LINK_CREATE__attach_type)
  const found = deviceFor(load<u32>(attr, ATTR_LINK_CREATE__target_ifindex), type)
  if (isErr(found)) return <i32>found
  const dev = changetype<NetDevice>(found)
  const link = linkNew(isNetkit(type) ? BPF_LINK_TYPE_NETKIT : BPF_LINK_TYPE_TCX, prog, type)
  if (!changetype<usize>(link)) return -ENOMEM
  const err = attachAt(
    dev,
    link.attachType,
    prog,
    changetype<usize>(link),
    0,
    load<u32>(attr, ATTR_LINK_CREATE__flags),
    load<u32>(attr, ATTR_LINK_CREATE__tcx__relative_fd),
    load<u64>(attr, ATTR_LINK_CREATE__tcx__expected_revision),
  )
  if (err) {
    linkCancel(link)
    return err
  }
  link.target = changetype<usize>(dev)
  return linkSettle(link)
}

export function tcxLinkRelease(link: Link): void {
  if (!link.target) return
  const dev = changetype<NetDevice>(link.target)
  const m = place(dev, link.attachType)
  if (changetype<usize>(m)) mprogDetach(m, changetype<usize>(link.prog), changetype<usize>(link), 0, 0, 0)
  dropEmpty(dev, link.attachType)
  link.target = 0
}

export function tcxLinkUpdate(link: Link, prog: Prog, old: usize): i32 {
  if (!link.target) return -ENOLINK
  if (old && changetype<usize>(link.prog) != old) return -EPERM
  if (link.prog == prog) return 0
  const m = place(changetype<NetDevice>(link.target), link.attachType)
  if (!changetype<usize>(m)) return -ENOENT
  const err = mprogAttach(
    m,
    prog,
    changetype<usize>(link),
    changetype<usize>(link.prog),
    BPF_F_REPLACE | BPF_F_ID,
    link.prog.id,
    0,
  )
  if (!err) linkSwapProg(link, prog)
  return err
}

// clsact: filters that are attached through the world's API as tc does through netlink

/** A filter in direct-action mode, or an action, of a device's clsact. */
@unmanaged export class TcFilter {
  next: TcFilter
  prog: Prog
  ingress: bool
}

/** Appends a filter; it takes a reference. */
export function tcFilterAdd(dev: NetDevice, prog: Prog, ingress: bool): i32 {
  const f = changetype<TcFilter>(kzalloc(offsetof<TcFilter>()))
  if (!changetype<usize>(f)) return -ENOMEM
  progGet(prog)
  f.prog = prog
  f.ingress = ingress
  let at = changetype<usize>(dev) + offsetof<NetDevice>('tcFilters')
  while (load<usize>(at)) at = load<usize>(at) + offsetof<TcFilter>('next')
  store<usize>(at, changetype<usize>(f))
  return 0
}

/** Removes all filters of a direction. */
export function tcFiltersClear(dev: NetDevice, ingress: bool): void {
  let at = changetype<usize>(dev) + offsetof<NetDevice>('tcFilters')
  while (load<usize>(at)) {
    const f = changetype<TcFilter>(load<usize>(at))
    if (f.ingress == ingress) {
      store<usize>(at, changetype<usize>(f.next))
      progPut(f.prog)
      kfree(changetype<usize>(f))
    } else at = changetype<usize>(f) + offsetof<TcFilter>('next')
  }
}

const ACT_UNSPEC: i32 = -1
const ACT_OK: i32 = 0
const ACT_RECLASSIFY: i32 = 1
const ACT_SHOT: i32 = 2
const ACT_PIPE: i32 = 3
const ACT_STOLEN: i32 = 4
const ACT_QUEUED: i32 = 5
const ACT_REPEAT: i32 = 6
const ACT_TRAP: i32 = 8

/** What the filters say: an action; ACT_UNSPEC if none has an opinion. */
function runFilters(dev: NetDevice, skb: Skb, ingress: bool): i32 {
  let turns = 0
  for (let f = dev.tcFilters; changetype<usize>(f); f = f.next) {
    if (f.ingress != ingress) continue
    const act = <i32>runSkb(f.prog, skb)
    if (act == ACT_REPEAT && ++turns < 32) {
      f = dev.tcFilters
      continue
    }
    // a program that has no opinion, or wants the next action, leaves it to those behind it
    if (act == ACT_UNSPEC || act == ACT_PIPE) continue
    if (act < 0 || act > ACT_TRAP) continue
    return act
  }
  return ACT_UNSPEC
}

function runPrograms(m: Mprog, skb: Skb): i32 {
  for (let i = 0; i < m.count; i++) {
    const act = <i32>runSkb(mprogAt(m, i), skb)
    if (act == TCX_PASS || act == TCX_DROP || act == TCX_REDIRECT) {
      if (act == TCX_PASS) skb.tcIndex = skb.tcClassid & 0xffff
      return act
    }
  }
  return TCX_NEXT
}

/**
 * Lets the classifiers of skb.dev see a packet. With `ingress` its data is behind the link header, else at it.
 * 1: go on; 0: it is gone; 2: receive again, on what is now skb.dev.
 */
export function tcClassify(skb: Skb, ingress: bool): i32 {
  const dev = skb.dev
  const m = ingress ? dev.tcxIngress : dev.tcxEgress
  if (!changetype<usize>(m) && !changetype<usize>(dev.tcFilters)) return 1
  const behind = ingress ? skb.data - <u32>skbMac(skb) : 0
  skb.tcAtIngress = ingress
  skb.tcClassid = 0
  skbPush(skb, <i32>behind)
  let act = TCX_NEXT
  if (changetype<usize>(m)) act = runPrograms(m, skb)
  if (act == TCX_NEXT && changetype<usize>(dev.tcFilters)) act = runFilters(dev, skb, ingress)
  switch (act) {
    case TCX_REDIRECT:
      if (skbDoRedirect(skb) == -EAGAIN) {
        skbPull(skb, behind)
        return 2
      }
      return 0
    case ACT_SHOT:
      if (ingress) dev.rxDropped++
      else dev.txDropped++
      skbFree(skb)
      return 0
    case ACT_STOLEN:
    case ACT_QUEUED:
    case ACT_TRAP:
      skbFree(skb)
      return 0
    case ACT_OK:
    case ACT_RECLASSIFY:
    default:
      skbPull(skb, behind)
      return 1
  }
}

// SPDX-License-Identifier: GPL-2.0-only
// Links: attachments that live as long as something holds them. Kernel counterpart: struct bpf_link.
// What a link of each kind does when it is released, detached or updated is in world/link-ops.ts.

import { kfree, kzalloc } from '../mem/alloc'
import { idAlloc, idRemove } from '../mem/ids'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { imageDrop } from '../world/image'
import { linkInfo, linkRelease } from '../world/link-ops'
import { FD_LINK, fdInstall, MODE_RDWR } from './fd'

@unmanaged export class Link {
  refs: u32
  id: u32
  /** BPF_LINK_TYPE_*. */
  type: u32
  attachType: u32
  prog: Prog
  /** What it is attached to: Cgroup, NetDevice, Netns, BpfMap, event …; 0 after the target went or it was detached. */
  target: usize
  cookie: u64
  /** Values of the kind of link: see its file in world/. */
  aux0: u32
  aux1: u32
  aux2: u32
  aux3: u32
  /** Zero-terminated name of the target, if it has one; freed with the link. */
  name: usize
  /** More memory of the kind; freed with the link. */
  data: usize
  dataLen: u32
  /** Next link at the same target. */
  next: Link
}

/** A link that holds `prog`, of which it takes a reference, with its number; 0 when memory is out. */
export function linkNew(type: u32, prog: Prog, attachType: u32): Link {
  const link = changetype<Link>(kzalloc(offsetof<Link>()))
  if (!changetype<usize>(link)) return link
  link.refs = 1
  link.type = type
  link.attachType = attachType
  link.id = idAlloc(kernel().links, changetype<usize>(link))
  if (!link.id) {
    kfree(changetype<usize>(link))
    return changetype<Link>(0)
  }
  link.prog = prog
  if (changetype<usize>(prog)) progGet(prog)
  return link
}

/** Undoes linkNew for a link that could not be attached. */
export function linkCancel(link: Link): void {
  link.target = 0
  linkFree(link)
}

/** The fd of a link that is attached now, or an errno, and then the link is gone. */
export function linkSettle(link: Link): i32 {
  const fd = fdInstall(FD_LINK, changetype<usize>(link), MODE_RDWR)
  if (fd < 0) linkPut(link)
  return fd
}

export function linkGet(link: Link): void {
  link.refs++
}

export function linkPut(link: Link): void {
  if (--link.refs) return
  linkRelease(link)
  linkFree(link)
}

function linkFree(link: Link): void {
  idRemove(kernel().links, link.id)
  if (changetype<usize>(link.prog)) progPut(link.prog)
  kfree(link.name)
  kfree(link.data)
  imageDrop(changetype<usize>(link))
  kfree(changetype<usize>(link))
}

/** Puts another program into a link. */
export function linkSwapProg(link: Link, prog: Prog): void {
  const old = link.prog
  progGet(prog)
  link.prog = prog
  progPut(old)
}

/** Fills a struct bpf_link_info, of which the caller's values are there already. 0 or an errno. */
export function linkFillInfo(link: Link, info: usize): i32 {
  return linkInfo(link, info)
}

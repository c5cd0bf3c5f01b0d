// SPDX-License-Identifier: GPL-2.0-only
// Attaching to cgroups: flags, order, and the arrays of what runs. Kernel counterpart: kernel/bpf/cgroup.c.

import { E2BIG, EFAULT, EINVAL, ENOENT, ENOLINK, ENOMEM, ENOSPC, EPERM, ESTALE } from '../gen/errno.gen'
import {
  BPF_F_AFTER,
  BPF_F_ALLOW_MULTI,
  BPF_F_ALLOW_OVERRIDE,
  BPF_F_BEFORE,
  BPF_F_ID,
  BPF_F_PREORDER,
  BPF_F_QUERY_EFFECTIVE,
  BPF_F_REPLACE,
} from '../gen/uapi-defines.gen'
import { BPF_F_LINK, BPF_LSM_CGROUP } from '../gen/uapi-enums.gen'
import {
  ATTR_QUERY__attach_flags,
  ATTR_QUERY__attach_type,
  ATTR_QUERY__prog_attach_flags,
  ATTR_QUERY__prog_cnt,
  ATTR_QUERY__prog_ids,
  ATTR_QUERY__query_flags,
  ATTR_QUERY__revision,
} from '../gen/uapi-layouts.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { idFind } from '../mem/ids'
import { kernel } from '../mem/root'
import { putUser32, putUser64 } from '../mem/user'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { FD_LINK, FD_PROG, fdGet, isErr } from '../syscall/fd'
import { Link } from '../syscall/link'
import {
  Attached,
  attachedProg,
  Cgroup,
  cgroupEffective,
  cgroupFirst,
  cgroupFlags,
  cgroupList,
  cgroupRevision,
  CGROUP_SLOTS,
  cgroupSetFlags,
} from './cgroup'
import { storageForAttach, storageUnlink } from './cgroup-storage'
import { cgroupSlotCount, lsmCgroupQuery } from './lsm-cgroup'
import { RunArray, runArrayFree, runArrayNew, runItem } from './run-array'

const MAX_PROGS: u32 = 64

function listLength(cg: Cgroup, type: u32): u32 {
  let n: u32 = 0
  for (let a = cgroupFirst(cg, type); changetype<usize>(a); a = a.next) if (changetype<usize>(attachedProg(a))) n++
  return n
}

/** Whether the ancestors let something be attached here. */
function hierarchyAllows(cg: Cgroup, type: u32): bool {
  for (let p = cg.parent; changetype<usize>(p); p = p.parent) {
    if (cgroupFlags(p, type) & BPF_F_ALLOW_MULTI) return true
    if (listLength(p, type)) return (cgroupFlags(p, type) & BPF_F_ALLOW_OVERRIDE) != 0
  }
  return true
}

/** What runs in a cgroup: its own programs, then those of its ancestors; first those in preorder, from the top down. */
function computeEffective(cg: Cgroup, type: u32): RunArray {
  let count: u32 = 0
  let preorder: u32 = 0
  for (let c = cg; changetype<usize>(c); c = c.parent) {
    if (count && !(cgroupFlags(c, type) & BPF_F_ALLOW_MULTI)) continue
    for (let a = cgroupFirst(c, type); changetype<usize>(a); a = a.next) {
      if (!changetype<usize>(attachedProg(a))) continue
      count++
      if (a.flags & BPF_F_PREORDER) preorder++
    }
  }
  if (!count) return changetype<RunArray>(0)
  const array = runArrayNew(count)
  if (!changetype<usize>(array)) return array
  let front = preorder
  let back = preorder
  let seen: u32 = 0
  for (let c = cg; changetype<usize>(c); c = c.parent) {
    if (seen && !(cgroupFlags(c, type) & BPF_F_ALLOW_MULTI)) continue
    let mine: u32 = 0
    for (let a = cgroupFirst(c, type); changetype<usize>(a); a = a.next) {
      if (changetype<usize>(attachedProg(a)) && a.flags & BPF_F_PREORDER) mine++
    }
    front -= mine
    let at = front
    for (let a = cgroupFirst(c, type); changetype<usize>(a); a = a.next) {
      if (!changetype<usize>(attachedProg(a))) continue
      seen++
      putItem(array, a.flags & BPF_F_PREORDER ? at++ : back++, a)
    }
  }
  return array
}

function putItem(array: RunArray, i: u32, a: Attached): void {
  const item = runItem(array, i)
  item.prog = attachedProg(a)
  item.link = changetype<usize>(a.link)
  item.storage0 = a.storage0
  item.storage1 = a.storage1
  item.cookie = changetype<usize>(a.link) ? a.link.cookie : 0
}

function setEffective(cg: Cgroup, type: u32): void {
  const old = cgroupEffective(cg, type)
  store<usize>(cg.effective + ((<usize>type) << 2), changetype<usize>(computeEffective(cg, type)))
  runArrayFree(old)
}

/** Computes what runs in a cgroup and in all below it. */
function updateEffective(cg: Cgroup, type: u32): void {
  setEffective(cg, type)
  for (let c = cg.children; changetype<usize>(c); c = c.next) updateEffective(c, type)
}

/** A new cgroup runs what its ancestors run. */
export function inheritEffective(cg: Cgroup): i32 {
  for (let type: u32 = 0; type < CGROUP_SLOTS; type++) setEffective(cg, type)
  return 0
}

/** The attachment that a new one takes the place of: 0 none; or an errno. */
function findPlace(cg: Cgroup, type: u32, prog: usize, link: usize, replace: usize, multi: bool): usize {
  const first = cgroupFirst(cg, type)
  if (!multi) return changetype<usize>(first)
  for (let a = first; changetype<usize>(a); a = a.next) {
    if (prog && changetype<usize>(a.prog) == prog && prog != replace) return -EINVAL
    if (link && changetype<usize>(a.link) == link) return -EINVAL
  }
  if (!replace) return 0
  for (let a = first; changetype<usize>(a); a = a.next) {
    if (changetype<usize>(a.prog) == replace) return changetype<usize>(a)
  }
  return -ENOENT
}

/** The attachment to stand before or behind; 0: there is none at all; or an errno. */
function findAnchor(cg: Cgroup, type: u32, progType: u32, flags: u32, idOrFd: u32): usize {
  const named = (flags & (BPF_F_LINK | BPF_F_ID)) != 0 || idOrFd != 0
  const before = (flags & BPF_F_BEFORE) != 0
  const after = (flags & BPF_F_AFTER) != 0
  const first = cgroupFirst(cg, type)
  if (named) {
    if (before == after) return -EINVAL
  } else if (changetype<usize>(first) && before && after) return -EINVAL
  let anchor: usize = 0
  if (flags & BPF_F_LINK) {
    if (flags & BPF_F_ID) {
      anchor = idFind(kernel().links, idOrFd)
      if (!anchor) return -ENOENT
    } else anchor = fdGet(idOrFd, FD_LINK)
    if (isErr(anchor)) return anchor
    if (changetype<Link>(anchor).type != 3) return -EINVAL
  } else if (named) {
    if (flags & BPF_F_ID) {
      anchor = idFind(kernel().progs, idOrFd)
      if (!anchor) return -ENOENT
    } else anchor = fdGet(idOrFd, FD_PROG)
    if (isErr(anchor)) return anchor
    if (changetype<Prog>(anchor).type != progType) return -EINVAL
  }
  if (!anchor) {
    if (before) return changetype<usize>(first)
    let last = first
    while (changetype<usize>(last) && changetype<usize>(last.next)) last = last.next
    return changetype<usize>(last)
  }
  for (let a = first; changetype<usize>(a); a = a.next) {
    if (changetype<usize>(a.prog) != anchor && changetype<usize>(a.link) != anchor) continue
    return (a.flags & BPF_F_PREORDER) != (flags & BPF_F_PREORDER) ? -EINVAL : changetype<usize>(a)
  }
  return -ENOENT
}

function insertAt(cg: Cgroup, type: u32, a: Attached, anchor: usize, before: bool): void {
  let at = cgroupList(cg, type)
  while (anchor && load<usize>(at) != anchor) at = load<usize>(at) + offsetof<Attached>('next')
  if (anchor && !before) at = anchor + offsetof<Attached>('next')
  a.next = changetype<Attached>(load<usize>(at))
  store<usize>(at, changetype<usize>(a))
}

/** Attaches a program (which takes a reference) or a link. */
export function cgroupAttach(
  cg: Cgroup,
  prog: usize,
  link: usize,
  replace: usize,
  type: u32,
  flags: u32,
  idOrFd: u32,
  revision: u64,
): i32 {
  const saved = flags & (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI)
  const both = BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI
  if ((flags & both) == both) return -EINVAL
  if (flags & BPF_F_REPLACE && !(flags & BPF_F_ALLOW_MULTI)) return -EINVAL
  if (flags & BPF_F_REPLACE && flags & (BPF_F_BEFORE | BPF_F_AFTER)) return -EINVAL
  if ((replace != 0) != ((flags & BPF_F_REPLACE) != 0)) return -EINVAL
  if (revision && revision != load<u64>(cgroupRevision(cg, type))) return -ESTALE
  if (!hierarchyAllows(cg, type)) return -EPERM
  if (changetype<usize>(cgroupFirst(cg, type)) && cgroupFlags(cg, type) != saved) return -EPERM
  if (listLength(cg, type) >= MAX_PROGS) return -E2BIG
  const place = findPlace(cg, type, prog, link, replace, (flags & BPF_F_ALLOW_MULTI) != 0)
  if (isErr(place)) return <i32>place
  const p = prog ? changetype<Prog>(prog) : changetype<Link>(link).prog
  let a = changetype<Attached>(place)
  let old: usize = 0
  if (place) {
    old = changetype<usize>(a.prog)
  } else {
    const anchor = findAnchor(cg, type, p.type, flags, idOrFd)
    if (isErr(anchor)) return <i32>anchor
    a = changetype<Attached>(kzalloc(offsetof<Attached>()))
    if (!changetype<usize>(a)) return -ENOMEM
    insertAt(cg, type, a, anchor, (flags & BPF_F_BEFORE) != 0)
  }
  if (!storageForAttach(cg, type, p, a)) {
    if (!place) unlinkAttached(cg, type, a)
    return -ENOMEM
  }
  a.prog = changetype<Prog>(prog)
  a.link = changetype<Link>(link)
  a.flags = flags
  if (prog) progGet(p)
  if (!place) cgroupSlotCount(type, 1)
  cgroupSetFlags(cg, type, saved)
  const rev = cgroupRevision(cg, type)
  store<u64>(rev, load<u64>(rev) + 1)
  updateEffective(cg, type)
  if (old) progPut(changetype<Prog>(old))
  return 0
}

function unlinkAttached(cg: Cgroup, type: u32, a: Attached): void {
  let at = cgroupList(cg, type)
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(a)) at = load<usize>(at) + offsetof<Attached>('next')
  if (load<usize>(at)) store<usize>(at, changetype<usize>(a.next))
  kfree(changetype<usize>(a))
}

/** Detaches a program or a link. Without ALLOW_MULTI whatever is attached goes. */
export function cgroupDetach(cg: Cgroup, prog: usize, link: usize, type: u32, revision: u64): i32 {
  if (revision && revision != load<u64>(cgroupRevision(cg, type))) return -ESTALE
  const first = cgroupFirst(cg, type)
  let found = changetype<usize>(first)
  if (!(cgroupFlags(cg, type) & BPF_F_ALLOW_MULTI)) {
    if (!found) return -ENOENT
  } else {
    if (!prog && !link) return -EINVAL
    let a = first
    while (changetype<usize>(a) && (changetype<usize>(a.prog) != prog || changetype<usize>(a.link) != link)) a = a.next
    if (!changetype<usize>(a)) return -ENOENT
    found = changetype<usize>(a)
  }
  const a = changetype<Attached>(found)
  const old = changetype<usize>(a.prog)
  storageUnlink(a)
  unlinkAttached(cg, type, a)
  cgroupSlotCount(type, -1)
  if (!changetype<usize>(cgroupFirst(cg, type))) cgroupSetFlags(cg, type, 0)
  const rev = cgroupRevision(cg, type)
  store<u64>(rev, load<u64>(rev) + 1)
  updateEffective(cg, type)
  if (old) progPut(changetype<Prog>(old))
  return 0
}

/** BPF_LINK_UPDATE of a cgroup's link. */
export function cgroupLinkUpdate(link: Link, prog: Prog, old: usize): i32 {
  if (!link.target) return -ENOLINK
  if (old && changetype<usize>(link.prog) != old) return -EPERM
  if (link.prog.type != prog.type) return -EINVAL
  const before = link.prog
  progGet(prog)
  link.prog = prog
  const cg = changetype<Cgroup>(link.target)
  const rev = cgroupRevision(cg, link.aux3)
  store<u64>(rev, load<u64>(rev) + 1)
  updateEffective(cg, link.aux3)
  progPut(before)
  return 0
}

/** BPF_PROG_QUERY of a cgroup. */
export function cgroupQuery(cg: Cgroup, attr: usize, uattr: u64): i32 {
  const type = load<u32>(attr, ATTR_QUERY__attach_type)
  if (type == BPF_LSM_CGROUP) return lsmCgroupQuery(cg, attr, uattr)
  const effective = (load<u32>(attr, ATTR_QUERY__query_flags) & BPF_F_QUERY_EFFECTIVE) != 0
  const perProg = load<u64>(attr, ATTR_QUERY__prog_attach_flags)
  if (effective && perProg) return -EINVAL
  const array = cgroupEffective(cg, type)
  let count: u32 = effective ? (changetype<usize>(array) ? array.count : 0) : listLength(cg, type)
  const flags = effective ? 0 : cgroupFlags(cg, type)
  if (!putUser32(uattr + ATTR_QUERY__attach_flags, flags)) return -EFAULT
  if (!putUser32(uattr + ATTR_QUERY__prog_cnt, count)) return -EFAULT
  if (!putUser64(uattr + ATTR_QUERY__revision, load<u64>(cgroupRevision(cg, type)))) return -EFAULT
  const ids = load<u64>(attr, ATTR_QUERY__prog_ids)
  const room = load<u32>(attr, ATTR_QUERY__prog_cnt)
  if (!room || !ids || !count) return 0
  let ret = 0
  if (room < count) {
    count = room
    ret = -ENOSPC
  }
  let a = cgroupFirst(cg, type)
  for (let i: u32 = 0; i < count; i++) {
    const id = effective ? runItem(array, i).prog.id : attachedProg(a).id
    if (!putUser32(ids + <u64>i * 4, id)) return -EFAULT
    if (effective) continue
    if (perProg && !putUser32(perProg + <u64>i * 4, flags)) return -EFAULT
    a = a.next
  }
  return ret
}

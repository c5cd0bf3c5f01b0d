// SPDX-License-Identifier: GPL-2.0-only
// The tree of cgroups (unified hierarchy) and the programs that are attached to each.

import { EBADF, EBUSY, EEXIST, EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { kernel } from '../mem/root'
import { progPut } from '../prog/refs'
import { Prog } from '../prog/prog'
import { FD_FREE, fdKind, fdObject } from '../syscall/fd'
import { Link } from '../syscall/link'
import { inheritEffective } from './cgroup-attach'
import { cgroupStorageGone } from './cgroup-storage'
import { cgroupGone, cgroupMade } from './events'
import { FILE_CGROUP } from './files'
import { imageDrop } from './image'
import { cgroupSlotCount } from './lsm-cgroup'
import { RunArray, runArrayFree } from './run-array'
import { Task } from './task'
import { world, World } from './world'

/** One slot for each attach type. */
export const CGROUP_SLOTS: u32 = 74
/** The last ones are for hooks of security modules (world/lsm-cgroup.ts). */
export const CGROUP_LSM_START: u32 = 64
export const CGROUP_LSM_SLOTS: u32 = 10

@unmanaged export class Cgroup {
  refs: u32
  dying: bool
  id: u64
  parent: Cgroup
  /** First child, next sibling. */
  children: Cgroup
  next: Cgroup
  name: usize
  nameLen: u32
  /** CGROUP_SLOTS slots each: attach flags u32, list of attachments (Attached), RunArray of what runs, revision u64. */
  flags: usize
  lists: usize
  effective: usize
  revisions: usize
  /** Local storage of programs, by map (maps/storage.ts). */
  storage: usize
}

/** A program attached to a cgroup, directly (a reference) or through a link. */
@unmanaged export class Attached {
  next: Attached
  prog: Prog
  link: Link
  flags: u32
  storage0: usize
  storage1: usize
}

@inline export function attachedProg(a: Attached): Prog {
  return changetype<usize>(a.link) ? a.link.prog : a.prog
}

@inline export function cgroupFlags(cg: Cgroup, type: u32): u32 {
  return load<u32>(cg.flags + ((<usize>type) << 2))
}

@inline export function cgroupSetFlags(cg: Cgroup, type: u32, flags: u32): void {
  store<u32>(cg.flags + ((<usize>type) << 2), flags)
}
/** Address of the list's first pointer. */
@inline export function cgroupList(cg: Cgroup, type: u32): usize {
  return cg.lists + ((<usize>type) << 2)
}

@inline export function cgroupFirst(cg: Cgroup, type: u32): Attached {
  return changetype<Attached>(load<usize>(cgroupList(cg, type)))
}

@inline export function cgroupEffective(cg: Cgroup, type: u32): RunArray {
  return changetype<RunArray>(load<usize>(cg.effective + ((<usize>type) << 2)))
}

@inline export function cgroupRevision(cg: Cgroup, type: u32): usize {
  return cg.revisions + ((<usize>type) << 3)
}

function newCgroup(parent: Cgroup, name: usize, len: u32, id: u64): Cgroup {
  const cg = changetype<Cgroup>(kzalloc(offsetof<Cgroup>() + <usize>CGROUP_SLOTS * 20))
  if (!changetype<usize>(cg)) return cg
  cg.refs = 1
  cg.id = id
  cg.parent = parent
  const tail = changetype<usize>(cg) + offsetof<Cgroup>()
  cg.revisions = tail
  cg.flags = tail + <usize>CGROUP_SLOTS * 8
  cg.lists = cg.flags + <usize>CGROUP_SLOTS * 4
  cg.effective = cg.lists + <usize>CGROUP_SLOTS * 4
  for (let i: u32 = 0; i < CGROUP_SLOTS; i++) store<u64>(cgroupRevision(cg, i), 1)
  cg.name = kmalloc(<usize>len + 1)
  memory.copy(cg.name, name, len)
  store<u8>(cg.name + <usize>len, 0)
  cg.nameLen = len
  return cg
}

/** The root; its id is 1 as in Linux. */
export function cgroupInit(): Cgroup {
  const w = changetype<World>(kernel().world)
  w.nextCgroupId = 2
  return newCgroup(changetype<Cgroup>(0), 0, 0, 1)
}

export function cgroupGet(cg: Cgroup): void {
  cg.refs++
}

export function cgroupPut(cg: Cgroup): void {
  if (!changetype<usize>(cg) || --cg.refs) return
  cgroupRelease(cg)
  kfree(cg.name)
  const parent = cg.parent
  imageDrop(changetype<usize>(cg))
  kfree(changetype<usize>(cg))
  cgroupPut(parent)
}

function childNamed(cg: Cgroup, name: usize, len: u32): Cgroup {
  for (let c = cg.children; changetype<usize>(c); c = c.next) {
    if (c.nameLen == len && memory.compare(c.name, name, len) == 0) return c
  }
  return changetype<Cgroup>(0)
}

/** The cgroup at a path relative to the root, or 0. Empty parts and dots are skipped. */
export function cgroupWalk(path: usize, len: u32): Cgroup {
  let cg = world().cgroup
  let i: u32 = 0
  while (i < len && changetype<usize>(cg)) {
    while (i < len && load<u8>(path + i) == 47) i++
    const from = i
    while (i < len && load<u8>(path + i) != 47) i++
    const n = i - from
    if (!n || (n == 1 && load<u8>(path + from) == 46)) continue
    cg = childNamed(cg, path + from, n)
  }
  return cg
}

/** mkdir below a cgroup. */
export function cgroupMake(parent: Cgroup, name: usize, len: u32): i32 {
  if (!len) return -EINVAL
  if (changetype<usize>(childNamed(parent, name, len))) return -EEXIST
  const cg = newCgroup(parent, name, len, world().nextCgroupId++)
  if (!changetype<usize>(cg)) return -ENOMEM
  cgroupGet(parent)
  let at = changetype<usize>(parent) + offsetof<Cgroup>('children')
  while (load<usize>(at)) at = load<usize>(at) + offsetof<Cgroup>('next')
  store<usize>(at, changetype<usize>(cg))
  const err = inheritEffective(cg)
  cgroupMade(cg)
  return err
}

/** rmdir: programs are detached and links lose their target; the object stays while something holds it. */
export function cgroupRemove(cg: Cgroup): i32 {
  const parent = cg.parent
  if (!changetype<usize>(parent) || changetype<usize>(cg.children)) return -EBUSY
  for (let t = world().tasks; changetype<usize>(t); t = t.next) {
    if (t.cgroup == cg) return -EBUSY
  }
  let at = changetype<usize>(parent) + offsetof<Cgroup>('children')
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(cg)) at = load<usize>(at) + offsetof<Cgroup>('next')
  if (!load<usize>(at)) return -ENOENT
  store<usize>(at, changetype<usize>(cg.next))
  cg.next = changetype<Cgroup>(0)
  cg.dying = true
  cgroupGone(cg)
  cgroupRelease(cg)
  cgroupPut(cg)
  return 0
}

function cgroupRelease(cg: Cgroup): void {
  for (let type: u32 = 0; type < CGROUP_SLOTS; type++) {
    let a = cgroupFirst(cg, type)
    store<usize>(cgroupList(cg, type), 0)
    while (changetype<usize>(a)) {
      const next = a.next
      if (changetype<usize>(a.link)) {
        if (a.link.target) {
          a.link.target = 0
          cg.refs--
        }
      } else progPut(a.prog)
      cgroupSlotCount(type, -1)
      kfree(changetype<usize>(a))
      a = next
    }
    runArrayFree(cgroupEffective(cg, type))
    store<usize>(cg.effective + ((<usize>type) << 2), 0)
  }
  cgroupStorageGone(cg)
}

export function cgroupById(id: u64): Cgroup {
  return findId(world().cgroup, id)
}
function findId(cg: Cgroup, id: u64): Cgroup {
  for (; changetype<usize>(cg); cg = cg.next) {
    if (cg.id == id) return cg
    const c = findId(cg.children, id)
    if (changetype<usize>(c)) return c
  }
  return cg
}

/** The ancestor at a level (0: the root), or 0. */
export function cgroupAncestor(cg: Cgroup, level: i32): Cgroup {
  let depth = 0
  for (let c = cg.parent; changetype<usize>(c); c = c.parent) depth++
  if (level < 0 || level > depth) return changetype<Cgroup>(0)
  while (depth-- > level) cg = cg.parent
  return cg
}

/** The id of the ancestor at a level, 0 if it is not so deep. */
export function cgroupAncestorId(cg: Cgroup, level: i32): u64 {
  const c = cgroupAncestor(cg, level)
  return changetype<usize>(c) ? c.id : 0
}

/** Whether `cg` is `ancestor` or below it. */
export function cgroupBelow(cg: Cgroup, ancestor: Cgroup): bool {
  while (changetype<usize>(cg)) {
    if (cg == ancestor) return true
    cg = cg.parent
  }
  return false
}

/** Writes the path from the root ("/a/b"); its length, or -1 if it does not fit. */
export function cgroupPath(cg: Cgroup, to: usize, cap: u32): i32 {
  if (!changetype<usize>(cg.parent)) {
    if (cap < 2) return -1
    store<u8>(to, 47)
    store<u8>(to, 0, 1)
    return 1
  }
  let n = 0
  if (changetype<usize>(cg.parent.parent)) {
    n = cgroupPath(cg.parent, to, cap)
    if (n < 0) return -1
  }
  if (<u32>n + cg.nameLen + 2 > cap) return -1
  store<u8>(to + n, 47)
  memory.copy(to + n + 1, cg.name, cg.nameLen + 1)
  return n + 1 + <i32>cg.nameLen
}

/** How many tasks are in it. */
export function cgroupPopulation(cg: Cgroup): u32 {
  let n: u32 = 0
  let t: Task = world().tasks
  for (; changetype<usize>(t); t = t.next) if (t.cgroup == cg) n++
  return n
}

/** The cgroup of a file, without a reference; or an errno. */
export function cgroupByFd(fd: i32): usize {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  return kind == FILE_CGROUP ? fdObject(fd) : -EBADF
}

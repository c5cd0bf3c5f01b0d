// SPDX-License-Identifier: GPL-2.0-only
// Ordered programs at one place, changed relative to each other. Kernel counterpart: kernel/bpf/mprog.c.
//
// Positions as there: "before" gives the index in front of the place, so that -1 is the beginning.

import { EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, ENOSPC, ERANGE, ESTALE } from '../gen/errno.gen'
import { BPF_F_AFTER, BPF_F_BEFORE, BPF_F_ID, BPF_F_REPLACE } from '../gen/uapi-defines.gen'
import { BPF_F_LINK } from '../gen/uapi-enums.gen'
import {
  ATTR_QUERY__attach_flags,
  ATTR_QUERY__link_attach_flags,
  ATTR_QUERY__link_ids,
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

const MAX: i32 = 64
const SLOT: usize = 8

/** Up to 64 slots { prog u32, link u32 }. A program without link holds a reference; a link holds its program's. */
@unmanaged export class Mprog {
  revision: u64
  count: i32
  pad: u32
}

export function mprogNew(): Mprog {
  const m = changetype<Mprog>(kzalloc(offsetof<Mprog>() + <usize>MAX * SLOT))
  if (changetype<usize>(m)) m.revision = 1
  return m
}

@inline function slot(m: Mprog, i: i32): usize {
  return changetype<usize>(m) + offsetof<Mprog>() + <usize>i * SLOT
}

@inline export function mprogAt(m: Mprog, i: i32): Prog {
  return changetype<Prog>(load<usize>(slot(m, i)))
}

@inline export function mprogLinkAt(m: Mprog, i: i32): usize {
  return load<usize>(slot(m, i), 4)
}

/** The device is going: programs are put, links are left without a target. */
export function mprogDestroy(m: Mprog): void {
  if (!changetype<usize>(m)) return
  for (let i = 0; i < m.count; i++) {
    const link = mprogLinkAt(m, i)
    if (link) changetype<Link>(link).target = 0
    else progPut(mprogAt(m, i))
  }
  kfree(changetype<usize>(m))
}

/** Program and link that an attachment is placed relative to. */
const REL_PROG: usize = memory.data(8, 8)

@inline function relProg(): usize {
  return load<usize>(REL_PROG)
}

@inline function relLink(): usize {
  return load<usize>(REL_PROG, 4)
}

function relative(idOrFd: u32, flags: u32, type: u32, anyType: bool): i32 {
  store<u64>(REL_PROG, 0)
  const id = (flags & BPF_F_ID) != 0
  if (flags & BPF_F_LINK) {
    let p: usize = -EINVAL
    if (id) {
      p = idFind(kernel().links, idOrFd)
      if (!p) return -ENOENT
    } else if (idOrFd) p = fdGet(idOrFd, FD_LINK)
    if (isErr(p)) return <i32>p
    const link = changetype<Link>(p)
    if (!anyType && (!changetype<usize>(link.prog) || link.prog.type != type)) return -EINVAL
    store<usize>(REL_PROG, changetype<usize>(link.prog))
    store<usize>(REL_PROG, p, 4)
    return 0
  }
  if (!id && !idOrFd) return 0
  let p: usize
  if (id) {
    p = idFind(kernel().progs, idOrFd)
    if (!p) return -ENOENT
  } else p = fdGet(idOrFd, FD_PROG)
  if (isErr(p)) return <i32>p
  if (!anyType && changetype<Prog>(p).type != type) return -EINVAL
  store<usize>(REL_PROG, p)
  return 0
}

function posExact(m: Mprog, prog: usize, link: usize): i32 {
  for (let i = 0; i < m.count; i++) {
    if (changetype<usize>(mprogAt(m, i)) == prog) return mprogLinkAt(m, i) == link ? i : -EBUSY
  }
  return -ENOENT
}
function posRelative(m: Mprog): i32 {
  for (let i = 0; i < m.count; i++) {
    if (changetype<usize>(mprogAt(m, i)) == relProg() && (!relLink() || relLink() == mprogLinkAt(m, i))) return i
  }
  return -ENOENT
}
function posBefore(m: Mprog): i32 {
  const i = posRelative(m)
  if (i >= 0) return i - 1
  return relProg() ? -ENOENT : -1
}
function posAfter(m: Mprog): i32 {
  const i = posRelative(m)
  if (i >= 0) return i + 1
  return relProg() ? -ENOENT : m.count
}

/** The index that the flags ask for, given what an exact match said (-ERANGE: nothing); below -1: errno. */
function place(m: Mprog, flags: u32, exact: i32): i32 {
  let idx = exact
  if (flags & BPF_F_BEFORE) {
    const t = posBefore(m)
    if (t < -1 || (idx >= -1 && t != idx)) return t < -1 ? t : -ERANGE
    idx = t
  }
  if (flags & BPF_F_AFTER) {
    const t = posAfter(m)
    if (t < -1 || (idx >= -1 && t != idx)) return t < 0 ? t : -ERANGE
    idx = t
  }
  return idx
}

/** Attaches; `link` 0: the program takes a reference of its own. `replace` is the program to be replaced, or 0. */
export function mprogAttach(
  m: Mprog,
  prog: Prog,
  link: usize,
  replace: usize,
  flags: u32,
  idOrFd: u32,
  revision: u64,
): i32 {
  if (revision && revision != m.revision) return -ESTALE
  for (let i = 0; i < m.count; i++) {
    if (mprogAt(m, i) == prog) return -EEXIST
  }
  const err = relative(idOrFd, flags & ~(<u32>BPF_F_REPLACE), prog.type, false)
  if (err) return err
  let exact = -ERANGE
  if (flags & BPF_F_REPLACE) {
    exact = posExact(m, replace, link)
    if (exact < 0) return exact
  } else if (m.count == MAX) return -ERANGE
  let idx = place(m, flags, exact)
  let at = flags
  if (idx == -ERANGE && exact == -ERANGE && !(flags & (BPF_F_BEFORE | BPF_F_AFTER))) {
    if (relProg() || flags) return -EINVAL
    idx = m.count
    at = BPF_F_AFTER
  } else if (idx < -1) return idx
  if (idx >= MAX) return -ERANGE
  if (flags & BPF_F_REPLACE) {
    const old = mprogAt(m, idx)
    put(m, idx, prog, link)
    if (!link) progPut(old)
  } else insert(m, idx, prog, link, at)
  m.revision++
  return 0
}

function put(m: Mprog, i: i32, prog: Prog, link: usize): void {
  store<usize>(slot(m, i), changetype<usize>(prog))
  store<usize>(slot(m, i), link, 4)
  if (!link) progGet(prog)
}

function insert(m: Mprog, idx: i32, prog: Prog, link: usize, flags: u32): void {
  let i = idx
  if (i != m.count && flags & BPF_F_BEFORE) i++
  memory.copy(slot(m, i + 1), slot(m, i), <usize>(m.count - i) * SLOT)
  m.count++
  put(m, i, prog, link)
}

export function mprogDetach(m: Mprog, prog: usize, link: usize, flags: u32, idOrFd: u32, revision: u64): i32 {
  if (flags & BPF_F_REPLACE) return -EINVAL
  if (revision && revision != m.revision) return -ESTALE
  if (!m.count) return -ENOENT
  const err = relative(idOrFd, flags, prog ? changetype<Prog>(prog).type : 0, prog == 0)
  if (err) return err
  let exact = -ERANGE
  if (prog) {
    exact = posExact(m, prog, link)
    if (exact < 0) return exact
  }
  let idx = place(m, flags, exact)
  if (idx == -ERANGE && exact == -ERANGE && !(flags & (BPF_F_BEFORE | BPF_F_AFTER))) {
    if (relProg() || flags) return -EINVAL
    idx = m.count
  } else if (idx < -1) return idx
  if (idx >= MAX) return -ERANGE
  if (idx == -1) idx = 0
  else if (idx == m.count) idx = m.count - 1
  const own = mprogLinkAt(m, idx)
  if (own && !link) return -EBUSY
  const gone = mprogAt(m, idx)
  memory.copy(slot(m, idx), slot(m, idx + 1), <usize>(m.count - idx - 1) * SLOT)
  m.count--
  m.revision++
  if (!own) progPut(gone)
  return 0
}

/** BPF_PROG_QUERY of such a place; `m` 0: nothing was ever attached. */
export function mprogQuery(m: Mprog, attr: usize, uattr: u64): i32 {
  if (load<u32>(attr, ATTR_QUERY__query_flags) || load<u32>(attr, ATTR_QUERY__attach_flags)) return -EINVAL
  const there = changetype<usize>(m) != 0
  let count: u32 = there ? m.count : 0
  if (!putUser32(uattr + ATTR_QUERY__attach_flags, 0)) return -EFAULT
  if (!putUser64(uattr + ATTR_QUERY__revision, there ? m.revision : 1)) return -EFAULT
  if (!putUser32(uattr + ATTR_QUERY__prog_cnt, count)) return -EFAULT
  const ids = load<u64>(attr, ATTR_QUERY__prog_ids)
  const room = load<u32>(attr, ATTR_QUERY__prog_cnt)
  if (!room || !ids || !count) return 0
  let ret = 0
  if (room < count) {
    count = room
    ret = -ENOSPC
  }
  const flags = load<u64>(attr, ATTR_QUERY__prog_attach_flags)
  const links = load<u64>(attr, ATTR_QUERY__link_ids)
  const linkFlags = load<u64>(attr, ATTR_QUERY__link_attach_flags)
  for (let i: u32 = 0; i < count; i++) {
    const off = <u64>i * 4
    const link = mprogLinkAt(m, i)
    if (!putUser32(ids + off, mprogAt(m, i).id)) return -EFAULT
    if (flags && !putUser32(flags + off, 0)) return -EFAULT
    if (links && !putUser32(links + off, link ? changetype<Link>(link).id : 0)) return -EFAULT
    if (linkFlags && !putUser32(linkFlags + off, 0)) return -EFAULT
  }
  return ret
}

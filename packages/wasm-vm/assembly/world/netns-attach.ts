// SPDX-License-Identifier: GPL-2.0-only
// Programs of network namespaces: FLOW_DISSECTOR and SK_LOOKUP. Kernel counterpart: kernel/bpf/net_namespace.c.

import { E2BIG, EBADF, EEXIST, EFAULT, EINVAL, ENOENT, ENOLINK, ENOMEM, ENOSPC, EPERM } from '../gen/errno.gen'
import { BPF_FLOW_DISSECTOR, BPF_LINK_TYPE_NETNS, BPF_SK_LOOKUP } from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__attach_type,
  ATTR_LINK_CREATE__flags,
  ATTR_LINK_CREATE__target_fd,
  ATTR_PROG_ATTACH__attach_bpf_fd,
  ATTR_PROG_ATTACH__attach_flags,
  ATTR_PROG_ATTACH__attach_type,
  ATTR_PROG_ATTACH__replace_bpf_fd,
  ATTR_PROG_ATTACH__target_fd,
  ATTR_QUERY__attach_flags,
  ATTR_QUERY__attach_type,
  ATTR_QUERY__prog_cnt,
  ATTR_QUERY__prog_ids,
  ATTR_QUERY__query_flags,
  ATTR_QUERY__target_fd,
} from '../gen/uapi-layouts.gen'
import { putUser32 } from '../mem/user'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { FD_FREE, fdKind, fdObject, isErr } from '../syscall/fd'
import { Link, linkCancel, linkNew, linkSettle, linkSwapProg } from '../syscall/link'
import { progOfType } from './cgroup-link'
import { FILE_NETNS } from './files'
import { Netns } from './netns'
import { RunArray, runArrayAppend, runArrayFree, runArrayNew, runArrayWithout, runItem } from './run-array'
import { current, world } from './world'

const MAX_LOOKUPS: u32 = 64

function known(type: u32): bool {
  return type == BPF_FLOW_DISSECTOR || type == BPF_SK_LOOKUP
}
function arrayOf(ns: Netns, type: u32): RunArray {
  return type == BPF_FLOW_DISSECTOR ? ns.flowDissector : ns.skLookup
}
function setArray(ns: Netns, type: u32, a: RunArray): void {
  runArrayFree(arrayOf(ns, type))
  if (type == BPF_FLOW_DISSECTOR) ns.flowDissector = a
  else ns.skLookup = a
}

@inline function countOf(a: RunArray): u32 {
  return changetype<usize>(a) ? a.count : 0
}

/** The namespace of an fd, or an errno. */
export function netnsFromFd(fd: i32): usize {
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  return kind == FILE_NETNS ? fdObject(fd) : -EINVAL
}

/** The root namespace's flow dissector rules over all; others cannot have one beside it. */
function dissectorAllowed(ns: Netns): i32 {
  const root = world().netns
  if (ns == root) {
    for (let n = root.next; changetype<usize>(n); n = n.next) if (countOf(n.flowDissector)) return -EEXIST
    return 0
  }
  return countOf(root.flowDissector) ? -EEXIST : 0
}

export function netnsProgAttach(attr: usize, prog: Prog): i32 {
  if (load<u32>(attr, ATTR_PROG_ATTACH__target_fd) || load<u32>(attr, ATTR_PROG_ATTACH__attach_flags)) return -EINVAL
  if (load<u32>(attr, ATTR_PROG_ATTACH__replace_bpf_fd)) return -EINVAL
  const type = load<u32>(attr, ATTR_PROG_ATTACH__attach_type)
  const ns = current().netns
  const array = arrayOf(ns, type)
  if (countOf(array) && runItem(array, 0).link) return -EEXIST
  if (type != BPF_FLOW_DISSECTOR) return -EINVAL
  const bad = dissectorAllowed(ns)
  if (bad) return bad
  if (countOf(array)) {
    const item = runItem(array, 0)
    if (item.prog == prog) return -EINVAL
    const old = item.prog
    progGet(prog)
    item.prog = prog
    progPut(old)
    return 0
  }
  const fresh = runArrayNew(1)
  if (!changetype<usize>(fresh)) return -ENOMEM
  progGet(prog)
  runItem(fresh, 0).prog = prog
  setArray(ns, type, fresh)
  return 0
}

export function netnsProgDetach(attr: usize, progType: u32): i32 {
  if (load<u32>(attr, ATTR_PROG_ATTACH__target_fd)) return -EINVAL
  const type = load<u32>(attr, ATTR_PROG_ATTACH__attach_type)
  const p = progOfType(load<i32>(attr, ATTR_PROG_ATTACH__attach_bpf_fd), progType)
  if (isErr(p)) return <i32>p
  const ns = current().netns
  const array = arrayOf(ns, type)
  if (countOf(array) && runItem(array, 0).link) return -EINVAL
  if (!countOf(array) || changetype<usize>(runItem(array, 0).prog) != p) return -ENOENT
  setArray(ns, type, changetype<RunArray>(0))
  progPut(changetype<Prog>(p))
  return 0
}

export function netnsQuery(attr: usize, uattr: u64): i32 {
  if (load<u32>(attr, ATTR_QUERY__query_flags)) return -EINVAL
  const type = load<u32>(attr, ATTR_QUERY__attach_type)
  if (!known(type)) return -EINVAL
  const p = netnsFromFd(load<i32>(attr, ATTR_QUERY__target_fd))
  if (isErr(p)) return <i32>p
  const array = arrayOf(changetype<Netns>(p), type)
  const count = countOf(array)
  if (!putUser32(uattr + ATTR_QUERY__attach_flags, 0)) return -EFAULT
  if (!putUser32(uattr + ATTR_QUERY__prog_cnt, count)) return -EFAULT
  const room = load<u32>(attr, ATTR_QUERY__prog_cnt)
  const ids = load<u64>(attr, ATTR_QUERY__prog_ids)
  if (!room || !ids || !count) return 0
  for (let i: u32 = 0; i < min(count, room); i++) {
    if (!putUser32(ids + <u64>i * 4, runItem(array, i).prog.id)) return -EFAULT
  }
  return room < count ? -ENOSPC : 0
}

export function netnsLinkCreate(attr: usize, prog: Prog): i32 {
  if (load<u32>(attr, ATTR_LINK_CREATE__flags)) return -EINVAL
  const type = load<u32>(attr, ATTR_LINK_CREATE__attach_type)
  if (!known(type)) return -EINVAL
  const p = netnsFromFd(load<i32>(attr, ATTR_LINK_CREATE__target_fd))
  if (isErr(p)) return <i32>p
  const ns = changetype<Netns>(p)
  const link = linkNew(BPF_LINK_TYPE_NETNS, prog, type)
  if (!changetype<usize>(link)) return -ENOMEM
  const array = arrayOf(ns, type)
  const linked = !countOf(array) || runItem(array, 0).link != 0
  let err = 0
  if (linked && countOf(array) >= (type == BPF_FLOW_DISSECTOR ? 1 : MAX_LOOKUPS)) err = -E2BIG
  else if (!linked) err = -EEXIST
  else if (type == BPF_FLOW_DISSECTOR) err = dissectorAllowed(ns)
  let more = changetype<RunArray>(0)
  if (!err) {
    more = runArrayAppend(array, prog, changetype<usize>(link), 0)
    if (!changetype<usize>(more)) err = -ENOMEM
  }
  if (err) {
    linkCancel(link)
    return err
  }
  setArray(ns, type, more)
  link.target = p
  return linkSettle(link)
}

export function netnsLinkRelease(link: Link): void {
  if (!link.target) return
  const ns = changetype<Netns>(link.target)
  setArray(ns, link.attachType, runArrayWithout(arrayOf(ns, link.attachType), link.prog, changetype<usize>(link)))
  link.target = 0
}

export function netnsLinkUpdate(link: Link, prog: Prog, old: usize): i32 {
  if (old && changetype<usize>(link.prog) != old) return -EPERM
  if (link.prog.type != prog.type) return -EINVAL
  if (!link.target) return -ENOLINK
  const array = arrayOf(changetype<Netns>(link.target), link.attachType)
  for (let i: u32 = 0; i < array.count; i++) {
    if (runItem(array, i).link == changetype<usize>(link)) runItem(array, i).prog = prog
  }
  linkSwapProg(link, prog)
  return 0
}

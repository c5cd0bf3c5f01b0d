// SPDX-License-Identifier: GPL-2.0-only
// Iterators: programs that are called for each object of a kind and write text. Kernel counterpart: kernel/bpf/bpf_iter.c.

import { E2BIG, EACCES, EBADF, EFAULT, EINVAL, ENOENT, ENOMEM, EPERM } from '../gen/errno.gen'
import {
  BPF_LINK_TYPE_ITER,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_SK_STORAGE,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_TRACE_ITER,
} from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__flags,
  ATTR_LINK_CREATE__iter_info,
  ATTR_LINK_CREATE__iter_info_len,
  ATTR_LINK_CREATE__target_fd,
  bpf_link_info__iter__cgroup__cgroup_id,
  bpf_link_info__iter__cgroup__order,
  bpf_link_info__iter__map__map_id,
  bpf_link_info__iter__target_name,
  bpf_link_info__iter__target_name_len,
  bpf_link_info__iter__task__pid,
  bpf_link_info__iter__task__tid,
} from '../gen/uapi-layouts.gen'
import { BpfMap } from '../maps/map'
import { mapGetUref, mapPutUref } from '../maps/refs'
import { cstrIs, cstrlen } from '../mem/bytes'
import { kernel } from '../mem/root'
import { copyFromUser } from '../mem/user'
import { Prog } from '../prog/prog'
import { FD_MAP, fdGet, isErr } from '../syscall/fd'
import { Link, linkCancel, linkNew, linkSettle, linkSwapProg } from '../syscall/link'
import { Cgroup, cgroupByFd, cgroupById, cgroupGet, cgroupPut } from './cgroup'
import { giveText } from './raw-tracepoint'
import { Task, taskFromPidfd } from './task'
import { world } from './world'

// Targets, by the order of NAMES.
export const ITER_TASK: u32 = 1
export const ITER_TASK_FILE: u32 = 2
export const ITER_TASK_VMA: u32 = 3
export const ITER_BPF_MAP: u32 = 4
export const ITER_BPF_MAP_ELEM: u32 = 5
export const ITER_BPF_SK_STORAGE_MAP: u32 = 6
export const ITER_PROG: u32 = 7
export const ITER_LINK: u32 = 8
export const ITER_CGROUP: u32 = 9
export const ITER_TCP: u32 = 10
export const ITER_UDP: u32 = 11
export const ITER_UNIX: u32 = 12
export const ITER_NETLINK: u32 = 13
export const ITER_KSYM: u32 = 14
export const ITER_KMEM_CACHE: u32 = 15
export const ITER_DMABUF: u32 = 16
export const ITER_SOCKMAP: u32 = 17
export const ITER_IPV6_ROUTE: u32 = 18
const LAST: u32 = 18

export const ORDER_DESCENDANTS_PRE: u32 = 2
export const ORDER_DESCENDANTS_POST: u32 = 3
export const ORDER_ANCESTORS_UP: u32 = 4

function nameOf(kind: u32): string {
  switch (kind) {
    case ITER_TASK:
      return 'task'
    case ITER_TASK_FILE:
      return 'task_file'
    case ITER_TASK_VMA:
      return 'task_vma'
    case ITER_BPF_MAP:
      return 'bpf_map'
    case ITER_BPF_MAP_ELEM:
      return 'bpf_map_elem'
    case ITER_BPF_SK_STORAGE_MAP:
      return 'bpf_sk_storage_map'
    case ITER_PROG:
      return 'bpf_prog'
    case ITER_LINK:
      return 'bpf_link'
    case ITER_CGROUP:
      return 'cgroup'
    case ITER_TCP:
      return 'tcp'
    case ITER_UDP:
      return 'udp'
    case ITER_UNIX:
      return 'unix'
    case ITER_NETLINK:
      return 'netlink'
    case ITER_KSYM:
      return 'ksym'
    case ITER_KMEM_CACHE:
      return 'kmem_cache'
    case ITER_DMABUF:
      return 'dmabuf'
    case ITER_SOCKMAP:
      return 'sockmap'
    default:
      return 'ipv6_route'
  }
}

/** bpf_iter_ */
const PREFIX: u32 = 9
const INFO: usize = memory.data(24, 8)

/** What a program that was loaded for bpf_iter_… goes over; 0: nothing that is here. */
export function iterKind(prog: Prog): u32 {
  const f = prog.attachFuncName
  if (!f || cstrlen(f) <= PREFIX) return 0
  for (let kind: u32 = 1; kind <= LAST; kind++) if (cstrIs(f + PREFIX, nameOf(kind))) return kind
  return 0
}

@inline function overTasks(kind: u32): bool {
  return kind == ITER_TASK || kind == ITER_TASK_FILE || kind == ITER_TASK_VMA
}

@inline function overMap(kind: u32): bool {
  return kind == ITER_BPF_MAP_ELEM || kind == ITER_BPF_SK_STORAGE_MAP || kind == ITER_SOCKMAP
}

export function iterLinkCreate(attr: usize, prog: Prog): i32 {
  if (load<u32>(attr, ATTR_LINK_CREATE__target_fd) || load<u32>(attr, ATTR_LINK_CREATE__flags)) return -EINVAL
  const info = load<u64>(attr, ATTR_LINK_CREATE__iter_info)
  const len = load<u32>(attr, ATTR_LINK_CREATE__iter_info_len)
  if ((info != 0) != (len != 0)) return -EINVAL
  memory.fill(INFO, 0, 24)
  if (info) {
    const n = min<u32>(len, 16)
    if (!copyFromUser(INFO, info, n)) return -EFAULT
    for (let i = n; i < len; i++) {
      if (!copyFromUser(INFO + 16, info + <u64>i, 1)) return -EFAULT
      if (load<u8>(INFO + 16)) return -E2BIG
    }
    store<u64>(INFO, 0, 16)
  }
  const kind = iterKind(prog)
  if (!kind) return -ENOENT
  if (prog.sleepable && !overTasks(kind) && kind != ITER_CGROUP) return -EINVAL
  const link = linkNew(BPF_LINK_TYPE_ITER, prog, BPF_TRACE_ITER)
  if (!changetype<usize>(link)) return -ENOMEM
  link.aux0 = kind
  const err = takeInfo(link, kind)
  if (err) {
    linkCancel(link)
    return err
  }
  return linkSettle(link)
}

function takeInfo(link: Link, kind: u32): i32 {
  if (overTasks(kind)) return takeTask(link)
  if (kind == ITER_CGROUP) return takeCgroup(link)
  return overMap(kind) ? takeMap(link, kind) : 0
}

/** One thread, or the threads of a process; by number, or by a pidfd. */
function takeTask(link: Link): i32 {
  const tid = load<u32>(INFO)
  const pid = load<u32>(INFO, 4)
  const pidFd = load<u32>(INFO, 8)
  if ((tid != 0 && (pid | pidFd) != 0) || (pid != 0 && pidFd != 0)) return -EINVAL
  link.aux1 = tid
  link.aux2 = pid
  if (!pidFd) return 0
  const t = taskFromPidfd(<i32>pidFd)
  if (isErr(t)) return <i32>t
  link.aux2 = changetype<Task>(t).tgid
  return 0
}

function takeMap(link: Link, kind: u32): i32 {
  const fd = load<i32>(INFO)
  if (!fd) return -EBADF
  const p = fdGet(fd, FD_MAP)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  const prog = link.prog
  const percpu = kind == ITER_BPF_MAP_ELEM && isPercpu(map.mapType)
  if (!mapFits(map.mapType, kind)) return -EINVAL
  const value = percpu ? ((map.valueSize + 7) & ~7) * kernel().cpus : map.valueSize
  if (kind != ITER_BPF_SK_STORAGE_MAP && prog.maxRdonlyAccess > map.keySize) return -EACCES
  if (kind != ITER_SOCKMAP && prog.maxRdwrAccess > value) return -EACCES
  mapGetUref(map)
  link.target = p
  return 0
}

function isPercpu(type: u32): bool {
  return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH
}

function mapFits(type: u32, kind: u32): bool {
  if (kind == ITER_BPF_SK_STORAGE_MAP) return type == BPF_MAP_TYPE_SK_STORAGE
  if (kind == ITER_SOCKMAP) return type == BPF_MAP_TYPE_SOCKMAP || type == BPF_MAP_TYPE_SOCKHASH
  return isPercpu(type) || type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH
}

function takeCgroup(link: Link): i32 {
  const order = load<u32>(INFO)
  const fd = load<i32>(INFO, 4)
  const id = load<u64>(INFO, 8)
  if (!order || order > ORDER_ANCESTORS_UP) return -EINVAL
  if (fd && id) return -EINVAL
  let cg = world().cgroup
  if (fd) {
    const p = cgroupByFd(fd)
    if (isErr(p)) return <i32>p
    cg = changetype<Cgroup>(p)
  } else if (id) {
    cg = cgroupById(id)
    if (!changetype<usize>(cg)) return -ENOENT
  }
  cgroupGet(cg)
  link.target = changetype<usize>(cg)
  link.aux1 = order
  return 0
}

export function iterLinkRelease(link: Link): void {
  if (!link.target) return
  if (overMap(link.aux0)) mapPutUref(changetype<BpfMap>(link.target))
  else if (link.aux0 == ITER_CGROUP) cgroupPut(changetype<Cgroup>(link.target))
  link.target = 0
}

export function iterLinkUpdate(link: Link, prog: Prog, old: usize): i32 {
  if (old && changetype<usize>(link.prog) != old) return -EPERM
  if (
    link.prog.type != prog.type ||
    link.prog.expectedAttachType != prog.expectedAttachType ||
    link.prog.attachBtfId != prog.attachBtfId
  )
    return -EINVAL
  linkSwapProg(link, prog)
  return 0
}

export function iterLinkInfo(link: Link, info: usize): i32 {
  const err = giveText(
    link.prog.attachFuncName + PREFIX,
    load<u64>(info, bpf_link_info__iter__target_name),
    info + bpf_link_info__iter__target_name_len,
  )
  if (overMap(link.aux0) && link.target) {
    store<u32>(info, changetype<BpfMap>(link.target).id, bpf_link_info__iter__map__map_id)
  } else if (link.aux0 == ITER_CGROUP && link.target) {
    store<u64>(info, changetype<Cgroup>(link.target).id, bpf_link_info__iter__cgroup__cgroup_id)
    store<u32>(info, link.aux1, bpf_link_info__iter__cgroup__order)
  } else if (overTasks(link.aux0)) {
    store<u32>(info, link.aux1, bpf_link_info__iter__task__tid)
    store<u32>(info, link.aux2, bpf_link_info__iter__task__pid)
  }
  return err
}

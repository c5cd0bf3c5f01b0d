// SPDX-License-Identifier: GPL-2.0-only
// Iterators: programs that are called for each object of a kind and write text. Kernel counterpart: kernel/bpf/bpf_iter.c.

import { E2BIG, EBADF, EFAULT, EINVAL, ENOENT, ENOMEM, EPERM, ESRCH } from '../gen/errno.gen'
import {
  BPF_LINK_TYPE_ITER,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
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
import { SeqFile } from '../helpers/seq'
import { BpfMap } from '../maps/map'
import { mapGetNextKey, mapLookupElem } from '../maps/ops'
import { mapGetUref, mapPutUref } from '../maps/refs'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { cstrIs, cstrlen, isZero } from '../mem/bytes'
import { idFind, idNext, Ids } from '../mem/ids'
import { kernel } from '../mem/root'
import { copyFromUser } from '../mem/user'
import { Prog } from '../prog/prog'
import { FD_MAP, fdGet, isErr } from '../syscall/fd'
import { Link, linkCancel, linkNew, linkSettle, linkSwapProg } from '../syscall/link'
import { Cgroup, cgroupById, cgroupByFd, cgroupGet, cgroupPut } from './cgroup'
import { runCtx } from './hook'
import { viewCgroup, viewLink, viewMap, viewProg, viewSock, viewTask } from './kernel-view'
import { giveText } from './raw-tracepoint'
import { isTcp, isUdp, isUnix, Sock } from './sock'
import { taskByPid } from './task'
import { current, world } from './world'

export const ITER_TASK: u32 = 1
export const ITER_MAP: u32 = 2
export const ITER_PROG: u32 = 3
export const ITER_LINK: u32 = 4
export const ITER_MAP_ELEM: u32 = 5
export const ITER_CGROUP: u32 = 6
export const ITER_TCP: u32 = 7
export const ITER_UDP: u32 = 8
export const ITER_UNIX: u32 = 9

const ORDER_SELF: u32 = 1
const ORDER_DESCENDANTS_PRE: u32 = 2
const ORDER_DESCENDANTS_POST: u32 = 3
const ORDER_ANCESTORS: u32 = 4

const PREFIX: u32 = 9
const INFO: usize = memory.data(24, 8)

/** What a program that was loaded for bpf_iter_… goes over; 0: nothing that is here. */
export function iterKind(prog: Prog): u32 {
  const f = prog.attachFuncName
  if (!f || cstrlen(f) <= PREFIX) return 0
  const t = f + PREFIX
  if (cstrIs(t, 'task')) return ITER_TASK
  if (cstrIs(t, 'bpf_map')) return ITER_MAP
  if (cstrIs(t, 'bpf_prog')) return ITER_PROG
  if (cstrIs(t, 'bpf_link')) return ITER_LINK
  if (cstrIs(t, 'bpf_map_elem')) return ITER_MAP_ELEM
  if (cstrIs(t, 'cgroup')) return ITER_CGROUP
  if (cstrIs(t, 'tcp')) return ITER_TCP
  if (cstrIs(t, 'udp')) return ITER_UDP
  return cstrIs(t, 'unix') ? ITER_UNIX : 0
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
  const link = linkNew(BPF_LINK_TYPE_ITER, prog, BPF_TRACE_ITER)
  if (!changetype<usize>(link)) return -ENOMEM
  link.aux0 = kind
  const err = takeInfo(link, kind, info != 0)
  if (err) {
    linkCancel(link)
    return err
  }
  return linkSettle(link)
}

function takeInfo(link: Link, kind: u32, given: bool): i32 {
  if (kind == ITER_MAP_ELEM) return takeMap(link)
  if (kind == ITER_CGROUP) return takeCgroup(link)
  if (kind == ITER_TASK && given) {
    const tid = load<u32>(INFO)
    const pid = load<u32>(INFO, 4)
    const pidFd = load<u32>(INFO, 8)
    if ((tid ? 1 : 0) + (pid ? 1 : 0) + (pidFd ? 1 : 0) > 1) return -EINVAL
    if (tid || pid) {
      if (!changetype<usize>(taskByPid(tid ? tid : pid))) return -ESRCH
    }
    link.aux1 = tid
    link.aux2 = pid
    return 0
  }
  return given && !isZero(INFO, 16) ? -EINVAL : 0
}

function takeMap(link: Link): i32 {
  const fd = load<i32>(INFO)
  if (!fd) return -EBADF
  const p = fdGet(fd, FD_MAP)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  switch (map.mapType) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
      break
    default:
      return -EINVAL
  }
  mapGetUref(map)
  link.target = p
  return 0
}

function takeCgroup(link: Link): i32 {
  const order = load<u32>(INFO)
  const fd = load<i32>(INFO, 4)
  const id = load<u64>(INFO, 8)
  if (!order || order > ORDER_ANCESTORS) return -EINVAL
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
  if (link.aux0 == ITER_MAP_ELEM) mapPutUref(changetype<BpfMap>(link.target))
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
  if (link.aux0 == ITER_MAP_ELEM && link.target) {
    store<u32>(info, changetype<BpfMap>(link.target).id, bpf_link_info__iter__map__map_id)
  } else if (link.aux0 == ITER_CGROUP && link.target) {
    store<u64>(info, changetype<Cgroup>(link.target).id, bpf_link_info__iter__cgroup__cgroup_id)
    store<u32>(info, link.aux1, bpf_link_info__iter__cgroup__order)
  } else if (link.aux0 == ITER_TASK) {
    store<u32>(info, link.aux1, bpf_link_info__iter__task__tid)
    store<u32>(info, link.aux2, bpf_link_info__iter__task__pid)
  }
  return err
}

// running

/** Text under way: what the program is called with, and where it writes. */
@unmanaged export class Pass {
  link: Link
  prog: Prog
  kind: u32
  session: u64
  number: u64
  buf: usize
  size: u32
  len: u32
  failed: i32
  stopped: bool
}

/** struct bpf_iter_meta, the context behind it, the SeqFile. */
const META: usize = memory.data(24, 8)
const CTX: usize = memory.data(40, 8)
const SEQ: usize = memory.data(16, 8)
const SESSIONS: usize = memory.data(8, 8)
const FIRST_SIZE: u32 = 32768
const MAX_SIZE: u32 = 1 << 26

/** Calls the program with objects in the words behind meta; what it wrote is kept. False: stop. */
function call(p: Pass, a: u64, b: u64, c: u64): bool {
  const seq = changetype<SeqFile>(SEQ)
  for (;;) {
    seq.buf = p.buf + <usize>p.len
    seq.size = p.size - p.len
    seq.count = 0
    store<u64>(META, <u64>SEQ)
    store<u64>(META, p.session, 8)
    store<u64>(META, p.number, 16)
    store<u64>(CTX, <u64>META)
    store<u64>(CTX, a, 8)
    store<u64>(CTX, b, 16)
    store<u64>(CTX, c, 24)
    const ret = <u32>runCtx(p.prog, CTX, 32, 0, 0)
    if (seq.count == seq.size) {
      // it did not fit: once more with more room
      if (!grow(p)) return false
      continue
    }
    p.len += seq.count
    p.number++
    if (ret == 1) p.number--
    return true
  }
}

function grow(p: Pass): bool {
  const size = p.size * 2
  const buf = size <= MAX_SIZE ? kmalloc(size) : 0
  if (!buf) {
    p.failed = size <= MAX_SIZE ? -ENOMEM : -E2BIG
    return false
  }
  memory.copy(buf, p.buf, p.len)
  kfree(p.buf)
  p.buf = buf
  p.size = size
  return true
}

/** Runs over all objects: fills the pass with text. */
export function iterRun(p: Pass): void {
  p.buf = kmalloc(FIRST_SIZE)
  p.size = FIRST_SIZE
  if (!p.buf) {
    p.failed = -ENOMEM
    return
  }
  const s = load<u64>(SESSIONS) + 1
  store<u64>(SESSIONS, s)
  p.session = s
  switch (p.kind) {
    case ITER_TASK:
      eachTask(p)
      break
    case ITER_MAP:
      eachId(p, kernel().maps)
      break
    case ITER_PROG:
      eachId(p, kernel().progs)
      break
    case ITER_LINK:
      eachId(p, kernel().links)
      break
    case ITER_MAP_ELEM:
      eachElem(p)
      break
    case ITER_CGROUP:
      eachCgroup(p)
      break
    default:
      eachSock(p)
  }
  // the end is told with nothing
  if (!p.failed) call(p, 0, 0, 0)
}

function callView(p: Pass, view: usize, obj: usize): bool {
  return call(p, <u64>(view ? view : obj), 0, 0)
}

function eachTask(p: Pass): void {
  for (let t = world().tasks; changetype<usize>(t); t = t.next) {
    if (p.link.aux1 && t.pid != p.link.aux1) continue
    if (p.link.aux2 && t.tgid != p.link.aux2) continue
    if (!callView(p, viewTask(t), changetype<usize>(t))) return
  }
}

function eachId(p: Pass, ids: Ids): void {
  for (let id = idNext(ids, 1); id; id = idNext(ids, id + 1)) {
    const obj = idFind(ids, id)
    let view: usize
    if (p.kind == ITER_MAP) view = viewMap(changetype<BpfMap>(obj))
    else if (p.kind == ITER_PROG) view = viewProg(changetype<Prog>(obj))
    else view = viewLink(changetype<Link>(obj))
    if (!callView(p, view, obj)) return
  }
}

function eachElem(p: Pass): void {
  const map = changetype<BpfMap>(p.link.target)
  const key = kzalloc(<usize>map.keySize * 2 + 8)
  if (!key) {
    p.failed = -ENOMEM
    return
  }
  const next = key + ((map.keySize + 7) & ~7)
  const view = viewMap(map)
  let has = mapGetNextKey(map, 0, key) == 0
  while (has) {
    const value = mapLookupElem(map, key)
    if (value && !call(p, <u64>(view ? view : changetype<usize>(map)), <u64>key, <u64>value)) break
    has = mapGetNextKey(map, key, next) == 0
    memory.copy(key, next, map.keySize)
  }
  kfree(key)
}

function eachCgroup(p: Pass): void {
  const start = changetype<Cgroup>(p.link.target)
  switch (p.link.aux1) {
    case ORDER_SELF:
      oneCgroup(p, start)
      break
    case ORDER_DESCENDANTS_PRE:
      walkPre(p, start)
      break
    case ORDER_DESCENDANTS_POST:
      walkPost(p, start)
      break
    default:
      for (let c = start; changetype<usize>(c); c = c.parent) if (!oneCgroup(p, c)) return
  }
}
function oneCgroup(p: Pass, cg: Cgroup): bool {
  return callView(p, viewCgroup(cg), changetype<usize>(cg))
}
function walkPre(p: Pass, cg: Cgroup): bool {
  if (!oneCgroup(p, cg)) return false
  for (let c = cg.children; changetype<usize>(c); c = c.next) if (!walkPre(p, c)) return false
  return true
}
function walkPost(p: Pass, cg: Cgroup): bool {
  for (let c = cg.children; changetype<usize>(c); c = c.next) if (!walkPost(p, c)) return false
  return oneCgroup(p, cg)
}

function eachSock(p: Pass): void {
  const first = p.kind == ITER_UNIX ? changetype<Sock>(world().unixSocks) : current().netns.socks
  for (let sk = first; changetype<usize>(sk); sk = sk.next) {
    const mine = p.kind == ITER_TCP ? isTcp(sk) : p.kind == ITER_UDP ? isUdp(sk) : isUnix(sk)
    if (mine && !callView(p, viewSock(sk), changetype<usize>(sk))) return
  }
}

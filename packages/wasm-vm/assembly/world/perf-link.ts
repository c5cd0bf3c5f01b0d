// SPDX-License-Identifier: GPL-2.0-only
// Programs of perf events: tracepoints, probes, samples. Kernel counterpart: perf_event_set_bpf_prog of
// kernel/events/core.c, bpf_perf_link_attach and the multi links of kernel/trace/bpf_trace.c.

import {
  E2BIG,
  EACCES,
  EBADF,
  EEXIST,
  EFAULT,
  EINVAL,
  ENOENT,
  ENOMEM,
  ENOTSUPP,
  EOPNOTSUPP,
  ESRCH,
} from '../gen/errno.gen'
import {
  BPF_FD_TYPE_KPROBE,
  BPF_FD_TYPE_KRETPROBE,
  BPF_FD_TYPE_TRACEPOINT,
  BPF_FD_TYPE_UPROBE,
  BPF_FD_TYPE_URETPROBE,
  BPF_LINK_TYPE_KPROBE_MULTI,
  BPF_LINK_TYPE_PERF_EVENT,
  BPF_LINK_TYPE_UPROBE_MULTI,
  BPF_PERF_EVENT,
  BPF_PERF_EVENT_EVENT,
  BPF_PERF_EVENT_KPROBE,
  BPF_PERF_EVENT_KRETPROBE,
  BPF_PERF_EVENT_TRACEPOINT,
  BPF_PERF_EVENT_UPROBE,
  BPF_PERF_EVENT_URETPROBE,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_TRACEPOINT,
} from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__attach_type,
  ATTR_LINK_CREATE__flags,
  ATTR_LINK_CREATE__kprobe_multi__addrs,
  ATTR_LINK_CREATE__kprobe_multi__cnt,
  ATTR_LINK_CREATE__kprobe_multi__cookies,
  ATTR_LINK_CREATE__kprobe_multi__flags,
  ATTR_LINK_CREATE__kprobe_multi__syms,
  ATTR_LINK_CREATE__perf_event__bpf_cookie,
  ATTR_LINK_CREATE__target_fd,
  ATTR_LINK_CREATE__uprobe_multi__cnt,
  ATTR_LINK_CREATE__uprobe_multi__cookies,
  ATTR_LINK_CREATE__uprobe_multi__flags,
  ATTR_LINK_CREATE__uprobe_multi__offsets,
  ATTR_LINK_CREATE__uprobe_multi__path,
  ATTR_LINK_CREATE__uprobe_multi__pid,
  bpf_link_info__kprobe_multi__count,
  bpf_link_info__kprobe_multi__flags,
  bpf_link_info__perf_event__event__config,
  bpf_link_info__perf_event__event__cookie,
  bpf_link_info__perf_event__event__type,
  bpf_link_info__perf_event__kprobe__addr,
  bpf_link_info__perf_event__kprobe__cookie,
  bpf_link_info__perf_event__kprobe__func_name,
  bpf_link_info__perf_event__kprobe__name_len,
  bpf_link_info__perf_event__kprobe__offset,
  bpf_link_info__perf_event__tracepoint__cookie,
  bpf_link_info__perf_event__tracepoint__name_len,
  bpf_link_info__perf_event__tracepoint__tp_name,
  bpf_link_info__perf_event__type,
  bpf_link_info__perf_event__uprobe__cookie,
  bpf_link_info__perf_event__uprobe__file_name,
  bpf_link_info__perf_event__uprobe__name_len,
  bpf_link_info__perf_event__uprobe__offset,
  bpf_link_info__uprobe_multi__count,
  bpf_link_info__uprobe_multi__flags,
} from '../gen/uapi-layouts.gen'
import { kmalloc, kzalloc64 } from '../mem/alloc'
import { cstrEquals } from '../mem/bytes'
import { kernel } from '../mem/root'
import { copyFromUser, stringFromUser } from '../mem/user'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { fdKind, fdObject } from '../syscall/fd'
import { Link, linkCancel, linkNew, linkSettle } from '../syscall/link'
import { FILE_PERF } from './files'
import { runCtx } from './hook'
import { PerfEvent, perfGet, perfPut, TYPE_KPROBE, TYPE_TRACEPOINT, TYPE_UPROBE } from './perf-event'
import { isSession, runProbe, runSession, SESSION_CALLS } from './probe-session'
import { answerFdQuery, giveText } from './raw-tracepoint'
import { taskByPid } from './task'
import { tracepointById } from './tracepoint'
import { world, World } from './world'

const MAX_MULTI: u32 = 1 << 20

/** All events of a tracepoint share its programs: none twice with the same cookie, and not more than 64. */
function othersOf(e: PerfEvent, prog: Prog, cookie: u64): i32 {
  let count = 0
  for (let p = world().perfEvents; p; p = changetype<usize>(changetype<PerfEvent>(p).next)) {
    const o = changetype<PerfEvent>(p)
    if (o.type != TYPE_TRACEPOINT || o.config != e.config || !changetype<usize>(o.prog)) continue
    if (o.prog == prog && o.cookie == cookie) return -EEXIST
    count++
  }
  return count >= 64 ? -E2BIG : 0
}

/** perf_event_set_bpf_prog: the event takes a reference. */
export function perfSetProg(e: PerfEvent, prog: Prog, cookie: u64): i32 {
  const probe = e.type == TYPE_KPROBE || e.type == TYPE_UPROBE
  if (!probe && e.type != TYPE_TRACEPOINT) {
    if (changetype<usize>(e.prog)) return -EEXIST
    if (prog.type != BPF_PROG_TYPE_PERF_EVENT) return -EINVAL
  } else {
    if (probe && prog.type != BPF_PROG_TYPE_KPROBE) return -EINVAL
    if (e.type == TYPE_TRACEPOINT && prog.type != BPF_PROG_TYPE_TRACEPOINT) return -EINVAL
    if (prog.sleepable && e.type != TYPE_UPROBE) return -EINVAL
    if (e.type == TYPE_TRACEPOINT) {
      const tp = tracepointById(<u32>e.config)
      if (changetype<usize>(tp) && prog.maxCtxOffset > tp.recordSize) return -EACCES
    }
    if (changetype<usize>(e.prog)) return -EEXIST
    if (e.type == TYPE_TRACEPOINT) {
      const full = othersOf(e, prog, cookie)
      if (full) return full
    }
  }
  progGet(prog)
  e.prog = prog
  e.cookie = cookie
  return 0
}

export function perfLinkCreate(attr: usize, prog: Prog): i32 {
  if (load<u32>(attr, ATTR_LINK_CREATE__flags)) return -EINVAL
  const fd = load<i32>(attr, ATTR_LINK_CREATE__target_fd)
  if (fdKind(fd) != FILE_PERF) return -EBADF
  const e = changetype<PerfEvent>(fdObject(fd))
  const link = linkNew(BPF_LINK_TYPE_PERF_EVENT, prog, BPF_PERF_EVENT)
  if (!changetype<usize>(link)) return -ENOMEM
  const cookie = load<u64>(attr, ATTR_LINK_CREATE__perf_event__bpf_cookie)
  const err = perfSetProg(e, prog, cookie)
  if (err) {
    linkCancel(link)
    return err
  }
  e.link = changetype<usize>(link)
  link.cookie = cookie
  link.target = changetype<usize>(e)
  perfGet(e)
  return linkSettle(link)
}

export function perfLinkRelease(link: Link): void {
  if (!link.target) return
  if (link.type == BPF_LINK_TYPE_PERF_EVENT) {
    const e = changetype<PerfEvent>(link.target)
    const prog = e.prog
    e.prog = changetype<Prog>(0)
    e.link = 0
    if (changetype<usize>(prog)) progPut(prog)
    perfPut(e)
  } else {
    let at = changetype<usize>(world()) + offsetof<World>('multi')
    while (load<usize>(at) && load<usize>(at) != changetype<usize>(link)) at = load<usize>(at) + offsetof<Link>('next')
    if (load<usize>(at)) store<usize>(at, changetype<usize>(link.next))
  }
  link.target = 0
}

export function perfLinkInfo(link: Link, info: usize): i32 {
  if (link.type == BPF_LINK_TYPE_KPROBE_MULTI) {
    store<u32>(info, link.aux0, bpf_link_info__kprobe_multi__count)
    store<u32>(info, link.aux1, bpf_link_info__kprobe_multi__flags)
    return 0
  }
  if (link.type == BPF_LINK_TYPE_UPROBE_MULTI) {
    store<u32>(info, link.aux0, bpf_link_info__uprobe_multi__count)
    store<u32>(info, link.aux1, bpf_link_info__uprobe_multi__flags)
    return 0
  }
  if (link.type != BPF_LINK_TYPE_PERF_EVENT || !link.target) return 0
  const e = changetype<PerfEvent>(link.target)
  switch (e.type) {
    case TYPE_TRACEPOINT:
      store<u32>(info, BPF_PERF_EVENT_TRACEPOINT, bpf_link_info__perf_event__type)
      store<u64>(info, link.cookie, bpf_link_info__perf_event__tracepoint__cookie)
      return giveText(
        tracepointById(<u32>e.config).name,
        load<u64>(info, bpf_link_info__perf_event__tracepoint__tp_name),
        info + bpf_link_info__perf_event__tracepoint__name_len,
      )
    case TYPE_KPROBE:
      store<u32>(info, e.isReturn ? BPF_PERF_EVENT_KRETPROBE : BPF_PERF_EVENT_KPROBE, bpf_link_info__perf_event__type)
      store<u64>(info, link.cookie, bpf_link_info__perf_event__kprobe__cookie)
      store<u32>(info, e.name ? <u32>e.offset : 0, bpf_link_info__perf_event__kprobe__offset)
      store<u64>(info, e.name ? 0 : e.offset, bpf_link_info__perf_event__kprobe__addr)
      return giveText(
        e.name,
        load<u64>(info, bpf_link_info__perf_event__kprobe__func_name),
        info + bpf_link_info__perf_event__kprobe__name_len,
      )
    case TYPE_UPROBE:
      store<u32>(info, e.isReturn ? BPF_PERF_EVENT_URETPROBE : BPF_PERF_EVENT_UPROBE, bpf_link_info__perf_event__type)
      store<u64>(info, link.cookie, bpf_link_info__perf_event__uprobe__cookie)
      store<u32>(info, <u32>e.offset, bpf_link_info__perf_event__uprobe__offset)
      return giveText(
        e.name,
        load<u64>(info, bpf_link_info__perf_event__uprobe__file_name),
        info + bpf_link_info__perf_event__uprobe__name_len,
      )
    default:
      store<u32>(info, BPF_PERF_EVENT_EVENT, bpf_link_info__perf_event__type)
      store<u32>(info, e.type, bpf_link_info__perf_event__event__type)
      store<u64>(info, e.config, bpf_link_info__perf_event__event__config)
      store<u64>(info, link.cookie, bpf_link_info__perf_event__event__cookie)
      return 0
  }
}

export function perfFdQuery(e: PerfEvent, attr: usize, uattr: u64): i32 {
  if (!changetype<usize>(e.prog)) return -ENOENT
  if (e.prog.type == BPF_PROG_TYPE_PERF_EVENT) return -EOPNOTSUPP
  switch (e.type) {
    case TYPE_TRACEPOINT:
      return answerFdQuery(attr, uattr, e.prog.id, BPF_FD_TYPE_TRACEPOINT, tracepointById(<u32>e.config).name, 0, 0)
    case TYPE_KPROBE:
      return answerFdQuery(
        attr,
        uattr,
        e.prog.id,
        e.isReturn ? BPF_FD_TYPE_KRETPROBE : BPF_FD_TYPE_KPROBE,
        e.name,
        e.name ? e.offset : 0,
        e.name ? 0 : e.offset,
      )
    case TYPE_UPROBE:
      return answerFdQuery(
        attr,
        uattr,
        e.prog.id,
        e.isReturn ? BPF_FD_TYPE_URETPROBE : BPF_FD_TYPE_UPROBE,
        e.name,
        e.offset,
        0,
      )
    default:
      return -ENOTSUPP
  }
}

// many probes at once
//
// link.data: for each probe { name u32 (0: by address), address or offset u64, cookie u64 } in 24 bytes; names behind.

const MULTI: usize = 24
const TEXT: usize = memory.data(256, 8)

export function multiLinkCreate(attr: usize, prog: Prog, uprobe: bool): i32 {
  const count = load<u32>(attr + (uprobe ? ATTR_LINK_CREATE__uprobe_multi__cnt : ATTR_LINK_CREATE__kprobe_multi__cnt))
  const flags = load<u32>(
    attr + (uprobe ? ATTR_LINK_CREATE__uprobe_multi__flags : ATTR_LINK_CREATE__kprobe_multi__flags),
  )
  if (load<u32>(attr, ATTR_LINK_CREATE__flags)) return -EINVAL
  if (prog.expectedAttachType != load<u32>(attr, ATTR_LINK_CREATE__attach_type)) return -EINVAL
  if (flags & ~(<u32>1)) return -EINVAL
  if (!count) return -EINVAL
  if (count > MAX_MULTI) return -E2BIG
  const link = linkNew(uprobe ? BPF_LINK_TYPE_UPROBE_MULTI : BPF_LINK_TYPE_KPROBE_MULTI, prog, prog.expectedAttachType)
  if (!changetype<usize>(link)) return -ENOMEM
  link.dataLen = count * 280
  link.data = kzalloc64(<u64>link.dataLen + (isSession(link) ? SESSION_CALLS : 0))
  let err = link.data ? 0 : -ENOMEM
  if (!err) err = uprobe ? takeUprobes(link, attr, count) : takeKprobes(link, attr, count)
  if (err) {
    linkCancel(link)
    return err
  }
  link.aux0 = count
  link.aux1 = flags
  link.target = 1
  link.next = changetype<Link>(world().multi)
  world().multi = changetype<usize>(link)
  return linkSettle(link)
}

@inline function multiAt(link: Link, i: u32): usize {
  return link.data + <usize>i * MULTI
}

function takeCookie(link: Link, i: u32, cookies: u64): bool {
  return !cookies || copyFromUser(multiAt(link, i) + 16, cookies + <u64>i * 8, 8)
}

function takeKprobes(link: Link, attr: usize, count: u32): i32 {
  const syms = load<u64>(attr, ATTR_LINK_CREATE__kprobe_multi__syms)
  const addrs = load<u64>(attr, ATTR_LINK_CREATE__kprobe_multi__addrs)
  if ((syms != 0) == (addrs != 0)) return -EINVAL
  let text = link.data + <usize>count * MULTI
  for (let i: u32 = 0; i < count; i++) {
    if (!takeCookie(link, i, load<u64>(attr, ATTR_LINK_CREATE__kprobe_multi__cookies))) return -EFAULT
    if (addrs) {
      if (!copyFromUser(multiAt(link, i) + 8, addrs + <u64>i * 8, 8)) return -EFAULT
      continue
    }
    if (!copyFromUser(TEXT, syms + <u64>i * 8, 8)) return -EFAULT
    const n = stringFromUser(text, load<u64>(TEXT), 255)
    if (n < 0) return n
    store<usize>(multiAt(link, i), text)
    text += <usize>n + 1
  }
  return 0
}

function takeUprobes(link: Link, attr: usize, count: u32): i32 {
  const path = load<u64>(attr, ATTR_LINK_CREATE__uprobe_multi__path)
  const offsets = load<u64>(attr, ATTR_LINK_CREATE__uprobe_multi__offsets)
  const pid = load<i32>(attr, ATTR_LINK_CREATE__uprobe_multi__pid)
  if (!path || !offsets || pid < 0) return -EINVAL
  if (pid && !changetype<usize>(taskByPid(<u32>pid))) return -ESRCH
  link.name = kmalloc(4096)
  if (!link.name) return -ENOMEM
  const n = stringFromUser(link.name, path, 4095)
  if (n < 0) return n
  for (let i: u32 = 0; i < count; i++) {
    if (!copyFromUser(multiAt(link, i) + 8, offsets + <u64>i * 8, 8)) return -EFAULT
    if (!takeCookie(link, i, load<u64>(attr, ATTR_LINK_CREATE__uprobe_multi__cookies))) return -EFAULT
  }
  return 0
}

// firing

/** A probed place is reached with these registers (struct pt_regs): how many programs ran. */
export function fireProbe(uprobe: bool, name: usize, offset: u64, isReturn: bool, regs: usize): i32 {
  let ran = 0
  const type = uprobe ? TYPE_UPROBE : TYPE_KPROBE
  for (let p = world().perfEvents; p;) {
    const e = changetype<PerfEvent>(p)
    p = changetype<usize>(e.next)
    if (e.type != type || !e.enabled || e.isReturn != isReturn || e.offset != offset) continue
    if (!e.name || !cstrEquals(e.name, name)) continue
    if (e.cpu >= 0 && <u32>e.cpu != kernel().currentCpu && e.pid < 0) continue
    e.count++
    if (changetype<usize>(e.prog)) {
      runProbe(e.prog, regs, e.cookie)
      ran++
    }
  }
  for (let l = changetype<Link>(world().multi); changetype<usize>(l); l = l.next) {
    const session = isSession(l)
    if ((l.type == BPF_LINK_TYPE_UPROBE_MULTI) != uprobe) continue
    if (!session && ((l.aux1 & 1) != 0) != isReturn) continue
    for (let i: u32 = 0; i < l.aux0; i++) {
      const at = multiAt(l, i)
      const match = uprobe
        ? cstrEquals(l.name, name) && load<u64>(at, 8) == offset
        : load<usize>(at) != 0 && cstrEquals(load<usize>(at), name) && !offset
      if (!match) continue
      const cookie = load<u64>(at, 16)
      if (!session) runProbe(l.prog, regs, cookie)
      if (!session || runSession(l, i, regs, cookie, isReturn)) ran++
    }
  }
  return ran
}

const SAMPLE_CTX: usize = memory.data(192, 8)

/** An event overflows with these registers: its program sees them, the period and an address. What it returns, or -1. */
export function fireSample(e: PerfEvent, regs: usize, addr: u64): i32 {
  e.count += e.samplePeriod ? e.samplePeriod : 1
  if (!changetype<usize>(e.prog) || !e.enabled) return -1
  memory.copy(SAMPLE_CTX, regs, 168)
  store<u64>(SAMPLE_CTX, e.samplePeriod, 168)
  store<u64>(SAMPLE_CTX, addr, 176)
  store<u32>(SAMPLE_CTX, <u32>changetype<usize>(e), 184)
  return <i32>runCtx(e.prog, SAMPLE_CTX, 184, 0, e.cookie)
}

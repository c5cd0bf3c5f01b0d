// SPDX-License-Identifier: GPL-2.0-only
// Links of raw tracepoints and of tracing programs. Kernel counterpart: bpf_raw_tp_link_attach and
// bpf_tracing_prog_attach of kernel/bpf/syscall.c.

import { E2BIG, EBUSY, EFAULT, EINVAL, ENOENT, ENOMEM, ENOSPC } from '../gen/errno.gen'
import {
  BPF_FD_TYPE_RAW_TRACEPOINT,
  BPF_LINK_TYPE_RAW_TRACEPOINT,
  BPF_LINK_TYPE_TRACING,
  BPF_LSM_MAC,
  BPF_MODIFY_RETURN,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  BPF_TRACE_RAW_TP,
} from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__target_btf_id,
  ATTR_LINK_CREATE__target_fd,
  ATTR_LINK_CREATE__tracing__cookie,
  ATTR_TASK_FD_QUERY__buf,
  ATTR_TASK_FD_QUERY__buf_len,
  ATTR_TASK_FD_QUERY__fd_type,
  ATTR_TASK_FD_QUERY__prog_id,
  ATTR_TASK_FD_QUERY__probe_addr,
  ATTR_TASK_FD_QUERY__probe_offset,
  bpf_link_info__raw_tracepoint__cookie,
  bpf_link_info__raw_tracepoint__tp_name,
  bpf_link_info__raw_tracepoint__tp_name_len,
  bpf_link_info__tracing__attach_type,
  bpf_link_info__tracing__cookie,
  bpf_link_info__tracing__target_btf_id,
  bpf_link_info__tracing__target_obj_id,
} from '../gen/uapi-layouts.gen'
import { kmalloc } from '../mem/alloc'
import { cstrlen } from '../mem/bytes'
import { copyToUser, putUser32, putUser64 } from '../mem/user'
import { extensionAttach, extensionDetach } from '../prog/extension'
import { Prog } from '../prog/prog'
import { FD_PROG, fdGet, isErr } from '../syscall/fd'
import { Link, linkCancel, linkNew, linkSettle } from '../syscall/link'
import { runArrayAppend, runArrayFree, runArrayWithout } from './run-array'
import { Tracepoint, tracepointFind } from './tracepoint'
import { world, World } from './world'

/** Attaches to a raw tracepoint; `name` 0: that which the program was loaded for. */
export function rawLinkCreate(prog: Prog, name: usize, cookie: u64): i32 {
  const tpName = name ? name : prog.attachFuncName
  if (!tpName) return -EINVAL
  const tp = tracepointFind(0, tpName)
  if (!changetype<usize>(tp)) return -ENOENT
  if (prog.maxCtxOffset > tp.argCount * 8 || prog.maxTpAccess > tp.writableSize) return -EINVAL
  const link = linkNew(BPF_LINK_TYPE_RAW_TRACEPOINT, prog, BPF_TRACE_RAW_TP)
  if (!changetype<usize>(link)) return -ENOMEM
  const n = cstrlen(tp.name) + 1
  link.name = kmalloc(n)
  const array = runArrayAppend(tp.raw, prog, changetype<usize>(link), cookie)
  if (!link.name || !changetype<usize>(array)) {
    linkCancel(link)
    return -ENOMEM
  }
  memory.copy(link.name, tp.name, n)
  link.cookie = cookie
  runArrayFree(tp.raw)
  tp.raw = array
  link.target = changetype<usize>(tp)
  return linkSettle(link)
}

/** Attaches a program of TRACING, LSM or EXT to the function that it was loaded for. */
export function tracingLinkCreate(attr: usize, prog: Prog): i32 {
  const targetFd = attr ? load<i32>(attr, ATTR_LINK_CREATE__target_fd) : 0
  const targetId = attr ? load<u32>(attr, ATTR_LINK_CREATE__target_btf_id) : 0
  const cookie = attr ? load<u64>(attr, ATTR_LINK_CREATE__tracing__cookie) : 0
  if (!kindOk(prog)) return -EINVAL
  if ((targetFd != 0) != (targetId != 0)) return -EINVAL
  let target: usize = 0
  if (targetFd) {
    // only replacements of functions may choose their target now
    if (prog.type != BPF_PROG_TYPE_EXT) return -EINVAL
    target = fdGet(targetFd, FD_PROG)
    if (isErr(target)) return <i32>target
  }
  const bad = mayLink(prog)
  if (bad) return bad
  if (prog.type == BPF_PROG_TYPE_EXT) {
    // another function than the one that it was checked against would have to be checked anew
    if (target && (target != changetype<usize>(prog.attachProg) || targetId != prog.attachBtfId)) return -EINVAL
    // what was attached once has no target of its own any more
    if (!target && prog.wasAttached) return -EINVAL
    const err = extensionAttach(prog.attachProg, subprogOfTarget(prog), prog)
    if (err) return err
    prog.wasAttached = true
  }
  const link = linkNew(BPF_LINK_TYPE_TRACING, prog, prog.expectedAttachType)
  if (!changetype<usize>(link)) {
    if (prog.type == BPF_PROG_TYPE_EXT) extensionDetach(prog.attachProg, subprogOfTarget(prog))
    return -ENOMEM
  }
  link.cookie = cookie
  link.aux0 = targetId ? targetId : prog.attachBtfId
  link.aux2 = subprogOfTarget(prog)
  link.target = 1
  link.next = changetype<Link>(world().tracing)
  world().tracing = changetype<usize>(link)
  if (changetype<usize>(prog.attachProg) && prog.type == BPF_PROG_TYPE_TRACING) prog.attachProg.traced++
  return linkSettle(link)
}

/** BPF_MAX_TRAMP_LINKS: programs of one function, of all kinds. */
const MAX_LINKS: u32 = 38

/** bpf_trampoline_link_prog: a program is attached once, and a function has room for so many. */
function mayLink(prog: Prog): i32 {
  let count: u32 = 0
  for (let l = changetype<Link>(world().tracing); changetype<usize>(l); l = l.next) {
    if (l.prog == prog) return -EBUSY
    const same = l.prog.attachProg == prog.attachProg && l.aux0 == prog.attachBtfId
    if (!same) continue
    // a function that is replaced is not traced, nor the other way round
    if ((l.prog.type == BPF_PROG_TYPE_EXT) != (prog.type == BPF_PROG_TYPE_EXT)) return -EBUSY
    count++
  }
  return count >= MAX_LINKS ? -E2BIG : 0
}

/** Which function of the program that it traces: 0 is the program itself. */
function subprogOfTarget(prog: Prog): u32 {
  const target = prog.attachProg
  if (!changetype<usize>(target)) return 0
  for (let i: u32 = 0; i < target.funcInfoCnt; i++) {
    if (load<u32>(target.funcInfo + ((<usize>i) << 3), 4) == prog.attachBtfId) return i
  }
  return 0
}

function kindOk(prog: Prog): bool {
  switch (prog.type) {
    case BPF_PROG_TYPE_TRACING:
      return (
        prog.expectedAttachType == BPF_TRACE_FENTRY ||
        prog.expectedAttachType == BPF_TRACE_FEXIT ||
        prog.expectedAttachType == BPF_MODIFY_RETURN
      )
    case BPF_PROG_TYPE_EXT:
      return prog.expectedAttachType == 0
    case BPF_PROG_TYPE_LSM:
      return prog.expectedAttachType == BPF_LSM_MAC
    default:
      return false
  }
}

export function rawLinkRelease(link: Link): void {
  if (!link.target) return
  if (link.type == BPF_LINK_TYPE_TRACING) {
    let at = changetype<usize>(world()) + offsetof<World>('tracing')
    while (load<usize>(at) && load<usize>(at) != changetype<usize>(link)) at = load<usize>(at) + offsetof<Link>('next')
    if (load<usize>(at)) store<usize>(at, changetype<usize>(link.next))
    const target = link.prog.attachProg
    if (changetype<usize>(target) && link.prog.type == BPF_PROG_TYPE_TRACING) target.traced--
    if (changetype<usize>(target) && link.prog.type == BPF_PROG_TYPE_EXT) extensionDetach(target, link.aux2)
  } else {
    const tp = changetype<Tracepoint>(link.target)
    const rest = runArrayWithout(tp.raw, link.prog, changetype<usize>(link))
    runArrayFree(tp.raw)
    tp.raw = rest
  }
  link.target = 0
}

/** A text for the caller that has `*lenAt` bytes at `addr`; the length that it needs is left in *lenAt. */
export function giveText(text: usize, addr: u64, lenAt: usize): i32 {
  const n = text ? <u32>cstrlen(text) : 0
  const room = load<u32>(lenAt)
  if ((addr != 0) != (room != 0)) return -EINVAL
  store<u32>(lenAt, n + 1)
  if (!addr) return 0
  if (room >= n + 1) return copyToUser(addr, text, n + 1) ? 0 : -EFAULT
  if (!copyToUser(addr, text, room - 1)) return -EFAULT
  if (!copyToUser(addr + <u64>(room - 1), text + <usize>n, 1)) return -EFAULT
  return -ENOSPC
}

export function rawLinkInfo(link: Link, info: usize): i32 {
  store<u64>(info, link.cookie, bpf_link_info__raw_tracepoint__cookie)
  return giveText(
    link.name,
    load<u64>(info, bpf_link_info__raw_tracepoint__tp_name),
    info + bpf_link_info__raw_tracepoint__tp_name_len,
  )
}

export function tracingLinkInfo(link: Link, info: usize): i32 {
  store<u32>(info, link.attachType, bpf_link_info__tracing__attach_type)
  store<u32>(
    info,
    changetype<usize>(link.prog.attachProg) ? link.prog.attachProg.id : 1,
    bpf_link_info__tracing__target_obj_id,
  )
  store<u32>(info, link.aux0, bpf_link_info__tracing__target_btf_id)
  store<u64>(info, link.cookie, bpf_link_info__tracing__cookie)
  return 0
}

/** Answers BPF_TASK_FD_QUERY with a text. */
export function answerFdQuery(
  attr: usize,
  uattr: u64,
  progId: u32,
  type: u32,
  text: usize,
  offset: u64,
  addr: u64,
): i32 {
  const n = text ? <u32>cstrlen(text) : 0
  const room = load<u32>(attr, ATTR_TASK_FD_QUERY__buf_len)
  const buf = load<u64>(attr, ATTR_TASK_FD_QUERY__buf)
  let err = 0
  if (!putUser32(uattr + ATTR_TASK_FD_QUERY__buf_len, n)) return -EFAULT
  if (buf && room) {
    if (room >= n + 1) {
      if (!copyToUser(buf, text ? text : ZERO, n + 1)) return -EFAULT
    } else {
      err = -ENOSPC
      if (!copyToUser(buf, text, room - 1) || !copyToUser(buf + <u64>(room - 1), ZERO, 1)) return -EFAULT
    }
  }
  const ok =
    putUser32(uattr + ATTR_TASK_FD_QUERY__prog_id, progId) &&
    putUser32(uattr + ATTR_TASK_FD_QUERY__fd_type, type) &&
    putUser64(uattr + ATTR_TASK_FD_QUERY__probe_offset, offset) &&
    putUser64(uattr + ATTR_TASK_FD_QUERY__probe_addr, addr)
  return ok ? err : -EFAULT
}
const ZERO: usize = memory.data(8, 8)

export function rawFdQuery(link: Link, attr: usize, uattr: u64): i32 {
  return answerFdQuery(attr, uattr, link.prog.id, BPF_FD_TYPE_RAW_TRACEPOINT, link.name, 0, 0)
}

// SPDX-License-Identifier: GPL-2.0-only
// BPF_LINK_CREATE, BPF_LINK_UPDATE, BPF_LINK_DETACH. Kernel counterpart: kernel/bpf/syscall.c.

import { EINVAL } from '../gen/errno.gen'
import { BPF_F_REPLACE } from '../gen/uapi-defines.gen'
import {
  BPF_LINK_TYPE_STRUCT_OPS,
  BPF_LSM_CGROUP,
  BPF_PERF_EVENT,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_XDP,
  BPF_STRUCT_OPS,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
  BPF_TRACE_UPROBE_MULTI,
  BPF_TRACE_UPROBE_SESSION,
} from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__attach_type,
  ATTR_LINK_CREATE__prog_fd,
  ATTR_LINK_CREATE__tracing__cookie,
  ATTR_LINK_DETACH__link_fd,
  ATTR_LINK_UPDATE__flags,
  ATTR_LINK_UPDATE__link_fd,
  ATTR_LINK_UPDATE__new_prog_fd,
  ATTR_LINK_UPDATE__old_prog_fd,
} from '../gen/uapi-layouts.gen'
import { Prog } from '../prog/prog'
import { cgroupLinkCreate } from '../world/cgroup-link'
import { iterLinkCreate } from '../world/iter-link'
import { linkForceDetach, linkUpdateProg } from '../world/link-ops'
import { netfilterLinkCreate } from '../world/netfilter'
import { netnsLinkCreate } from '../world/netns-attach'
import { multiLinkCreate, perfLinkCreate } from '../world/perf-link'
import { rawLinkCreate, tracingLinkCreate } from '../world/raw-tracepoint'
import { sockmapLinkCreate } from '../world/sockmap-attach'
import { structOpsLinkCreate, structOpsLinkUpdate } from '../world/struct-ops'
import { tcxLinkCreate } from '../world/tcx'
import { xdpLinkCreate } from '../world/xdp-attach'
import { checkAttachType, isCgroupType, isChainType } from './attach'
import { FD_LINK, FD_PROG, fdGet, isErr } from './fd'
import { Link } from './link'

export function linkCreate(attr: usize, uattr: u64): i32 {
  const type = load<u32>(attr, ATTR_LINK_CREATE__attach_type)
  if (type == BPF_STRUCT_OPS) return structOpsLinkCreate(attr)
  const p = fdGet(load<i32>(attr, ATTR_LINK_CREATE__prog_fd), FD_PROG)
  if (isErr(p)) return <i32>p
  const prog = changetype<Prog>(p)
  const bad = checkAttachType(prog, type)
  if (bad) return bad
  if (isCgroupType(prog.type) && prog.type != BPF_PROG_TYPE_LSM) return cgroupLinkCreate(attr, prog)
  switch (prog.type) {
    case BPF_PROG_TYPE_EXT:
      return tracingLinkCreate(attr, prog)
    case BPF_PROG_TYPE_LSM:
    case BPF_PROG_TYPE_TRACING:
      return tracing(attr, prog, type)
    case BPF_PROG_TYPE_FLOW_DISSECTOR:
    case BPF_PROG_TYPE_SK_LOOKUP:
      return netnsLinkCreate(attr, prog)
    case BPF_PROG_TYPE_SK_MSG:
    case BPF_PROG_TYPE_SK_SKB:
      return sockmapLinkCreate(attr, prog)
    case BPF_PROG_TYPE_XDP:
      return xdpLinkCreate(attr, prog)
    case BPF_PROG_TYPE_SCHED_CLS:
      return isChainType(type) ? tcxLinkCreate(attr, prog) : -EINVAL
    case BPF_PROG_TYPE_NETFILTER:
      return netfilterLinkCreate(attr, prog)
    case BPF_PROG_TYPE_PERF_EVENT:
    case BPF_PROG_TYPE_TRACEPOINT:
      return perfLinkCreate(attr, prog)
    case BPF_PROG_TYPE_KPROBE:
      if (type == BPF_PERF_EVENT) return perfLinkCreate(attr, prog)
      return multiLinkCreate(attr, prog, type == BPF_TRACE_UPROBE_MULTI || type == BPF_TRACE_UPROBE_SESSION)
    default:
      return -EINVAL
  }
}

function tracing(attr: usize, prog: Prog, type: u32): i32 {
  if (type != prog.expectedAttachType) return -EINVAL
  switch (prog.expectedAttachType) {
    case BPF_TRACE_RAW_TP:
      return rawLinkCreate(prog, 0, load<u64>(attr, ATTR_LINK_CREATE__tracing__cookie))
    case BPF_TRACE_ITER:
      return iterLinkCreate(attr, prog)
    case BPF_LSM_CGROUP:
      return cgroupLinkCreate(attr, prog)
    default:
      return tracingLinkCreate(attr, prog)
  }
}

export function linkUpdate(attr: usize): i32 {
  const flags = load<u32>(attr, ATTR_LINK_UPDATE__flags)
  if (flags & ~(<u32>BPF_F_REPLACE)) return -EINVAL
  const l = fdGet(load<i32>(attr, ATTR_LINK_UPDATE__link_fd), FD_LINK)
  if (isErr(l)) return <i32>l
  const link = changetype<Link>(l)
  if (link.type == BPF_LINK_TYPE_STRUCT_OPS) return structOpsLinkUpdate(link, attr)
  const p = fdGet(load<i32>(attr, ATTR_LINK_UPDATE__new_prog_fd), FD_PROG)
  if (isErr(p)) return <i32>p
  let old: usize = 0
  if (flags & BPF_F_REPLACE) {
    old = fdGet(load<i32>(attr, ATTR_LINK_UPDATE__old_prog_fd), FD_PROG)
    if (isErr(old)) return <i32>old
  } else if (load<u32>(attr, ATTR_LINK_UPDATE__old_prog_fd)) return -EINVAL
  return linkUpdateProg(link, changetype<Prog>(p), old)
}

export function linkDetachCmd(attr: usize): i32 {
  const l = fdGet(load<i32>(attr, ATTR_LINK_DETACH__link_fd), FD_LINK)
  if (isErr(l)) return <i32>l
  return linkForceDetach(changetype<Link>(l))
}

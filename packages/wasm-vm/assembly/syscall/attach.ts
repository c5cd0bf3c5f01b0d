// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_ATTACH and BPF_PROG_DETACH. Kernel counterpart: bpf_prog_attach and bpf_prog_detach of kernel/bpf/syscall.c.

import { EINVAL, EPERM } from '../gen/errno.gen'
import { ATTACH_POINT_COUNT, ATTACH_POINT_SIZE, ATTACH_POINTS } from '../gen/attach.gen'
import {
  ATTR_PROG_ATTACH__attach_bpf_fd,
  ATTR_PROG_ATTACH__attach_flags,
  ATTR_PROG_ATTACH__attach_type,
  ATTR_PROG_ATTACH__expected_revision,
  ATTR_PROG_ATTACH__relative_fd,
} from '../gen/uapi-layouts.gen'
import {
  BPF_F_AFTER,
  BPF_F_ALLOW_MULTI,
  BPF_F_ALLOW_OVERRIDE,
  BPF_F_BEFORE,
  BPF_F_ID,
  BPF_F_PREORDER,
  BPF_F_REPLACE,
} from '../gen/uapi-defines.gen'
import {
  BPF_F_LINK,
  BPF_LSM_CGROUP,
  BPF_NETFILTER,
  BPF_NETKIT_PEER,
  BPF_NETKIT_PRIMARY,
  BPF_PERF_EVENT,
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_CGROUP_SYSCTL,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LIRC_MODE2,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_PROG_TYPE_UNSPEC,
  BPF_TCX_EGRESS,
  BPF_TCX_INGRESS,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_KPROBE_SESSION,
  BPF_TRACE_UPROBE_MULTI,
  BPF_TRACE_UPROBE_SESSION,
} from '../gen/uapi-enums.gen'
import { Prog } from '../prog/prog'
import { cgroupProgAttach, cgroupProgDetach, progOfType } from '../world/cgroup-link'
import { lircProgAttach, lircProgDetach } from '../world/lirc'
import { netnsProgAttach, netnsProgDetach } from '../world/netns-attach'
import { sockmapProgAttach, sockmapProgDetach } from '../world/sockmap-attach'
import { tcxProgAttach, tcxProgDetach } from '../world/tcx'
import { CAP_NET_ADMIN, tokenCapable } from './caps'
import { isErr } from './fd'

const FLAGS_BASE: u32 = BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI | BPF_F_REPLACE | BPF_F_PREORDER
const FLAGS_MPROG: u32 = BPF_F_REPLACE | BPF_F_BEFORE | BPF_F_AFTER | BPF_F_ID | BPF_F_LINK

/** The program type of an attach type: of those that PROG_ATTACH or a link takes; UNSPEC: none alone. */
export function progTypeOfAttach(type: u32): u32 {
  for (let i = 0; i < ATTACH_POINT_COUNT; i++) {
    const row = ATTACH_POINTS + <usize>(i * ATTACH_POINT_SIZE)
    if (<u32>load<u8>(row) != type) continue
    const prog = <u32>load<u8>(row, 1)
    switch (type) {
      // types that several kinds of programs share, or that only links know
      case BPF_PERF_EVENT:
      case BPF_TRACE_KPROBE_MULTI:
      case BPF_TRACE_KPROBE_SESSION:
      case BPF_TRACE_UPROBE_MULTI:
      case BPF_TRACE_UPROBE_SESSION:
      case BPF_NETFILTER:
        return BPF_PROG_TYPE_UNSPEC
      default:
        return prog
    }
  }
  return BPF_PROG_TYPE_UNSPEC
}

/** is_cgroup_prog_type without a look at the program. */
export function isCgroupType(type: u32): bool {
  switch (type) {
    case BPF_PROG_TYPE_CGROUP_DEVICE:
    case BPF_PROG_TYPE_CGROUP_SKB:
    case BPF_PROG_TYPE_CGROUP_SOCK:
    case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
    case BPF_PROG_TYPE_CGROUP_SOCKOPT:
    case BPF_PROG_TYPE_CGROUP_SYSCTL:
    case BPF_PROG_TYPE_SOCK_OPS:
    case BPF_PROG_TYPE_LSM:
      return true
    default:
      return false
  }
}

/** Attach types of classifiers that are ordered chains at a device. */
export function isChainType(type: u32): bool {
  return type == BPF_TCX_INGRESS || type == BPF_TCX_EGRESS || type == BPF_NETKIT_PRIMARY || type == BPF_NETKIT_PEER
}

/** bpf_prog_attach_check_attach_type. */
export function checkAttachType(prog: Prog, type: u32): i32 {
  const expected = prog.expectedAttachType
  switch (prog.type) {
    case BPF_PROG_TYPE_CGROUP_SOCK:
    case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
    case BPF_PROG_TYPE_CGROUP_SOCKOPT:
    case BPF_PROG_TYPE_SK_LOOKUP:
      return type == expected ? 0 : -EINVAL
    case BPF_PROG_TYPE_CGROUP_SKB:
      if (!tokenCapable(prog.token, CAP_NET_ADMIN)) return -EPERM
      if (progTypeOfAttach(type) != prog.type) return -EINVAL
      return prog.enforceExpectedAttachType && expected != type ? -EINVAL : 0
    case BPF_PROG_TYPE_EXT:
      return 0
    case BPF_PROG_TYPE_NETFILTER:
      return type == BPF_NETFILTER ? 0 : -EINVAL
    case BPF_PROG_TYPE_PERF_EVENT:
    case BPF_PROG_TYPE_TRACEPOINT:
      return type == BPF_PERF_EVENT ? 0 : -EINVAL
    case BPF_PROG_TYPE_KPROBE:
      return kprobeAttachType(expected, type)
    case BPF_PROG_TYPE_SCHED_CLS:
      return isChainType(type) ? 0 : -EINVAL
    default: {
      const p = progTypeOfAttach(type)
      return p == BPF_PROG_TYPE_UNSPEC || p != prog.type ? -EINVAL : 0
    }
  }
}

function kprobeAttachType(expected: u32, type: u32): i32 {
  switch (expected) {
    case BPF_TRACE_KPROBE_MULTI:
    case BPF_TRACE_KPROBE_SESSION:
    case BPF_TRACE_UPROBE_MULTI:
    case BPF_TRACE_UPROBE_SESSION:
      if (type != expected) return -EINVAL
      break
    default:
      break
  }
  switch (type) {
    case BPF_PERF_EVENT:
    case BPF_TRACE_KPROBE_MULTI:
    case BPF_TRACE_KPROBE_SESSION:
    case BPF_TRACE_UPROBE_MULTI:
    case BPF_TRACE_UPROBE_SESSION:
      return 0
    default:
      return -EINVAL
  }
}

function checkFlags(attr: usize, type: u32): i32 {
  const flags = load<u32>(attr, ATTR_PROG_ATTACH__attach_flags)
  if (type == BPF_PROG_TYPE_SCHED_CLS) return flags & ~FLAGS_MPROG ? -EINVAL : 0
  if (isCgroupType(type)) return flags & ~(FLAGS_BASE | FLAGS_MPROG) ? -EINVAL : 0
  if (flags & ~FLAGS_BASE) return -EINVAL
  return load<u32>(attr, ATTR_PROG_ATTACH__relative_fd) || load<u64>(attr, ATTR_PROG_ATTACH__expected_revision)
    ? -EINVAL
    : 0
}

export function progAttach(attr: usize): i32 {
  const type = load<u32>(attr, ATTR_PROG_ATTACH__attach_type)
  const progType = progTypeOfAttach(type)
  if (progType == BPF_PROG_TYPE_UNSPEC) return -EINVAL
  const bad = checkFlags(attr, progType)
  if (bad) return bad
  const p = progOfType(load<i32>(attr, ATTR_PROG_ATTACH__attach_bpf_fd), progType)
  if (isErr(p)) return <i32>p
  const prog = changetype<Prog>(p)
  if (checkAttachType(prog, type)) return -EINVAL
  if (isCgroupType(progType) && (progType != BPF_PROG_TYPE_LSM || prog.expectedAttachType == BPF_LSM_CGROUP)) {
    return cgroupProgAttach(attr, progType, prog)
  }
  switch (progType) {
    case BPF_PROG_TYPE_SK_SKB:
    case BPF_PROG_TYPE_SK_MSG:
      return sockmapProgAttach(attr, prog)
    case BPF_PROG_TYPE_LIRC_MODE2:
      return lircProgAttach(attr, prog)
    case BPF_PROG_TYPE_FLOW_DISSECTOR:
      return netnsProgAttach(attr, prog)
    case BPF_PROG_TYPE_SCHED_CLS:
      return isChainType(type) ? tcxProgAttach(attr, prog) : -EINVAL
    default:
      return -EINVAL
  }
}

export function progDetach(attr: usize): i32 {
  const type = load<u32>(attr, ATTR_PROG_ATTACH__attach_type)
  const progType = progTypeOfAttach(type)
  const flags = load<u32>(attr, ATTR_PROG_ATTACH__attach_flags)
  let prog: usize = 0
  if (progType == BPF_PROG_TYPE_SCHED_CLS) {
    if (flags & ~FLAGS_MPROG) return -EINVAL
    const fd = load<i32>(attr, ATTR_PROG_ATTACH__attach_bpf_fd)
    if (fd) {
      prog = progOfType(fd, progType)
      if (isErr(prog)) return <i32>prog
    }
  } else if (isCgroupType(progType)) {
    if (flags || load<u32>(attr, ATTR_PROG_ATTACH__relative_fd)) return -EINVAL
  } else if (
    flags ||
    load<u32>(attr, ATTR_PROG_ATTACH__relative_fd) ||
    load<u64>(attr, ATTR_PROG_ATTACH__expected_revision)
  ) {
    return -EINVAL
  }
  if (isCgroupType(progType)) return cgroupProgDetach(attr, progType)
  switch (progType) {
    case BPF_PROG_TYPE_SK_SKB:
    case BPF_PROG_TYPE_SK_MSG:
      return sockmapProgDetach(attr, progType)
    case BPF_PROG_TYPE_LIRC_MODE2:
      return lircProgDetach(attr)
    case BPF_PROG_TYPE_FLOW_DISSECTOR:
      return netnsProgDetach(attr, progType)
    case BPF_PROG_TYPE_SCHED_CLS:
      return isChainType(type) ? tcxProgDetach(attr, prog) : -EINVAL
    default:
      return -EINVAL
  }
}

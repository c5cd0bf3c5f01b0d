// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_QUERY and BPF_TASK_FD_QUERY. Kernel counterpart: kernel/bpf/syscall.c.

import { EBADF, EINVAL, ENOENT, ENOTSUPP, EPERM } from '../gen/errno.gen'
import { BPF_F_QUERY_EFFECTIVE } from '../gen/uapi-defines.gen'
import {
  BPF_FLOW_DISSECTOR,
  BPF_LIRC_MODE2,
  BPF_LSM_CGROUP,
  BPF_NETKIT_PEER,
  BPF_NETKIT_PRIMARY,
  BPF_SK_LOOKUP,
  BPF_SK_MSG_VERDICT,
  BPF_SK_SKB_STREAM_PARSER,
  BPF_SK_SKB_STREAM_VERDICT,
  BPF_SK_SKB_VERDICT,
  BPF_TCX_EGRESS,
  BPF_TCX_INGRESS,
} from '../gen/uapi-enums.gen'
import {
  ATTR_QUERY__attach_type,
  ATTR_QUERY__query_flags,
  ATTR_QUERY__target_fd,
  ATTR_TASK_FD_QUERY__fd,
  ATTR_TASK_FD_QUERY__flags,
  ATTR_TASK_FD_QUERY__pid,
} from '../gen/uapi-layouts.gen'
import { Cgroup, cgroupPut } from '../world/cgroup'
import { cgroupQuery } from '../world/cgroup-attach'
import { cgroupFromFd, FILE_PERF } from '../world/files'
import { lircQuery } from '../world/lirc'
import { netnsQuery } from '../world/netns-attach'
import { PerfEvent } from '../world/perf-event'
import { perfFdQuery } from '../world/perf-link'
import { rawFdQuery } from '../world/raw-tracepoint'
import { sockmapQuery } from '../world/sockmap-attach'
import { taskByPid } from '../world/task'
import { tcxQuery } from '../world/tcx'
import { isCgroupType, progTypeOfAttach } from './attach'
import { bpfCapable, CAP_NET_ADMIN, CAP_SYS_ADMIN, capable } from './caps'
import { FD_FREE, FD_LINK, fdKind, fdObject, isErr } from './fd'
import { Link } from './link'
import { BPF_LINK_TYPE_RAW_TRACEPOINT } from '../gen/uapi-enums.gen'

export function progQuery(attr: usize, uattr: u64): i32 {
  if (!bpfCapable(CAP_NET_ADMIN)) return -EPERM
  if (load<u32>(attr, ATTR_QUERY__query_flags) & ~(<u32>BPF_F_QUERY_EFFECTIVE)) return -EINVAL
  const type = load<u32>(attr, ATTR_QUERY__attach_type)
  switch (type) {
    case BPF_LIRC_MODE2:
      return lircQuery(attr, uattr)
    case BPF_FLOW_DISSECTOR:
    case BPF_SK_LOOKUP:
      return netnsQuery(attr, uattr)
    case BPF_SK_SKB_STREAM_PARSER:
    case BPF_SK_SKB_STREAM_VERDICT:
    case BPF_SK_MSG_VERDICT:
    case BPF_SK_SKB_VERDICT:
      return sockmapQuery(attr, uattr)
    case BPF_TCX_INGRESS:
    case BPF_TCX_EGRESS:
    case BPF_NETKIT_PRIMARY:
    case BPF_NETKIT_PEER:
      return tcxQuery(attr, uattr)
    default:
      break
  }
  if (type != BPF_LSM_CGROUP && !isCgroupType(progTypeOfAttach(type))) return -EINVAL
  const p = cgroupFromFd(load<i32>(attr, ATTR_QUERY__target_fd))
  if (isErr(p)) return <i32>p
  const ret = cgroupQuery(changetype<Cgroup>(p), attr, uattr)
  cgroupPut(changetype<Cgroup>(p))
  return ret
}

export function taskFdQuery(attr: usize, uattr: u64): i32 {
  if (!capable(CAP_SYS_ADMIN)) return -EPERM
  if (load<u32>(attr, ATTR_TASK_FD_QUERY__flags)) return -EINVAL
  const task = taskByPid(load<u32>(attr, ATTR_TASK_FD_QUERY__pid))
  if (!changetype<usize>(task)) return -ENOENT
  const fd = load<i32>(attr, ATTR_TASK_FD_QUERY__fd)
  const kind = fdKind(fd)
  if (kind == FD_FREE) return -EBADF
  if (kind == FD_LINK) {
    const link = changetype<Link>(fdObject(fd))
    if (link.type == BPF_LINK_TYPE_RAW_TRACEPOINT) return rawFdQuery(link, attr, uattr)
    return -ENOTSUPP
  }
  if (kind == FILE_PERF) return perfFdQuery(changetype<PerfEvent>(fdObject(fd)), attr, uattr)
  return -ENOTSUPP
}

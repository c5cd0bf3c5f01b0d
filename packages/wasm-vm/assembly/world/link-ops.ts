// SPDX-License-Identifier: GPL-2.0-only
// What links of each kind do.

import { EINVAL, EOPNOTSUPP } from '../gen/errno.gen'
import {
  BPF_LINK_TYPE_CGROUP,
  BPF_LINK_TYPE_ITER,
  BPF_LINK_TYPE_KPROBE_MULTI,
  BPF_LINK_TYPE_NETFILTER,
  BPF_LINK_TYPE_NETKIT,
  BPF_LINK_TYPE_NETNS,
  BPF_LINK_TYPE_PERF_EVENT,
  BPF_LINK_TYPE_RAW_TRACEPOINT,
  BPF_LINK_TYPE_SOCKMAP,
  BPF_LINK_TYPE_STRUCT_OPS,
  BPF_LINK_TYPE_TCX,
  BPF_LINK_TYPE_TRACING,
  BPF_LINK_TYPE_UPROBE_MULTI,
  BPF_LINK_TYPE_XDP,
} from '../gen/uapi-enums.gen'
import {
  bpf_link_info__cgroup__attach_type,
  bpf_link_info__cgroup__cgroup_id,
  bpf_link_info__id,
  bpf_link_info__netfilter__flags,
  bpf_link_info__netfilter__hooknum,
  bpf_link_info__netfilter__pf,
  bpf_link_info__netfilter__priority,
  bpf_link_info__netns__attach_type,
  bpf_link_info__netns__netns_ino,
  bpf_link_info__prog_id,
  bpf_link_info__sockmap__attach_type,
  bpf_link_info__sockmap__map_id,
  bpf_link_info__struct_ops__map_id,
  bpf_link_info__tcx__attach_type,
  bpf_link_info__tcx__ifindex,
  bpf_link_info__type,
  bpf_link_info__xdp__ifindex,
} from '../gen/uapi-layouts.gen'
import { BpfMap } from '../maps/map'
import { Prog } from '../prog/prog'
import { Link } from '../syscall/link'
import { Cgroup } from './cgroup'
import { cgroupLinkRelease, cgroupLinkUpdate } from './cgroup-link'
import { NetDevice } from './device'
import { iterLinkInfo, iterLinkRelease, iterLinkUpdate } from './iter-link'
import { netfilterLinkRelease } from './netfilter'
import { Netns } from './netns'
import { netnsLinkRelease, netnsLinkUpdate } from './netns-attach'
import { perfLinkInfo, perfLinkRelease } from './perf-link'
import { sockmapLinkRelease, sockmapLinkUpdate } from './sockmap-attach'
import { tcxLinkRelease, tcxLinkUpdate } from './tcx'
import { rawLinkInfo, rawLinkRelease, tracingLinkInfo } from './raw-tracepoint'
import { xdpLinkRelease, xdpLinkUpdate } from './xdp-attach'
import { structOpsLinkRelease } from './struct-ops'

/** Takes the program off its hook. May be called again. */
export function linkRelease(link: Link): void {
  switch (link.type) {
    case BPF_LINK_TYPE_CGROUP:
      cgroupLinkRelease(link)
      break
    case BPF_LINK_TYPE_NETNS:
      netnsLinkRelease(link)
      break
    case BPF_LINK_TYPE_XDP:
      xdpLinkRelease(link)
      break
    case BPF_LINK_TYPE_TCX:
    case BPF_LINK_TYPE_NETKIT:
      tcxLinkRelease(link)
      break
    case BPF_LINK_TYPE_NETFILTER:
      netfilterLinkRelease(link)
      break
    case BPF_LINK_TYPE_SOCKMAP:
      sockmapLinkRelease(link)
      break
    case BPF_LINK_TYPE_RAW_TRACEPOINT:
    case BPF_LINK_TYPE_TRACING:
      rawLinkRelease(link)
      break
    case BPF_LINK_TYPE_PERF_EVENT:
    case BPF_LINK_TYPE_KPROBE_MULTI:
    case BPF_LINK_TYPE_UPROBE_MULTI:
      perfLinkRelease(link)
      break
    case BPF_LINK_TYPE_ITER:
      iterLinkRelease(link)
      break
    case BPF_LINK_TYPE_STRUCT_OPS:
      structOpsLinkRelease(link)
      break
  }
}

/** BPF_LINK_DETACH. */
export function linkForceDetach(link: Link): i32 {
  switch (link.type) {
    case BPF_LINK_TYPE_CGROUP:
    case BPF_LINK_TYPE_NETNS:
    case BPF_LINK_TYPE_XDP:
    case BPF_LINK_TYPE_TCX:
    case BPF_LINK_TYPE_NETKIT:
    case BPF_LINK_TYPE_SOCKMAP:
    case BPF_LINK_TYPE_STRUCT_OPS:
      linkRelease(link)
      return 0
    default:
      return -EOPNOTSUPP
  }
}

/** BPF_LINK_UPDATE: `old` is 0 or the program that is expected to be there. */
export function linkUpdateProg(link: Link, prog: Prog, old: usize): i32 {
  switch (link.type) {
    case BPF_LINK_TYPE_CGROUP:
      return cgroupLinkUpdate(link, prog, old)
    case BPF_LINK_TYPE_NETNS:
      return netnsLinkUpdate(link, prog, old)
    case BPF_LINK_TYPE_XDP:
      return xdpLinkUpdate(link, prog, old)
    case BPF_LINK_TYPE_TCX:
    case BPF_LINK_TYPE_NETKIT:
      return tcxLinkUpdate(link, prog, old)
    case BPF_LINK_TYPE_SOCKMAP:
      return sockmapLinkUpdate(link, prog, old)
    case BPF_LINK_TYPE_ITER:
      return iterLinkUpdate(link, prog, old)
    default:
      return -EINVAL
  }
}

/** Fills what is special to a kind of link. */
export function linkInfo(link: Link, info: usize): i32 {
  store<u32>(info, link.type, bpf_link_info__type)
  store<u32>(info, link.id, bpf_link_info__id)
  store<u32>(info, changetype<usize>(link.prog) ? link.prog.id : 0, bpf_link_info__prog_id)
  const t = link.target
  switch (link.type) {
    case BPF_LINK_TYPE_CGROUP:
      store<u64>(info, t ? changetype<Cgroup>(t).id : 0, bpf_link_info__cgroup__cgroup_id)
      store<u32>(info, link.attachType, bpf_link_info__cgroup__attach_type)
      return 0
    case BPF_LINK_TYPE_NETNS:
      store<u32>(info, t ? changetype<Netns>(t).ino : 0, bpf_link_info__netns__netns_ino)
      store<u32>(info, link.attachType, bpf_link_info__netns__attach_type)
      return 0
    case BPF_LINK_TYPE_XDP:
      store<u32>(info, t ? changetype<NetDevice>(t).ifindex : 0, bpf_link_info__xdp__ifindex)
      return 0
    case BPF_LINK_TYPE_TCX:
    case BPF_LINK_TYPE_NETKIT:
      store<u32>(info, t ? changetype<NetDevice>(t).ifindex : 0, bpf_link_info__tcx__ifindex)
      store<u32>(info, link.attachType, bpf_link_info__tcx__attach_type)
      return 0
    case BPF_LINK_TYPE_NETFILTER:
      store<u32>(info, link.aux0, bpf_link_info__netfilter__pf)
      store<u32>(info, link.aux1, bpf_link_info__netfilter__hooknum)
      store<u32>(info, link.aux2, bpf_link_info__netfilter__priority)
      store<u32>(info, link.aux3, bpf_link_info__netfilter__flags)
      return 0
    case BPF_LINK_TYPE_SOCKMAP:
      store<u32>(info, t ? changetype<BpfMap>(t).id : 0, bpf_link_info__sockmap__map_id)
      store<u32>(info, link.attachType, bpf_link_info__sockmap__attach_type)
      return 0
    case BPF_LINK_TYPE_STRUCT_OPS:
      store<u32>(info, t ? changetype<BpfMap>(t).id : 0, bpf_link_info__struct_ops__map_id)
      return 0
    case BPF_LINK_TYPE_RAW_TRACEPOINT:
      return rawLinkInfo(link, info)
    case BPF_LINK_TYPE_TRACING:
      return tracingLinkInfo(link, info)
    case BPF_LINK_TYPE_ITER:
      return iterLinkInfo(link, info)
    default:
      return perfLinkInfo(link, info)
  }
}

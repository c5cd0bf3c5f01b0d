// SPDX-License-Identifier: GPL-2.0-only
// The kernel's own structure behind the context of a program type. Kernel counterpart: bpf_ctx_convert.

import { Btf } from '../../btf/btf'
import { kernelType } from '../../btf/name-index'
import {
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_CGROUP_SYSCTL,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_REUSEPORT,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_XDP,
} from '../../gen/uapi-enums.gen'
import { KIND_STRUCT } from '../btf-facts'
import { isContextPointer } from '../call/func-args'
import { Env } from '../env'

/** Name of the structure; empty where the context is no structure. */
export function kernelContextName(type: u32): string {
  switch (type) {
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_CGROUP_SKB:
    case BPF_PROG_TYPE_LWT_IN:
    case BPF_PROG_TYPE_LWT_OUT:
    case BPF_PROG_TYPE_LWT_XMIT:
    case BPF_PROG_TYPE_LWT_SEG6LOCAL:
    case BPF_PROG_TYPE_SK_SKB:
      return 'sk_buff'
    case BPF_PROG_TYPE_XDP:
      return 'xdp_buff'
    case BPF_PROG_TYPE_CGROUP_SOCK:
      return 'sock'
    case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
      return 'bpf_sock_addr_kern'
    case BPF_PROG_TYPE_SOCK_OPS:
      return 'bpf_sock_ops_kern'
    case BPF_PROG_TYPE_SK_MSG:
      return 'sk_msg'
    case BPF_PROG_TYPE_FLOW_DISSECTOR:
      return 'bpf_flow_dissector'
    case BPF_PROG_TYPE_KPROBE:
      return 'pt_regs'
    case BPF_PROG_TYPE_PERF_EVENT:
      return 'bpf_perf_event_data_kern'
    case BPF_PROG_TYPE_CGROUP_DEVICE:
      return 'bpf_cgroup_dev_ctx'
    case BPF_PROG_TYPE_CGROUP_SYSCTL:
      return 'bpf_sysctl_kern'
    case BPF_PROG_TYPE_CGROUP_SOCKOPT:
      return 'bpf_sockopt_kern'
    case BPF_PROG_TYPE_SK_REUSEPORT:
      return 'sk_reuseport_kern'
    case BPF_PROG_TYPE_SK_LOOKUP:
      return 'bpf_sk_lookup_kern'
    case BPF_PROG_TYPE_NETFILTER:
      return 'bpf_nf_ctx'
  }
  return ''
}

/** Number of the structure where a pointer's type is the context of the program type, else 0. */
export function contextTypeId(env: Env, btf: Btf, ptr: usize, type: u32, arg: u32): u32 {
  if (!isContextPointer(env, btf, ptr, <i32>type, <i32>arg)) return 0
  const name = kernelContextName(type)
  return name == '' ? 0 : kernelType(name, KIND_STRUCT)
}

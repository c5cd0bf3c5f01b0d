// SPDX-License-Identifier: BSD-2-Clause
import * as U from '@skep/core/uapi'

const XDP_PASSED: ReadonlySet<number> = new Set([U.XDP_PASS, U.XDP_TX, U.XDP_REDIRECT])
const TC_DROPPED: ReadonlySet<number> = new Set([U.TC_ACT_SHOT, U.TC_ACT_STOLEN, U.TC_ACT_QUEUED, U.TC_ACT_TRAP])

/** What becomes of a packet by a program's return value: its bytes afterwards, or undefined where it is dropped. */
export function survivor(type: number, retval: number, input: Uint8Array, output: Uint8Array): Uint8Array | undefined {
  switch (type) {
    case U.BPF_PROG_TYPE_XDP:
      return XDP_PASSED.has(retval) ? output : undefined
    case U.BPF_PROG_TYPE_SCHED_CLS:
    case U.BPF_PROG_TYPE_SCHED_ACT:
      return TC_DROPPED.has(retval) ? undefined : output
    case U.BPF_PROG_TYPE_SOCKET_FILTER:
      // The filter says how many bytes are kept.
      return retval === 0 ? undefined : input.subarray(0, retval)
    case U.BPF_PROG_TYPE_CGROUP_SKB:
      return retval & 1 ? input : undefined
    case U.BPF_PROG_TYPE_NETFILTER:
      return retval === U.NF_ACCEPT ? input : undefined
    case U.BPF_PROG_TYPE_LWT_IN:
    case U.BPF_PROG_TYPE_LWT_OUT:
    case U.BPF_PROG_TYPE_LWT_XMIT:
    case U.BPF_PROG_TYPE_LWT_SEG6LOCAL:
      return retval === U.BPF_DROP ? undefined : output
    default:
      return output.length ? output : input
  }
}

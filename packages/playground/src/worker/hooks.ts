// SPDX-License-Identifier: BSD-2-Clause
/** What happens to a program of each type, and what its return value means there. */
import * as U from '@skep/core/uapi'
import type { InputKind, RunResult } from '../protocol.ts'

const PACKET_TYPES: ReadonlySet<number> = new Set([
  U.BPF_PROG_TYPE_SOCKET_FILTER,
  U.BPF_PROG_TYPE_SCHED_CLS,
  U.BPF_PROG_TYPE_SCHED_ACT,
  U.BPF_PROG_TYPE_XDP,
  U.BPF_PROG_TYPE_CGROUP_SKB,
  U.BPF_PROG_TYPE_LWT_IN,
  U.BPF_PROG_TYPE_LWT_OUT,
  U.BPF_PROG_TYPE_LWT_XMIT,
  U.BPF_PROG_TYPE_LWT_SEG6LOCAL,
  U.BPF_PROG_TYPE_FLOW_DISSECTOR,
])

const EVENT_TYPES: ReadonlySet<number> = new Set([
  U.BPF_PROG_TYPE_TRACEPOINT,
  U.BPF_PROG_TYPE_RAW_TRACEPOINT,
  U.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  U.BPF_PROG_TYPE_KPROBE,
])

const ADDRESS_ATTACH_TYPES: ReadonlySet<number> = new Set([
  U.BPF_CGROUP_INET4_BIND,
  U.BPF_CGROUP_INET6_BIND,
  U.BPF_CGROUP_INET4_CONNECT,
  U.BPF_CGROUP_INET6_CONNECT,
])

export function inputKind(type: number, attachType: number): InputKind {
  if (PACKET_TYPES.has(type)) return 'packet'
  if (type === U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR && ADDRESS_ATTACH_TYPES.has(attachType)) return 'address'
  if (EVENT_TYPES.has(type)) return 'event'
  return 'context'
}

type Tone = RunResult['tone']
type Meaning = readonly [name: string, tone: Tone]

const XDP: readonly Meaning[] = [
  ['XDP_ABORTED', 'bad'],
  ['XDP_DROP', 'bad'],
  ['XDP_PASS', 'good'],
  ['XDP_TX', 'plain'],
  ['XDP_REDIRECT', 'plain'],
]

const TC: Readonly<Record<number, Meaning>> = {
  [-1]: ['TC_ACT_UNSPEC', 'plain'],
  0: ['TC_ACT_OK', 'good'],
  1: ['TC_ACT_RECLASSIFY', 'plain'],
  2: ['TC_ACT_SHOT', 'bad'],
  3: ['TC_ACT_PIPE', 'plain'],
  4: ['TC_ACT_STOLEN', 'plain'],
  5: ['TC_ACT_QUEUED', 'plain'],
  6: ['TC_ACT_REPEAT', 'plain'],
  7: ['TC_ACT_REDIRECT', 'plain'],
  8: ['TC_ACT_TRAP', 'plain'],
}

/** What a return value means to the hook. */
export function meaningOf(type: number, retval: number): { verdict: string; tone: Tone } {
  const signed = retval | 0
  const say = ([name, tone]: Meaning) => ({ verdict: `${name} (${signed})`, tone })
  switch (type) {
    case U.BPF_PROG_TYPE_XDP:
      return say(XDP[retval] ?? ['unknown action: dropped', 'bad'])
    case U.BPF_PROG_TYPE_SCHED_CLS:
    case U.BPF_PROG_TYPE_SCHED_ACT:
      return say(TC[signed] ?? ['unknown action', 'plain'])
    case U.BPF_PROG_TYPE_SOCKET_FILTER:
      return say(
        retval === 0 ? ['not passed to the socket', 'plain'] : [`${retval} bytes passed to the socket`, 'good'],
      )
    case U.BPF_PROG_TYPE_CGROUP_SKB:
      return say((retval & 1) === 1 ? ['allowed', 'good'] : ['dropped', 'bad'])
    default:
      return say(['returned', 'plain'])
  }
}

// SPDX-License-Identifier: BSD-2-Clause
// Every kernel function in a program of one call, for every program type that can be loaded without a target: both
// kernels allow the same, and refuse with the same words.
import type { Kernel } from '@skep/core'
import { type Btf, parseBtf } from '@skep/core/btf'
import { verifyRaw } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'
import { expect, test } from 'vitest'

const noLinux = whyNoLinux()
const SLEEPABLE = 16

/** Program type, expected attach type, flags. */
const TYPES: readonly (readonly [type: number, eat?: number, flags?: number])[] = [
  [U.BPF_PROG_TYPE_SOCKET_FILTER],
  [U.BPF_PROG_TYPE_KPROBE],
  [U.BPF_PROG_TYPE_KPROBE, U.BPF_TRACE_KPROBE_SESSION],
  [U.BPF_PROG_TYPE_SCHED_CLS],
  [U.BPF_PROG_TYPE_SCHED_ACT],
  [U.BPF_PROG_TYPE_TRACEPOINT],
  [U.BPF_PROG_TYPE_XDP],
  [U.BPF_PROG_TYPE_PERF_EVENT],
  [U.BPF_PROG_TYPE_CGROUP_SKB],
  [U.BPF_PROG_TYPE_CGROUP_SOCK, U.BPF_CGROUP_INET_SOCK_CREATE],
  [U.BPF_PROG_TYPE_LWT_IN],
  [U.BPF_PROG_TYPE_LWT_OUT],
  [U.BPF_PROG_TYPE_LWT_XMIT],
  [U.BPF_PROG_TYPE_SOCK_OPS, U.BPF_CGROUP_SOCK_OPS],
  [U.BPF_PROG_TYPE_SK_SKB],
  [U.BPF_PROG_TYPE_CGROUP_DEVICE, U.BPF_CGROUP_DEVICE],
  [U.BPF_PROG_TYPE_SK_MSG, U.BPF_SK_MSG_VERDICT],
  [U.BPF_PROG_TYPE_RAW_TRACEPOINT],
  [U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, U.BPF_CGROUP_INET4_BIND],
  [U.BPF_PROG_TYPE_LWT_SEG6LOCAL],
  [U.BPF_PROG_TYPE_SK_REUSEPORT, U.BPF_SK_REUSEPORT_SELECT],
  [U.BPF_PROG_TYPE_FLOW_DISSECTOR, U.BPF_FLOW_DISSECTOR],
  [U.BPF_PROG_TYPE_CGROUP_SYSCTL, U.BPF_CGROUP_SYSCTL],
  [U.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE],
  [U.BPF_PROG_TYPE_CGROUP_SOCKOPT, U.BPF_CGROUP_GETSOCKOPT],
  [U.BPF_PROG_TYPE_SK_LOOKUP, U.BPF_SK_LOOKUP],
  [U.BPF_PROG_TYPE_SYSCALL, 0, SLEEPABLE],
  [U.BPF_PROG_TYPE_NETFILTER, U.BPF_NETFILTER],
]

/** `call kfunc; r0 = 0; exit` */
function oneCall(id: number): Uint8Array {
  const insns = new Uint8Array(24)
  insns.set([0x85, 0x20])
  new DataView(insns.buffer).setInt32(4, id, true)
  insns[8] = 0xb7
  insns[16] = 0x95
  return insns
}

/** Functions that are tagged as callable, by name. */
function kfuncs(types: Btf): Map<string, number> {
  const found = new Map<string, number>()
  for (const id of types.ids()) {
    if (types.kindOf(id) !== 'DECL_TAG' || types.nameOf(id) !== 'bpf_kfunc') continue
    const tag = types.type(id)
    if (tag.kind === 'DECL_TAG') found.set(types.nameOf(tag.type), tag.type)
  }
  return found
}

/** `accepted`, or the errno and the last message. */
function answer(kernel: Kernel, id: number, [type, expectedAttachType = 0, flags = 0]: (typeof TYPES)[number]): string {
  const { errno, log } = verifyRaw(kernel, { type, insns: oneCall(id), expectedAttachType, flags }, { level: 1 })
  if (!errno) return 'accepted'
  const lines = log.split('\n').filter((line) => line && !/^(processed|verification time|stack depth)/.test(line))
  return `${errno} ${lines.at(-1)}`
}

test.skipIf(noLinux)(
  `both kernels say the same of a call of each kernel function${noLinux ? ` (skipped: ${noLinux})` : ''}`,
  async () => {
    using linux = await createLinuxKernel()
    const kernelBtf = linux.kernelBtf ?? new Uint8Array()
    using virtual = await createVirtualKernel({ kernelBtf })
    const different: string[] = []
    for (const [name, id] of kfuncs(parseBtf(kernelBtf))) {
      for (const type of TYPES) {
        const theirs = answer(linux, id, type)
        const ours = answer(virtual, id, type)
        // What is not there at run time is not accepted: a reason, not a wrong answer.
        if (theirs !== ours && !ours.includes('skep: unsupported: calls of'))
          different.push(`${name} type ${type[0]}: linux ${theirs}, virtual ${ours}`)
      }
    }
    expect(different).toEqual([])
  },
  60_000,
)

// SPDX-License-Identifier: GPL-2.0-only
// Where the world enters programs: all hooks run them through here.

import {
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_XDP,
} from '../gen/uapi-enums.gen'
import { currentRun, Run } from '../interp/run-state'
import { runProg } from '../interp/run'
import { rcuFlush } from '../mem/rcu'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { monotonicNs } from '../wasi/clock'
import { viewSkb, viewSock, viewXdp } from './kernel-view'
import { Skb } from './skb'
import { Sock } from './sock'
import { callArg, callEnter, callLeave, callOfProg } from './trampoline'
import { XdpBuff } from './xdp-buff'

/** Offsets of data and data_end in struct __sk_buff (76, 80) and struct xdp_md (0, 4), as Run.packetFields wants them. */
export const PACKET_SKB: u32 = 76 | (80 << 8) | (1 << 16)
export const PACKET_XDP: u32 = 0 | (4 << 8) | (1 << 16)
/** Likewise optval and optval_end of struct bpf_sockopt, data and data_end of sk_msg_md and sk_reuseport_md, skb_data of bpf_sock_ops. */
export const PACKET_SOCKOPT: u32 = 8 | (16 << 8) | (1 << 16)
export const PACKET_MSG: u32 = 0 | (8 << 8) | (1 << 16)
export const PACKET_SOCK_OPS: u32 = 192 | (200 << 8) | (1 << 16)
export const PACKET_NONE: u32 = 0

/** Cookie of the link through which the program that runs is attached. */
const COOKIE: usize = memory.data(8, 8)

export function hookCookie(): u64 {
  return load<u64>(COOKIE)
}

/** Runs a program on a context; its 64-bit result. */
export function runCtx(prog: Prog, ctx: usize, size: u32, packetFields: u32, cookie: u64): u64 {
  if (!prog.traced) return runPlain(prog, ctx, size, packetFields, cookie)
  const call = callOfProg(prog)
  if (!changetype<usize>(call)) return runPlain(prog, ctx, size, packetFields, cookie)
  callArg(call, progArgument(prog, ctx))
  const skip = callEnter(call)
  return <u64>callLeave(call, skip ? 0 : <i64>runPlain(prog, ctx, size, packetFields, cookie))
}

/** What the kernel gives a program as its argument: the structure behind the context that the program sees. */
function progArgument(prog: Prog, ctx: usize): u64 {
  let at: usize = 0
  switch (prog.type) {
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_CGROUP_SKB:
    case BPF_PROG_TYPE_LWT_IN:
    case BPF_PROG_TYPE_LWT_OUT:
    case BPF_PROG_TYPE_LWT_XMIT:
    case BPF_PROG_TYPE_LWT_SEG6LOCAL:
    case BPF_PROG_TYPE_SK_SKB:
      at = viewSkb(changetype<Skb>(ctx))
      break
    case BPF_PROG_TYPE_XDP:
      at = viewXdp(changetype<XdpBuff>(ctx))
      break
    case BPF_PROG_TYPE_CGROUP_SOCK:
      at = viewSock(changetype<Sock>(ctx))
      break
  }
  return <u64>(at ? at : ctx)
}

function runPlain(prog: Prog, ctx: usize, size: u32, packetFields: u32, cookie: u64): u64 {
  const run = currentRun()
  const ctxSize = run.ctxSize
  const fields = run.packetFields
  const mac = run.macHeader
  const net = run.netHeader
  const head = run.packetHead
  const outer = load<u64>(COOKIE)
  store<u64>(COOKIE, cookie)
  run.ctxSize = size
  run.packetFields = packetFields
  const k = kernel()
  k.active++
  let ret: u64
  if (k.statsEnabled) {
    const from = monotonicNs()
    ret = runProg(prog, ctx, run)
    prog.runTimeNs += monotonicNs() - from
    prog.runCnt++
  } else ret = runProg(prog, ctx, run)
  if (!--k.active) rcuFlush()
  run.ctxSize = ctxSize
  run.packetFields = fields
  run.macHeader = mac
  run.netHeader = net
  run.packetHead = head
  store<u64>(COOKIE, outer)
  return ret
}

/** Runs a program on a packet. */
export function runSkb(prog: Prog, skb: Skb): u32 {
  setPacket(currentRun(), skb)
  return <u32>runCtx(prog, changetype<usize>(skb), 192, PACKET_SKB, 0)
}

function setPacket(run: Run, skb: Skb): void {
  run.macHeader = skb.head + <usize>skb.mac
  run.netHeader = skb.head + <usize>skb.net
  run.packetHead = skb.head
}

/** The same with the control block cleared before and as it was after (bpf_prog_run_save_cb). */
export function runSkbSaveCb(prog: Prog, skb: Skb): u32 {
  const cb = changetype<usize>(skb) + 48
  const c0 = load<u64>(cb)
  const c1 = load<u64>(cb, 8)
  const c2 = load<u32>(cb, 16)
  store<u64>(cb, 0)
  store<u64>(cb, 0, 8)
  store<u32>(cb, 0, 16)
  const ret = runSkb(prog, skb)
  store<u64>(cb, c0)
  store<u64>(cb, c1, 8)
  store<u32>(cb, c2, 16)
  return ret
}

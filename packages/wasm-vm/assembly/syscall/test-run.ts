// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_TEST_RUN. Kernel counterpart: bpf_prog_test_run of kernel/bpf/syscall.c and what net/bpf/test_run.c shares.

import { E2BIG, EFAULT, EINVAL, ENOMEM, ENOSPC, ENOTSUPP } from '../gen/errno.gen'
import {
  ATTR_TEST__batch_size,
  ATTR_TEST__cpu,
  ATTR_TEST__ctx_in,
  ATTR_TEST__ctx_out,
  ATTR_TEST__ctx_size_in,
  ATTR_TEST__ctx_size_out,
  ATTR_TEST__data_in,
  ATTR_TEST__data_out,
  ATTR_TEST__data_size_in,
  ATTR_TEST__data_size_out,
  ATTR_TEST__duration,
  ATTR_TEST__flags,
  ATTR_TEST__prog_fd,
  ATTR_TEST__repeat,
  ATTR_TEST__retval,
} from '../gen/uapi-layouts.gen'
import {
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_SYSCALL,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_XDP,
} from '../gen/uapi-enums.gen'
import { TRAP_NONE, currentRun } from '../interp/run-state'
import { kzalloc } from '../mem/alloc'
import { copyFromUser, copyToUser, putUser32, userOk } from '../mem/user'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { monotonicNs } from '../wasi/clock'
import { FD_PROG, fdGet, isErr } from './fd'
import { testRunFlowDissector } from './test-run-flow'
import { testRunFunctions } from './test-run-functions'
import { testRunLookup } from './test-run-lookup'
import { testRunNetfilter } from './test-run-netfilter'
import { testRunSkb } from './test-run-skb'
import { testRunRawTracepoint, testRunSyscall } from './test-run-tracing'
import { testRunStructOps } from './test-run-struct-ops'
import { testRunXdp } from './test-run-xdp'

/** A page, which bounds what a packet may take with its surroundings. */
export const PAGE_SIZE: u32 = 4096
/** SKB_DATA_ALIGN(sizeof(struct skb_shared_info)): the end of a page that Linux keeps. */
export const SHARED_INFO: u32 = 320

/** The attributes, as the caller gave them, and where they came from. */
@unmanaged export class TestRun {
  attr: usize
  uattr: u64
  /** Return value and average duration in nanoseconds. */
  retval: u32
  duration: u32
}

@inline export function field(t: TestRun, offset: i32): u32 {
  return load<u32>(t.attr + <usize>offset)
}

@inline export function field64(t: TestRun, offset: i32): u64 {
  return load<u64>(t.attr + <usize>offset)
}

const RUNS: usize = memory.data(8 * 32, 8)
const DEPTH: usize = memory.data(4, 4)

/** `attr`: the kernel's copy; `uattr`: the caller's, into which results are written. */
export function progTestRun(attr: usize, uattr: u64): i32 {
  const ctxIn = load<u64>(attr + ATTR_TEST__ctx_in)
  const ctxOut = load<u64>(attr + ATTR_TEST__ctx_out)
  if ((load<u32>(attr + ATTR_TEST__ctx_size_in) != 0) != (ctxIn != 0)) return -EINVAL
  if ((load<u32>(attr + ATTR_TEST__ctx_size_out) != 0) != (ctxOut != 0)) return -EINVAL
  const p = fdGet(load<i32>(attr + ATTR_TEST__prog_fd), FD_PROG)
  if (isErr(p)) return <i32>p
  // Programs may run programs: each run has attributes of its own.
  const depth = load<u32>(DEPTH)
  if (depth >= 8) return -ENOMEM
  const t = changetype<TestRun>(RUNS + <usize>depth * 32)
  t.attr = attr
  t.uattr = uattr
  t.retval = 0
  t.duration = 0
  store<u32>(DEPTH, depth + 1)
  const prog = changetype<Prog>(p)
  progGet(prog)
  const ret = dispatch(prog, t)
  progPut(prog)
  store<u32>(DEPTH, depth)
  return ret
}

function dispatch(prog: Prog, t: TestRun): i32 {
  switch (prog.type) {
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_CGROUP_SKB:
    case BPF_PROG_TYPE_LWT_IN:
    case BPF_PROG_TYPE_LWT_OUT:
    case BPF_PROG_TYPE_LWT_XMIT:
      return testRunSkb(prog, t)
    case BPF_PROG_TYPE_XDP:
      return testRunXdp(prog, t)
    case BPF_PROG_TYPE_FLOW_DISSECTOR:
      return testRunFlowDissector(prog, t)
    case BPF_PROG_TYPE_SK_LOOKUP:
      return testRunLookup(prog, t)
    case BPF_PROG_TYPE_NETFILTER:
      return testRunNetfilter(prog, t)
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
      return testRunRawTracepoint(prog, t)
    case BPF_PROG_TYPE_TRACING:
      return testRunFunctions(prog, t)
    case BPF_PROG_TYPE_STRUCT_OPS:
      return testRunStructOps(prog, t)
    case BPF_PROG_TYPE_SYSCALL:
      return testRunSyscall(prog, t)
    default:
      return -ENOTSUPP
  }
}

/** Whether flags, cpu or batch size are given to a type that takes none of them. */
export function hasExtras(t: TestRun): bool {
  return (field(t, ATTR_TEST__flags) | field(t, ATTR_TEST__cpu) | field(t, ATTR_TEST__batch_size)) != 0
}

/** How often the program is to run. */
export function repeats(t: TestRun): u32 {
  const n = field(t, ATTR_TEST__repeat)
  return n ? n : 1
}

/** Begins to take the time. */
export function startClock(): u64 {
  return monotonicNs()
}

/** Notes the average of `n` runs since `from`; -EFAULT if the checked engine stopped the last one. */
export function stopClock(t: TestRun, from: u64, n: u32): i32 {
  const average = (monotonicNs() - from) / <u64>n
  t.duration = average > 0xffffffff ? 0xffffffff : <u32>average
  return currentRun().trap == TRAP_NONE ? 0 : -EFAULT
}

/** Forgets the trap of an earlier run: only the checked engine does so by itself. */
export function clearTrap(): void {
  currentRun().trap = TRAP_NONE
}

/**
 * The caller's context in `size` zeroed bytes (ctx_in may be shorter, or longer with zeros). 0: none was given and none
 * is wanted; an errno as isErr says.
 */
export function contextIn(t: TestRun, size: u32): usize {
  const from = field64(t, ATTR_TEST__ctx_in)
  if (!from && !field64(t, ATTR_TEST__ctx_out)) return 0
  const ctx = kzalloc(<usize>size)
  if (!ctx) return -ENOMEM
  if (!from) return ctx
  const given = field(t, ATTR_TEST__ctx_size_in)
  if (given > PAGE_SIZE) return fail(ctx, -E2BIG)
  if (!userOk(from, <u64>given)) return fail(ctx, -EFAULT)
  for (let i = size; i < given; i++) {
    if (load<u8>(<usize>from + <usize>i)) return fail(ctx, -E2BIG)
  }
  return copyFromUser(ctx, from, <usize>min(given, size)) ? ctx : fail(ctx, -EFAULT)
}

import { kfree } from '../mem/alloc'

function fail(ctx: usize, errno: i32): usize {
  kfree(ctx)
  return errno
}

/** Writes the context back. Kernel counterpart: bpf_ctx_finish. */
export function contextOut(t: TestRun, ctx: usize, size: u32): i32 {
  const to = field64(t, ATTR_TEST__ctx_out)
  if (!ctx || !to) return 0
  const room = field(t, ATTR_TEST__ctx_size_out)
  // a fault does not hide that there was too little room
  const fault = size > room ? -ENOSPC : -EFAULT
  if (!copyToUser(to, ctx, <usize>min(room, size))) return fault
  if (!putUser32(t.uattr + ATTR_TEST__ctx_size_out, size)) return fault
  return size > room ? -ENOSPC : 0
}

/**
 * Writes data, its size, return value and duration. Kernel counterpart: bpf_test_finish. A size of 0 in data_size_out
 * means that the caller promises enough room.
 */
export function finish(t: TestRun, data: usize, size: u32, frags: usize, fragsLen: u32): i32 {
  const to = field64(t, ATTR_TEST__data_out)
  const room = field(t, ATTR_TEST__data_size_out)
  let copy = size
  let err: i32 = 0
  if (room && size > room) {
    copy = room
    err = -ENOSPC
  }
  if (to) {
    if (fragsLen && copy < fragsLen) return writeResult(t, -ENOSPC, size)
    const linear = copy - fragsLen
    const fault = err ? err : -EFAULT
    if (!copyToUser(to, data, <usize>linear)) return fault
    if (fragsLen && !copyToUser(to + <u64>linear, frags, <usize>fragsLen)) return fault
  }
  return writeResult(t, err, size)
}

function writeResult(t: TestRun, err: i32, size: u32): i32 {
  const u = t.uattr
  if (!putUser32(u + ATTR_TEST__data_size_out, size)) return -EFAULT
  if (!putUser32(u + ATTR_TEST__retval, t.retval)) return -EFAULT
  return putUser32(u + ATTR_TEST__duration, t.duration) ? err : -EFAULT
}

/** data_in in a block with `headroom` before it and `tailroom` behind `size` bytes; or an errno. */
export function dataIn(t: TestRun, given: u32, size: u32, headroom: u32, tailroom: u32): usize {
  if (given > PAGE_SIZE - headroom - tailroom) return -EINVAL
  const block = kzalloc(<usize>(size + headroom + tailroom))
  if (!block) return -ENOMEM
  return copyFromUser(block + <usize>headroom, field64(t, ATTR_TEST__data_in), <usize>given)
    ? block
    : fail(block, -EFAULT)
}

export function givenSize(t: TestRun): u32 {
  return field(t, ATTR_TEST__data_size_in)
}

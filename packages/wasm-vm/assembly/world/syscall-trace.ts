// SPDX-License-Identifier: GPL-2.0-only
// System calls as tracepoints and tracing programs see them: sys_enter, the function __x64_sys_NAME with the registers as
// its argument, sys_exit. A program that changes the function's result takes the place of the call.

import { fireRaw, fireRecord, Tracepoint, tracepointNamed } from './tracepoint'
import { Call, callArg, callEnter, callLeave, callPrefixed, traced } from './trampoline'
import { current, world } from './world'

// Numbers of x86-64
export const NR_READ: u32 = 0
export const NR_WRITE: u32 = 1
export const NR_IOCTL: u32 = 16
export const NR_SOCKET: u32 = 41
export const NR_CONNECT: u32 = 42
export const NR_SENDTO: u32 = 44
export const NR_RECVFROM: u32 = 45
export const NR_SHUTDOWN: u32 = 48
export const NR_BIND: u32 = 49
export const NR_LISTEN: u32 = 50
export const NR_SOCKETPAIR: u32 = 53
export const NR_SETSOCKOPT: u32 = 54
export const NR_GETSOCKOPT: u32 = 55
export const NR_MKDIR: u32 = 83
export const NR_RMDIR: u32 = 84
export const NR_UNLINK: u32 = 87
export const NR_OPENAT: u32 = 257
export const NR_ACCEPT4: u32 = 288
export const NR_PERF_EVENT_OPEN: u32 = 298
export const NR_BPF: u32 = 321

function nameOf(nr: u32): string {
  switch (nr) {
    case NR_READ:
      return 'read'
    case NR_WRITE:
      return 'write'
    case NR_IOCTL:
      return 'ioctl'
    case NR_SOCKET:
      return 'socket'
    case NR_CONNECT:
      return 'connect'
    case NR_SENDTO:
      return 'sendto'
    case NR_RECVFROM:
      return 'recvfrom'
    case NR_SHUTDOWN:
      return 'shutdown'
    case NR_BIND:
      return 'bind'
    case NR_LISTEN:
      return 'listen'
    case NR_SOCKETPAIR:
      return 'socketpair'
    case NR_SETSOCKOPT:
      return 'setsockopt'
    case NR_GETSOCKOPT:
      return 'getsockopt'
    case NR_MKDIR:
      return 'mkdir'
    case NR_RMDIR:
      return 'rmdir'
    case NR_UNLINK:
      return 'unlink'
    case NR_OPENAT:
      return 'openat'
    case NR_ACCEPT4:
      return 'accept4'
    case NR_PERF_EVENT_OPEN:
      return 'perf_event_open'
    default:
      return 'bpf'
  }
}

/** Calls that are under way: { number u32, Call u32 }. */
const LEVELS: u32 = 16
const STACK: usize = memory.data(8 * 16, 8)
const DEPTH: usize = memory.data(4, 4)

const ARGS: usize = memory.data(16, 8)
/** struct pt_regs of the call, and struct trace_event_raw_sys_enter { 8 bytes, id, args[6] }. */
const REGS: usize = memory.data(168, 8)
const RECORD: usize = memory.data(64, 8)

// Offsets in struct pt_regs of x86-64
const RAX: usize = 80
const RDX: usize = 96
const RSI: usize = 104
const RDI: usize = 112
const ORIG_RAX: usize = 120

/** A system call begins. True: it is not to be made, traceReturn gives its result. */
export function traceSyscall(nr: u32, a0: i64, a1: i64, a2: i64): bool {
  const w = world()
  if (!w.tracepoints && !w.tracing) {
    store<u32>(DEPTH, 0)
    return false
  }
  const depth = load<u32>(DEPTH)
  if (depth >= LEVELS) return false
  const slot = STACK + ((<usize>depth) << 3)
  store<u32>(slot, nr)
  store<usize>(slot, 0, 4)
  store<u32>(DEPTH, depth + 1)
  if (w.tracepoints) enter(nr, a0, a1, a2)
  if (!traced()) return false
  const call = callPrefixed('__x64_sys_', nameOf(nr))
  if (!changetype<usize>(call)) return false
  putRegs(nr, a0, a1, a2)
  callArg(call, <u64>REGS)
  store<usize>(slot, changetype<usize>(call), 4)
  return callEnter(call)
}

/** The system call that began last ends with this result: what its caller gets. */
export function traceReturn(ret: i32): i32 {
  const depth = load<u32>(DEPTH)
  if (!depth) return ret
  store<u32>(DEPTH, depth - 1)
  const slot = STACK + ((<usize>(depth - 1)) << 3)
  const call = changetype<Call>(load<usize>(slot, 4))
  const result = changetype<usize>(call) ? <i32>callLeave(call, ret) : ret
  if (world().tracepoints) exit(load<u32>(slot), result)
  return result
}

function putRegs(nr: u32, a0: i64, a1: i64, a2: i64): void {
  store<i64>(REGS, a0, RDI)
  store<i64>(REGS, a1, RSI)
  store<i64>(REGS, a2, RDX)
  store<i64>(REGS, nr, ORIG_RAX)
}

function enter(nr: u32, a0: i64, a1: i64, a2: i64): void {
  const t = tracepointNamed('sys_enter')
  if (!changetype<usize>(t)) return
  if (changetype<usize>(t.raw)) {
    putRegs(nr, a0, a1, a2)
    store<u64>(ARGS, <u64>REGS)
    store<u64>(ARGS, <u64>nr, 8)
    fireRaw(t, ARGS)
  }
  if (!world().perfEvents) return
  begin(t, nr)
  store<i64>(RECORD, a0, 16)
  store<i64>(RECORD, a1, 24)
  store<i64>(RECORD, a2, 32)
  fireRecord(t, RECORD, 64)
}

function exit(nr: u32, ret: i32): void {
  const t = tracepointNamed('sys_exit')
  if (!changetype<usize>(t)) return
  if (changetype<usize>(t.raw)) {
    store<i64>(REGS, ret, RAX)
    store<i64>(REGS, nr, ORIG_RAX)
    store<u64>(ARGS, <u64>REGS)
    store<i64>(ARGS, ret, 8)
    fireRaw(t, ARGS)
  }
  if (!world().perfEvents) return
  begin(t, nr)
  store<i64>(RECORD, ret, 16)
  fireRecord(t, RECORD, 24)
}

function begin(t: Tracepoint, nr: u32): void {
  memory.fill(RECORD, 0, 64)
  store<u16>(RECORD, <u16>t.id)
  store<u32>(RECORD, current().pid, 4)
  store<i64>(RECORD, nr, 8)
}

// SPDX-License-Identifier: GPL-2.0-only
// Tracepoints of system calls: sys_enter fires for each call that has an entry of its own here.

import { fireRaw, fireRecord, Tracepoint, tracepointNamed } from './tracepoint'
import { current, world } from './world'

const ARGS: usize = memory.data(16, 8)
/** struct pt_regs of the call, and struct trace_event_raw_sys_enter { 8 bytes, id, args[6] }. */
const REGS: usize = memory.data(168, 8)
const RECORD: usize = memory.data(64, 8)

// Offsets in struct pt_regs of x86-64
const RDX: usize = 96
const RSI: usize = 104
const RDI: usize = 112
const ORIG_RAX: usize = 120

/** A system call begins. */
export function traceSyscall(nr: u32, a0: i64, a1: i64, a2: i64): void {
  if (!world().tracepoints) return
  const t = tracepointNamed('sys_enter')
  if (!changetype<usize>(t)) return
  raw(t, nr, a0, a1, a2)
  record(t, nr, a0, a1, a2)
}

function raw(t: Tracepoint, nr: u32, a0: i64, a1: i64, a2: i64): void {
  if (!changetype<usize>(t.raw)) return
  store<i64>(REGS, a0, RDI)
  store<i64>(REGS, a1, RSI)
  store<i64>(REGS, a2, RDX)
  store<i64>(REGS, nr, ORIG_RAX)
  store<u64>(ARGS, <u64>REGS)
  store<u64>(ARGS, <u64>nr, 8)
  fireRaw(t, ARGS)
}

function record(t: Tracepoint, nr: u32, a0: i64, a1: i64, a2: i64): void {
  if (!world().perfEvents) return
  memory.fill(RECORD, 0, 64)
  store<u16>(RECORD, <u16>t.id)
  store<u32>(RECORD, current().pid, 4)
  store<i64>(RECORD, nr, 8)
  store<i64>(RECORD, a0, 16)
  store<i64>(RECORD, a1, 24)
  store<i64>(RECORD, a2, 32)
  fireRecord(t, RECORD, 64)
}

// SPDX-License-Identifier: GPL-2.0-only
// Tracepoints of the simulated kernel: those that exist from the start, those that the host defines, and how they fire.

import { EEXIST, ENOMEM } from '../gen/errno.gen'
import { kmalloc, kzalloc } from '../mem/alloc'
import { cstrEquals, cstrlen, cstrPut } from '../mem/bytes'
import { kernel } from '../mem/root'
import { runCtx } from './hook'
import { PerfEvent, TYPE_TRACEPOINT } from './perf-event'
import { RunArray, runItem } from './run-array'
import { world } from './world'

@unmanaged export class Tracepoint {
  next: Tracepoint
  id: u32
  /** How many u64 arguments raw programs get; bytes of the record that tracepoint programs get. */
  argCount: u32
  recordSize: u32
  writable: bool
  writableSize: u32
  category: usize
  name: usize
  /** Text of its format file, or 0. */
  format: usize
  /** Raw programs, with the links that hold them. */
  raw: RunArray
}

const FIRST_ID: u32 = 100

/** A tracepoint that the kernel has: category, name, arguments, size of the record. */
function builtin(category: string, name: string, args: u32, record: u32): void {
  const t = newTracepoint(args, record)
  if (!changetype<usize>(t)) return
  t.category = kmalloc(<usize>category.length + 1)
  cstrPut(t.category, category)
  t.name = kmalloc(<usize>name.length + 1)
  cstrPut(t.name, name)
}

function newTracepoint(args: u32, record: u32): Tracepoint {
  const w = world()
  const t = changetype<Tracepoint>(kzalloc(offsetof<Tracepoint>()))
  if (!changetype<usize>(t)) return t
  let last = changetype<Tracepoint>(w.tracepoints)
  let id = FIRST_ID
  if (!changetype<usize>(last)) w.tracepoints = changetype<usize>(t)
  else {
    while (changetype<usize>(last.next)) last = last.next
    id = last.id + 1
    last.next = t
  }
  t.id = id
  t.argCount = args
  t.recordSize = record
  return t
}

function list(): Tracepoint {
  const w = world()
  if (!w.tracepoints) {
    builtin('raw_syscalls', 'sys_enter', 2, 64)
    builtin('raw_syscalls', 'sys_exit', 2, 24)
    builtin('sched', 'sched_switch', 4, 64)
    builtin('sched', 'sched_wakeup', 1, 36)
    builtin('sched', 'sched_process_fork', 2, 48)
    builtin('sched', 'sched_process_exec', 3, 20)
    builtin('sched', 'sched_process_exit', 1, 32)
    builtin('net', 'netif_receive_skb', 1, 32)
    builtin('net', 'netif_rx', 1, 32)
    builtin('net', 'net_dev_queue', 1, 32)
    builtin('net', 'net_dev_xmit', 4, 32)
    builtin('skb', 'kfree_skb', 4, 40)
    builtin('skb', 'consume_skb', 2, 24)
    builtin('sock', 'inet_sock_set_state', 3, 56)
    builtin('tcp', 'tcp_probe', 2, 96)
    builtin('tcp', 'tcp_destroy_sock', 1, 56)
    builtin('xdp', 'xdp_exception', 3, 24)
    builtin('xdp', 'xdp_redirect', 6, 40)
    builtin('xdp', 'xdp_redirect_err', 6, 40)
    builtin('task', 'task_newtask', 2, 40)
    builtin('task', 'task_rename', 2, 48)
    builtin('irq', 'softirq_entry', 1, 12)
    builtin('timer', 'timer_start', 2, 40)
    builtin('bpf_trace', 'bpf_trace_printk', 1, 16)
    builtin('bpf_test_run', 'bpf_test_finish', 1, 12)
    builtin('cgroup', 'cgroup_mkdir', 2, 32)
    builtin('syscalls', 'sys_enter_bpf', 2, 40)
    builtin('syscalls', 'sys_exit_bpf', 2, 24)
    builtin('syscalls', 'sys_enter_write', 2, 40)
    builtin('syscalls', 'sys_exit_write', 2, 24)
    builtin('syscalls', 'sys_enter_read', 2, 40)
    builtin('syscalls', 'sys_enter_openat', 2, 48)
    builtin('syscalls', 'sys_exit_openat', 2, 24)
    builtin('syscalls', 'sys_enter_socket', 2, 40)
    builtin('syscalls', 'sys_enter_bind', 2, 40)
    builtin('syscalls', 'sys_enter_connect', 2, 40)
    builtin('syscalls', 'sys_enter_getpid', 2, 16)
    builtin('syscalls', 'sys_enter_execve', 2, 40)
    builtin('syscalls', 'sys_enter_nanosleep', 2, 32)
    builtin('syscalls', 'sys_exit_nanosleep', 2, 24)
  }
  return changetype<Tracepoint>(w.tracepoints)
}

export function tracepointById(id: u32): Tracepoint {
  let t = list()
  while (changetype<usize>(t) && t.id != id) t = t.next
  return t
}

/** By category and name, or by name alone (`category` 0): raw tracepoints have no category. */
export function tracepointFind(category: usize, name: usize): Tracepoint {
  let t = list()
  while (changetype<usize>(t)) {
    if (cstrEquals(t.name, name) && (!category || cstrEquals(t.category, category))) return t
    t = t.next
  }
  return t
}

/** A tracepoint of the host's: its id, or an errno. `format` may be 0. */
export function tracepointDefine(
  category: usize,
  name: usize,
  format: usize,
  args: u32,
  record: u32,
  writable: u32,
): i32 {
  if (changetype<usize>(tracepointFind(category, name))) return -EEXIST
  const t = newTracepoint(args, record)
  if (!changetype<usize>(t)) return -ENOMEM
  t.category = copyText(category)
  t.name = copyText(name)
  t.format = format ? copyText(format) : 0
  t.writable = writable != 0
  t.writableSize = writable
  return <i32>t.id
}

function copyText(p: usize): usize {
  const n = cstrlen(p) + 1
  const c = kmalloc(n)
  if (c) memory.copy(c, p, n)
  return c
}

/** Raw programs with the arguments at `args` (u64 each). */
export function fireRaw(t: Tracepoint, args: usize): void {
  if (!changetype<usize>(t.raw)) return
  for (let i: u32 = 0; i < t.raw.count; i++) {
    const item = runItem(t.raw, i)
    if (item.prog.active) {
      item.prog.recursionMisses++
      continue
    }
    item.prog.active++
    runCtx(item.prog, args, t.argCount * 8, 0, item.cookie)
    item.prog.active--
  }
}

/** Programs of perf events of a tracepoint, with its record; whether the event is kept. */
export function fireRecord(t: Tracepoint, record: usize, size: u32): bool {
  let keep = true
  for (let p = world().perfEvents; p;) {
    const e = changetype<PerfEvent>(p)
    p = changetype<usize>(e.next)
    if (e.type != TYPE_TRACEPOINT || <u32>e.config != t.id) continue
    if (e.enabled && (e.cpu < 0 || <u32>e.cpu == kernel().currentCpu)) e.count++
    // programs belong to the tracepoint: they run whatever CPU their event is for, and enabled or not
    if (!changetype<usize>(e.prog)) continue
    if (e.prog.active) {
      e.prog.recursionMisses++
      continue
    }
    e.prog.active++
    if (!(<u32>runCtx(e.prog, record, size, 0, e.cookie))) keep = false
    e.prog.active--
  }
  return keep
}

const NAME: usize = memory.data(64, 8)

/** Whether anybody waits for a tracepoint of the simulated kernel itself. */
export function tracepointNamed(name: string): Tracepoint {
  if (!world().tracepoints) return changetype<Tracepoint>(0)
  cstrPut(NAME, name)
  return tracepointFind(0, NAME)
}

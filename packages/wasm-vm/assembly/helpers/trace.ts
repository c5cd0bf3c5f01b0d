// SPDX-License-Identifier: GPL-2.0-only
// trace_printk, trace_vprintk and the trace pipe that they write to. Kernel counterpart: kernel/trace/bpf_trace.c.
//
// The pipe is a ring of text at kernel().tracePipe; when it is full the oldest text goes.
//
//   | read position u64 | write position u64 | lost bytes u64 | text … |

import { EINVAL } from '../gen/errno.gen'
import { kmalloc } from '../mem/alloc'
import { formatTo, putByte, Sink } from '../mem/format'
import { kernel } from '../mem/root'
import { bootNs } from '../wasi/clock'
import { taskComm } from '../world/task'
import { current } from '../world/world'
import { bprintf, bprintfPrepare, MAX_VARARGS, PRINT_BUF, PRINT_BUF_SIZE } from './bprintf'
import { asResult, errno } from './given'

const HEADER: usize = 24
const CAPACITY: usize = 1 << 20
const LINE: usize = memory.data(128, 8)
const SINK: usize = memory.data(offsetof<Sink>(), 8)
const ARGS: usize = memory.data(8 * 8, 8)

function pipe(): usize {
  const k = kernel()
  if (!k.tracePipe) {
    k.tracePipe = kmalloc(HEADER + CAPACITY)
    if (k.tracePipe) memory.fill(k.tracePipe, 0, HEADER)
  }
  return k.tracePipe
}

function pipePut(p: usize, text: usize, len: usize): void {
  let write = load<u64>(p, 8)
  for (let i: usize = 0; i < len; i++)
    store<u8>(p + HEADER + <usize>((write + <u64>i) & (<u64>(CAPACITY - 1))), load<u8>(text + i))
  write += <u64>len
  store<u64>(p, write, 8)
  const read = load<u64>(p)
  if (write - read > <u64>CAPACITY) {
    store<u64>(p, load<u64>(p, 16) + (write - read - <u64>CAPACITY), 16)
    store<u64>(p, write - <u64>CAPACITY)
  }
}

/** Takes up to `size` bytes out of the trace pipe; how many there were. */
export function tracePipeRead(buf: usize, size: usize): usize {
  const p = kernel().tracePipe
  if (!p) return 0
  const read = load<u64>(p)
  const n = <usize>min<u64>(<u64>size, load<u64>(p, 8) - read)
  for (let i: usize = 0; i < n; i++)
    store<u8>(buf + i, load<u8>(p + HEADER + <usize>((read + <u64>i) & (<u64>(CAPACITY - 1)))))
  store<u64>(p, read + <u64>n)
  return n
}

/** Bytes that wait in the trace pipe. */
export function tracePipeSize(): usize {
  const p = kernel().tracePipe
  return p ? <usize>(load<u64>(p, 8) - load<u64>(p)) : 0
}

/** A line of the pipe: task, CPU, latency flags, time, event and text. */
function traceLine(text: usize, len: usize): void {
  const p = pipe()
  if (!p) return
  const s = changetype<Sink>(SINK)
  s.buf = LINE
  s.cap = 128
  s.len = 0
  const task = current()
  const us = bootNs() / 1000
  store<u64>(ARGS, <u64>taskComm(task))
  store<u64>(ARGS, <u64>task.pid, 8)
  store<u64>(ARGS, <u64>kernel().currentCpu, 16)
  store<u64>(ARGS, us / 1000000, 24)
  store<u64>(ARGS, us % 1000000, 32)
  formatTo(s, changetype<usize>('%16S-%-7d [%03d] ...11 %5llu.%06llu: bpf_trace_printk: '), ARGS)
  pipePut(p, LINE, min(s.len, s.cap))
  s.buf = LINE
  s.len = 0
  putByte(s, 10)
  pipePut(p, text, len)
  pipePut(p, LINE, 1)
}

function print(fmt: usize): u64 {
  const n = bprintf(PRINT_BUF, PRINT_BUF_SIZE, fmt)
  traceLine(PRINT_BUF, min(<usize>n, PRINT_BUF_SIZE - 1))
  return asResult(n)
}

export function tracePrintk(fmt: u64, size: u64, a: u64, b: u64, c: u64): u64 {
  store<u64>(ARGS, a)
  store<u64>(ARGS, b, 8)
  store<u64>(ARGS, c, 16)
  const err = bprintfPrepare(<usize>fmt, <u32>size, ARGS, 3)
  return err < 0 ? asResult(err) : print(<usize>fmt)
}

export function traceVprintk(fmt: u64, size: u64, args: u64, len: u64, r5: u64): u64 {
  len = <u64>(<u32>len)
  if (len & 7 || len > MAX_VARARGS * 8 || (len && !args)) return errno(EINVAL)
  const err = bprintfPrepare(<usize>fmt, <u32>size, <usize>args, (<u32>len) >> 3)
  return err < 0 ? asResult(err) : print(<usize>fmt)
}

/** bpf_snprintf: bytes of the whole text with its zero. */
export function snprintf(str: u64, strSize: u64, fmt: u64, args: u64, len: u64): u64 {
  len = <u64>(<u32>len)
  if (len & 7 || len > MAX_VARARGS * 8 || (len && !args)) return errno(EINVAL)
  const err = bprintfPrepare(<usize>fmt, <usize>-1, <usize>args, (<u32>len) >> 3)
  return err < 0 ? asResult(err) : asResult(bprintf(<usize>str, <u32>strSize, <usize>fmt) + 1)
}

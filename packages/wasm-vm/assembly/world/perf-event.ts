// SPDX-License-Identifier: GPL-2.0-only
// Perf events: counters, ring buffers, and probes that programs are attached to. Kernel counterpart: kernel/events/core.c.
//
// A ring as the caller maps it: a page of struct perf_event_mmap_page, then a power of two of pages with records.

import { E2BIG, EACCES, EFAULT, EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC } from '../gen/errno.gen'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { kernel } from '../mem/root'
import { copyFromUser, putUser32, stringFromUser } from '../mem/user'
import { Prog } from '../prog/prog'
import { progPut } from '../prog/refs'
import { CAP_PERFMON, bpfCapable } from '../syscall/caps'
import { fdInstall, MODE_RDWR } from '../syscall/fd'
import { monotonicNs } from '../wasi/clock'
import { FILE_PERF } from './files'
import { tracepointById } from './tracepoint'
import { current, world, World } from './world'

export const TYPE_HARDWARE: u32 = 0
export const TYPE_SOFTWARE: u32 = 1
export const TYPE_TRACEPOINT: u32 = 2
/** Numbers of the dynamic PMUs, as their files in /sys/bus/event_source/devices say. */
export const TYPE_KPROBE: u32 = 6
export const TYPE_UPROBE: u32 = 7
const SW_CPU_CLOCK: u64 = 0
const SW_TASK_CLOCK: u64 = 1
const SW_MAX: u64 = 12
export const SW_BPF_OUTPUT: u64 = 10

// struct perf_event_attr
const ATTR_SIZE: usize = 4
const ATTR_CONFIG: usize = 8
const ATTR_PERIOD: usize = 16
const ATTR_SAMPLE_TYPE: usize = 24
const ATTR_READ_FORMAT: usize = 32
const ATTR_FLAGS: usize = 40
const ATTR_WAKEUP: usize = 48
const ATTR_CONFIG1: usize = 56
const ATTR_CONFIG2: usize = 64
const ATTR_ROOM: u32 = 136
const ATTR_VER0: u32 = 64
const FLAG_DISABLED: u64 = 1

// struct perf_event_mmap_page
const PAGE: u32 = 4096
const HEAD: usize = 1024
const TAIL: usize = 1032
const DATA_OFFSET: usize = 1040
const DATA_SIZE: usize = 1048

const SAMPLE_IP: u64 = 1
const SAMPLE_TID: u64 = 2
const SAMPLE_TIME: u64 = 4
const SAMPLE_ADDR: u64 = 8
const SAMPLE_READ: u64 = 16
const SAMPLE_ID: u64 = 0x40
const SAMPLE_CPU: u64 = 0x80
const SAMPLE_PERIOD: u64 = 0x100
const SAMPLE_STREAM_ID: u64 = 0x200
const SAMPLE_RAW: u64 = 0x400
const SAMPLE_IDENTIFIER: u64 = 0x10000
const RECORD_LOST: u32 = 2
const RECORD_SAMPLE: u32 = 9

@unmanaged export class PerfEvent {
  next: PerfEvent
  refs: u32
  type: u32
  config: u64
  cpu: i32
  pid: i32
  id: u64
  sampleType: u64
  samplePeriod: u64
  readFormat: u64
  wakeup: u32
  enabled: bool
  paused: bool
  isReturn: bool
  /** The program that runs when it fires (a reference), its cookie. */
  prog: Prog
  cookie: u64
  /** Link that holds the program, or 0. */
  link: usize
  count: u64
  since: u64
  total: u64
  /** The ring: its pages and its size, 0 while it is not mapped; records that did not fit. */
  ring: usize
  ringSize: u32
  lost: u64
  /** Probes: function or file, address or offset. */
  name: usize
  offset: u64
  refCtrOffset: u64
  /** Where output goes instead (PERF_EVENT_IOC_SET_OUTPUT). */
  output: PerfEvent
}

const ATTR: usize = memory.data(136, 8)
const NAME: usize = memory.data(4096, 8)
const IDS: usize = memory.data(8, 8)

/** perf_event_open(2). */
export function perfOpen(uattr: u64, pid: i32, cpu: i32, group: i32, flags: u32): i32 {
  const bad = copyAttr(uattr)
  if (bad) return bad
  if (flags & ~(<u32>15)) return -EINVAL
  const type = load<u32>(ATTR)
  const config = load<u64>(ATTR, ATTR_CONFIG)
  if (!bpfCapable(CAP_PERFMON)) return -EACCES
  if (pid == -1 && cpu == -1) return -EINVAL
  if (cpu >= <i32>kernel().cpus) return -ENODEV
  const err = checkType(type, config)
  if (err) return err
  const e = changetype<PerfEvent>(kzalloc(offsetof<PerfEvent>()))
  if (!changetype<usize>(e)) return -ENOMEM
  e.refs = 1
  e.type = type
  e.config = config
  e.cpu = cpu
  e.pid = pid
  const id = load<u64>(IDS) + 1
  store<u64>(IDS, id)
  e.id = id
  e.samplePeriod = load<u64>(ATTR, ATTR_PERIOD)
  e.sampleType = load<u64>(ATTR, ATTR_SAMPLE_TYPE)
  e.readFormat = load<u64>(ATTR, ATTR_READ_FORMAT)
  e.wakeup = load<u32>(ATTR, ATTR_WAKEUP)
  if (type == TYPE_KPROBE || type == TYPE_UPROBE) {
    const wrong = takeProbe(e)
    if (wrong) {
      perfFree(e)
      return wrong
    }
  }
  if (!(load<u64>(ATTR, ATTR_FLAGS) & FLAG_DISABLED)) perfEnable(e)
  const w = world()
  e.next = changetype<PerfEvent>(w.perfEvents)
  w.perfEvents = changetype<usize>(e)
  const fd = fdInstall(FILE_PERF, changetype<usize>(e), MODE_RDWR)
  if (fd < 0) perfPut(e)
  return fd
}

function copyAttr(uattr: u64): i32 {
  memory.fill(ATTR, 0, ATTR_ROOM)
  if (!copyFromUser(ATTR, uattr, 8)) return -EFAULT
  let size = load<u32>(ATTR, ATTR_SIZE)
  if (!size) size = ATTR_VER0
  if (size < ATTR_VER0 || size > PAGE) {
    putUser32(uattr + ATTR_SIZE, ATTR_ROOM)
    return -E2BIG
  }
  for (let i = ATTR_ROOM; i < size; i++) {
    if (!copyFromUser(NAME, uattr + <u64>i, 1)) return -EFAULT
    if (load<u8>(NAME)) {
      putUser32(uattr + ATTR_SIZE, ATTR_ROOM)
      return -E2BIG
    }
  }
  return copyFromUser(ATTR, uattr, min<u32>(size, ATTR_ROOM)) ? 0 : -EFAULT
}

function checkType(type: u32, config: u64): i32 {
  switch (type) {
    case TYPE_SOFTWARE:
      return config < SW_MAX ? 0 : -ENOENT
    case TYPE_TRACEPOINT:
      return changetype<usize>(tracepointById(<u32>config)) ? 0 : -EINVAL
    case TYPE_KPROBE:
    case TYPE_UPROBE:
    case TYPE_HARDWARE:
      return 0
    default:
      return -ENOENT
  }
}

function takeProbe(e: PerfEvent): i32 {
  e.isReturn = (e.config & 1) != 0
  const uname = load<u64>(ATTR, ATTR_CONFIG1)
  e.offset = load<u64>(ATTR, ATTR_CONFIG2)
  if (e.type == TYPE_UPROBE) e.refCtrOffset = e.config >> 32
  if (!uname) return e.type == TYPE_KPROBE && e.offset ? 0 : -EINVAL
  const n = stringFromUser(NAME, uname, 4096)
  if (n < 0) return n
  e.name = kmalloc(<usize>n + 1)
  if (!e.name) return -ENOMEM
  memory.copy(e.name, NAME, <usize>n + 1)
  return 0
}

export function perfGet(e: PerfEvent): void {
  e.refs++
}

export function perfPut(e: PerfEvent): void {
  if (--e.refs) return
  let at = changetype<usize>(world()) + offsetof<World>('perfEvents')
  while (load<usize>(at) && load<usize>(at) != changetype<usize>(e)) at = load<usize>(at) + offsetof<PerfEvent>('next')
  if (load<usize>(at)) store<usize>(at, changetype<usize>(e.next))
  perfFree(e)
}

function perfFree(e: PerfEvent): void {
  if (changetype<usize>(e.prog)) progPut(e.prog)
  kfree(e.ring)
  kfree(e.name)
  kfree(changetype<usize>(e))
}

export function perfEnable(e: PerfEvent): void {
  if (e.enabled) return
  e.enabled = true
  e.since = monotonicNs()
}
export function perfDisable(e: PerfEvent): void {
  if (!e.enabled) return
  e.total += monotonicNs() - e.since
  e.enabled = false
}

function enabledNs(e: PerfEvent): u64 {
  return e.total + (e.enabled ? monotonicNs() - e.since : 0)
}
function countOf(e: PerfEvent): u64 {
  const clock = e.type == TYPE_SOFTWARE && (e.config == SW_CPU_CLOCK || e.config == SW_TASK_CLOCK)
  return clock ? enabledNs(e) : e.count
}

/** Writes counter, time enabled, time running: u64 each. */
export function perfReadCounter(e: PerfEvent, out: usize): i32 {
  store<u64>(out, countOf(e))
  store<u64>(out, enabledNs(e), 8)
  store<u64>(out, enabledNs(e), 16)
  return 0
}

/** read(2): the counter and what read_format asks for. */
export function perfRead(e: PerfEvent, to: usize, len: u32): i32 {
  let need: u32 = 8
  for (let f = e.readFormat & 0x17; f; f &= f - 1) need += 8
  if (len < need) return -ENOSPC
  let at = to
  store<u64>(at, countOf(e))
  at += 8
  if (e.readFormat & 1) {
    store<u64>(at, enabledNs(e))
    at += 8
  }
  if (e.readFormat & 2) {
    store<u64>(at, enabledNs(e))
    at += 8
  }
  if (e.readFormat & 4) {
    store<u64>(at, e.id)
    at += 8
  }
  if (e.readFormat & 16) store<u64>(at, e.lost)
  return <i32>need
}

// the ring

/** mmap of an event: the ring's address, or an errno. */
export function perfMmap(e: PerfEvent, length: u64, offset: u64): usize {
  if (offset) return -EINVAL
  const pages = <u32>((length + PAGE - 1) / PAGE)
  const data = pages - 1
  if (length % PAGE || (data & (data - 1)) != 0) return -EINVAL
  if (e.ring) return e.ringSize == data * PAGE ? e.ring : -EINVAL
  // aligned so that views of whole pages are
  const p = kzalloc(<usize>length)
  if (!p) return -ENOMEM
  store<u64>(p, PAGE, DATA_OFFSET)
  store<u64>(p, <u64>data * PAGE, DATA_SIZE)
  e.ring = p
  e.ringSize = data * PAGE
  return p
}

/** Whether the caller has records to read. */
export function perfReady(e: PerfEvent): bool {
  return e.ring != 0 && load<u64>(e.ring, HEAD) != load<u64>(e.ring, TAIL)
}

function putBytes(e: PerfEvent, from: usize, len: u32): void {
  const mask = e.ringSize - 1
  const base = e.ring + PAGE
  const at = (<u32>load<u64>(e.ring, HEAD)) & mask
  const first = min<u32>(len, e.ringSize - at)
  memory.copy(base + <usize>at, from, first)
  if (first < len) memory.copy(base, from + <usize>first, len - first)
  store<u64>(e.ring, load<u64>(e.ring, HEAD) + <u64>len, HEAD)
}

function roomOf(e: PerfEvent): u32 {
  return e.ringSize - <u32>(load<u64>(e.ring, HEAD) - load<u64>(e.ring, TAIL))
}

/** Appends a sample with raw data. 0, or -ENOSPC: there is no ring, or it is full. */
export function perfOutput(event: PerfEvent, data: usize, size: u32): i32 {
  let e = event
  if (changetype<usize>(e.output)) e = e.output
  if (!e.ring || !e.ringSize || e.paused) return -ENOSPC
  const record = buildSample(event, data, size)
  if (!record) return -ENOMEM
  const len = <u32>load<u16>(record, 6)
  let need = len
  if (e.lost) need += 24
  if (roomOf(e) < need) {
    e.lost++
    kfree(record)
    return -ENOSPC
  }
  if (e.lost) tellLost(e)
  putBytes(e, record, len)
  kfree(record)
  return 0
}

const LOST: usize = memory.data(24, 8)
function tellLost(e: PerfEvent): void {
  store<u32>(LOST, RECORD_LOST)
  store<u32>(LOST, 24 << 16, 4)
  store<u64>(LOST, e.id, 8)
  store<u64>(LOST, e.lost, 16)
  putBytes(e, LOST, 24)
  e.lost = 0
}

/** A PERF_RECORD_SAMPLE with what sample_type asks for; 0 when memory is out. */
function buildSample(e: PerfEvent, data: usize, size: u32): usize {
  const raw = (e.sampleType & SAMPLE_RAW) != 0
  const rawLen = raw ? ((size + 4 + 7) & ~7) - 4 : 0
  const record = kzalloc(<usize>rawLen + 128)
  if (!record) return 0
  const t = e.sampleType
  const task = current()
  let at = record + 8
  if (t & SAMPLE_IDENTIFIER) at = put64(at, e.id)
  if (t & SAMPLE_IP) at = put64(at, 0)
  if (t & SAMPLE_TID) at = put64(at, ((<u64>task.pid) << 32) | (<u64>task.tgid))
  if (t & SAMPLE_TIME) at = put64(at, monotonicNs())
  if (t & SAMPLE_ADDR) at = put64(at, 0)
  if (t & SAMPLE_ID) at = put64(at, e.id)
  if (t & SAMPLE_STREAM_ID) at = put64(at, e.id)
  if (t & SAMPLE_CPU) at = put64(at, <u64>kernel().currentCpu)
  if (t & SAMPLE_PERIOD) at = put64(at, 1)
  if (t & SAMPLE_READ) at = put64(at, countOf(e))
  if (raw) {
    store<u32>(at, rawLen)
    memory.copy(at + 4, data, size)
    at += <usize>rawLen + 4
  }
  store<u32>(record, RECORD_SAMPLE)
  store<u16>(record, <u16>(at - record), 6)
  return record
}

@inline function put64(at: usize, v: u64): usize {
  store<u64>(at, v)
  return at + 8
}

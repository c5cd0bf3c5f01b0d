// SPDX-License-Identifier: GPL-2.0-only
// Perf events: records for the caller's rings, counters. Kernel counterpart: kernel/trace/bpf_trace.c, net/core/filter.c.

import { E2BIG, EFAULT, EINVAL, ENOENT, EOPNOTSUPP } from '../gen/errno.gen'
import {
  BPF_PROG_TYPE_CGROUP_SKB,
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
import { fdArrayObject } from '../maps/fd-array'
import { BpfMap } from '../maps/map'
import { kfree, kmalloc } from '../mem/alloc'
import { kernel } from '../mem/root'
import { PerfEvent, perfOutput, perfReadCounter } from '../world/perf-event'
import { skbBehind, xdpBehind } from '../world/kernel-view'
import { Skb } from '../world/skb'
import { XdpBuff } from '../world/xdp-buff'
import { asResult, errno, progType } from './given'
import { buffLen, xdpCopyOut } from './xdp'

const INDEX_MASK: u64 = 0xffffffff
const CURRENT_CPU: u64 = 0xffffffff
const CTXLEN_MASK: u64 = 0xfffff << 32
const TYPE_SOFTWARE: u32 = 1
const COUNT_SW_BPF_OUTPUT: u64 = 10
/** counter, enabled, running */
const VALUE_SIZE: u32 = 24

/** The event in the slot that the flags name, or -errno. */
function eventAt(map: BpfMap, flags: u64): usize {
  let index = flags & INDEX_MASK
  if (index == CURRENT_CPU) index = <u64>kernel().currentCpu
  if (index >= <u64>map.maxEntries) return -E2BIG
  const event = fdArrayObject(map, <u32>index)
  return event ? event : -ENOENT
}

function output(map: BpfMap, flags: u64, data: usize, size: u32): u64 {
  const p = eventAt(map, flags)
  if (p >= <usize>-4096) return asResult(<i32>p)
  const event = changetype<PerfEvent>(p)
  if (event.type != TYPE_SOFTWARE || event.config != COUNT_SW_BPF_OUTPUT) return errno(EINVAL)
  if (event.cpu >= 0 && <u32>event.cpu != kernel().currentCpu) return errno(EOPNOTSUPP)
  return asResult(perfOutput(event, data, size))
}

/** The record is the program's data and behind it the first bytes of the packet. */
function outputWithPacket(map: BpfMap, flags: u64, data: usize, size: u32, skb: Skb, xdp: XdpBuff): u64 {
  const len = <u32>((flags & CTXLEN_MASK) >> 32)
  if (flags & ~(CTXLEN_MASK | INDEX_MASK)) return errno(EINVAL)
  const have = changetype<usize>(skb) ? skb.len : buffLen(xdp)
  if (len > have) return errno(EFAULT)
  if (!len) return output(map, flags, data, size)
  const record = kmalloc(<usize>size + len)
  if (!record) return errno(ENOENT)
  memory.copy(record, data, size)
  if (changetype<usize>(skb)) memory.copy(record + size, <usize>skb.data, len)
  else xdpCopyOut(xdp, 0, record + size, len)
  const ret = output(map, flags, record, size + len)
  kfree(record)
  return ret
}

export function perfEventOutput(ctx: u64, map: u64, flags: u64, data: u64, size: u64): u64 {
  switch (progType()) {
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_CGROUP_SKB:
    case BPF_PROG_TYPE_LWT_IN:
    case BPF_PROG_TYPE_LWT_OUT:
    case BPF_PROG_TYPE_LWT_XMIT:
    case BPF_PROG_TYPE_LWT_SEG6LOCAL:
    case BPF_PROG_TYPE_SK_SKB:
      return skbOutput(ctx, map, flags, data, size)
    case BPF_PROG_TYPE_XDP:
      return xdpOutput(ctx, map, flags, data, size)
    default:
      if (flags & ~INDEX_MASK) return errno(EINVAL)
      return output(changetype<BpfMap>(<usize>map), flags, <usize>data, <u32>size)
  }
}

export function skbOutput(ctx: u64, map: u64, flags: u64, data: u64, size: u64): u64 {
  const m = changetype<BpfMap>(<usize>map)
  return outputWithPacket(
    m,
    flags,
    <usize>data,
    <u32>size,
    changetype<Skb>(<usize>skbBehind(ctx)),
    changetype<XdpBuff>(0),
  )
}
export function xdpOutput(ctx: u64, map: u64, flags: u64, data: u64, size: u64): u64 {
  const m = changetype<BpfMap>(<usize>map)
  return outputWithPacket(
    m,
    flags,
    <usize>data,
    <u32>size,
    changetype<Skb>(0),
    changetype<XdpBuff>(<usize>xdpBehind(ctx)),
  )
}

const VALUE: usize = memory.data(24, 8)

/** Counter, time enabled and time running of an event at VALUE; 0 or -errno. */
function readEvent(map: u64, flags: u64): i32 {
  if (flags & ~INDEX_MASK) return -EINVAL
  const p = eventAt(changetype<BpfMap>(<usize>map), flags)
  if (p >= <usize>-4096) return <i32>p
  return perfReadCounter(changetype<PerfEvent>(p), VALUE)
}

export function perfEventRead(map: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  const err = readEvent(map, flags)
  return err ? asResult(err) : load<u64>(VALUE)
}

function putValue(buf: u64, size: u32, err: i32): u64 {
  if (err) memory.fill(<usize>buf, 0, size)
  else memory.copy(<usize>buf, VALUE, VALUE_SIZE)
  return asResult(err)
}

export function perfEventReadValue(map: u64, flags: u64, buf: u64, size: u64, r5: u64): u64 {
  const n = <u32>size
  return putValue(buf, n, n == VALUE_SIZE ? readEvent(map, flags) : -EINVAL)
}

/** The context of a perf event program keeps its event behind what programs see (registers, period, address). */
const PERF_CTX_EVENT: usize = 184

export function perfProgReadValue(ctx: u64, buf: u64, size: u64, r4: u64, r5: u64): u64 {
  const n = <u32>size
  const event = load<usize>(<usize>ctx, PERF_CTX_EVENT)
  if (n != VALUE_SIZE || !event) return putValue(buf, n, -EINVAL)
  return putValue(buf, n, perfReadCounter(changetype<PerfEvent>(event), VALUE))
}

// SPDX-License-Identifier: GPL-2.0-only
// Ring buffers of programs, and the user's ring that a program drains. Kernel counterpart: kernel/bpf/ringbuf.c.

import { E2BIG, EAGAIN, EBUSY, EINVAL, ENODATA } from '../gen/errno.gen'
import { invokeCallback } from '../interp/run'
import { BpfMap } from '../maps/map'
import {
  consumerPos,
  producerPos,
  RB_FORCE_WAKEUP,
  RB_NO_WAKEUP,
  ring,
  RINGBUF_BUSY,
  RINGBUF_DISCARD,
  RINGBUF_HDR,
  RingMap,
  ringCommit,
  ringData,
  ringOutput,
  ringQuery,
  ringReserve,
} from '../maps/ringbuf'
import { DYNPTR_RINGBUF, DYNPTR_LOCAL, Dynptr, dynptrClear, dynptrInit, dynptrSizeOk } from './dynptr'
import { errno, giveMemory, takeMemory } from './given'

@inline function asMap(p: u64): BpfMap {
  return changetype<BpfMap>(<usize>p)
}

export function ringbufOutput(map: u64, data: u64, size: u64, flags: u64, r5: u64): u64 {
  return <u64>ringOutput(asMap(map), <usize>data, size, flags)
}

export function ringbufReserve(map: u64, size: u64, flags: u64, r4: u64, r5: u64): u64 {
  if (flags) return 0
  const p = ringReserve(ring(asMap(map)), size)
  giveMemory(p, <u32>size)
  return <u64>p
}

export function ringbufSubmit(sample: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  takeMemory(<usize>sample)
  ringCommit(<usize>sample, flags, false)
  return 0
}

export function ringbufDiscard(sample: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  takeMemory(<usize>sample)
  ringCommit(<usize>sample, flags, true)
  return 0
}

export function ringbufQuery(map: u64, what: u64, r3: u64, r4: u64, r5: u64): u64 {
  return ringQuery(asMap(map), what)
}

// through dynptrs

export function ringbufReserveDynptr(map: u64, size: u64, flags: u64, out: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>out)
  const n = <u32>size
  if (flags) {
    dynptrClear(d)
    return errno(EINVAL)
  }
  if (!dynptrSizeOk(n)) {
    dynptrClear(d)
    return errno(E2BIG)
  }
  const p = ringReserve(ring(asMap(map)), <u64>n)
  if (!p) {
    dynptrClear(d)
    return errno(EINVAL)
  }
  giveMemory(p, n)
  dynptrInit(d, p, DYNPTR_RINGBUF, n)
  return 0
}

export function ringbufSubmitDynptr(ptr: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  return endDynptr(changetype<Dynptr>(<usize>ptr), flags, false)
}
export function ringbufDiscardDynptr(ptr: u64, flags: u64, r3: u64, r4: u64, r5: u64): u64 {
  return endDynptr(changetype<Dynptr>(<usize>ptr), flags, true)
}

function endDynptr(d: Dynptr, flags: u64, discard: bool): u64 {
  if (!d.data) return 0
  takeMemory(<usize>d.data)
  ringCommit(<usize>d.data, flags, discard)
  dynptrClear(d)
  return 0
}

// the user's ring

const MAX_SAMPLES: u32 = 128 * 1024
const SAMPLE: usize = memory.data(8, 8)
const USER_DYNPTR: usize = memory.data(16, 8)

/** Size of the next sample at SAMPLE, its address behind; or -errno. */
function peekUser(r: RingMap): i32 {
  const prod = load<u64>(producerPos(r))
  if (prod & 7) return -EINVAL
  const cons = load<u64>(consumerPos(r))
  if (cons >= prod) return -ENODATA
  const hdr = ringData(r) + <usize>(cons & (<u64>r.mask))
  const word = load<u32>(hdr)
  const size = word & ~(RINGBUF_BUSY | RINGBUF_DISCARD)
  const total = <u64>((size + RINGBUF_HDR + 7) & ~7)
  if (total > prod - cons) return -EINVAL
  if (total > <u64>r.mask + 1 || !dynptrSizeOk(size)) return -E2BIG
  if (word & RINGBUF_DISCARD) {
    store<u64>(consumerPos(r), cons + total)
    return -EAGAIN
  }
  if (word & RINGBUF_BUSY) return -ENODATA
  store<u32>(SAMPLE, size)
  store<usize>(SAMPLE, hdr + RINGBUF_HDR, 4)
  return 0
}

/** bpf_user_ringbuf_drain: how many samples the callback took. */
export function userRingbufDrain(map: u64, fn: u64, ctx: u64, flags: u64, r5: u64): u64 {
  const r = ring(asMap(map))
  if (flags & ~(RB_NO_WAKEUP | RB_FORCE_WAKEUP)) return errno(EINVAL)
  if (r.busy) return errno(EBUSY)
  r.busy = true
  let samples: u32 = 0
  let discarded: u32 = 0
  let err = 0
  let stop = false
  for (; samples < MAX_SAMPLES && !stop; samples++) {
    const e = peekUser(r)
    if (e == -EAGAIN) discarded++
    else if (e) {
      if (e != -ENODATA) err = e
      break
    } else stop = callWithSample(r, fn, ctx)
  }
  r.busy = false
  if (flags & RB_FORCE_WAKEUP || (!(flags & RB_NO_WAKEUP) && samples > 0)) r.wakeups++
  return err ? <u64>(<i64>err) : <u64>(samples - discarded)
}

/** The sample is behind the consumer once the callback was there. */
function callWithSample(r: RingMap, fn: u64, ctx: u64): bool {
  const size = load<u32>(SAMPLE)
  const at = load<usize>(SAMPLE, 4)
  const d = changetype<Dynptr>(USER_DYNPTR)
  giveMemory(at, size)
  dynptrInit(d, at, DYNPTR_LOCAL, size)
  const stop = invokeCallback(fn, <u64>changetype<usize>(d), ctx, 0, 0, 0)
  const pos = load<u64>(consumerPos(r))
  store<u64>(consumerPos(r), pos + ((<u64>size + RINGBUF_HDR + 7) & ~7))
  return stop != 0
}

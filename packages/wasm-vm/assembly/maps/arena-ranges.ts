// SPDX-License-Identifier: GPL-2.0-only
// Numbers that are free, as ranges: which pages of an arena can be given out. Kernel counterpart: kernel/bpf/range_tree.c.
//
// Linux keeps the ranges in two trees; here they are one list, sorted by number. The choice is the same: the smallest
// range that is large enough and, of several, the one that was made or changed last.

import { ENOENT, ENOMEM, ESRCH } from '../gen/errno.gen'
import { kfree, kmalloc, krealloc } from '../mem/alloc'

@unmanaged class Range {
  start: u32
  /** Inclusive. */
  last: u32
  /** When it was made or changed: higher is later. */
  turn: u64
}

@unmanaged export class Ranges {
  items: usize
  cnt: u32
  room: u32
  turns: u64
}

const RANGE_SIZE: usize = 16
const FIRST_ROOM: u32 = 8

@inline function rangeAt(t: Ranges, i: u32): Range {
  return changetype<Range>(t.items + <usize>i * RANGE_SIZE)
}

function setRange(t: Ranges, i: u32, start: u32, last: u32): void {
  const r = rangeAt(t, i)
  r.start = start
  r.last = last
  r.turn = ++t.turns
}

function insertRange(t: Ranges, i: u32, start: u32, last: u32): i32 {
  if (t.cnt == t.room) {
    const room = t.room ? t.room * 2 : FIRST_ROOM
    const items = t.items ? krealloc(t.items, <usize>room * RANGE_SIZE) : kmalloc(<usize>room * RANGE_SIZE)
    if (!items) return -ENOMEM
    t.items = items
    t.room = room
  }
  const at = t.items + <usize>i * RANGE_SIZE
  memory.copy(at + RANGE_SIZE, at, <usize>(t.cnt - i) * RANGE_SIZE)
  t.cnt++
  setRange(t, i, start, last)
  return 0
}

function removeRange(t: Ranges, i: u32): void {
  t.cnt--
  const at = t.items + <usize>i * RANGE_SIZE
  memory.copy(at, at + RANGE_SIZE, <usize>(t.cnt - i) * RANGE_SIZE)
}

/** The first range that ends at `number` or later. */
function firstFrom(t: Ranges, number: u32): u32 {
  let lo: u32 = 0
  let hi = t.cnt
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (rangeAt(t, mid).last < number) lo = mid + 1
    else hi = mid
  }
  return lo
}

/** The beginning of the range that fits `len` numbers best, or -ENOENT. */
export function rangesFind(t: Ranges, len: u32): i64 {
  let best = changetype<Range>(0)
  for (let i: u32 = 0; i < t.cnt; i++) {
    const r = rangeAt(t, i)
    const size = <u64>r.last - r.start + 1
    if (size < len) continue
    const bestSize = changetype<usize>(best) ? <u64>best.last - best.start + 1 : u64.MAX_VALUE
    if (size < bestSize || (size == bestSize && r.turn > best.turn)) best = r
  }
  return changetype<usize>(best) ? <i64>best.start : -ENOENT
}

/** 0 when all numbers are in the list, else -ESRCH. */
export function rangesHave(t: Ranges, start: u32, len: u32): i32 {
  const i = firstFrom(t, start)
  if (i == t.cnt) return -ESRCH
  const r = rangeAt(t, i)
  return r.start <= start && r.last >= start + len - 1 ? 0 : -ESRCH
}

export function rangesClear(t: Ranges, start: u32, len: u32): i32 {
  const last = start + len - 1
  let i = firstFrom(t, start)
  while (i < t.cnt) {
    const r = rangeAt(t, i)
    const oldLast = r.last
    if (r.start > last) break
    if (r.start < start) {
      setRange(t, i++, r.start, start - 1)
      if (oldLast > last) return insertRange(t, i, last + 1, oldLast)
    } else if (oldLast > last) {
      setRange(t, i, last + 1, oldLast)
      break
    } else removeRange(t, i)
  }
  return 0
}

export function rangesSet(t: Ranges, start: u32, len: u32): i32 {
  if (!rangesHave(t, start, len)) return 0
  const err = rangesClear(t, start, len)
  if (err) return err
  const last = start + len - 1
  const i = firstFrom(t, start)
  const left = i > 0 && rangeAt(t, i - 1).last + 1 == start
  const right = i < t.cnt && rangeAt(t, i).start == last + 1
  if (left && right) {
    setRange(t, i - 1, rangeAt(t, i - 1).start, rangeAt(t, i).last)
    removeRange(t, i)
  } else if (left) setRange(t, i - 1, rangeAt(t, i - 1).start, last)
  else if (right) setRange(t, i, start, rangeAt(t, i).last)
  else return insertRange(t, i, start, last)
  return 0
}

export function rangesFree(t: Ranges): void {
  kfree(t.items)
}

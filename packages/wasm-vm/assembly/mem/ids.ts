// SPDX-License-Identifier: GPL-2.0-only
// Numbers of objects, handed out in ascending order as idr_alloc_cyclic does: a number is not used again before all
// others were. Kept sorted, so that the next number is one search away.
//
//   slots:  { id u32, object u32 } ascending by id

import { kmalloc, krealloc } from './alloc'

const ID_MAX: u32 = 0x7fffffff

@unmanaged export class Ids {
  slots: usize
  cnt: u32
  cap: u32
  /** The last number that was handed out. */
  last: u32
}

/** Position of the first slot whose id is not below `id`. */
function lowerBound(t: Ids, id: u32): u32 {
  let lo: u32 = 0
  let hi = t.cnt
  if (hi && load<u32>(t.slots + <usize>(hi - 1) * 8) < id) return hi
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (load<u32>(t.slots + <usize>mid * 8) < id) lo = mid + 1
    else hi = mid
  }
  return lo
}

function room(t: Ids): bool {
  if (t.cnt < t.cap) return true
  const cap = t.cap ? t.cap * 2 : 16
  const slots = t.slots ? krealloc(t.slots, <usize>cap * 8) : kmalloc(<usize>cap * 8)
  if (!slots) return false
  t.slots = slots
  t.cap = cap
  return true
}

/** A number for `obj`, 0 when memory is out. */
export function idAlloc(t: Ids, obj: usize): u32 {
  if (!room(t)) return 0
  let id = t.last >= ID_MAX ? 1 : t.last + 1
  let at = lowerBound(t, id)
  while (at < t.cnt && load<u32>(t.slots + <usize>at * 8) == id) {
    at++
    id++
  }
  const p = t.slots + <usize>at * 8
  memory.copy(p + 8, p, <usize>(t.cnt - at) * 8)
  store<u32>(p, id)
  store<usize>(p, obj, 4)
  t.cnt++
  t.last = id
  return id
}

export function idRemove(t: Ids, id: u32): void {
  const at = lowerBound(t, id)
  const p = t.slots + <usize>at * 8
  if (at >= t.cnt || load<u32>(p) != id) return
  memory.copy(p, p + 8, <usize>(t.cnt - at - 1) * 8)
  t.cnt--
}

/** The object with this number, or 0. */
export function idFind(t: Ids, id: u32): usize {
  const at = lowerBound(t, id)
  const p = t.slots + <usize>at * 8
  return at < t.cnt && load<u32>(p) == id ? load<usize>(p, 4) : 0
}

/** The lowest number not below `id`, or 0. */
export function idNext(t: Ids, id: u32): u32 {
  const at = lowerBound(t, id)
  return at < t.cnt ? load<u32>(t.slots + <usize>at * 8) : 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Programs that run one after the other at a hook. Kernel counterpart: struct bpf_prog_array.
//
//   | count u32 | pad u32 | items: { prog u32, link u32, storage of cgroup shared u32, per CPU u32, cookie u64 } … |

import { kfree, kzalloc } from '../mem/alloc'
import { Prog } from '../prog/prog'

@unmanaged export class RunItem {
  prog: Prog
  link: usize
  storage0: usize
  storage1: usize
  cookie: u64
}

@unmanaged export class RunArray {
  count: u32
  pad: u32
}

export function runArrayNew(count: u32): RunArray {
  const a = changetype<RunArray>(kzalloc(offsetof<RunArray>() + <usize>count * offsetof<RunItem>()))
  if (changetype<usize>(a)) a.count = count
  return a
}

export function runArrayFree(a: RunArray): void {
  kfree(changetype<usize>(a))
}

@inline export function runItem(a: RunArray, i: u32): RunItem {
  return changetype<RunItem>(changetype<usize>(a) + offsetof<RunArray>() + <usize>i * offsetof<RunItem>())
}

/** A copy with another program behind (which holds no reference of its own). */
export function runArrayAppend(a: RunArray, prog: Prog, link: usize, cookie: u64): RunArray {
  const n: u32 = changetype<usize>(a) ? a.count : 0
  const copy = runArrayNew(n + 1)
  if (!changetype<usize>(copy)) return copy
  for (let i: u32 = 0; i < n; i++) copyItem(runItem(copy, i), runItem(a, i))
  const last = runItem(copy, n)
  last.prog = prog
  last.link = link
  last.cookie = cookie
  return copy
}

/** A copy without the item of this program and link; 0 if it was the last one. */
export function runArrayWithout(a: RunArray, prog: Prog, link: usize): RunArray {
  if (!changetype<usize>(a) || a.count <= 1) return changetype<RunArray>(0)
  const copy = runArrayNew(a.count - 1)
  if (!changetype<usize>(copy)) return copy
  let to: u32 = 0
  let dropped = false
  for (let i: u32 = 0; i < a.count; i++) {
    const item = runItem(a, i)
    if (!dropped && item.prog == prog && item.link == link) {
      dropped = true
      continue
    }
    if (to < copy.count) copyItem(runItem(copy, to++), item)
  }
  return copy
}

@inline export function copyItem(to: RunItem, from: RunItem): void {
  memory.copy(changetype<usize>(to), changetype<usize>(from), offsetof<RunItem>())
}

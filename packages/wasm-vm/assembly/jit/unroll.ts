// SPDX-License-Identifier: GPL-2.0-only
// Small innermost loops several times over. Engines check at the head of every loop whether they are to stop; a loop that
// holds its body four times pays a quarter of that.
//
// Copy k of a body goes on at the head's copy k + 1 where the original went back to its head; the last one goes back. All
// copies leave to the same blocks outside.

import { analyseGraph, forgetGraph, predAt } from './cfg'
import { Block, blockAt, Fn, insAt, INS_SIZE, orderAt, Switch } from './ir'

/** Instructions of a body that is worth copying, and of all its copies together. */
const BODY_MAX: u32 = 48
const TOTAL_MAX: u32 = 112
const COPIES_MAX: u32 = 8
/** Blocks of a body. */
const BLOCKS_MAX: u32 = 24
/** Instructions that all copies may add to a function. */
const GROWTH_MAX: u32 = 8192

@unmanaged class Loop {
  head: i32
  /** i32[]: blocks of the body, the head first. */
  body: usize
  bodyCnt: u32
  size: u32
  copies: u32
}

/** Copies bodies and brings order, dominators and the rest up to date; false when memory is out. */
export function unrollLoops(fn: Fn): bool {
  const loops = fn.arena.alloc(<usize>fn.orderCnt * offsetof<Loop>() + 4)
  if (!loops) return false
  let cnt: u32 = 0
  let growth: u32 = 0
  let blocks: u32 = 0
  for (let i = <i32>fn.orderCnt - 1; i >= 0; i--) {
    if (!blockAt(fn, orderAt(fn, i)).isLoop) continue
    const loop = changetype<Loop>(loops + <usize>cnt * offsetof<Loop>())
    if (!measure(fn, orderAt(fn, i), loop)) continue
    const added = loop.size * (loop.copies - 1)
    if (growth + added > GROWTH_MAX) continue
    growth += added
    blocks += loop.bodyCnt * (loop.copies - 1)
    cnt++
  }
  if (!cnt) return true
  if (!makeRoom(fn, growth, blocks)) return false
  for (let i: u32 = 0; i < cnt; i++) {
    if (!copyBody(fn, changetype<Loop>(loops + <usize>i * offsetof<Loop>()))) return false
  }
  forgetGraph(fn)
  return analyseGraph(fn)
}

/** Collects the body: what reaches the head's back edges without passing the head. False: not worth copying. */
function measure(fn: Fn, head: i32, loop: Loop): bool {
  loop.head = head
  loop.body = fn.arena.alloc(BLOCKS_MAX * 4)
  if (!loop.body) return false
  loop.bodyCnt = 0
  loop.size = 0
  if (!take(fn, loop, head)) return false
  const block = blockAt(fn, head)
  for (let k: u32 = 0; k < block.predCnt; k++) {
    const p = predAt(fn, block, k)
    if (blockAt(fn, p).rpo >= block.rpo && !take(fn, loop, p)) return false
  }
  for (let i: u32 = 1; i < loop.bodyCnt; i++) {
    const inner = blockAt(fn, bodyAt(loop, i))
    if (inner.isLoop) return false
    for (let k: u32 = 0; k < inner.predCnt; k++) {
      if (!take(fn, loop, predAt(fn, inner, k))) return false
    }
  }
  loop.copies = min<u32>(TOTAL_MAX / max<u32>(loop.size, 1), COPIES_MAX)
  return loop.copies > 1
}

@inline function bodyAt(loop: Loop, i: u32): i32 {
  return load<i32>(loop.body + ((<usize>i) << 2))
}

function indexIn(loop: Loop, b: i32): i32 {
  for (let i: u32 = 0; i < loop.bodyCnt; i++) {
    if (bodyAt(loop, i) == b) return <i32>i
  }
  return -1
}

function take(fn: Fn, loop: Loop, b: i32): bool {
  if (indexIn(loop, b) >= 0) return true
  const block = blockAt(fn, b)
  loop.size += block.end - block.first
  if (loop.bodyCnt == BLOCKS_MAX || loop.size > BODY_MAX) return false
  store<i32>(loop.body + ((<usize>loop.bodyCnt) << 2), b)
  loop.bodyCnt++
  return true
}

function makeRoom(fn: Fn, growth: u32, blocks: u32): bool {
  const ins = fn.arena.alloc(<usize>(fn.insCnt + growth) * INS_SIZE)
  const room = fn.arena.alloc(<usize>(fn.blockCnt + blocks) * offsetof<Block>())
  if (!ins || !room) return false
  memory.copy(ins, fn.ins, <usize>fn.insCnt * INS_SIZE)
  memory.copy(room, fn.blocks, <usize>fn.blockCnt * offsetof<Block>())
  fn.ins = ins
  fn.blocks = room
  return true
}

/** Copy k of body block i is block number base + (k - 1) * bodyCnt + i. */
function copyBody(fn: Fn, loop: Loop): bool {
  const base = <i32>fn.blockCnt
  for (let k: u32 = 1; k < loop.copies; k++) {
    for (let i: u32 = 0; i < loop.bodyCnt; i++) {
      const from = blockAt(fn, bodyAt(loop, i))
      const to = blockAt(fn, base + <i32>((k - 1) * loop.bodyCnt + i))
      memory.copy(changetype<usize>(to), changetype<usize>(from), offsetof<Block>())
      const size = from.end - from.first
      to.first = fn.insCnt
      to.end = fn.insCnt + size
      memory.copy(
        changetype<usize>(insAt(fn, to.first)),
        changetype<usize>(insAt(fn, from.first)),
        <usize>size * INS_SIZE,
      )
      fn.insCnt += size
      to.next = redirect(loop, base, k, from.next)
      to.taken = redirect(loop, base, k, from.taken)
      if (from.table && !copySwitch(fn, loop, base, k, from, to)) return false
    }
  }
  fn.blockCnt += loop.bodyCnt * (loop.copies - 1)
  for (let i: u32 = 0; i < loop.bodyCnt; i++) {
    const block = blockAt(fn, bodyAt(loop, i))
    if (block.next == loop.head) block.next = base
    if (block.taken == loop.head) block.taken = base
    if (block.table) retarget(changetype<Switch>(block.table), loop.head, base)
  }
  return true
}

function retarget(sw: Switch, from: i32, to: i32): void {
  for (let i: u32 = 0; i < sw.succCnt; i++) {
    const at = sw.succs + ((<usize>i) << 2)
    if (load<i32>(at) == from) store<i32>(at, to)
  }
}

/** Entries are shared, successors are the copy's own. */
function copySwitch(fn: Fn, loop: Loop, base: i32, k: u32, from: Block, to: Block): bool {
  const old = changetype<Switch>(from.table)
  const sw = changetype<Switch>(fn.arena.alloc(offsetof<Switch>()))
  const succs = fn.arena.alloc((<usize>old.succCnt) << 2)
  if (!changetype<usize>(sw) || !succs) return false
  memory.copy(changetype<usize>(sw), changetype<usize>(old), offsetof<Switch>())
  sw.succs = succs
  for (let i: u32 = 0; i < old.succCnt; i++) {
    store<i32>(succs + ((<usize>i) << 2), redirect(loop, base, k, load<i32>(old.succs + ((<usize>i) << 2))))
  }
  to.table = changetype<usize>(sw)
  return true
}

/** Where copy k goes when the original goes to `to`. */
function redirect(loop: Loop, base: i32, k: u32, to: i32): i32 {
  if (to == loop.head) return k + 1 == loop.copies ? to : base + <i32>(k * loop.bodyCnt)
  const i = indexIn(loop, to)
  return i < 0 ? to : base + <i32>(k - 1) * <i32>loop.bodyCnt + i
}

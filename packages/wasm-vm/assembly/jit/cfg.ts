// SPDX-License-Identifier: GPL-2.0-only
// Order and shape of the graph: reverse postorder, dominators, loops, merge points.
//
// Dominators: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm": intersect the dominators of the
// predecessors, in reverse postorder, until nothing changes; one round for reducible graphs and one to see it.
// An edge back to an earlier block that does not dominate its source makes the graph irreducible.

import { Block, blockAt, Fn, orderAt, succAt, succCount } from './ir'

/**
 * Steps up the tree that finding dominators may take, for each block and for a small graph. Graphs of real programs take a
 * few a block; hostile ones could take as many as there are blocks.
 */
const STEPS_PER_BLOCK: u32 = 40
const STEPS_LEAST: u32 = 20_000

/** Fills order, preds, idom, isLoop, merges; false when memory is out or the graph is too tangled to be worth it. */
export function analyseGraph(fn: Fn): bool {
  if (!orderBlocks(fn) || !listPreds(fn)) return false
  fn.stepsLeft = <i32>(STEPS_LEAST + fn.blockCnt * STEPS_PER_BLOCK)
  if (!findDominators(fn)) return false
  numberTree(fn)
  classifyEdges(fn)
  linkMerges(fn)
  return true
}

/** Reverse postorder of a depth-first walk; of two successors the fallthrough comes first in the result. */
function orderBlocks(fn: Fn): bool {
  fn.order = fn.arena.alloc((<usize>fn.blockCnt) << 2)
  // A stack of blocks, and for each which successor is next
  const stack = fn.arena.alloc((<usize>(fn.blockCnt + 1)) << 3)
  if (!fn.order || !stack) return false
  let depth: usize = 1
  let place = fn.blockCnt
  blockAt(fn, 0).rpo = 0
  while (depth) {
    const top = stack + ((depth - 1) << 3)
    const b = load<i32>(top)
    const block = blockAt(fn, b)
    const nth = load<u32>(top, 4)
    if (nth == succCount(block)) {
      store<i32>(fn.order + ((<usize>--place) << 2), b)
      depth--
      continue
    }
    store<u32>(top, nth + 1, 4)
    const succ = succAt(block, nth)
    if (succ < 0 || blockAt(fn, succ).rpo >= 0) continue
    blockAt(fn, succ).rpo = 0
    store<i32>(stack + (depth << 3), succ)
    store<u32>(stack + (depth << 3), 0, 4)
    depth++
  }
  fn.orderCnt = fn.blockCnt - place
  memory.copy(fn.order, fn.order + ((<usize>place) << 2), (<usize>fn.orderCnt) << 2)
  for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) blockAt(fn, orderAt(fn, i)).rpo = i
  return true
}

/** Takes back what analyseGraph found, so that it can look again. */
export function forgetGraph(fn: Fn): void {
  for (let i: u32 = 0; i < fn.blockCnt; i++) {
    const block = blockAt(fn, i)
    block.rpo = -1
    block.idom = -1
    block.domFirst = 0
    block.domSize = 0
    block.domNext = 0
    block.predCnt = 0
    block.forwardIn = 0
    block.isLoop = false
    block.firstMerge = -1
    block.nextMerge = -1
  }
}

function addPred(fn: Fn, from: i32, to: i32): void {
  const block = blockAt(fn, to)
  store<i32>(fn.preds + ((<usize>(block.predFirst + block.predCnt++)) << 2), from)
}

function listPreds(fn: Fn): bool {
  let edges: u32 = 0
  for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) {
    const block = blockAt(fn, orderAt(fn, i))
    for (let k: u32 = 0; k < succCount(block); k++) {
      if (succAt(block, k) < 0) continue
      blockAt(fn, succAt(block, k)).predCnt++
      edges++
    }
  }
  fn.preds = fn.arena.alloc(<usize>edges * 4 + 4)
  if (!fn.preds) return false
  let at: u32 = 0
  for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) {
    const block = blockAt(fn, orderAt(fn, i))
    block.predFirst = at
    at += block.predCnt
    block.predCnt = 0
  }
  for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) {
    const b = orderAt(fn, i)
    const block = blockAt(fn, b)
    for (let k: u32 = 0; k < succCount(block); k++) {
      if (succAt(block, k) >= 0) addPred(fn, b, succAt(block, k))
    }
  }
  return true
}

@inline export function predAt(fn: Fn, block: Block, i: u32): i32 {
  return load<i32>(fn.preds + ((<usize>(block.predFirst + i)) << 2))
}

function intersect(fn: Fn, x: i32, y: i32): i32 {
  let a = x
  let b = y
  while (a != b) {
    while (blockAt(fn, a).rpo > blockAt(fn, b).rpo) {
      a = blockAt(fn, a).idom
      fn.stepsLeft--
    }
    while (blockAt(fn, b).rpo > blockAt(fn, a).rpo) {
      b = blockAt(fn, b).idom
      fn.stepsLeft--
    }
  }
  return a
}

function findDominators(fn: Fn): bool {
  const entry = orderAt(fn, 0)
  blockAt(fn, entry).idom = entry
  let changed = true
  while (changed) {
    changed = false
    for (let i: i32 = 1; i < <i32>fn.orderCnt; i++) {
      const block = blockAt(fn, orderAt(fn, i))
      let idom: i32 = -1
      for (let k: u32 = 0; k < block.predCnt; k++) {
        const p = predAt(fn, block, k)
        if (blockAt(fn, p).idom < 0) continue
        idom = idom < 0 ? p : intersect(fn, p, idom)
      }
      if (fn.stepsLeft < 0) return false
      if (idom == block.idom) continue
      block.idom = idom
      changed = true
    }
  }
  return true
}

/** Numbers the dominator tree in preorder, so that a subtree is an interval: what a block dominates. */
function numberTree(fn: Fn): void {
  for (let i = <i32>fn.orderCnt - 1; i >= 0; i--) {
    const block = blockAt(fn, orderAt(fn, i))
    block.domSize++
    if (i) blockAt(fn, block.idom).domSize += block.domSize
  }
  for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) {
    const block = blockAt(fn, orderAt(fn, i))
    const parent = blockAt(fn, block.idom)
    if (i) {
      block.domFirst = parent.domNext
      parent.domNext += block.domSize
    }
    block.domNext = block.domFirst + 1
  }
}

/** Whether block `a` dominates block `b`. */
@inline function dominates(a: Block, b: Block): bool {
  return b.domFirst - a.domFirst < a.domSize
}

function classifyEdges(fn: Fn): void {
  for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) {
    const block = blockAt(fn, orderAt(fn, i))
    for (let k: u32 = 0; k < block.predCnt; k++) {
      const pred = blockAt(fn, predAt(fn, block, k))
      if (pred.rpo < block.rpo) {
        block.forwardIn++
      } else if (dominates(block, pred)) {
        block.isLoop = true
      } else {
        fn.irreducible = true
      }
    }
  }
}

/**
 * In reverse postorder, so that each list ends up with the highest first. What a table jumps to needs a label, as a merge
 * point does.
 */
function linkMerges(fn: Fn): void {
  for (let i: i32 = 1; i < <i32>fn.orderCnt; i++) {
    const b = orderAt(fn, i)
    const block = blockAt(fn, b)
    if (blockAt(fn, predAt(fn, block, 0)).table) block.forwardIn = max<u32>(block.forwardIn, 2)
    if (block.forwardIn < 2) continue
    const parent = blockAt(fn, block.idom)
    block.nextMerge = parent.firstMerge
    parent.firstMerge = b
  }
}

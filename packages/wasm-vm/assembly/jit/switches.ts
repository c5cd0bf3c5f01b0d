// SPDX-License-Identifier: GPL-2.0-only
// Long chains of comparisons of one register with small constants become one jump through a table (br_table). Balanced
// trees, as compilers make them of large switches, stay: their few branches are predicted better than an indirect jump
// (measured: a tree of 15 comparisons takes half the time of the table).
//
// A tree: a block that ends in such a comparison, and below it blocks that hold nothing else and have no other way in.
// Which way each value takes is found by walking the tree with it; beyond the largest constant all values take one way.

import {
  COND_EQ,
  COND_GE,
  COND_GT,
  COND_LE,
  COND_LT,
  COND_NE,
  COND_SET,
  COND_SGE,
  COND_SGT,
  COND_SLT,
  isCondJump,
  OP_JMP32_K,
} from '../insn/ops'
import { analyseGraph, forgetGraph } from './cfg'
import { Block, blockAt, Fn, Ins, insAt, INS_ZOPS, orderAt, Switch } from './ir'
import { analyseForward } from './width'

/** Comparisons in a row that a table must replace, and most that a tree may have; largest constant. */
const CHAIN_MIN: u32 = 8
const TREE_MAX: u32 = 96
const CONSTANT_MAX: i64 = 255

/** Finds trees and replaces them; false when memory is out. */
export function makeSwitches(fn: Fn): bool {
  if (!hasCandidate(fn)) return true
  if (!analyseForward(fn)) return false
  const seen = fn.arena.alloc((<usize>TREE_MAX) << 3)
  if (!seen) return false
  let found = false
  for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) {
    const b = orderAt(fn, i)
    const block = blockAt(fn, b)
    if (!compares(fn, block) || isInner(fn, b)) continue
    if (makeSwitch(fn, b, seen)) found = true
    if (fn.arenaFailed) return false
  }
  if (!found) return true
  forgetGraph(fn)
  return analyseGraph(fn)
}

/** Whether some tree may be large enough, at the price of a look at each block. */
function hasCandidate(fn: Fn): bool {
  let inner: u32 = 0
  for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) {
    if (isInner(fn, orderAt(fn, i))) inner++
  }
  return inner + 1 >= CHAIN_MIN
}

/** Ends in a comparison with a small constant, whose outcome is the same for all values beyond it. */
function compares(fn: Fn, block: Block): bool {
  const ins = insAt(fn, block.end - 1)
  const op = <i32>ins.op
  if (block.table || !isCondJump(op) || (op & 15) == COND_SET) return false
  return (op & 0x10) == 0 && ins.imm >= 0 && ins.imm <= CONSTANT_MAX
}

/** A block below the top of a tree: one comparison and one way in, from a comparison of the same kind. */
function isInner(fn: Fn, b: i32): bool {
  const block = blockAt(fn, b)
  if (block.predCnt != 1 || block.end - block.first != 1 || !compares(fn, block)) return false
  const pred = load<i32>(fn.preds + ((<usize>block.predFirst) << 2))
  if (pred == b || !compares(fn, blockAt(fn, pred))) return false
  return sameOperand(insAt(fn, block.first), insAt(fn, blockAt(fn, pred).end - 1))
}

@inline function sameOperand(a: Ins, b: Ins): bool {
  return a.dst == b.dst && a.op >= <u16>OP_JMP32_K == b.op >= <u16>OP_JMP32_K
}

function makeSwitch(fn: Fn, root: i32, tree: usize): bool {
  let cnt: u32 = 1
  let largest: i64 = 0
  let deepest: u32 = 0
  // Blocks, and how many comparisons lead to the end of each
  store<i32>(tree, root)
  store<u32>(tree, 1, 4)
  for (let i: u32 = 0; i < cnt; i++) {
    const block = blockAt(fn, load<i32>(tree + ((<usize>i) << 3)))
    const depth = load<u32>(tree + ((<usize>i) << 3), 4)
    deepest = max(deepest, depth)
    largest = max(largest, insAt(fn, block.end - 1).imm)
    for (let k = 0; k < 2; k++) {
      const succ = k ? block.next : block.taken
      if (succ == root || !isInner(fn, succ) || cnt == TREE_MAX) continue
      store<i32>(tree + ((<usize>cnt) << 3), succ)
      store<u32>(tree + ((<usize>cnt) << 3), depth + 1, 4)
      cnt++
    }
  }
  if (deepest < CHAIN_MIN || cnt == TREE_MAX) return false
  const ins = insAt(fn, blockAt(fn, root).end - 1)
  const wide = ins.op < <u16>OP_JMP32_K
  const big = walk(fn, root, largest + 1)
  const mayBeNegative = !wide || (ins.flags & INS_ZOPS) == 0
  if (mayBeNegative && walk(fn, root, -1) != big) return false
  return fillSwitch(fn, blockAt(fn, root), root, <u32>largest + 2)
}

/** Where the tree leads a value. */
function walk(fn: Fn, root: i32, value: i64): i32 {
  let b = root
  do {
    const block = blockAt(fn, b)
    const ins = insAt(fn, block.end - 1)
    b = holds((<i32>ins.op) & 15, value, ins.imm) ? block.taken : block.next
  } while (b != root && isInner(fn, b) && belongs(fn, b, root))
  return b
}

/** Whether the chain of only ways in leads from an inner block up to the root. */
function belongs(fn: Fn, b: i32, root: i32): bool {
  let at = b
  while (at != root) {
    if (!isInner(fn, at)) return false
    at = load<i32>(fn.preds + ((<usize>blockAt(fn, at).predFirst) << 2))
  }
  return true
}

function holds(cond: i32, value: i64, imm: i64): bool {
  switch (cond) {
    case COND_EQ:
      return value == imm
    case COND_NE:
      return value != imm
    case COND_GT:
      return <u64>value > <u64>imm
    case COND_GE:
      return <u64>value >= <u64>imm
    case COND_LT:
      return <u64>value < <u64>imm
    case COND_LE:
      return <u64>value <= <u64>imm
    case COND_SGT:
      return value > imm
    case COND_SGE:
      return value >= imm
    case COND_SLT:
      return value < imm
    default:
      return value <= imm
  }
}

/** Entries 0 to entries - 2 for the values, the last one for all beyond. */
function fillSwitch(fn: Fn, block: Block, root: i32, entries: u32): bool {
  const sw = changetype<Switch>(fn.arena.alloc(offsetof<Switch>()))
  const indices = fn.arena.alloc(<usize>entries * 2)
  const succs = fn.arena.alloc((<usize>entries) << 2)
  if (!changetype<usize>(sw) || !indices || !succs) {
    fn.arenaFailed = true
    return false
  }
  sw.entryCnt = entries
  sw.entries = indices
  sw.succs = succs
  for (let v: u32 = 0; v < entries; v++) {
    const leaf = walk(fn, root, <i64>v)
    let k: u32 = 0
    while (k < sw.succCnt && load<i32>(succs + ((<usize>k) << 2)) != leaf) k++
    if (k == sw.succCnt) {
      store<i32>(succs + ((<usize>k) << 2), leaf)
      sw.succCnt++
    }
    store<u16>(indices + ((<usize>v) << 1), <u16>k)
  }
  block.table = changetype<usize>(sw)
  return true
}

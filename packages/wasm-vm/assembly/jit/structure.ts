// SPDX-License-Identifier: GPL-2.0-only
// A control-flow graph to blocks, loops and branches.
//
// Reducible graphs: Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control
// Flow" (2022), by dominator tree, with a stack of tasks in place of the recursion:
//
//   tree(X):   if X is a loop: open a loop, close it after the rest
//              for each merge point Y that X dominates directly, the latest outermost: open a block
//              code of X and its way out
//              for each Y, innermost first: close its block, tree(Y)
//   go(X, T):  back to a loop, or on to a merge point: a branch; else T has no other way in: tree(T) in place
//
// Irreducible graphs: one loop around a br_table over the number of the next block.

import { isCondJump, OP_EXIT, OP_INVALID, OP_JA, OP_MAY_GOTO } from '../insn/ops'
import { Arena } from '../mem/arena'
import { Block, blockAt, Fn, Ins, insAt, orderAt, succAt, Switch } from './ir'
import { lowerIns, lowerReturn } from './lower'
import { markInsn } from './line-marks'
import { lowerCondition, lowerTableIndex } from './lower-jump'
import {
  byte,
  opBlock,
  opBr,
  opBrIf,
  opEnd,
  opI32Const,
  opIf,
  opLoop,
  opSet,
  opUnreachable,
  reserve,
  uleb,
  opGet,
} from './sink'
import { currentRep, edgeNeedsMoves, emitEdgeMoves, entryRep, setCurrentRep } from './values'

const TASK_TREE: u32 = 0
const TASK_GO: u32 = 1
const TASK_END: u32 = 2

/** A task: what to do, with one or two blocks. */
@unmanaged class Task {
  kind: u32
  from: i32
  to: i32
}

@unmanaged class Work {
  tasks: usize
  taskCnt: u32
  taskRoom: u32
  arena: Arena
  /** Wasm labels open at this point. */
  depth: u32
  failed: bool
}

const WORK: usize = memory.data(offsetof<Work>(), 8)

@inline function work(): Work {
  return changetype<Work>(WORK)
}

function push(kind: u32, from: i32, to: i32): void {
  const w = work()
  if (w.taskCnt == w.taskRoom) {
    const room = max<u32>(w.taskRoom * 2, 64)
    const fresh = w.arena.alloc(<usize>room * offsetof<Task>())
    if (!fresh) {
      w.failed = true
      return
    }
    memory.copy(fresh, w.tasks, <usize>w.taskCnt * offsetof<Task>())
    w.tasks = fresh
    w.taskRoom = room
  }
  const t = changetype<Task>(w.tasks + <usize>w.taskCnt * offsetof<Task>())
  w.taskCnt++
  t.kind = kind
  t.from = from
  t.to = to
}

/** The body of a function: everything after its locals. False when memory is out. */
export function emitBody(fn: Fn): bool {
  const w = work()
  w.arena = fn.arena
  w.tasks = 0
  w.taskCnt = 0
  w.taskRoom = 0
  w.depth = 0
  w.failed = false
  const entry = blockAt(fn, orderAt(fn, 0))
  // r1 to r5 arrive in i64 parameters
  emitEdgeMoves(fn, 0x3e, entry)
  if (fn.irreducible) emitDispatchLoop(fn)
  else emitTree(fn)
  reserve(8)
  opUnreachable()
  opEnd()
  return !w.failed
}

function emitTree(fn: Fn): void {
  const w = work()
  push(TASK_TREE, orderAt(fn, 0), 0)
  while (w.taskCnt && !w.failed) {
    w.taskCnt--
    const t = changetype<Task>(w.tasks + <usize>w.taskCnt * offsetof<Task>())
    const kind = t.kind
    const from = t.from
    const to = t.to
    reserve(32)
    if (kind == TASK_END) {
      w.depth--
      opEnd()
    } else if (kind == TASK_TREE) {
      tree(fn, from)
    } else {
      go(fn, from, to)
    }
  }
}

function tree(fn: Fn, b: i32): void {
  const w = work()
  const block = blockAt(fn, b)
  if (block.isLoop) {
    opLoop()
    block.loopLabel = w.depth++
    push(TASK_END, 0, 0)
  }
  for (let m = block.firstMerge; m >= 0; m = blockAt(fn, m).nextMerge) {
    reserve(16)
    opBlock()
    blockAt(fn, m).label = w.depth++
    push(TASK_TREE, m, 0)
    push(TASK_END, 0, 0)
  }
  emitStraight(fn, block)
  leave(fn, b, block)
}

/** Everything but the way out. */
function emitStraight(fn: Fn, block: Block): void {
  setCurrentRep(entryRep(block))
  const last = block.end - 1
  const op = <i32>insAt(fn, last).op
  const ends = isCondJump(op) || op == OP_JA || op == OP_MAY_GOTO || op == OP_EXIT || op == OP_INVALID
  const stop = ends ? last : block.end
  for (let i = block.first; i < stop; i++) lowerIns(fn, insAt(fn, i))
  block.repOut = currentRep()
}

function leave(fn: Fn, b: i32, block: Block): void {
  const w = work()
  const ins = insAt(fn, block.end - 1)
  const op = <i32>ins.op
  reserve(128)
  markInsn(ins.insn)
  if (op == OP_EXIT) return lowerReturn(fn)
  if (block.table) return leaveByTable(fn, b, block, ins)
  if (op == OP_INVALID || block.next < 0) return opUnreachable()
  if (block.taken < 0) return go(fn, b, block.next)
  if (isPlain(fn, b, block.taken)) {
    lowerCondition(fn, ins, false)
    opBrIf(labelTo(fn, b, block.taken))
    return go(fn, b, block.next)
  }
  if (isPlain(fn, b, block.next)) {
    lowerCondition(fn, ins, true)
    opBrIf(labelTo(fn, b, block.next))
    return go(fn, b, block.taken)
  }
  lowerCondition(fn, ins, false)
  opIf()
  w.depth++
  push(TASK_GO, b, block.next)
  push(TASK_END, 0, 0)
  push(TASK_GO, b, block.taken)
}

/**
 * A br_table. Ways that need code pass through blocks of their own around it:
 *
 *   block (one a such way) … br_table end, code, br, end, code, br …
 */
function leaveByTable(fn: Fn, b: i32, block: Block, ins: Ins): void {
  const w = work()
  const sw = changetype<Switch>(block.table)
  const detours = w.arena.alloc((<usize>sw.succCnt) << 2)
  if (!detours) {
    w.failed = true
    return
  }
  let cnt: u32 = 0
  for (let i: u32 = 0; i < sw.succCnt; i++) {
    if (isPlain(fn, b, succAt(block, i))) continue
    store<u32>(detours + ((<usize>i) << 2), ++cnt)
  }
  reserve(64 + <usize>cnt * 4 + <usize>sw.entryCnt * 5)
  for (let i: u32 = 0; i < cnt; i++) opBlock()
  lowerTableIndex(fn, ins, sw.entryCnt - 1)
  byte(0x0e)
  uleb(sw.entryCnt - 1)
  for (let e: u32 = 0; e < sw.entryCnt; e++) {
    const i = <u32>load<u16>(sw.entries + ((<usize>e) << 1))
    const detour = load<u32>(detours + ((<usize>i) << 2))
    uleb(detour ? detour - 1 : cnt + labelTo(fn, b, succAt(block, i)))
  }
  let left = cnt
  for (let i: u32 = 0; i < sw.succCnt; i++) {
    if (!load<u32>(detours + ((<usize>i) << 2))) continue
    reserve(32)
    opEnd()
    left--
    emitEdgeMoves(fn, block.repOut, blockAt(fn, succAt(block, i)))
    reserve(16)
    opBr(left + labelTo(fn, b, succAt(block, i)))
  }
}

@inline function isBack(fn: Fn, from: i32, to: i32): bool {
  return blockAt(fn, to).rpo <= blockAt(fn, from).rpo
}

/** Whether the way is a branch and nothing else. */
function isPlain(fn: Fn, from: i32, to: i32): bool {
  const target = blockAt(fn, to)
  if (!isBack(fn, from, to) && target.forwardIn < 2) return false
  return !edgeNeedsMoves(blockAt(fn, from).repOut, target)
}

/** Distance of the label that leads to `to`, counted from here outwards. */
function labelTo(fn: Fn, from: i32, to: i32): u32 {
  const target = blockAt(fn, to)
  return work().depth - 1 - (isBack(fn, from, to) ? target.loopLabel : target.label)
}

function go(fn: Fn, from: i32, to: i32): void {
  const target = blockAt(fn, to)
  emitEdgeMoves(fn, blockAt(fn, from).repOut, target)
  reserve(16)
  if (isBack(fn, from, to) || target.forwardIn >= 2) opBr(labelTo(fn, from, to))
  else push(TASK_TREE, to, 0)
}

/**
 * loop
 *   block … block (one a block of the graph)
 *     br_table on the next block's place in reverse postorder
 *   end, code of place 0, end, code of place 1 …
 */
function emitDispatchLoop(fn: Fn): void {
  const cnt = fn.orderCnt
  reserve(64 + <usize>cnt * 8)
  opI32Const(0)
  opSet(fn.tmp32 + 2)
  opLoop()
  for (let i: u32 = 0; i < cnt; i++) opBlock()
  opGet(fn.tmp32 + 2)
  byte(0x0e)
  uleb(cnt - 1)
  for (let i: u32 = 0; i < cnt; i++) uleb(i)
  for (let i: u32 = 0; i < cnt; i++) {
    reserve(32)
    opEnd()
    const b = orderAt(fn, <i32>i)
    emitStraight(fn, blockAt(fn, b))
    leaveToDispatch(fn, b, cnt - 1 - i)
  }
  opEnd()
}

/** `out`: labels between the block's code and the loop. */
function leaveToDispatch(fn: Fn, b: i32, out: u32): void {
  const block = blockAt(fn, b)
  const ins = insAt(fn, block.end - 1)
  reserve(128)
  markInsn(ins.insn)
  if (<i32>ins.op == OP_EXIT) return lowerReturn(fn)
  if (<i32>ins.op == OP_INVALID || block.next < 0) return opUnreachable()
  if (block.taken >= 0) {
    lowerCondition(fn, ins, false)
    opIf()
    dispatchTo(fn, block, block.taken, out + 1)
    opEnd()
  }
  dispatchTo(fn, block, block.next, out)
}

function dispatchTo(fn: Fn, from: Block, to: i32, out: u32): void {
  const target = blockAt(fn, to)
  emitEdgeMoves(fn, from.repOut, target)
  reserve(24)
  opI32Const(target.rpo)
  opSet(fn.tmp32 + 2)
  opBr(out)
}

// SPDX-License-Identifier: GPL-2.0-only
// A subprogram's records to instructions and basic blocks.

import {
  Decoded,
  FuncRef,
  RECORD_SHIFT,
  RECORD_SIZE,
  recArenaOp,
  recDst,
  recImm,
  recOp,
  recSrc,
  recTarget,
} from '../insn/record'
import {
  ALU_ARSH,
  ALU_LSH,
  ALU_RSH,
  isCondJump,
  OP_ALU64_K,
  OP_ARENA,
  OP_EXIT,
  OP_INVALID,
  OP_JA,
  OP_MAY_GOTO,
  OP_MOVSX64_16,
  OP_MOVSX64_32,
  OP_MOVSX64_8,
  OP_NOP,
  OP_SLOT2,
  OP_ZEXT16,
  OP_ZEXT32,
  ALU_AND,
} from '../insn/ops'
import { bit, Block, blockAt, Fn, Ins, insAt, INS_ARENA, INS_SIZE } from './ir'

/**
 * Fills fn.ins and fn.blocks; false when memory is out, or when control leaves the subprogram other than by a call or exit,
 * as bare instructions may.
 */
export function buildBlocks(fn: Fn, decoded: Decoded, func: FuncRef): bool {
  const cnt = func.end - func.first
  fn.insCnt = cnt
  fn.ins = fn.arena.alloc(<usize>cnt * INS_SIZE)
  // By instruction: 0, or 1 for the first of a block; then its block's number
  const starts = fn.arena.alloc((<usize>(cnt + 1)) << 2)
  if (!fn.ins || !starts) return false
  for (let i: u32 = 0; i < cnt; i++) copyIns(insAt(fn, i), func.start + ((<usize>i) << RECORD_SHIFT), func.first + i)
  if (!markStarts(fn, starts)) return false
  let blocks: u32 = 0
  for (let i: u32 = 0; i < cnt; i++) {
    if (load<u32>(starts + ((<usize>i) << 2))) blocks++
    store<i32>(starts + ((<usize>i) << 2), <i32>blocks - 1)
  }
  fn.blockCnt = blocks
  fn.blocks = fn.arena.alloc(<usize>blocks * offsetof<Block>())
  if (!fn.blocks) return false
  fillBlocks(fn, starts)
  for (let b: u32 = 0; b < blocks; b++) fuseShifts(fn, blockAt(fn, b))
  return true
}

function copyIns(ins: Ins, r: usize, insn: u32): void {
  ins.op = <u16>recOp(r)
  ins.dst = <u8>(recDst(r) >> 3)
  ins.src = <u8>(recSrc(r) >> 3)
  ins.off = recTarget(r)
  ins.insn = insn
  ins.imm = recImm(r)
  if (ins.op != <u16>OP_ARENA) return
  ins.op = <u16>recArenaOp(r)
  ins.imm = <i64>(<i32>ins.imm)
  ins.flags |= INS_ARENA
}

@inline function jumps(op: i32): bool {
  return isCondJump(op) || op == OP_JA || op == OP_MAY_GOTO
}

/** The instruction that a jump at `i` leads to. */
@inline function targetOf(ins: Ins, i: u32): u32 {
  return <u32>(<i32>i + (ins.off >> RECORD_SHIFT))
}

function markStarts(fn: Fn, starts: usize): bool {
  store<u32>(starts, 1)
  for (let i: u32 = 0; i < fn.insCnt; i++) {
    const ins = insAt(fn, i)
    const op = <i32>ins.op
    if (jumps(op)) {
      if (targetOf(ins, i) >= fn.insCnt) return false
      store<u32>(starts + ((<usize>targetOf(ins, i)) << 2), 1)
      store<u32>(starts + ((<usize>(i + 1)) << 2), 1)
    } else if (op == OP_EXIT || op == OP_INVALID) {
      store<u32>(starts + ((<usize>(i + 1)) << 2), 1)
    }
  }
  const last = <i32>insAt(fn, fn.insCnt - 1).op
  return last == OP_EXIT || last == OP_JA || last == OP_INVALID
}

function fillBlocks(fn: Fn, blockOf: usize): void {
  let i: u32 = 0
  for (let b: i32 = 0; b < <i32>fn.blockCnt; b++) {
    const block = blockAt(fn, b)
    block.first = i
    block.rpo = -1
    block.idom = -1
    block.firstMerge = -1
    block.nextMerge = -1
    while (i < fn.insCnt && load<i32>(blockOf + ((<usize>i) << 2)) == b) i++
    block.end = i
    setSuccessors(fn, block, b, blockOf)
  }
}

function setSuccessors(fn: Fn, block: Block, b: i32, blockOf: usize): void {
  const last = block.end - 1
  const ins = insAt(fn, last)
  const op = <i32>ins.op
  block.taken = -1
  block.next = b + 1 < <i32>fn.blockCnt ? b + 1 : -1
  if (op == OP_EXIT || op == OP_INVALID) {
    block.next = -1
  } else if (op == OP_JA) {
    block.next = load<i32>(blockOf + ((<usize>targetOf(ins, last)) << 2))
  } else if (isCondJump(op) || op == OP_MAY_GOTO) {
    block.taken = load<i32>(blockOf + ((<usize>targetOf(ins, last)) << 2))
    if (op == OP_MAY_GOTO) fn.hasMayGoto = true
  }
}

/** Code for CPUs without 32-bit moves shifts up and down to extend: make that one instruction. */
function fuseShifts(fn: Fn, block: Block): void {
  for (let i = block.first; i + 1 < block.end; i++) {
    const a = insAt(fn, i)
    if (a.op != <u16>(OP_ALU64_K + ALU_LSH)) continue
    const b = insAt(fn, i + 1)
    if (b.dst != a.dst || b.imm != a.imm) continue
    const isSigned = b.op == <u16>(OP_ALU64_K + ALU_ARSH)
    if (!isSigned && b.op != <u16>(OP_ALU64_K + ALU_RSH)) continue
    const op = fusedOp(64 - <i32>a.imm, isSigned)
    if (!op) continue
    if (op == OP_ALU64_K + ALU_AND) b.imm = 255
    b.op = <u16>op
    b.src = b.dst
    a.op = <u16>OP_NOP
  }
}

function fusedOp(bits: i32, isSigned: bool): i32 {
  if (bits == 32) return isSigned ? OP_MOVSX64_32 : OP_ZEXT32
  if (bits == 16) return isSigned ? OP_MOVSX64_16 : OP_ZEXT16
  if (bits == 8) return isSigned ? OP_MOVSX64_8 : OP_ALU64_K + ALU_AND
  return 0
}

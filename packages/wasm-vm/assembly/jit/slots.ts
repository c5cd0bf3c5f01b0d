// SPDX-License-Identifier: GPL-2.0-only
// Stack slots that only direct loads and stores of one size touch become virtual registers: what a C compiler spilled for
// want of registers need not go through memory here. It takes a function whose frame pointer is nothing but the base of
// accesses; were its value to go anywhere, anybody might look into the slots.

import {
  ALU_MOV,
  isAlu,
  isAtomic,
  isCondJump,
  OP_ALU32_K,
  OP_ALU32_X,
  OP_ALU64_K,
  OP_ALU64_X,
  OP_LDX_B,
  OP_LDX_DW,
  OP_LDX_SW,
  OP_LDX_W,
  OP_MOVSX64_32,
  OP_MOVSX64_8,
  OP_PROBE_B,
  OP_PROBE_SW,
  OP_ST_B,
  OP_ST_DW,
  OP_ST_W,
  OP_STX_B,
  OP_STX_DW,
  OP_STX_W,
  OP_ZEXT32,
  accessSize,
  OP_CALL_REG,
  OP_CAST_USER,
} from '../insn/ops'
import { Fn, Ins, insAt, INS_ARENA, VREG_FP, VREG_MAX, VREG_SLOT0 } from './ir'

/** 4-byte cells of the stack. */
const CELLS: i32 = 128
const CELL_FREE: u8 = 0
/** Touched in 4 bytes; first and second half of an 8-byte slot; touched in other ways. */
const CELL_WORD: u8 = 1
const CELL_LOW: u8 = 2
const CELL_HIGH: u8 = 3
const CELL_MIXED: u8 = 4

/** False when memory is out. */
export function promoteSlots(fn: Fn): bool {
  const cells = fn.arena.alloc(<usize>CELLS * 2)
  if (!cells) return false
  for (let i: u32 = 0; i < fn.insCnt; i++) {
    const ins = insAt(fn, i)
    if (leaksFrame(ins)) return true
    if (baseOf(ins) == VREG_FP) noteAccess(cells, ins)
  }
  if (!numberSlots(cells)) return true
  for (let i: u32 = 0; i < fn.insCnt; i++) {
    const ins = insAt(fn, i)
    if (baseOf(ins) == VREG_FP) rewrite(cells, ins)
  }
  return true
}

/** The base register of a load, store or atomic, -1 for anything else. */
function baseOf(ins: Ins): i32 {
  const op = <i32>ins.op
  if (ins.flags & INS_ARENA) return -1
  if (op >= OP_LDX_B && op <= OP_PROBE_SW) return ins.src
  if ((op >= OP_ST_B && op <= OP_STX_DW) || isAtomic(op)) return ins.dst
  return -1
}

/** Whether the frame pointer is more than a base here. */
function leaksFrame(ins: Ins): bool {
  const op = <i32>ins.op
  const byReg = (op & 0x10) != 0
  if (isAlu(op) || isCondJump(op)) return ins.dst == VREG_FP || (byReg && ins.src == VREG_FP)
  if ((op >= OP_STX_B && op <= OP_STX_DW) || isAtomic(op)) return ins.src == VREG_FP
  if (op >= OP_MOVSX64_8 && op <= OP_ZEXT32) return ins.src == VREG_FP
  if (op >= OP_PROBE_B && op <= OP_PROBE_SW) return ins.src == VREG_FP
  return (op == OP_CALL_REG && ins.dst == VREG_FP) || (op == OP_CAST_USER && ins.src == VREG_FP)
}

@inline function cellOf(off: i32): i32 {
  return (off + 512) >> 2
}

function mark(cells: usize, cell: i32, as: u8): void {
  if (cell < 0 || cell >= CELLS) return
  const old = load<u8>(cells + cell)
  store<u8>(cells + cell, old == CELL_FREE || old == as ? as : CELL_MIXED)
}

function noteAccess(cells: usize, ins: Ins): void {
  const size = accessSize(ins.op)
  const off = ins.off
  const first = cellOf(off)
  if (size == 8 && (off & 7) == 0 && !isAtomic(ins.op)) {
    mark(cells, first, CELL_LOW)
    mark(cells, first + 1, CELL_HIGH)
  } else if (size == 4 && (off & 3) == 0 && !isAtomic(ins.op)) {
    mark(cells, first, CELL_WORD)
  } else {
    for (let c = first; c <= cellOf(off + size - 1); c++) mark(cells, c, CELL_MIXED)
  }
}

/** Gives registers to cells, in the second half of `cells`; whether there are any. */
function numberSlots(cells: usize): bool {
  let next = VREG_SLOT0
  for (let c: i32 = 0; c < CELLS && next < VREG_MAX; c++) {
    const kind = load<u8>(cells + c)
    const whole = kind == CELL_LOW && c + 1 < CELLS && load<u8>(cells + c + 1) == CELL_HIGH
    if (kind != CELL_WORD && !whole) continue
    store<u8>(cells + CELLS + c, <u8>next)
    next++
  }
  return next > VREG_SLOT0
}

function rewrite(cells: usize, ins: Ins): void {
  const cell = cellOf(ins.off)
  if (cell < 0 || cell >= CELLS) return
  const slot = load<u8>(cells + CELLS + cell)
  if (!slot) return
  switch (<i32>ins.op) {
    case OP_LDX_DW:
      return move(ins, OP_ALU64_X + ALU_MOV, ins.dst, slot)
    case OP_LDX_W:
      return move(ins, OP_ALU32_X + ALU_MOV, ins.dst, slot)
    case OP_LDX_SW:
      return move(ins, OP_MOVSX64_32, ins.dst, slot)
    case OP_STX_DW:
      return move(ins, OP_ALU64_X + ALU_MOV, slot, ins.src)
    case OP_STX_W:
      return move(ins, OP_ALU32_X + ALU_MOV, slot, ins.src)
    case OP_ST_DW:
      return move(ins, OP_ALU64_K + ALU_MOV, slot, 0)
    case OP_ST_W:
      return move(ins, OP_ALU32_K + ALU_MOV, slot, 0)
    default:
      return
  }
}

function move(ins: Ins, op: i32, dst: u8, src: u8): void {
  ins.op = <u16>op
  ins.dst = dst
  ins.src = src
}

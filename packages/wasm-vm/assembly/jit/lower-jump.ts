// SPDX-License-Identifier: GPL-2.0-only
// Conditions of jumps: an i32 on the stack, not zero when the condition (or, if asked, its opposite) holds.

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
  COND_SLE,
  COND_SLT,
  OP_JMP32_K,
  OP_MAY_GOTO,
} from '../insn/ops'
import { Fn, Ins, INS_ZOPS } from './ir'
import {
  byte,
  I32_AND,
  I32_EQ,
  I32_EQZ,
  I32_GE_S,
  I32_GE_U,
  I32_GT_S,
  I32_GT_U,
  I32_LE_S,
  I32_LE_U,
  I32_LT_S,
  I32_LT_U,
  I32_NE,
  I32_SUB,
  I64_AND,
  I64_EQZ,
  I64_LT_U,
  opGet,
  opI32Const,
  opI64Const,
  opSelect,
  opTee,
} from './sink'
import { get32, get64, operand32, operand64 } from './values'

/** Distance from an i32 comparison's opcode to its i64 twin's. */
const TO_I64: i32 = 11

export function lowerCondition(fn: Fn, ins: Ins, negate: bool): void {
  const op = <i32>ins.op
  if (op == OP_MAY_GOTO) return mayGoto(fn, negate)
  const byReg = (op & 0x10) != 0
  const narrow = (ins.flags & INS_ZOPS) != 0
  let cond = op & 15
  if (cond == COND_SET) return testBits(fn, ins, byReg, narrow, negate)
  if (negate) cond = opposite(cond)
  // Zero-extended values are not negative: their signed order is the unsigned one
  if (narrow && op < OP_JMP32_K) cond = unsignedTwin(cond)
  if (narrow) get32(fn, ins.dst)
  else get64(fn, ins.dst)
  if (!byReg && ins.imm == 0 && (cond == COND_EQ || cond == COND_NE)) {
    byte(narrow ? I32_EQZ : I64_EQZ)
    if (cond == COND_NE) byte(I32_EQZ)
    return
  }
  if (narrow) operand32(fn, ins, byReg)
  else operand64(fn, ins, byReg)
  byte(compareOpcode(cond) + (narrow ? 0 : TO_I64))
}

/** The compared register as an index, `beyond` for everything that is not less than it. */
export function lowerTableIndex(fn: Fn, ins: Ins, beyond: u32): void {
  if (ins.flags & INS_ZOPS) return get32(fn, ins.dst)
  get32(fn, ins.dst)
  opI32Const(<i32>beyond)
  get64(fn, ins.dst)
  opI64Const(<i64>beyond)
  byte(I64_LT_U)
  opSelect()
}

function testBits(fn: Fn, ins: Ins, byReg: bool, narrow: bool, negate: bool): void {
  if (narrow) {
    get32(fn, ins.dst)
    operand32(fn, ins, byReg)
    byte(I32_AND)
    if (negate) byte(I32_EQZ)
    return
  }
  get64(fn, ins.dst)
  operand64(fn, ins, byReg)
  byte(I64_AND)
  byte(I64_EQZ)
  if (!negate) byte(I32_EQZ)
}

/** Counts a turn down; the jump is taken when none is left, and ever after. */
function mayGoto(fn: Fn, negate: bool): void {
  opGet(fn.turns)
  opI32Const(1)
  byte(I32_SUB)
  opTee(fn.turns)
  opI32Const(0)
  byte(negate ? I32_GE_S : I32_LT_S)
}

function opposite(cond: i32): i32 {
  switch (cond) {
    case COND_EQ:
      return COND_NE
    case COND_NE:
      return COND_EQ
    case COND_GT:
      return COND_LE
    case COND_LE:
      return COND_GT
    case COND_GE:
      return COND_LT
    case COND_LT:
      return COND_GE
    case COND_SGT:
      return COND_SLE
    case COND_SLE:
      return COND_SGT
    case COND_SGE:
      return COND_SLT
    default:
      return COND_SGE
  }
}

function unsignedTwin(cond: i32): i32 {
  switch (cond) {
    case COND_SGT:
      return COND_GT
    case COND_SGE:
      return COND_GE
    case COND_SLT:
      return COND_LT
    case COND_SLE:
      return COND_LE
    default:
      return cond
  }
}

function compareOpcode(cond: i32): i32 {
  switch (cond) {
    case COND_EQ:
      return I32_EQ
    case COND_NE:
      return I32_NE
    case COND_GT:
      return I32_GT_U
    case COND_GE:
      return I32_GE_U
    case COND_LT:
      return I32_LT_U
    case COND_LE:
      return I32_LE_U
    case COND_SGT:
      return I32_GT_S
    case COND_SGE:
      return I32_GE_S
    case COND_SLT:
      return I32_LT_S
    default:
      return I32_LE_S
  }
}

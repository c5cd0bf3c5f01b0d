// SPDX-License-Identifier: GPL-2.0-only
// Arithmetic, sign extension and byte order as WebAssembly.

import {
  ALU_ADD,
  ALU_AND,
  ALU_ARSH,
  ALU_DIV,
  ALU_LSH,
  ALU_MOD,
  ALU_MOV,
  ALU_MUL,
  ALU_NEG,
  ALU_OR,
  ALU_RSH,
  ALU_SDIV,
  ALU_SMOD,
  ALU_SUB,
  ALU_XOR,
  OP_ALU32_K,
  OP_MOVSX32_16,
  OP_MOVSX32_8,
  OP_MOVSX64_16,
  OP_MOVSX64_32,
  OP_MOVSX64_8,
  OP_SWAP16,
  OP_SWAP32,
  OP_SWAP64,
  OP_ZEXT16,
} from '../insn/ops'
import { Fn, Ins, INS_LIVE, INS_ZOPS } from './ir'
import {
  byte,
  I32_ADD,
  I32_AND,
  I32_DIV_S,
  I32_DIV_U,
  I32_EQZ,
  I32_EXTEND16_S,
  I32_EXTEND8_S,
  I32_LT_U,
  I32_MUL,
  I32_OR,
  I32_REM_S,
  I32_REM_U,
  I32_ROTL,
  I32_SHL,
  I32_SHR_S,
  I32_SHR_U,
  I32_SUB,
  I32_XOR,
  I64_ADD,
  I64_AND,
  I64_DIV_S,
  I64_DIV_U,
  I64_EQZ,
  I64_EXTEND16_S,
  I64_EXTEND32_S,
  I64_EXTEND8_S,
  I64_EXTEND_I32_S,
  I64_LT_U,
  I64_MUL,
  I64_OR,
  I64_REM_S,
  I64_REM_U,
  I64_ROTL,
  I64_SHL,
  I64_SHR_S,
  I64_SHR_U,
  I64_SUB,
  I64_XOR,
  opElse,
  opEnd,
  opGet,
  opI32Const,
  opI64Const,
  opIfI32,
  opIfI64,
  opSet,
  opTee,
  opSelect,
} from './sink'
import { get32, get64, isInWide, operand32, operand64, setResult } from './values'
import { isWide, operandsWide } from './width'

export function lowerAlu(fn: Fn, ins: Ins): void {
  if (!(ins.flags & INS_LIVE)) return
  const op = <i32>ins.op
  const alu = op & 15
  const byReg = (op & 0x10) != 0
  if (op >= OP_ALU32_K) {
    lower32(fn, ins, alu, byReg)
    return setResult(fn, ins, ins.dst, false)
  }
  lower64(fn, ins, alu, byReg)
}

/** Leaves an i32. */
function lower32(fn: Fn, ins: Ins, alu: i32, byReg: bool): void {
  switch (alu) {
    case ALU_MOV:
      return operand32(fn, ins, byReg)
    case ALU_NEG:
      opI32Const(0)
      get32(fn, ins.dst)
      return byte(I32_SUB)
    case ALU_DIV:
    case ALU_MOD:
      return unsigned32(fn, ins, alu == ALU_DIV, byReg)
    case ALU_SDIV:
    case ALU_SMOD:
      return signed32(fn, ins, alu == ALU_SDIV, byReg)
    default:
      get32(fn, ins.dst)
      operand32(fn, ins, byReg)
      byte(opcode32(alu))
  }
}

function opcode32(alu: i32): i32 {
  switch (alu) {
    case ALU_ADD:
      return I32_ADD
    case ALU_SUB:
      return I32_SUB
    case ALU_MUL:
      return I32_MUL
    case ALU_OR:
      return I32_OR
    case ALU_AND:
      return I32_AND
    case ALU_XOR:
      return I32_XOR
    case ALU_LSH:
      return I32_SHL
    case ALU_RSH:
      return I32_SHR_U
    default:
      return I32_SHR_S
  }
}

function opcode64(alu: i32): i32 {
  switch (alu) {
    case ALU_ADD:
      return I64_ADD
    case ALU_SUB:
      return I64_SUB
    case ALU_MUL:
      return I64_MUL
    case ALU_OR:
      return I64_OR
    case ALU_AND:
      return I64_AND
    case ALU_XOR:
      return I64_XOR
    case ALU_LSH:
      return I64_SHL
    case ALU_RSH:
      return I64_SHR_U
    default:
      return I64_SHR_S
  }
}

function lower64(fn: Fn, ins: Ins, alu: i32, byReg: bool): void {
  const wide = isWide(ins)
  switch (alu) {
    case ALU_MOV:
      if (wide) operand64(fn, ins, byReg)
      else operand32(fn, ins, byReg)
      return setResult(fn, ins, ins.dst, wide)
    case ALU_LSH:
    case ALU_RSH:
    case ALU_ARSH:
      return shift64(fn, ins, alu, byReg)
    case ALU_DIV:
    case ALU_MOD:
      if (operandsWide(ins, alu, byReg)) unsigned64(fn, ins, alu == ALU_DIV, byReg)
      else unsigned32(fn, ins, alu == ALU_DIV, byReg)
      return setResult(fn, ins, ins.dst, operandsWide(ins, alu, byReg))
    case ALU_SDIV:
    case ALU_SMOD:
      signed64(fn, ins, alu == ALU_SDIV, byReg)
      return setResult(fn, ins, ins.dst, true)
    case ALU_NEG:
      if (wide) {
        opI64Const(0)
        get64(fn, ins.dst)
        byte(I64_SUB)
      } else {
        lower32(fn, ins, alu, byReg)
      }
      return setResult(fn, ins, ins.dst, wide)
    default:
      if (wide) {
        get64(fn, ins.dst)
        operand64(fn, ins, byReg)
        byte(opcode64(alu))
      } else {
        lower32(fn, ins, alu, byReg)
      }
      return setResult(fn, ins, ins.dst, wide)
  }
}

function shift64(fn: Fn, ins: Ins, alu: i32, byReg: bool): void {
  const narrow = !operandsWide(ins, alu, byReg) && !isWide(ins)
  if (byReg || !narrow) {
    get64(fn, ins.dst)
    operand64(fn, ins, byReg)
    byte(opcode64(alu))
    return setResult(fn, ins, ins.dst, true)
  }
  // By a constant, and only the lower half matters or exists
  if (ins.imm >= 32) {
    opI32Const(0)
  } else {
    get32(fn, ins.dst)
    opI32Const(<i32>ins.imm)
    byte(alu == ALU_LSH ? I32_SHL : I32_SHR_U)
  }
  setResult(fn, ins, ins.dst, false)
}

@inline function isPowerOfTwo(v: u64): bool {
  return v != 0 && (v & (v - 1)) == 0
}

function unsigned32(fn: Fn, ins: Ins, quotient: bool, byReg: bool): void {
  if (!byReg) {
    const imm = <u32>ins.imm
    get32(fn, ins.dst)
    if (isPowerOfTwo(imm)) {
      opI32Const(quotient ? <i32>ctz<u32>(imm) : <i32>(imm - 1))
      return byte(quotient ? I32_SHR_U : I32_AND)
    }
    opI32Const(<i32>imm)
    return byte(quotient ? I32_DIV_U : I32_REM_U)
  }
  get32(fn, ins.src)
  opTee(fn.tmp32)
  opIfI32()
  get32(fn, ins.dst)
  opGet(fn.tmp32)
  byte(quotient ? I32_DIV_U : I32_REM_U)
  opElse()
  if (quotient) opI32Const(0)
  else get32(fn, ins.dst)
  opEnd()
}

function unsigned64(fn: Fn, ins: Ins, quotient: bool, byReg: bool): void {
  if (!byReg) {
    const imm = <u64>ins.imm
    get64(fn, ins.dst)
    if (isPowerOfTwo(imm)) {
      opI64Const(quotient ? <i64>ctz<u64>(imm) : <i64>(imm - 1))
      return byte(quotient ? I64_SHR_U : I64_AND)
    }
    opI64Const(ins.imm)
    return byte(quotient ? I64_DIV_U : I64_REM_U)
  }
  get64(fn, ins.src)
  opTee(fn.tmp64)
  byte(I64_EQZ)
  opIfI64()
  if (quotient) opI64Const(0)
  else get64(fn, ins.dst)
  opElse()
  get64(fn, ins.dst)
  opGet(fn.tmp64)
  byte(quotient ? I64_DIV_U : I64_REM_U)
  opEnd()
}

/** Divisors 0 and -1 apart: the quotient by them is the product, the remainder the dividend and 0. */
function signed32(fn: Fn, ins: Ins, quotient: bool, byReg: bool): void {
  if (!byReg) {
    get32(fn, ins.dst)
    opI32Const(<i32>ins.imm)
    return byte(quotient ? I32_DIV_S : I32_REM_S)
  }
  get32(fn, ins.src)
  opTee(fn.tmp32)
  opI32Const(1)
  byte(I32_ADD)
  opI32Const(2)
  byte(I32_LT_U)
  opIfI32()
  get32(fn, ins.dst)
  if (quotient) {
    opGet(fn.tmp32)
    byte(I32_MUL)
  } else {
    opI32Const(0)
    opGet(fn.tmp32)
    byte(I32_EQZ)
    opSelect()
  }
  opElse()
  get32(fn, ins.dst)
  opGet(fn.tmp32)
  byte(quotient ? I32_DIV_S : I32_REM_S)
  opEnd()
}

function signed64(fn: Fn, ins: Ins, quotient: bool, byReg: bool): void {
  if (!byReg) {
    get64(fn, ins.dst)
    opI64Const(ins.imm)
    return byte(quotient ? I64_DIV_S : I64_REM_S)
  }
  get64(fn, ins.src)
  opTee(fn.tmp64)
  opI64Const(1)
  byte(I64_ADD)
  opI64Const(2)
  byte(I64_LT_U)
  opIfI64()
  get64(fn, ins.dst)
  if (quotient) {
    opGet(fn.tmp64)
    byte(I64_MUL)
  } else {
    opI64Const(0)
    opGet(fn.tmp64)
    byte(I64_EQZ)
    opSelect()
  }
  opElse()
  get64(fn, ins.dst)
  opGet(fn.tmp64)
  byte(quotient ? I64_DIV_S : I64_REM_S)
  opEnd()
}

/** MOVSX, byte swaps, zero extension. */
export function lowerExtend(fn: Fn, ins: Ins): void {
  if (!(ins.flags & INS_LIVE)) return
  const op = <i32>ins.op
  if (op >= OP_MOVSX64_8 && op <= OP_MOVSX32_16) return signExtend(fn, ins, op)
  switch (op) {
    case OP_SWAP16:
      swap16(fn, ins)
      break
    case OP_SWAP32:
      swap32(fn, ins)
      break
    case OP_SWAP64:
      swap64(fn, ins)
      return setResult(fn, ins, ins.dst, true)
    case OP_ZEXT16:
      get32(fn, ins.dst)
      opI32Const(0xffff)
      byte(I32_AND)
      break
    default:
      get32(fn, ins.dst)
  }
  setResult(fn, ins, ins.dst, false)
}

function signExtend(fn: Fn, ins: Ins, op: i32): void {
  const wide = isWide(ins)
  if (!wide) {
    get32(fn, ins.src)
    if (op == OP_MOVSX64_8 || op == OP_MOVSX32_8) byte(I32_EXTEND8_S)
    else if (op == OP_MOVSX64_16 || op == OP_MOVSX32_16) byte(I32_EXTEND16_S)
    return setResult(fn, ins, ins.dst, false)
  }
  if (op == OP_MOVSX64_32 && !isInWide(ins.src)) {
    get32(fn, ins.src)
    byte(I64_EXTEND_I32_S)
  } else {
    get64(fn, ins.src)
    byte(op == OP_MOVSX64_8 ? I64_EXTEND8_S : op == OP_MOVSX64_16 ? I64_EXTEND16_S : I64_EXTEND32_S)
  }
  setResult(fn, ins, ins.dst, true)
}

function swap16(fn: Fn, ins: Ins): void {
  get32(fn, ins.dst)
  opTee(fn.tmp32)
  opI32Const(0xff)
  byte(I32_AND)
  opI32Const(8)
  byte(I32_SHL)
  opGet(fn.tmp32)
  opI32Const(8)
  byte(I32_SHR_U)
  opI32Const(0xff)
  byte(I32_AND)
  byte(I32_OR)
}

/** WebAssembly has no byte swap: two rotations bring each byte to its place, masks choose. */
function swap32(fn: Fn, ins: Ins): void {
  get32(fn, ins.dst)
  opTee(fn.tmp32)
  opI32Const(8)
  byte(I32_ROTL)
  opI32Const(0x00ff00ff)
  byte(I32_AND)
  opGet(fn.tmp32)
  opI32Const(24)
  byte(I32_ROTL)
  opI32Const(0xff00ff00)
  byte(I32_AND)
  byte(I32_OR)
}

/** Swaps neighbouring bytes, then neighbouring pairs, then the halves. */
function swap64(fn: Fn, ins: Ins): void {
  get64(fn, ins.dst)
  opSet(fn.tmp64)
  swapGroups(fn, 8, 0x00ff00ff00ff00ff)
  opSet(fn.tmp64)
  swapGroups(fn, 16, 0x0000ffff0000ffff)
  opI64Const(32)
  byte(I64_ROTL)
}

function swapGroups(fn: Fn, bits: i64, mask: i64): void {
  opGet(fn.tmp64)
  opI64Const(mask)
  byte(I64_AND)
  opI64Const(bits)
  byte(I64_SHL)
  opGet(fn.tmp64)
  opI64Const(bits)
  byte(I64_SHR_U)
  opI64Const(mask)
  byte(I64_AND)
  byte(I64_OR)
}

// SPDX-License-Identifier: GPL-2.0-only
// Instructions of the classes ALU and ALU64.
// Kernel counterpart: check_alu_op, adjust_reg_min_max_vals of verifier.c (6.18).

import { EACCES, EINVAL } from '../../gen/errno.gen'
import { PTR_TO_ARENA, SCALAR_VALUE } from '../../gen/verifier-types.gen'
import { insnClass, insnCode, insnDst, insnImm, insnOff, insnSrc } from '../../insn/raw'
import { markChainPrecision } from '../backtrack/precision'
import {
  assignScalarId,
  boundsSane,
  boundsSync,
  clearScalarId,
  coerceSubregSx,
  coerceToSizeSx,
  isPointerValue,
  isRegConst,
  markKnown,
  markUnknown,
  regConstValue,
  regWidth,
  zext32,
} from '../bounds'
import { Env, curAux } from '../env'
import { aluString } from '../log/names'
import { reject } from '../log/verbose'
import { BPF_ADD_CONST, BPF_ADD_CONST32, BPF_ADD_CONST64, copyReg, curReg, RegState } from '../state'
import { checkRegArg, DST_OP, DST_OP_NO_MARK, SRC_OP } from '../regs'
import { adjustPointer } from './pointer'
import { adjustScalar } from './scalar'

const OP_ADD: i32 = 0x00
const OP_SUB: i32 = 0x10
const OP_DIV: i32 = 0x30
const OP_NEG: i32 = 0x80
const OP_MOD: i32 = 0x90
const OP_MOV: i32 = 0xb0
const OP_END: i32 = 0xd0
const ALU64: i32 = 7
const SRC_X: i32 = 8
/** An immediate as a register. */
const IMM: usize = memory.data(112, 8)

/** A constant added to a linked scalar, or subtracted, is remembered as a distance; anything else ends the link. */
function trackDelta(env: Env, p: usize, dst: RegState, src: RegState, wasMax: u64): void {
  const op = insnCode(p) & 0xf0
  const wide = insnClass(p) == ALU64
  const doubles = changetype<usize>(src) == changetype<usize>(dst)
  const linear = op == OP_ADD || op == OP_SUB
  if (!env.bpfCapable || !linear || !dst.id || doubles || !isRegConst(src, !wide)) {
    clearScalarId(dst)
    return
  }
  const val = <i64>regConstValue(src, !wide)
  const off = <i32>val
  // In 32 bits the register must have had nothing in its upper half; a distance has 32 bits and a sign.
  const fits = wide ? val == <i64>off : wasMax <= 0xffffffff
  const negates = op == OP_SUB
  if (!fits || (negates && off == i32.MIN_VALUE) || (dst.id & BPF_ADD_CONST) != 0) {
    clearScalarId(dst)
    return
  }
  dst.id |= wide ? BPF_ADD_CONST64 : BPF_ADD_CONST32
  dst.off = negates ? -off : off
}

/** Pointers into an arena may be computed with at will, in 32 bits: accesses are checked when they happen. */
function isArenaOperation(env: Env, p: usize, dst: RegState): bool {
  if (dst.type != PTR_TO_ARENA) {
    if (!(insnCode(p) & SRC_X)) return false
    const src = curReg(env, insnSrc(p))
    if (src.type != PTR_TO_ARENA) return false
    copyReg(dst, src)
  }
  dst.subregDef = env.insnIdx + 1
  if (insnClass(p) == ALU64) curAux(env).needsZext = true
  return true
}

/** Operations that compute: everything but moves, negation and byte swaps. */
function adjustReg(env: Env, p: usize): i32 {
  const op = insnCode(p) & 0xf0
  const d = insnDst(p)
  const dst = curReg(env, d)
  if (isArenaOperation(env, p, dst)) return 0
  const dstIsPtr = dst.type != SCALAR_VALUE
  let src: RegState
  if (insnCode(p) & SRC_X) {
    const s = insnSrc(p)
    src = curReg(env, s)
    if (src.type != SCALAR_VALUE) {
      if (dstIsPtr) {
        if (op == OP_SUB && env.allowPtrLeaks) {
          markUnknown(env, dst)
          return 0
        }
        return reject(env, -EACCES, 'R%d pointer %s pointer prohibited\n', d, aluString(op))
      }
      const err = markChainPrecision(env, d)
      return err ? err : adjustPointer(env, p, src, dst)
    }
    if (dstIsPtr || dst.precise) {
      const err = markChainPrecision(env, s)
      if (err) return err
      if (dstIsPtr) return adjustPointer(env, p, dst, src)
    }
  } else {
    src = changetype<RegState>(IMM)
    memory.fill(IMM, 0, 112)
    src.type = SCALAR_VALUE
    markKnown(src, <u64>(<i64>insnImm(p)))
    if (dstIsPtr) return adjustPointer(env, p, dst, src)
  }
  const wasMax = dst.umax
  const err = adjustScalar(env, p, dst, src)
  if (err) return err
  trackDelta(env, p, dst, src, wasMax)
  return 0
}

function checkNegOrEnd(env: Env, p: usize, op: i32): i32 {
  const imm = insnImm(p)
  const d = insnDst(p)
  if (op == OP_NEG) {
    if ((insnCode(p) & SRC_X) != 0 || insnSrc(p) || insnOff(p) || imm) {
      return reject(env, -EINVAL, 'BPF_NEG uses reserved fields\n')
    }
  } else {
    const badSize = imm != 16 && imm != 32 && imm != 64
    if (insnSrc(p) || insnOff(p) || badSize || (insnClass(p) == ALU64 && (insnCode(p) & SRC_X) != 0)) {
      return reject(env, -EINVAL, 'BPF_END uses reserved fields\n')
    }
  }
  let err = checkRegArg(env, d, SRC_OP)
  if (err) return err
  if (isPointerValue(env, d)) return reject(env, -EACCES, 'R%d pointer arithmetic prohibited\n', d)
  const dst = curReg(env, d)
  if (dst.type == SCALAR_VALUE) {
    err = checkRegArg(env, d, DST_OP_NO_MARK)
    return err ? err : adjustScalar(env, p, dst, dst)
  }
  return checkRegArg(env, d, DST_OP)
}

function movFieldsOk(p: usize): bool {
  const off = insnOff(p)
  if (!(insnCode(p) & SRC_X)) return insnSrc(p) == 0 && off == 0
  if (insnImm(p)) return false
  return off == 0 || off == 8 || off == 16 || (off == 32 && insnClass(p) == ALU64)
}

/** r1 = r2, and with sign extension. */
function moveWide(env: Env, p: usize, dst: RegState, src: RegState): i32 {
  const off = insnOff(p)
  if (off == 0) {
    assignScalarId(env, src)
    copyReg(dst, src)
    dst.subregDef = 0
    return 0
  }
  if (isPointerValue(env, insnSrc(p))) {
    return reject(env, -EACCES, 'R%d sign-extension part of pointer\n', insnSrc(p))
  }
  if (src.type != SCALAR_VALUE) {
    markUnknown(env, dst)
    return 0
  }
  const same = src.umax < (<u64>1) << (off - 1)
  if (same) assignScalarId(env, src)
  copyReg(dst, src)
  if (!same) clearScalarId(dst)
  coerceToSizeSx(dst, off >> 3)
  dst.subregDef = 0
  return 0
}

/** w1 = w2, and with sign extension to 32 bits. */
function moveNarrow(env: Env, p: usize, dst: RegState, src: RegState): i32 {
  const off = insnOff(p)
  if (isPointerValue(env, insnSrc(p))) {
    return reject(env, -EACCES, 'R%d partial copy of pointer\n', insnSrc(p))
  }
  if (src.type == SCALAR_VALUE) {
    const same = off == 0 ? regWidth(src) <= 32 : src.umax < (<u64>1) << (off - 1)
    if (same) assignScalarId(env, src)
    copyReg(dst, src)
    if (!same) clearScalarId(dst)
    dst.subregDef = env.insnIdx + 1
    if (off) coerceSubregSx(dst, off >> 3)
  } else {
    markUnknown(env, dst)
  }
  zext32(dst)
  boundsSync(dst)
  return 0
}

/** A pointer of the arena's that programs use (imm 1), or of its caller's. */
function checkCast(env: Env, p: usize): i32 {
  let err = checkRegArg(env, insnSrc(p), SRC_OP)
  if (!err) err = checkRegArg(env, insnDst(p), DST_OP_NO_MARK)
  if (err) return err
  const dst = curReg(env, insnDst(p))
  markUnknown(env, dst)
  if (insnImm(p) == 1) {
    dst.type = PTR_TO_ARENA
    dst.subregDef = env.insnIdx + 1
  }
  return 0
}

function checkMov(env: Env, p: usize): i32 {
  const d = insnDst(p)
  const wide = insnClass(p) == ALU64
  const fromReg = (insnCode(p) & SRC_X) != 0
  if (fromReg && wide && insnOff(p) == 1) {
    if (insnImm(p) != 1 && insnImm(p) != 1 << 16) {
      return reject(env, -EINVAL, 'addr_space_cast insn can only convert between address space 1 and 0\n')
    }
    if (!changetype<usize>(env.prog.arena)) {
      return reject(env, -EINVAL, 'addr_space_cast insn can only be used in a program that has an associated arena\n')
    }
    return checkCast(env, p)
  }
  if (!movFieldsOk(p)) return reject(env, -EINVAL, 'BPF_MOV uses reserved fields\n')
  let err = 0
  if (fromReg) err = checkRegArg(env, insnSrc(p), SRC_OP)
  if (!err) err = checkRegArg(env, d, DST_OP_NO_MARK)
  if (err) return err
  const dst = curReg(env, d)
  if (fromReg) {
    const src = curReg(env, insnSrc(p))
    return wide ? moveWide(env, p, dst, src) : moveNarrow(env, p, dst, src)
  }
  markUnknown(env, dst)
  markKnown(dst, wide ? <u64>(<i64>insnImm(p)) : <u64>(<u32>insnImm(p)))
  return 0
}

function checkBinary(env: Env, p: usize, op: i32): i32 {
  const off = insnOff(p)
  const imm = insnImm(p)
  const fromReg = (insnCode(p) & SRC_X) != 0
  const divides = op == OP_MOD || op == OP_DIV
  const badOff = (off != 0 && off != 1) || (off == 1 && !divides)
  if (fromReg ? imm != 0 || badOff : insnSrc(p) != 0 || badOff) {
    return reject(env, -EINVAL, 'BPF_ALU uses reserved fields\n')
  }
  let err = 0
  if (fromReg) err = checkRegArg(env, insnSrc(p), SRC_OP)
  if (!err) err = checkRegArg(env, insnDst(p), SRC_OP)
  if (err) return err
  if (divides && !fromReg && imm == 0) return reject(env, -EINVAL, 'div by zero\n')
  if ((op == 0x60 || op == 0x70 || op == 0xc0) && !fromReg) {
    if (imm < 0 || imm >= (insnClass(p) == ALU64 ? 64 : 32)) return reject(env, -EINVAL, 'invalid shift %d\n', imm)
  }
  err = checkRegArg(env, insnDst(p), DST_OP_NO_MARK)
  return err ? err : adjustReg(env, p)
}

export function checkAluOp(env: Env, p: usize): i32 {
  const op = insnCode(p) & 0xf0
  let err: i32
  if (op == OP_END || op == OP_NEG) err = checkNegOrEnd(env, p, op)
  else if (op == OP_MOV) err = checkMov(env, p)
  else if (op > OP_END) return reject(env, -EINVAL, 'invalid BPF_ALU opcode %x\n', op)
  else err = checkBinary(env, p, op)
  return err ? err : boundsSane(env, curReg(env, insnDst(p)), 'alu')
}

// SPDX-License-Identifier: GPL-2.0-only
// Conditional jumps: decided ones are followed, the others fork the path.
// Kernel counterpart: check_cond_jmp_op of verifier.c (6.18).

import { EACCES, EFAULT, EINVAL, ENOMEM } from '../../gen/errno.gen'
import { PTR_TO_BTF_ID, PTR_TO_STACK, SCALAR_VALUE } from '../../gen/verifier-types.gen'
import { insnClass, insnCode, insnDst, insnImm, insnOff, insnSrc } from '../../insn/raw'
import { sanitizeSpeculativePath } from '../alu/sanitize'
import { linkedCnt, linkedPack, linkedReset, pushHistory } from '../backtrack/history'
import { markChainPrecision } from '../backtrack/precision'
import { baseType, isPointerValue, markKnown, markPtrNotNull, mayBeNull } from '../bounds'
import { BPF_LOG_LEVEL, Env } from '../env'
import { printInsnState } from '../log/print-state'
import { reject } from '../log/verbose'
import { checkRegArg, SRC_OP } from '../regs'
import { findPrevEntry, pushStack, widenImpreciseScalars } from '../states/stack'
import {
  copyReg,
  frameOf,
  INSN_F_DST_REG_STACK,
  INSN_F_SRC_REG_STACK,
  REG_SIZE,
  regOf,
  RegState,
  VState,
} from '../state'
import { collectLinked, syncLinked } from './linked'
import { markPtrOrNull } from './null'
import { JCOND, JEQ, JNE } from './opcodes'
import { matchPacketPointers } from './packet'
import { setMinMax } from './refine'
import { branchTaken, isPacketPointerAny } from './taken'

const SRC_X: i32 = 8
const CODE_MAY_GOTO: i32 = 0xe5

@inline function isPointer(r: RegState): bool {
  return r.type != SCALAR_VALUE
}

/** may_goto: the jump is followed at once, falling through waits as one more state. */
function checkMayGoto(env: Env, p: usize): i32 {
  if (insnCode(p) != CODE_MAY_GOTO || insnSrc(p) || insnDst(p) || insnImm(p)) {
    return reject(env, -EINVAL, 'invalid may_goto imm %d\n', insnImm(p))
  }
  const i = env.insnIdx
  const prev = findPrevEntry(env, changetype<VState>(env.cur.parent), i)
  const queued = pushStack(env, i + 1, i, false)
  if (changetype<usize>(queued) == 0) return -ENOMEM
  queued.mayGotoDepth++
  if (changetype<usize>(prev) != 0) widenImpreciseScalars(env, prev, queued)
  env.insnIdx += insnOff(p)
  return 0
}

/** Reads the operands; the second one, for an immediate, is env.fake0. */
function checkOperands(env: Env, p: usize): i32 {
  const d = insnDst(p)
  const s = insnSrc(p)
  let err = checkRegArg(env, d, SRC_OP)
  if (err) return err
  const f = frameOf(env.cur, env.cur.curframe)
  const dst = regOf(f, d)
  let flags: u32 = 0
  if (insnCode(p) & SRC_X) {
    if (insnImm(p)) return reject(env, -EINVAL, 'BPF_JMP/JMP32 uses reserved fields\n')
    err = checkRegArg(env, s, SRC_OP)
    if (err) return err
    const src = regOf(f, s)
    if (!(isPacketPointerAny(dst) && isPacketPointerAny(src)) && isPointerValue(env, s)) {
      return reject(env, -EACCES, 'R%d pointer comparison prohibited\n', s)
    }
    if (src.type == PTR_TO_STACK) flags |= INSN_F_SRC_REG_STACK
  } else {
    if (s) return reject(env, -EINVAL, 'BPF_JMP/JMP32 uses reserved fields\n')
    const imm = env.fake0
    memory.fill(changetype<usize>(imm), 0, REG_SIZE)
    imm.type = SCALAR_VALUE
    markKnown(imm, <u64>(<i64>insnImm(p)))
  }
  if (dst.type == PTR_TO_STACK) flags |= INSN_F_DST_REG_STACK
  return flags ? pushHistory(env, env.cur, flags, 0) : 0
}

/** Follows the only way; the other is walked as a misprediction where that matters. */
function followKnown(env: Env, p: usize, dst: RegState, src: RegState, taken: bool): i32 {
  let err = 0
  if (!isPointer(dst)) err = markChainPrecision(env, insnDst(p))
  if (!err && (insnCode(p) & SRC_X) != 0 && !isPointer(src)) err = markChainPrecision(env, insnSrc(p))
  if (err) return err
  const i = env.insnIdx
  const off = insnOff(p)
  if (!env.bypassSpecV1) {
    const other = taken ? i + 1 : i + off + 1
    if (changetype<usize>(sanitizeSpeculativePath(env, p, other, i)) == 0) return -EFAULT
  }
  if (env.log.level & BPF_LOG_LEVEL) printInsnState(env, env.cur, env.cur.curframe)
  if (taken) env.insnIdx += off
  return 0
}

/** Two pointers found equal, one of which may not be NULL. */
function liftNull(p: usize, dst: RegState, src: RegState, here: VState, other: VState): void {
  if (insnClass(p) == 6 || !(insnCode(p) & SRC_X) || !isPointer(src) || !isPointer(dst)) return
  if (mayBeNull(src.type) == mayBeNull(dst.type)) return
  if (baseType(src.type) == PTR_TO_BTF_ID || baseType(dst.type) == PTR_TO_BTF_ID) return
  const op = insnCode(p) & 0xf0
  if (op != JEQ && op != JNE) return
  const equal = op == JEQ ? other : here
  const f = frameOf(equal, equal.curframe)
  markPtrNotNull(regOf(f, mayBeNull(src.type) ? insnSrc(p) : insnDst(p)))
}

/** Ranges on both ways, for the operands and their copies. */
function learn(env: Env, p: usize, dst: RegState, src: RegState, here: VState, other: VState): i32 {
  const op = insnCode(p) & 0xf0
  const narrow = insnClass(p) == 6
  const byReg = (insnCode(p) & SRC_X) != 0
  const f = frameOf(other, other.curframe)
  const otherDst = regOf(f, insnDst(p))
  let otherSrc = env.fake0
  let hereSrc = src
  if (byReg) {
    otherSrc = regOf(f, insnSrc(p))
  } else {
    hereSrc = env.fake1
    copyReg(hereSrc, env.fake0)
  }
  const err = setMinMax(env, otherDst, otherSrc, dst, hereSrc, op, narrow)
  if (err) return err
  if (byReg && src.type == SCALAR_VALUE && src.id && src.id == otherSrc.id) {
    syncLinked(here, src)
    syncLinked(other, otherSrc)
  }
  if (dst.type == SCALAR_VALUE && dst.id && dst.id == otherDst.id) {
    syncLinked(here, dst)
    syncLinked(other, otherDst)
  }
  return 0
}

function fork(env: Env, p: usize, dst: RegState, src: RegState): i32 {
  const here = env.cur
  const op = insnCode(p) & 0xf0
  const byReg = (insnCode(p) & SRC_X) != 0
  linkedReset()
  if (byReg && src.type == SCALAR_VALUE && src.id) collectLinked(env, here, src.id)
  if (dst.type == SCALAR_VALUE && dst.id) collectLinked(env, here, dst.id)
  if (linkedCnt() > 1) {
    const err = pushHistory(env, here, 0, linkedPack())
    if (err) return err
  }
  const other: VState = pushStack(env, env.insnIdx + insnOff(p) + 1, env.insnIdx, false)
  if (changetype<usize>(other) == 0) return -EFAULT
  const err = learn(env, p, dst, src, here, other)
  if (err) return err
  liftNull(p, dst, src, here, other)
  const nullTest = insnClass(p) == 5 && !byReg && insnImm(p) == 0 && (op == JEQ || op == JNE) && mayBeNull(dst.type)
  if (nullTest) {
    markPtrOrNull(here, insnDst(p), op == JNE)
    markPtrOrNull(other, insnDst(p), op == JEQ)
  } else if (!matchPacketPointers(p, dst, src, here, other) && isPointerValue(env, insnDst(p))) {
    return reject(env, -EACCES, 'R%d pointer comparison prohibited\n', insnDst(p))
  }
  if (env.log.level & BPF_LOG_LEVEL) printInsnState(env, here, here.curframe)
  return 0
}

/** Moves env.insnIdx by the jump's distance where it is taken; the caller adds one. */
export function checkCondJump(env: Env, p: usize): i32 {
  const op = insnCode(p) & 0xf0
  if (op == 0 || op > JCOND) return reject(env, -EINVAL, 'invalid BPF_JMP/JMP32 opcode %x\n', op)
  if (op == JCOND) return checkMayGoto(env, p)
  const err = checkOperands(env, p)
  if (err) return err
  const f = frameOf(env.cur, env.cur.curframe)
  const dst = regOf(f, insnDst(p))
  const src = insnCode(p) & SRC_X ? regOf(f, insnSrc(p)) : env.fake0
  const taken = branchTaken(dst, src, op, insnClass(p) == 6)
  if (taken >= 0) return followKnown(env, p, dst, src, taken == 1)
  return fork(env, p, dst, src)
}

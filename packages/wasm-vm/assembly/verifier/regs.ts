// SPDX-License-Identifier: GPL-2.0-only
// Whether an instruction may read or write a register, and which 32-bit values need their upper half cleared.
// Counterparts: check_reg_arg, is_reg64, insn_def_regno.

import { EACCES, EINVAL } from '../gen/errno.gen'
import { NOT_INIT, SCALAR_VALUE } from '../gen/verifier-types.gen'
import { insnClass, insnCode, insnDst, insnImm, insnSrc } from '../insn/raw'
import { markNotInit, markUnknown } from './bounds'
import { Env, auxAt, insnOf, markRegScratched } from './env'
import { reject } from './log/verbose'
import { BPF_REG_FP, FuncState, MAX_BPF_REG, RegState, curFrame, regOf } from './state'

export const SRC_OP: i32 = 0
export const DST_OP: i32 = 1
export const DST_OP_NO_MARK: i32 = 2
export const DEF_NOT_SUBREG: i32 = 0

/** Whether the operand is used in its full width. A null register asks for a destination. */
export function isReg64(p: usize, regno: i32, reg: RegState, how: i32): bool {
  const code = insnCode(p)
  const op = code & 0xf0
  switch (insnClass(p)) {
    case 5:
      if (op == 0x80) return insnSrc(p) != 1 && how == SRC_OP
      return true
    case 6:
      return false
    case 7:
      return !(op == 0xd0 && (insnImm(p) == 16 || insnImm(p) == 32))
    case 4:
      return op == 0xd0 && insnImm(p) == 64
    case 1:
      return how == SRC_OP || (code & 0x18) == 0x18 || (code & 0xe0) == 0x80
    case 3:
      return (how == SRC_OP && reg.type != SCALAR_VALUE) || (code & 0x18) == 0x18
    case 0:
      return (code & 0xe0) == 0 || how == SRC_OP
  }
  return true
}

/** The register that an instruction defines, or -1. */
export function insnDefReg(p: usize): i32 {
  switch (insnClass(p)) {
    case 5:
    case 6:
    case 2:
      return -1
    case 3: {
      if ((insnCode(p) & 0xe0) != 0xc0) return -1
      const imm = insnImm(p)
      if (imm == 0xf1) return 0
      if (imm == 0x100) return insnDst(p)
      return imm & 1 ? insnSrc(p) : -1
    }
  }
  return insnDst(p)
}

export function markZext(env: Env, reg: RegState): void {
  const def = reg.subregDef
  if (def == DEF_NOT_SUBREG) return
  auxAt(env, def - 1).zextDst = true
  reg.subregDef = DEF_NOT_SUBREG
}

export function checkFrameReg(env: Env, f: FuncState, regno: i32, how: i32): i32 {
  if (regno >= MAX_BPF_REG) return reject(env, -EINVAL, 'R%d is invalid\n', regno)
  markRegScratched(env, regno)
  const reg = regOf(f, regno)
  const wide = isReg64(insnOf(env, env.insnIdx), regno, reg, how)
  if (how == SRC_OP) {
    if (reg.type == NOT_INIT) return reject(env, -EACCES, 'R%d !read_ok\n', regno)
    if (regno != BPF_REG_FP && wide) markZext(env, reg)
    return 0
  }
  if (regno == BPF_REG_FP) return reject(env, -EACCES, 'frame pointer is read only\n')
  reg.subregDef = wide ? DEF_NOT_SUBREG : env.insnIdx + 1
  if (how == DST_OP) markUnknown(env, reg)
  return 0
}

@inline export function checkRegArg(env: Env, regno: i32, how: i32): i32 {
  return checkFrameReg(env, curFrame(env), regno, how)
}

/** r0 to r5 after a call. */
export function clearCallerSaved(env: Env, f: FuncState): void {
  for (let i = 0; i <= 5; i++) {
    markNotInit(env, regOf(f, i))
    checkFrameReg(env, f, i, DST_OP_NO_MARK)
  }
}

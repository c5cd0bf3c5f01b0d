// SPDX-License-Identifier: GPL-2.0-only
// Well-formedness of raw instructions: opcodes, reserved fields, registers, targets, reachability. What needs no
// knowledge of values. Two readings of the same rules: Linux's (before there is a verdict of the verifier) and RFC 9669's
// (bare instructions: immediate shifts are masked, division by an immediate zero is defined, dead code is harmless).

import { kfree, kzalloc } from '../mem/alloc'
import { EACCES, EINVAL, ENOMEM } from '../gen/errno.gen'
import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, BPF_PSEUDO_KFUNC_CALL, BPF_PSEUDO_MAP_IDX_VALUE } from '../gen/isa.gen'
import {
  insnAt,
  insnClass,
  insnCode,
  insnDst,
  insnImm,
  insnOff,
  insnSrc,
  isJump,
  jumpDistance,
  CODE_CALL,
  CODE_CALL_REG,
  CODE_EXIT,
  CODE_JA,
  CODE_JA32,
  CODE_LD_IMM64,
  CODE_MAY_GOTO,
} from './raw'

export const STRUCTURE_ISA: i32 = 0
export const STRUCTURE_LINUX: i32 = 1

const R10: i32 = 10

/** 0, or -errno as bpf(2) would give it. */
export function checkStructure(insns: usize, len: u32, mode: i32): i32 {
  if (!len) return -EINVAL
  for (let i: u32 = 0; i < len; i++) {
    const p = insnAt(insns, i)
    if (insnCode(p) == CODE_LD_IMM64) {
      if (!loadImmOk(p, i, len, mode)) return -EINVAL
      i++
    } else if (!fieldsOk(p, mode) || !targetOk(insns, len, i, mode)) {
      return -EINVAL
    }
    if (writesFramePointer(p)) return -EACCES
  }
  return mode == STRUCTURE_LINUX ? checkReach(insns, len) : 0
}

function loadImmOk(p: usize, i: u32, len: u32, mode: i32): bool {
  if (i + 1 >= len || insnOff(p) || insnDst(p) > R10) return false
  if (load<u32>(p, 8)) return false
  const src = insnSrc(p)
  return mode == STRUCTURE_ISA ? src == 0 : src <= BPF_PSEUDO_MAP_IDX_VALUE
}

function fieldsOk(p: usize, mode: i32): bool {
  if (insnDst(p) > R10 || insnSrc(p) > R10) return false
  switch (insnClass(p)) {
    case 0:
      return legacyLoadOk(p, mode)
    case 1:
      return loadOk(p)
    case 2:
      return (insnCode(p) & 0xe0) == 0x60 && insnSrc(p) == 0
    case 3:
      return (insnCode(p) & 0xe0) == 0x60 ? insnImm(p) == 0 : atomicOk(p)
    case 4:
    case 7:
      return aluOk(p, mode)
    default:
      return jumpOk(p, mode)
  }
}

function legacyLoadOk(p: usize, mode: i32): bool {
  if (mode == STRUCTURE_ISA || (insnCode(p) & 0x18) == 0x18 || insnDst(p) || insnOff(p)) return false
  const kind = insnCode(p) & 0xe0
  return kind == 0x40 || (kind == 0x20 && insnSrc(p) == 0)
}

function loadOk(p: usize): bool {
  const kind = insnCode(p) & 0xe0
  if (insnImm(p)) return false
  return kind == 0x60 || (kind == 0x80 && (insnCode(p) & 0x18) != 0x18)
}

function atomicOk(p: usize): bool {
  const code = insnCode(p)
  if ((code & 0xe0) != 0xc0) return false
  const imm = insnImm(p)
  if (imm == 0x100 || imm == 0x110) return true
  const size = code & 0x18
  if (size != 0 && size != 0x18) return false
  if (imm == 0xe1 || imm == 0xf1) return true
  const op = imm & ~1
  return op == 0 || op == 0x40 || op == 0x50 || op == 0xa0
}

function aluOk(p: usize, mode: i32): bool {
  const code = insnCode(p)
  const is64 = (code & 7) == 7
  const byReg = (code & 8) != 0
  const op = code & 0xf0
  const off = insnOff(p)
  const imm = insnImm(p)
  if (op == 0xd0) {
    return insnSrc(p) == 0 && off == 0 && !(is64 && byReg) && (imm == 16 || imm == 32 || imm == 64)
  }
  if (op > 0xd0) return false
  if (op == 0x80) return !byReg && insnSrc(p) == 0 && off == 0 && imm == 0
  if (op == 0xb0 && byReg) {
    if (off == 1) return is64 && mode == STRUCTURE_LINUX && (imm == 1 || imm == 1 << 16)
    return imm == 0 && (off == 0 || off == 8 || off == 16 || (off == 32 && is64))
  }
  const divides = op == 0x30 || op == 0x90
  if (divides ? (off & ~1) != 0 : off != 0) return false
  if (byReg) return imm == 0
  if (insnSrc(p)) return false
  if (mode == STRUCTURE_ISA) return true
  if (divides) return imm != 0
  const shifts = op == 0x60 || op == 0x70 || op == 0xc0
  return !shifts || (imm >= 0 && (is64 ? 64 : 32) > imm)
}

function jumpOk(p: usize, mode: i32): bool {
  const code = insnCode(p)
  const fixed = insnDst(p) == 0 && insnSrc(p) == 0
  if (code == CODE_JA) return fixed && insnImm(p) == 0
  if (code == CODE_JA32) return fixed && insnOff(p) == 0
  if (code == CODE_EXIT) return fixed && insnOff(p) == 0 && insnImm(p) == 0
  if (code == CODE_MAY_GOTO) return fixed && insnImm(p) == 0
  if (code == CODE_CALL) return callOk(p, mode)
  if (code == CODE_CALL_REG) return callRegOk(p, mode)
  const op = code & 0xf0
  if (op == 0 || op == 0x80 || op == 0x90 || op > 0xd0) return false
  return code & 8 ? insnImm(p) == 0 : insnSrc(p) == 0
}

function callOk(p: usize, mode: i32): bool {
  const src = insnSrc(p)
  if (insnDst(p) || src > BPF_PSEUDO_KFUNC_CALL) return false
  if (src == BPF_PSEUDO_KFUNC_CALL) return mode == STRUCTURE_LINUX
  return insnOff(p) == 0
}

/** The register of a call by register stands in dst, or, as older compilers write it, in imm. */
function callRegOk(p: usize, mode: i32): bool {
  if (mode != STRUCTURE_ISA || insnSrc(p) || insnOff(p)) return false
  const imm = insnImm(p)
  return imm == 0 || (insnDst(p) == 0 && imm > 0 && imm <= R10)
}

function writesFramePointer(p: usize): bool {
  const code = insnCode(p)
  const cls = insnClass(p)
  if (cls == 3) {
    if ((code & 0xe0) != 0xc0) return false
    const imm = insnImm(p)
    if (imm == 0x100) return insnDst(p) == R10
    return imm != 0x110 && imm != 0xf1 && (imm & 1) != 0 && insnSrc(p) == R10
  }
  if (cls == 0) return code == CODE_LD_IMM64 && insnDst(p) == R10
  return (cls == 1 || cls == 4 || cls == 7) && insnDst(p) == R10
}

/** Whether what the instruction names in the program exists: a jump target, a local function. */
function targetOk(insns: usize, len: u32, i: u32, mode: i32): bool {
  const p = insnAt(insns, i)
  if (isJump(p)) return startsInsn(insns, len, <i64>i + 1 + <i64>jumpDistance(p))
  if (insnCode(p) == CODE_CALL && insnSrc(p) == BPF_PSEUDO_CALL) {
    return startsInsn(insns, len, <i64>i + 1 + <i64>insnImm(p))
  }
  return true
}

/** Not outside, and not the second half of a 64-bit load (code 0 is no instruction of its own). */
function startsInsn(insns: usize, len: u32, at: i64): bool {
  if (at < 0 || at >= <i64>len) return false
  return insnCode(insnAt(insns, <u32>at)) != 0
}

/** Every slot must be reachable, and no path may run off the end. */
function checkReach(insns: usize, len: u32): i32 {
  const seen = kzalloc(<usize>len)
  const stack = kzalloc(<usize>len * 8 + 8)
  if (!seen || !stack) {
    if (seen) kfree(seen)
    if (stack) kfree(stack)
    return -ENOMEM
  }
  const err = walk(insns, len, seen, stack)
  kfree(seen)
  kfree(stack)
  return err
}

function walk(insns: usize, len: u32, seen: usize, stack: usize): i32 {
  let depth: usize = 1
  store<u32>(stack, 0)
  while (depth) {
    let i = load<u32>(stack + (--depth << 2))
    while (i < len && !load<u8>(seen + i)) {
      store<u8>(seen + i, 1)
      const p = insnAt(insns, i)
      const code = insnCode(p)
      if (code == CODE_EXIT) break
      const named = namedTarget(p, i)
      if (code == CODE_JA || code == CODE_JA32) {
        i = <u32>named
        continue
      }
      if (named >= 0 && named < <i64>len && !load<u8>(seen + <usize>named))
        store<u32>(stack + (depth++ << 2), <u32>named)
      if (code == CODE_LD_IMM64) store<u8>(seen + ++i, 1)
      i++
    }
    if (i >= len) return -EINVAL
  }
  for (let i: u32 = 0; i < len; i++) {
    if (!load<u8>(seen + i)) return -EINVAL
  }
  return 0
}

/** Where else than to the next instruction control may go from `i`, -1: nowhere. */
function namedTarget(p: usize, i: u32): i64 {
  if (isJump(p)) return <i64>i + 1 + <i64>jumpDistance(p)
  const isCall = insnCode(p) == CODE_CALL && insnSrc(p) == BPF_PSEUDO_CALL
  const isRef = insnCode(p) == CODE_LD_IMM64 && insnSrc(p) == BPF_PSEUDO_FUNC
  return isCall || isRef ? <i64>i + 1 + <i64>insnImm(p) : -1
}

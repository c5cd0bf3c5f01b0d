// SPDX-License-Identifier: GPL-2.0-only
// Virtual registers as wasm locals: reading a value in the width that an instruction needs, writing a result in the
// width that width.ts chose, and changing widths on the edges between blocks.

import { Block, Fn, Ins, bit, VREG_FP, VREG_MAX } from './ir'
import {
  byte,
  I32_WRAP_I64,
  I64_EXTEND_I32_U,
  opGet,
  opI32Const,
  opI64Const,
  opSet,
  reserve,
  uleb,
  I32_SUB,
} from './sink'
import { isWide } from './width'

/** Parameters of every compiled function: r1 to r5 (i64), frame pointer (i32). */
export const PARAM_CNT: u32 = 6
const PARAM_FP: u32 = 5

/** Registers whose current value is in the i64 local. */
const REP: usize = memory.data(8, 8)

@inline export function currentRep(): u64 {
  return load<u64>(REP)
}

@inline export function setCurrentRep(rep: u64): void {
  store<u64>(REP, rep)
}

@inline function inWide(v: i32): bool {
  return (load<u64>(REP) & bit(v)) != 0
}

/** Registers that a block expects in i64 locals. */
@inline export function entryRep(block: Block): u64 {
  return block.liveIn & block.highIn & ~block.zIn
}

@inline export function local64(fn: Fn, v: i32): u32 {
  return load<u32>(fn.local64 + ((<usize>v) << 2))
}

@inline export function local32(fn: Fn, v: i32): u32 {
  return load<u32>(fn.local32 + ((<usize>v) << 2))
}

/** Numbers the locals; false when memory is out. */
export function assignLocals(fn: Fn): bool {
  fn.local64 = fn.arena.alloc(VREG_MAX * 4)
  fn.local32 = fn.arena.alloc(VREG_MAX * 4)
  if (!fn.local64 || !fn.local32) return false
  let next = PARAM_CNT
  for (let v: i32 = 0; v < VREG_MAX; v++) {
    if (v >= 1 && v <= 5) store<u32>(fn.local64 + ((<usize>v) << 2), v - 1)
    else if (v != VREG_FP && fn.used & bit(v)) store<u32>(fn.local64 + ((<usize>v) << 2), next++)
  }
  fn.tmp64 = next
  next += 2
  fn.count64 = next - PARAM_CNT
  for (let v: i32 = 0; v < VREG_MAX; v++) {
    if (v == VREG_FP) store<u32>(fn.local32 + ((<usize>v) << 2), PARAM_FP)
    else if (fn.used & bit(v)) store<u32>(fn.local32 + ((<usize>v) << 2), next++)
  }
  fn.tmp32 = next
  fn.turns = next + 2
  fn.frame = next + 3
  next += 4
  fn.count32 = next - PARAM_CNT - fn.count64
  return true
}

/** Declares the locals and sets up what a function starts with. */
export function emitPrologue(fn: Fn, turns: u32): void {
  reserve(64)
  byte(2)
  uleb(fn.count64)
  byte(0x7e)
  uleb(fn.count32)
  byte(0x7f)
  if (fn.hasMayGoto) {
    opI32Const(<i32>turns)
    opSet(fn.turns)
  }
  if (fn.usesFrame) {
    opGet(PARAM_FP)
    opI32Const(FRAME_BELOW)
    byte(I32_SUB)
    opSet(fn.frame)
  }
}

/** The frame local points this far below the frame pointer, so that displacements of the stack are not negative. */
export const FRAME_BELOW: i32 = 512

export function get32(fn: Fn, v: i32): void {
  if (inWide(v)) {
    opGet(local64(fn, v))
    byte(I32_WRAP_I64)
  } else {
    opGet(local32(fn, v))
  }
}

export function get64(fn: Fn, v: i32): void {
  if (inWide(v)) {
    opGet(local64(fn, v))
  } else {
    opGet(local32(fn, v))
    byte(I64_EXTEND_I32_U)
  }
}

@inline export function isInWide(v: i32): bool {
  return inWide(v)
}

/** The operand that an ALU or jump record names: register or immediate. */
export function operand32(fn: Fn, ins: Ins, byReg: bool): void {
  if (byReg) get32(fn, ins.src)
  else opI32Const(<i32>ins.imm)
}
export function operand64(fn: Fn, ins: Ins, byReg: bool): void {
  if (byReg) get64(fn, ins.src)
  else opI64Const(ins.imm)
}

/** The value on the wasm stack, an i64 if `wide`, becomes register `v`. */
export function setResult(fn: Fn, ins: Ins, v: i32, wide: bool): void {
  if (isWide(ins)) {
    if (!wide) byte(I64_EXTEND_I32_U)
    opSet(local64(fn, v))
    setCurrentRep(currentRep() | bit(v))
  } else {
    if (wide) byte(I32_WRAP_I64)
    opSet(local32(fn, v))
    setCurrentRep(currentRep() & ~bit(v))
  }
}

/** Whether the way from where registers stand as `rep` says into `to` needs code. */
export function edgeNeedsMoves(rep: u64, to: Block): bool {
  return ((rep ^ entryRep(to)) & to.liveIn & ~bit(VREG_FP)) != 0
}

export function emitEdgeMoves(fn: Fn, rep: u64, to: Block): void {
  const wanted = entryRep(to)
  let differ = (rep ^ wanted) & to.liveIn & ~bit(VREG_FP)
  reserve(<usize>popcnt<u64>(differ) * 14)
  while (differ) {
    const v = <i32>ctz<u64>(differ)
    differ &= differ - 1
    if (wanted & bit(v)) {
      opGet(local32(fn, v))
      byte(I64_EXTEND_I32_U)
      opSet(local64(fn, v))
    } else {
      opGet(local64(fn, v))
      byte(I32_WRAP_I64)
      opSet(local32(fn, v))
    }
  }
}

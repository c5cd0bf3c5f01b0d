// SPDX-License-Identifier: GPL-2.0-only
// Loads, stores and atomics. Addresses are i32; verified accesses need no check.

import {
  ATOMIC_ADD,
  ATOMIC_AND,
  ATOMIC_CMPXCHG,
  ATOMIC_FETCH_ADD,
  ATOMIC_OR,
  ATOMIC_XCHG,
  OP_ATOMIC32,
  OP_ATOMIC64,
  OP_LDX_DW,
  OP_LDX_SB,
  OP_LDX_SH,
  OP_LDX_B,
  OP_LDX_H,
  OP_LDX_SW,
  OP_PROBE_B,
  OP_ST_DW,
  OP_STX_B,
  OP_STX_DW,
} from '../insn/ops'
import { Fn, Ins, INS_ARENA, INS_LIVE, VREG_FP } from './ir'
import { callRuntime, RUNTIME_PROBE } from './runtime-calls'
import {
  byte,
  I32_ADD,
  I32_AND,
  I32_EQ,
  I32_LOAD,
  I32_LOAD16_S,
  I32_LOAD16_U,
  I32_LOAD8_S,
  I32_LOAD8_U,
  I32_OR,
  I32_STORE,
  I32_STORE16,
  I32_STORE8,
  I32_XOR,
  I64_ADD,
  I64_AND,
  I64_EQ,
  I64_LOAD,
  I64_LOAD16_S,
  I64_LOAD32_S,
  I64_LOAD8_S,
  I64_OR,
  I64_STORE,
  I64_STORE16,
  I64_STORE32,
  I64_STORE8,
  I64_XOR,
  opEnd,
  opGet,
  opI32Const,
  opI64Const,
  opIf,
  opMem,
  opSet,
  opTee,
} from './sink'
import { FRAME_BELOW, get32, get64, isInWide, setResult } from './values'
import { isWide } from './width'

/** Leaves the address of base register `v` plus the displacement, save for a constant offset, which it gives back. */
function address(fn: Fn, ins: Ins, v: i32): u32 {
  const off = ins.off
  if (ins.flags & INS_ARENA) {
    opGet(fn.tmp32)
    return 0
  }
  if (v == VREG_FP && off + FRAME_BELOW >= 0) {
    opGet(fn.frame)
    return <u32>(off + FRAME_BELOW)
  }
  get32(fn, v)
  if (off >= 0) return <u32>off
  opI32Const(off)
  byte(I32_ADD)
  return 0
}

export function lowerLoad(fn: Fn, ins: Ins): void {
  if (!(ins.flags & INS_LIVE)) return
  const op = <i32>ins.op
  if (op >= OP_PROBE_B) return lowerProbe(fn, ins)
  const offset = address(fn, ins, ins.src)
  const wide = isWide(ins) && (op == OP_LDX_DW || op >= OP_LDX_SB)
  opMem(wide ? loadOpcode64(op) : loadOpcode32(op), offset)
  setResult(fn, ins, ins.dst, wide)
}

function loadOpcode64(op: i32): i32 {
  switch (op) {
    case OP_LDX_SB:
      return I64_LOAD8_S
    case OP_LDX_SH:
      return I64_LOAD16_S
    case OP_LDX_SW:
      return I64_LOAD32_S
    default:
      return I64_LOAD
  }
}

function loadOpcode32(op: i32): i32 {
  switch (op) {
    case OP_LDX_B:
      return I32_LOAD8_U
    case OP_LDX_H:
      return I32_LOAD16_U
    case OP_LDX_SB:
      return I32_LOAD8_S
    case OP_LDX_SH:
      return I32_LOAD16_S
    default:
      return I32_LOAD
  }
}

/** A load that reads as zero where there is no memory. */
function lowerProbe(fn: Fn, ins: Ins): void {
  get64(fn, ins.src)
  opI64Const(<i64>ins.off)
  byte(I64_ADD)
  opI64Const(<i64>ins.op)
  opI64Const(0)
  opI64Const(0)
  opI64Const(0)
  callRuntime(RUNTIME_PROBE)
  setResult(fn, ins, ins.dst, true)
}

export function lowerStore(fn: Fn, ins: Ins): void {
  const op = <i32>ins.op
  const offset = address(fn, ins, ins.dst)
  if (op <= OP_ST_DW) {
    if (op == OP_ST_DW) opI64Const(ins.imm)
    else opI32Const(<i32>ins.imm)
    return opMem(op == OP_ST_DW ? I64_STORE : storeOpcode32(op & 3), offset)
  }
  if (op == OP_STX_DW || isInWide(ins.src)) {
    get64(fn, ins.src)
    return opMem(op == OP_STX_DW ? I64_STORE : storeOpcode64(op & 3), offset)
  }
  get32(fn, ins.src)
  opMem(storeOpcode32(op & 3), offset)
}

function storeOpcode32(size: i32): i32 {
  return size == 0 ? I32_STORE8 : size == 1 ? I32_STORE16 : I32_STORE
}
function storeOpcode64(size: i32): i32 {
  return size == 0 ? I64_STORE8 : size == 1 ? I64_STORE16 : I64_STORE32
}

/** One thread runs programs, so an atomic is a load, an operation and a store. */
export function lowerAtomic(fn: Fn, ins: Ins): void {
  const wide = <i32>ins.op >= OP_ATOMIC64
  const kind = <i32>ins.op - (wide ? OP_ATOMIC64 : OP_ATOMIC32)
  const offset = address(fn, ins, ins.dst)
  const addr = fn.tmp32
  const old = wide ? fn.tmp64 : fn.tmp32 + 1
  if (kind == ATOMIC_CMPXCHG) return compareExchange(fn, ins, wide, offset)
  opTee(addr)
  if (kind < ATOMIC_FETCH_ADD) {
    opGet(addr)
    opMem(wide ? I64_LOAD : I32_LOAD, offset)
    source(fn, ins, wide)
    byte(combine(kind, wide))
    return opMem(wide ? I64_STORE : I32_STORE, offset)
  }
  opMem(wide ? I64_LOAD : I32_LOAD, offset)
  opSet(old)
  opGet(addr)
  if (kind == ATOMIC_XCHG) {
    source(fn, ins, wide)
  } else {
    opGet(old)
    source(fn, ins, wide)
    byte(combine(kind - ATOMIC_FETCH_ADD, wide))
  }
  opMem(wide ? I64_STORE : I32_STORE, offset)
  if (!(ins.flags & INS_LIVE)) return
  opGet(old)
  setResult(fn, ins, ins.src, wide)
}

function source(fn: Fn, ins: Ins, wide: bool): void {
  if (wide) get64(fn, ins.src)
  else get32(fn, ins.src)
}

function combine(kind: i32, wide: bool): i32 {
  switch (kind) {
    case ATOMIC_ADD:
      return wide ? I64_ADD : I32_ADD
    case ATOMIC_OR:
      return wide ? I64_OR : I32_OR
    case ATOMIC_AND:
      return wide ? I64_AND : I32_AND
    default:
      return wide ? I64_XOR : I32_XOR
  }
}

/** Address on the stack: stores the source if memory equals r0; r0 becomes what memory held. */
function compareExchange(fn: Fn, ins: Ins, wide: bool, offset: u32): void {
  const addr = fn.tmp32
  const old = wide ? fn.tmp64 : fn.tmp32 + 1
  opTee(addr)
  opMem(wide ? I64_LOAD : I32_LOAD, offset)
  opTee(old)
  if (wide) get64(fn, 0)
  else get32(fn, 0)
  byte(wide ? I64_EQ : I32_EQ)
  opIf()
  opGet(addr)
  source(fn, ins, wide)
  opMem(wide ? I64_STORE : I32_STORE, offset)
  opEnd()
  if (!(ins.flags & INS_LIVE)) return
  opGet(old)
  setResult(fn, ins, 0, wide)
}

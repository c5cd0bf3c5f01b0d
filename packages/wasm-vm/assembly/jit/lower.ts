// SPDX-License-Identifier: GPL-2.0-only
// One instruction at a time: hands out to the family's file. Calls, returns and packet loads are here.

import { E2BIG } from '../gen/errno.gen'
import {
  isAlu,
  isAtomic,
  OP_CALL,
  OP_CALL_LOCAL,
  OP_CALL_REG,
  OP_CAST_USER,
  OP_LD_ABS_B,
  OP_LD_IMM64,
  OP_LD_IND_B,
  OP_LD_IND_W,
  OP_LDX_B,
  OP_MOVSX64_8,
  OP_PROBE_SW,
  OP_ST_B,
  OP_STX_DW,
  OP_TAIL_CALL,
  OP_ZEXT32,
} from '../insn/ops'
import { currentRun, Run } from '../interp/run-state'
import { BPF_MAP_TYPE_PERCPU_ARRAY } from '../gen/uapi-enums.gen'
import { BpfMap } from '../maps/map'
import { kernel, Kernel } from '../mem/root'
import { Fn, Ins, INS_ARENA, INS_LIVE, OP_ARRAY_LOOKUP, OP_LOAD_KERNEL32, OP_LOOP, VREG_FP } from './ir'
import { lowerAlu, lowerExtend } from './lower-alu'
import { lowerArena, lowerCastUser } from './lower-arena'
import { lowerAtomic, lowerLoad, lowerStore } from './lower-mem'
import { markInsn } from './line-marks'
import { callImport, callRuntime, RUNTIME_ISA_CALL, RUNTIME_PACKET, RUNTIME_TAIL_CALL } from './runtime-calls'
import {
  byte,
  I32_ADD,
  I32_GE_U,
  I32_GT_U,
  I32_LOAD,
  I32_LT_U,
  I32_MUL,
  I32_SUB,
  I64_EQZ,
  I64_EXTEND_I32_S,
  I64_EXTEND_I32_U,
  I64_LT_S,
  opBlock,
  opBrIf,
  opCall,
  opElse,
  opSet,
  opEnd,
  opGet,
  opI32Const,
  opI64Const,
  opIf,
  opIfI32,
  opIfI64,
  opLoop,
  opMem,
  opReturn,
  opTee,
  reserve,
} from './sink'
import { get32, get64, setResult } from './values'
import { isWide } from './width'

/** Wasm types of the module: helpers, programs and subprograms. */
export const TYPE_HELPER: u32 = 0
export const TYPE_PROGRAM: u32 = 1

/** BPF_MAX_LOOPS. */
const LOOPS_MAX: i32 = 8 * 1024 * 1024

/** Most bytes that one instruction becomes. */
const INS_ROOM: usize = 256

export function lowerIns(fn: Fn, ins: Ins): void {
  reserve(INS_ROOM)
  markInsn(ins.insn)
  const op = <i32>ins.op
  if (isAlu(op)) return lowerAlu(fn, ins)
  if (ins.flags & INS_ARENA) return lowerArena(fn, ins)
  if (op >= OP_LDX_B && op <= OP_PROBE_SW) return lowerLoad(fn, ins)
  if (op >= OP_ST_B && op <= OP_STX_DW) return lowerStore(fn, ins)
  if (isAtomic(op)) return lowerAtomic(fn, ins)
  if (op >= OP_MOVSX64_8 && op <= OP_ZEXT32) return lowerExtend(fn, ins)
  if (op == OP_CAST_USER) return lowerCastUser(fn, ins)
  if (op == OP_LD_IMM64) return lowerConstant(fn, ins)
  if (op == OP_CALL) return lowerCall(fn, ins)
  if (op == OP_CALL_LOCAL) return lowerLocalCall(fn, ins)
  if (op == OP_CALL_REG) return lowerCallReg(fn, ins)
  if (op == OP_TAIL_CALL) return lowerTailCall(fn)
  if (op >= OP_LD_ABS_B && op <= OP_LD_IND_W) return lowerPacketLoad(fn, ins, op)
  if (op == OP_ARRAY_LOOKUP) return lowerArrayLookup(fn, ins)
  if (op == OP_LOOP) return lowerLoop(fn, ins)
  if (op == OP_LOAD_KERNEL32) lowerKernelLoad(fn, ins)
}

function lowerConstant(fn: Fn, ins: Ins): void {
  if (!(ins.flags & INS_LIVE)) return
  const wide = isWide(ins)
  if (wide) opI64Const(ins.imm)
  else opI32Const(<i32>ins.imm)
  setResult(fn, ins, ins.dst, wide)
}

/** The value on the wasm stack becomes r0, or is dropped. */
function returned(fn: Fn, ins: Ins): void {
  if (ins.flags & INS_LIVE) setResult(fn, ins, 0, true)
  else byte(0x1a)
}

/** Five of them, as every callee has; zeros for those that it does not look at. */
function passArguments(fn: Fn, cnt: i32): void {
  for (let v: i32 = 1; v <= 5; v++) {
    if (v <= cnt) get64(fn, v)
    else opI64Const(0)
  }
}

function lowerCall(fn: Fn, ins: Ins): void {
  passArguments(fn, ins.src)
  callImport(<u32>ins.imm)
  returned(fn, ins)
}

/** Per CPU, the values of an element lie beside each other: that of the current CPU is taken when the program runs. */
function lowerArrayLookup(fn: Fn, ins: Ins): void {
  if (!(ins.flags & INS_LIVE)) return
  const map = changetype<BpfMap>(<usize>ins.imm)
  const copies = map.mapType == BPF_MAP_TYPE_PERCPU_ARRAY ? kernel().cpus : 1
  get32(fn, 2)
  opMem(I32_LOAD, 0)
  opTee(fn.tmp32)
  opI32Const(<i32>map.maxEntries)
  byte(I32_LT_U)
  opIfI32()
  opGet(fn.tmp32)
  opI32Const(<i32>(map.elemSize * copies))
  byte(I32_MUL)
  opI32Const(<i32>map.values)
  byte(I32_ADD)
  if (copies > 1) {
    opI32Const(0)
    opMem(I32_LOAD, <u32>(changetype<usize>(kernel()) + offsetof<Kernel>('currentCpu')))
    opI32Const(<i32>map.elemSize)
    byte(I32_MUL)
    byte(I32_ADD)
  }
  opElse()
  opI32Const(0)
  opEnd()
  setResult(fn, ins, 0, false)
}

/**
 * Turns until the callback returns other than 0 or r1 are done; how many there were, or -E2BIG for too many:
 *
 *   if r1 > LOOPS_MAX: -E2BIG
 *   else block, loop: leave unless i < r1; r = callback(i, r3); i += 1; leave if r; again
 */
function lowerLoop(fn: Fn, ins: Ins): void {
  const turn = fn.tmp32
  const turns = fn.tmp32 + 1
  const context = fn.tmp64 + 1
  get64(fn, 3)
  opSet(context)
  get32(fn, 1)
  opTee(turns)
  opI32Const(LOOPS_MAX)
  byte(I32_GT_U)
  opIfI64()
  opI64Const(-E2BIG)
  opElse()
  opI32Const(0)
  opSet(turn)
  opBlock()
  opLoop()
  opGet(turn)
  opGet(turns)
  byte(I32_GE_U)
  opBrIf(1)
  opGet(turn)
  byte(I64_EXTEND_I32_U)
  opGet(context)
  for (let i = 0; i < 3; i++) opI64Const(0)
  get32(fn, VREG_FP)
  opI32Const(<i32>fn.stackDepth)
  byte(I32_SUB)
  opCall(fn.firstFn + <u32>ins.imm)
  opGet(turn)
  opI32Const(1)
  byte(I32_ADD)
  opSet(turn)
  byte(I64_EQZ)
  opBrIf(0)
  opEnd()
  opEnd()
  opGet(turn)
  byte(I64_EXTEND_I32_U)
  opEnd()
  returned(fn, ins)
}

function lowerKernelLoad(fn: Fn, ins: Ins): void {
  if (!(ins.flags & INS_LIVE)) return
  opI32Const(0)
  opMem(I32_LOAD, <u32>ins.imm)
  setResult(fn, ins, 0, false)
}

function lowerCallReg(fn: Fn, ins: Ins): void {
  get64(fn, ins.dst)
  for (let i = 0; i < 4; i++) opI64Const(0)
  callRuntime(RUNTIME_ISA_CALL)
  returned(fn, ins)
}

function lowerLocalCall(fn: Fn, ins: Ins): void {
  passArguments(fn, ins.src)
  get32(fn, VREG_FP)
  opI32Const(<i32>fn.stackDepth)
  byte(I32_SUB)
  opCall(fn.firstFn + <u32>ins.imm)
  returned(fn, ins)
}

/** Goes on in the other program and returns what that returns, unless there is none or the limit is reached. */
function lowerTailCall(fn: Fn): void {
  get64(fn, 1)
  get64(fn, 2)
  get64(fn, 3)
  get64(fn, VREG_FP)
  opI64Const(0)
  callRuntime(RUNTIME_TAIL_CALL)
  opSet(fn.tmp64)
  opI32Const(0)
  opMem(I32_LOAD, <u32>(changetype<usize>(currentRun()) + offsetof<Run>('tailCalled')))
  opIf()
  opGet(fn.tmp64)
  opReturn()
  opEnd()
}

/** Outside the packet the program returns 0. */
function lowerPacketLoad(fn: Fn, ins: Ins, op: i32): void {
  const indirect = op >= OP_LD_IND_B
  get64(fn, 6)
  opI32Const(<i32>ins.imm)
  if (indirect) {
    get32(fn, ins.src)
    byte(I32_ADD)
  }
  byte(I64_EXTEND_I32_S)
  opI64Const(<i64>(1 << (op - (indirect ? OP_LD_IND_B : OP_LD_ABS_B))))
  opI64Const(0)
  opI64Const(0)
  callRuntime(RUNTIME_PACKET)
  opTee(fn.tmp64)
  opI64Const(0)
  byte(I64_LT_S)
  opIf()
  opI64Const(0)
  opReturn()
  opEnd()
  opGet(fn.tmp64)
  returned(fn, ins)
}

export function lowerReturn(fn: Fn): void {
  get64(fn, 0)
  opReturn()
}

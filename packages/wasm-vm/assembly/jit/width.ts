// SPDX-License-Identifier: GPL-2.0-only
// Which values fit in 32 bits, and of which only the lower half is ever read. Both let a value live in an i32 local, and
// its addresses and 32-bit arithmetic need no conversions.
//
//   forward    Z: upper half known to be zero. A pointer is one: linear memory ends at 4 GiB. Arithmetic on a pointer
//              stays in Z, because the verifier keeps it near its object, and what is computed modulo 2^32 gives the
//              same address. Meet: and.
//   backward   which registers are read later, and which in their upper half. Join: or.
//
// A value is held in i64 where its upper half is read and not known to be zero, in i32 otherwise.

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
  ALU_SUB,
  ALU_XOR,
  ATOMIC_CMPXCHG,
  ATOMIC_FETCH_ADD,
  isAlu,
  isAtomic,
  isCondJump,
  COND_SET,
  OP_ALU32_K,
  OP_ATOMIC64,
  OP_ATOMIC32,
  OP_CALL,
  OP_CALL_LOCAL,
  OP_CALL_REG,
  OP_CAST_USER,
  OP_EXIT,
  OP_JMP32_K,
  OP_LD_ABS_B,
  OP_LD_IMM64,
  OP_LD_IND_B,
  OP_LD_IND_W,
  OP_LDX_B,
  OP_LDX_DW,
  OP_LDX_W,
  OP_MOVSX32_16,
  OP_MOVSX32_8,
  OP_MOVSX64_16,
  OP_MOVSX64_32,
  OP_MOVSX64_8,
  OP_PROBE_B,
  OP_PROBE_SW,
  OP_PROBE_W,
  OP_ST_B,
  OP_ST_DW,
  OP_STX_B,
  OP_STX_DW,
  OP_SWAP16,
  OP_SWAP32,
  OP_SWAP64,
  OP_TAIL_CALL,
  OP_ZEXT16,
  OP_ZEXT32,
  OP_NOP,
} from '../insn/ops'
import { predAt } from './cfg'
import {
  bit,
  Block,
  blockAt,
  Fn,
  Ins,
  insAt,
  INS_HIGH,
  INS_LIVE,
  INS_ARENA,
  INS_PTR,
  INS_ZOPS,
  INS_ZRES,
  OP_ARRAY_LOOKUP,
  OP_LOAD_KERNEL32,
  OP_LOOP,
  orderAt,
  succAt,
  succCount,
  VREG_FP,
  keepsResult,
} from './ir'

const ARGS: u64 = 0x3e
const R0: u64 = 1

/** What is known or wanted at a point: two sets, in forward passes Z and pointers, in backward ones live and high. */
@unmanaged class Sets {
  a: u64
  b: u64
}

const SETS: usize = memory.data(16, 8)

@inline function sets(): Sets {
  return changetype<Sets>(SETS)
}

/** The forward half alone. */
export function analyseForward(fn: Fn): bool {
  return solveForward(fn)
}

/** False if the graph's loops are so deep that the sets do not settle in a sensible number of rounds. */
export function analyseWidths(fn: Fn): bool {
  return solveForward(fn) && solveBackward(fn)
}

/** Rounds over a function: loops nested n deep need about n. */
const ROUNDS_MAX: u32 = 100

function solveForward(fn: Fn): bool {
  for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) {
    const block = blockAt(fn, orderAt(fn, i))
    block.zIn = ~0
    block.ptrIn = ~0
  }
  const entry = blockAt(fn, orderAt(fn, 0))
  entry.zIn = bit(VREG_FP) | (fn.isMain && fn.verified ? bit(1) : 0)
  entry.ptrIn = fn.verified ? entry.zIn : 0
  let changed = true
  let rounds: u32 = 0
  while (changed) {
    changed = false
    for (let i: i32 = 0; i < <i32>fn.orderCnt; i++) {
      const block = blockAt(fn, orderAt(fn, i))
      forwardBlock(fn, block)
      for (let k: u32 = 0; k < succCount(block); k++) {
        if (flowInto(fn, succAt(block, k))) changed = true
      }
    }
    if (++rounds > ROUNDS_MAX) return false
  }
  return true
}

/** Meets the sets into the block's entry; whether that changed it. */
function flowInto(fn: Fn, to: i32): bool {
  if (to < 0) return false
  const block = blockAt(fn, to)
  const z = block.zIn & sets().a
  const ptr = block.ptrIn & sets().b
  if (z == block.zIn && ptr == block.ptrIn) return false
  block.zIn = z
  block.ptrIn = ptr
  return true
}

function forwardBlock(fn: Fn, block: Block): void {
  sets().a = block.zIn
  sets().b = block.ptrIn
  for (let i = block.first; i < block.end; i++) forward(insAt(fn, i))
}

function define(ins: Ins, v: i32, z: bool, ptr: bool): void {
  const s = sets()
  s.a = z || ptr ? s.a | bit(v) : s.a & ~bit(v)
  s.b = ptr ? s.b | bit(v) : s.b & ~bit(v)
  ins.flags = z || ptr ? ins.flags | INS_ZRES : ins.flags & ~INS_ZRES
}

@inline function known(set: u64, v: i32): bool {
  return (set & bit(v)) != 0
}

/** A 64-bit immediate as an operand has its upper half zero when it is not negative (LD_IMM64: when it is small). */
@inline function immZ(imm: i64): bool {
  return (<u64>imm) >> 32 == 0
}

function forward(ins: Ins): void {
  const op = <i32>ins.op
  if (isAlu(op)) forwardAlu(ins, op)
  else if (isCondJump(op)) noteOperands(ins, op)
  else if (op >= OP_LDX_B && op <= OP_PROBE_SW) {
    const size = op & 7
    define(ins, ins.dst, size < 3 && !keepsResult(ins), (ins.flags & INS_PTR) != 0)
  } else if (isAtomic(op)) forwardAtomic(ins, op)
  else forwardRest(ins, op)
}

function forwardAlu(ins: Ins, op: i32): void {
  if (op >= OP_ALU32_K) return define(ins, ins.dst, true, false)
  const s = sets()
  const dst = <i32>ins.dst
  const byReg = (op & 0x10) != 0
  const dz = known(s.a, dst)
  const dp = known(s.b, dst)
  const sz = byReg ? known(s.a, ins.src) : immZ(ins.imm)
  const sp = byReg && known(s.b, ins.src)
  ins.flags = dz && sz ? ins.flags | INS_ZOPS : ins.flags & ~INS_ZOPS
  switch (op & 15) {
    case ALU_MOV:
      return define(ins, dst, sz, sp)
    case ALU_ADD:
      return define(ins, dst, false, dp != sp)
    case ALU_SUB:
      return define(ins, dst, false, dp && !sp)
    case ALU_AND:
      return define(ins, dst, dz || sz, false)
    case ALU_OR:
    case ALU_XOR:
      return define(ins, dst, dz && sz, false)
    case ALU_RSH:
      return define(ins, dst, dz || (!byReg && ins.imm >= 32), false)
    case ALU_ARSH:
      return define(ins, dst, dz, false)
    case ALU_DIV:
      return define(ins, dst, dz, false)
    case ALU_MOD:
      return define(ins, dst, dz, false)
    default:
      return define(ins, dst, false, false)
  }
}

function noteOperands(ins: Ins, op: i32): void {
  const s = sets()
  const dz = known(s.a, ins.dst)
  const byReg = (op & 0x10) != 0
  const sz = byReg ? known(s.a, ins.src) : immZ(ins.imm)
  const both = (op & 15) == COND_SET ? dz || sz : dz && sz
  ins.flags = op >= OP_JMP32_K || both ? ins.flags | INS_ZOPS : ins.flags & ~INS_ZOPS
}

function forwardAtomic(ins: Ins, op: i32): void {
  const wide = op >= OP_ATOMIC64
  const kind = op - (wide ? OP_ATOMIC64 : OP_ATOMIC32)
  // where a page of an arena is missing the register stays as it is
  const z = !wide && !(ins.flags & INS_ARENA)
  if (kind == ATOMIC_CMPXCHG) define(ins, 0, z, false)
  else if (kind >= ATOMIC_FETCH_ADD) define(ins, ins.src, z, false)
}

function forwardRest(ins: Ins, op: i32): void {
  const s = sets()
  if (op == OP_ARRAY_LOOKUP || op == OP_LOAD_KERNEL32) {
    s.a &= ~ARGS
    s.b &= ~ARGS
    define(ins, 0, true, op == OP_ARRAY_LOOKUP)
  } else if (op >= OP_MOVSX64_8 && op <= OP_MOVSX64_32) define(ins, ins.dst, false, false)
  else if (op == OP_MOVSX32_8 || op == OP_MOVSX32_16) define(ins, ins.dst, true, false)
  else if (op == OP_SWAP64) define(ins, ins.dst, false, false)
  else if (op >= OP_SWAP16 && op <= OP_ZEXT32) define(ins, ins.dst, true, false)
  else if (op == OP_CAST_USER) define(ins, ins.dst, false, false)
  else if (op == OP_LD_IMM64) define(ins, ins.dst, immZ(ins.imm), (ins.flags & INS_PTR) != 0)
  else if (op == OP_CALL || op == OP_CALL_LOCAL || op == OP_CALL_REG || op == OP_LOOP) {
    s.a &= ~ARGS
    s.b &= ~ARGS
    define(ins, 0, false, (ins.flags & INS_PTR) != 0)
  } else if (op >= OP_LD_ABS_B && op <= OP_LD_IND_W) {
    define(ins, 0, true, false)
  }
}

function solveBackward(fn: Fn): bool {
  let changed = true
  let rounds: u32 = 0
  while (changed) {
    changed = false
    for (let i = <i32>fn.orderCnt - 1; i >= 0; i--) {
      if (backwardBlock(fn, blockAt(fn, orderAt(fn, i)))) changed = true
    }
    if (++rounds > ROUNDS_MAX) return false
  }
  return true
}

/** From the wants of the successors to those at entry; whether these changed. Flags of instructions are set on the way. */
function backwardBlock(fn: Fn, block: Block): bool {
  const s = sets()
  s.a = 0
  s.b = 0
  for (let k: u32 = 0; k < succCount(block); k++) {
    if (succAt(block, k) >= 0) join(blockAt(fn, succAt(block, k)))
  }
  for (let i = block.end; i > block.first;) backward(insAt(fn, --i))
  const changed = s.a != block.liveIn || s.b != block.highIn
  block.liveIn = s.a
  block.highIn = s.b
  return changed
}

function join(succ: Block): void {
  sets().a |= succ.liveIn
  sets().b |= succ.highIn
}

@inline function want(v: i32, high: bool): void {
  const s = sets()
  s.a |= bit(v)
  if (high) s.b |= bit(v)
}

/** Notes on the instruction how its result is wanted, and ends the want. */
function produce(ins: Ins, v: i32): void {
  const s = sets()
  const live = known(s.a, v)
  const high = known(s.b, v)
  ins.flags = (ins.flags & ~(INS_LIVE | INS_HIGH)) | (live ? INS_LIVE : 0) | (high ? INS_HIGH : 0)
  s.a &= ~bit(v)
  s.b &= ~bit(v)
}

/** Whether the result must be computed in 64 bits: its upper half is read and may be other than zero. */
@inline export function isWide(ins: Ins): bool {
  return (ins.flags & INS_HIGH) != 0 && (ins.flags & INS_ZRES) == 0
}

function backward(ins: Ins): void {
  const op = <i32>ins.op
  if (isAlu(op)) return backwardAlu(ins, op)
  if (isCondJump(op)) {
    const high = (ins.flags & INS_ZOPS) == 0
    want(ins.dst, high)
    if (op & 0x10) want(ins.src, high)
  } else if (op >= OP_LDX_B && op <= OP_PROBE_SW) {
    produce(ins, ins.dst)
    // A load whose result nobody reads still may not vanish if it probes; plain ones may
    if (keepsResult(ins)) want(ins.dst, true)
    want(ins.src, op >= OP_PROBE_B || (ins.flags & INS_ARENA) != 0)
  } else if (op >= OP_ST_B && op <= OP_STX_DW) {
    want(ins.dst, (ins.flags & INS_ARENA) != 0)
    if (op >= OP_STX_B) want(ins.src, op == OP_STX_DW)
  } else if (isAtomic(op)) backwardAtomic(ins, op)
  else backwardRest(ins, op)
}

function backwardAlu(ins: Ins, op: i32): void {
  produce(ins, ins.dst)
  if (!(ins.flags & INS_LIVE)) return
  const byReg = (op & 0x10) != 0
  const alu = op & 15
  if (op >= OP_ALU32_K) {
    if (alu != ALU_MOV) want(ins.dst, false)
    if (byReg) want(ins.src, false)
    return
  }
  if (alu == ALU_MOV) {
    if (byReg) want(ins.src, isWide(ins))
    return
  }
  const high = operandsWide(ins, alu, byReg)
  want(ins.dst, high)
  if (byReg) want(ins.src, alu == ALU_LSH || alu == ALU_RSH || alu == ALU_ARSH ? false : high)
}

/** Whether a 64-bit operation other than MOV must see the upper halves of its operands. */
export function operandsWide(ins: Ins, alu: i32, byReg: bool): bool {
  switch (alu) {
    case ALU_ADD:
    case ALU_SUB:
    case ALU_MUL:
    case ALU_AND:
    case ALU_OR:
    case ALU_XOR:
    case ALU_NEG:
      return isWide(ins)
    case ALU_LSH:
      // The upper half of a value shifted up by 32 or more is made of its lower half
      return byReg || (isWide(ins) && ins.imm < 32)
    case ALU_DIV:
    case ALU_MOD:
    case ALU_RSH:
    case ALU_ARSH:
      return (ins.flags & INS_ZOPS) == 0
    default:
      return true
  }
}

function backwardAtomic(ins: Ins, op: i32): void {
  const arena = (ins.flags & INS_ARENA) != 0
  const wide = op >= OP_ATOMIC64
  const kind = op - (wide ? OP_ATOMIC64 : OP_ATOMIC32)
  if (kind == ATOMIC_CMPXCHG) {
    produce(ins, 0)
    want(0, wide || arena)
  } else if (kind >= ATOMIC_FETCH_ADD) {
    produce(ins, ins.src)
  }
  want(ins.dst, arena)
  want(ins.src, wide || arena)
}

function backwardRest(ins: Ins, op: i32): void {
  const s = sets()
  if ((op >= OP_MOVSX64_8 && op <= OP_MOVSX32_16) || op == OP_CAST_USER) {
    produce(ins, ins.dst)
    if (ins.flags & INS_LIVE) want(ins.src, false)
  } else if (op >= OP_SWAP16 && op <= OP_ZEXT32) {
    produce(ins, ins.dst)
    if (ins.flags & INS_LIVE) want(ins.dst, op == OP_SWAP64)
  } else if (op == OP_LD_IMM64) {
    produce(ins, ins.dst)
  } else if (op == OP_CALL_REG) {
    produce(ins, 0)
    want(ins.dst, true)
  } else if (op == OP_CALL || op == OP_CALL_LOCAL) {
    produce(ins, 0)
    const passed = ARGS & (((<u64>2) << (<u64>ins.src)) - 1)
    s.a = (s.a & ~(R0 | ARGS)) | passed
    s.b = (s.b & ~(R0 | ARGS)) | passed
  } else if (op == OP_LOOP) {
    produce(ins, 0)
    s.a &= ~ARGS
    s.b &= ~ARGS
    want(1, false)
    want(3, true)
  } else if (op == OP_ARRAY_LOOKUP || op == OP_LOAD_KERNEL32) {
    produce(ins, 0)
    s.a &= ~ARGS
    s.b &= ~ARGS
    if (op == OP_ARRAY_LOOKUP && ins.flags & INS_LIVE) want(2, false)
  } else if (op == OP_EXIT) {
    s.a = R0
    s.b = R0
  } else if (op == OP_TAIL_CALL) {
    // The context and, should the call fail, whatever is wanted after it; map and index
    want(1, true)
    want(2, false)
    want(3, false)
  } else if (op >= OP_LD_ABS_B && op <= OP_LD_IND_W) {
    produce(ins, 0)
    want(6, false)
    if (op >= OP_LD_IND_B) want(ins.src, false)
  }
}

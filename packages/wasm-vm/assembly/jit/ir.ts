// SPDX-License-Identifier: GPL-2.0-only
// What the compiler thinks in: a function is an array of Ins, cut into blocks.
//
// Values live in virtual registers: 0 to 10 are the BPF registers, 11 to 63 stack slots that nothing else can see. Sets of
// them are u64 masks. Each has two wasm locals, one i64 and one i32; width.ts decides which one holds the value where.

import { BpfMap } from '../maps/map'
import { Arena } from '../mem/arena'

// Operations of the compiler's own, beyond those of decoded programs
/** r0 = address of the element of the array imm (a BpfMap, also per CPU) at the index that r2 points to, or 0. */
export const OP_ARRAY_LOOKUP: i32 = 0xd0
/** r0 = the 32-bit word at address imm. */
export const OP_LOAD_KERNEL32: i32 = 0xd1

/** bpf_loop without flags: r1 turns of subprogram imm with context r3; r0 as the helper gives it. */
export const OP_LOOP: i32 = 0xd2

export const VREG_FP: i32 = 10
export const VREG_SLOT0: i32 = 11
export const VREG_MAX: i32 = 64

// Ins.flags, written by width.ts
/** The result fits in 32 bits: the upper half is zero. */
export const INS_ZRES: u32 = 1
/** So do both operands of a comparison or division. */
export const INS_ZOPS: u32 = 2
/** Somebody reads the result. */
export const INS_LIVE: u32 = 4
/** Somebody reads its upper half. */
export const INS_HIGH: u32 = 8
/** The value that the instruction loads or makes is a pointer. */
export const INS_PTR: u32 = 16

/** The access is one to the program's arena. */
export const INS_ARENA: u32 = 32

@unmanaged export class Ins {
  op: u16
  dst: u8
  /** Register; of a call: how many arguments it passes. */
  src: u8
  flags: u32
  /** Displacement; helper id. */
  off: i32
  /** Number of the BPF instruction. */
  insn: u32
  imm: i64
}

export const INS_SIZE: usize = 24

/** A load whose register stays as it is where the arena has no page. */
@inline export function keepsResult(ins: Ins): bool {
  return (ins.flags & INS_ARENA) != 0 && ins.imm != 0
}

@unmanaged export class Block {
  /** Instructions, the end exclusive. */
  first: u32
  end: u32
  /** Blocks that follow: the fallthrough or only one, the one a taken jump leads to; -1: none. */
  next: i32
  taken: i32
  /** A Switch that takes the place of next and taken, or 0. */
  table: usize
  /** Place in reverse postorder, -1: unreachable. Immediate dominator. */
  rpo: i32
  idom: i32
  /** Interval of the dominator tree's preorder that the block dominates: first, number; and a cursor to number it. */
  domFirst: u32
  domSize: u32
  domNext: u32
  /** Predecessors: a run of preds[]. */
  predFirst: u32
  predCnt: u32
  /** Edges that come from blocks earlier in reverse postorder. */
  forwardIn: u32
  isLoop: bool
  /** Dominator-tree children that are merge points, highest reverse postorder first. */
  firstMerge: i32
  nextMerge: i32
  /** Depth of the wasm label that leads to the block from before it and, for a loop, from within. */
  label: u32
  loopLabel: u32
  /** Registers in i64 locals when the block's last instruction has run. */
  repOut: u64
  /** At entry: values known to fit in 32 bits; pointers; values read later, values whose upper half is read later. */
  zIn: u64
  ptrIn: u64
  liveIn: u64
  highIn: u64
}

/** A jump by the value of the register that the block's last instruction compares: table entry to successor. */
@unmanaged export class Switch {
  /** u16[]: numbers of successors; the last entry is for all values beyond. */
  entries: usize
  entryCnt: u32
  /** i32[]: blocks. */
  succs: usize
  succCnt: u32
}

/** The function being compiled. */
@unmanaged export class Fn {
  arena: Arena
  /** Ins[] and their number. */
  ins: usize
  insCnt: u32
  blocks: usize
  blockCnt: u32
  /** Block numbers in reverse postorder, and how many are reachable. */
  order: usize
  orderCnt: u32
  preds: usize
  irreducible: bool
  /** What is left of a bound on work: see cfg.ts. */
  stepsLeft: i32
  /** Memory ran out where a function could not say so. */
  arenaFailed: bool
  /** The program's main function: r1 is its context. */
  isMain: bool
  hasMayGoto: bool
  /** The verifier vouches for its pointers; bare instructions may add anything to anything. */
  verified: bool
  /** The arena of accesses that are marked so. */
  sharedMap: BpfMap
  /** Registers that occur. */
  used: u64
  /** Bytes of stack. */
  stackDepth: u32
  /** Wasm locals: u32 numbers by virtual register, and temporaries. */
  local64: usize
  local32: usize
  count64: u32
  count32: u32
  tmp64: u32
  tmp32: u32
  turns: u32
  frame: u32
  /** Some access has the frame pointer as its base. */
  usesFrame: bool
  /** Wasm index of the program's first function: subprogram i is this plus i. */
  firstFn: u32
}

@inline export function insAt(fn: Fn, i: u32): Ins {
  return changetype<Ins>(fn.ins + <usize>i * INS_SIZE)
}

@inline export function blockAt(fn: Fn, i: i32): Block {
  return changetype<Block>(fn.blocks + <usize>i * offsetof<Block>())
}

@inline export function orderAt(fn: Fn, i: i32): i32 {
  return load<i32>(fn.order + ((<usize>i) << 2))
}
/** Ways out of a block; one that does not exist is -1. */
@inline export function succCount(block: Block): u32 {
  return block.table ? changetype<Switch>(block.table).succCnt : 2
}
export function succAt(block: Block, i: u32): i32 {
  if (block.table) return load<i32>(changetype<Switch>(block.table).succs + ((<usize>i) << 2))
  return i ? block.next : block.taken
}

@inline export function bit(v: i32): u64 {
  return (<u64>1) << (<u64>v)
}

// SPDX-License-Identifier: GPL-2.0-only
// What a running program stands on. All of it is in linear memory, so that a snapshot in the middle of a run is exact.
//
// Each entry into the kernel's engines (a program, a callback) gets a level: a piece of memory in which call frames
// grow up from the bottom and the BPF stack grows down from the top.
//
//   | outer registers | frame 1 | frame 2 | …  ->      <- …  subprogram's stack | main program's stack |
//   level                                                                              level + LEVEL_SIZE

import { kzalloc } from '../mem/alloc'

export const ENGINE_INTERP: i32 = 0
export const ENGINE_JIT: i32 = 1
export const ENGINE_CHECKED: i32 = 2

/** Run.jitAfter: compile at load; programs with loops at their first run, others when they have run often. */
export const JIT_AT_LOAD: i32 = -1
export const JIT_AUTO: i32 = 0
export const JIT_AUTO_RUNS: u32 = 64

export const TRAP_NONE: i32 = 0
export const TRAP_OPCODE: i32 = 1
export const TRAP_MEMORY: i32 = 2
export const TRAP_BUDGET: i32 = 3
export const TRAP_STACK: i32 = 4
export const TRAP_CALL: i32 = 5

export const LEVEL_SIZE: usize = 24 * 1024
export const LEVELS: u32 = 24
export const MAX_TAIL_CALLS: u32 = 33

@unmanaged export class Run {
  /** The program that runs (a Prog), 0 for bare instructions; its records. */
  prog: usize
  decoded: usize
  engine: i32
  ctx: usize
  ctxSize: u32
  /** Context offsets of the packet's first and end pointers (low byte, next byte); 0: the context has none. */
  packetFields: u32
  tailCalls: u32
  /** TRAP_*; instruction number and address at fault. The first trap of a run stands. */
  trap: i32
  trapPc: u32
  trapAddr: u64
  /** Instructions that the checked engine may still execute, and how many an outermost run gets (0: the default). */
  budget: i64
  budgetLimit: i64
  /** Runs on the interpreter before a program is compiled; JIT_AT_LOAD, JIT_AUTO. */
  jitAfter: i32
  /** Memory of all levels, and how many are in use. */
  levels: usize
  depth: u32
  /** Lowest stack byte of the function that runs. */
  stackLow: usize
  /** Where the packet's link and network headers begin, for legacy packet loads; 0: at its data. */
  macHeader: usize
  netHeader: usize
  /** Start of what lies before the packet's data and may be read through a negative offset; 0: nothing. */
  packetHead: usize
  /** Table index of (ctx, offset, size) => value or -1 that reads packets which are not in one piece; or 0. */
  packetLoader: i32
  /** Index in the checked engine's table of regions; see regions.ts. */
  regions: usize
  regionCnt: u32
  regionNext: u32
  regionHit: u32
  /** The stepper (debug-state.ts), 0 while there is none. */
  debug: usize
  /** The program that the trampoline of a tail call out of compiled code interprets next. */
  tailProg: usize
  /** Whether the last tail call of compiled code went anywhere. */
  tailCalled: u32
  /** An exception is on its way to the program's entry, and its value. */
  thrown: bool
  cookie: u64
}

const RUN: usize = memory.data(256, 16)

@inline export function currentRun(): Run {
  return changetype<Run>(RUN)
}

/** Register file of the interpreter: r0 to r10. */
export const REGS: usize = memory.data(96, 16)

export const REGS_SIZE: usize = 88

/** Lowest address of the current level: the registers of the one outside, while it runs. */
@inline export function levelBase(run: Run): usize {
  return run.levels + <usize>(run.depth - 1) * LEVEL_SIZE
}

/** The first call frame of the current level. */
@inline export function firstFrame(run: Run): usize {
  return levelBase(run) + 96
}
/** Where its BPF stack begins. */
@inline export function levelTop(run: Run): usize {
  return levelBase(run) + LEVEL_SIZE
}

/** Takes the next level: false when there is none. */
export function enterLevel(run: Run): bool {
  if (!run.levels) {
    run.levels = kzalloc(LEVEL_SIZE * LEVELS)
    if (!run.levels) return false
  }
  if (run.depth >= LEVELS) return false
  run.depth++
  return true
}

@inline export function leaveLevel(run: Run): void {
  run.depth--
}

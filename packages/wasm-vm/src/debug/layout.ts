// SPDX-License-Identifier: GPL-2.0-only
/** Offsets of what the stepper reads in linear memory; the structs are those of assembly/interp. */

/** class Debug of debug-state.ts. */
export const DEBUG = {
  steps: 0,
  stopAt: 8,
  r0: 16,
  state: 24,
  progId: 28,
  level: 32,
  stopLevel: 36,
  pc: 40,
  frame: 44,
  history: 64,
  regs: 68,
  levels: 72,
  trap: 88,
} as const

export const STATE_IDLE = 0
export const STATE_RUNNING = 1
export const STATE_STOPPED = 2
export const STATE_DONE = 3

/** Entries of the ring of executed instructions. */
export const ENTRY = { size: 104, count: 1024, pc: 88, frame: 92, level: 96, decoded: 100 } as const

/** Levels and call frames: run-state.ts, frame.ts. */
export const LEVEL_SIZE = 24 * 1024
export const LEVEL = { frame: 88, pc: 92, firstFrame: 96 } as const
export const FRAME = { size: 64, returnPc: 0, func: 8, callerR10: 48 } as const
/** class FuncRef of insn/record.ts. */
export const FUNC = { decoded: 0, first: 8, stackDepth: 16 } as const
export const RECORD_SIZE = 16

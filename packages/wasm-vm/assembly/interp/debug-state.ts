// SPDX-License-Identifier: GPL-2.0-only
// Stepping. The host arms the stepper for one program and makes the system call that runs it; the run stops before a
// given instruction by a WebAssembly trap, which leaves everything where it was: all of it is in linear memory. From then
// on the host asks for more instructions by debug_resume(), looks at memory, copies it (a checkpoint) and puts it back.
// A stop inside a callback is a trap as well, and can only be left by putting a checkpoint back.
//
// The last instructions are kept in a ring, an entry each, written before the instruction runs:
//
//   0           88     92      96      100
//   | r0 … r10  | pc   | frame | level | decoded |
//
// pc: address of the record; level: nesting of callbacks; decoded: what the record belongs to.

import { Prog } from '../prog/prog'
import { levelBase, REGS, REGS_SIZE, Run } from './run-state'

export const DEBUG_IDLE: u32 = 0
export const DEBUG_RUNNING: u32 = 1
export const DEBUG_STOPPED: u32 = 2
export const DEBUG_DONE: u32 = 3

export const HISTORY_ENTRY: usize = 104
export const HISTORY_SIZE: u32 = 1024
export const BREAKPOINTS: u32 = 64

/** The host reads it by offset (src/debug/layout.ts). */
@unmanaged export class Debug {
  /** Instructions executed so far, and the number of them before which to stop. */
  steps: u64
  stopAt: u64
  r0: u64
  state: u32
  /** The program (id) that is stepped; 0: the first that runs. */
  progId: u32
  /** Level at which it was entered; the one at which it stopped. */
  level: u32
  stopLevel: u32
  /** Record and frame before which it stopped. */
  pc: usize
  frame: usize
  /** Stop in an outer level, or at that level in this frame or an outer one; 0: no matter. */
  untilLevel: u32
  untilFrame: usize
  /** u32[]: addresses of records to stop before. */
  breakpoints: usize
  breakpointCnt: u32
  history: usize
  regs: usize
  levels: usize
  /** Whether it was entered by debug_resume: then a stop at its level just returns. */
  resumed: u32
  /** Breakpoints and frames count only once so many instructions have been executed. */
  ignoreUntil: u64
  /** Run.trap at the end. */
  trap: i32
}

@inline export function debugState(run: Run): Debug {
  return changetype<Debug>(run.debug)
}

export function isStepping(run: Run): bool {
  return run.debug != 0 && debugState(run).state == DEBUG_RUNNING
}

/** Whether this run of a program is the one to be stepped. */
export function debugOf(run: Run, prog: Prog): bool {
  if (!run.debug) return false
  const d = debugState(run)
  if (d.state != DEBUG_IDLE || (d.progId && d.progId != prog.id)) return false
  d.state = DEBUG_RUNNING
  d.level = run.depth
  return true
}

export function debugDone(run: Run, r0: u64): void {
  const d = debugState(run)
  d.state = DEBUG_DONE
  d.r0 = r0
}

function isBreakpoint(d: Debug, pc: usize): bool {
  for (let i: u32 = 0; i < d.breakpointCnt; i++) {
    if (load<usize>(d.breakpoints + ((<usize>i) << 2)) == pc) return true
  }
  return false
}

function isWanted(run: Run, d: Debug, pc: usize, frame: usize): bool {
  if (d.steps >= d.stopAt) return true
  if (d.steps < d.ignoreUntil) return false
  if (d.breakpointCnt && isBreakpoint(d, pc)) return true
  return d.untilLevel > run.depth || (d.untilLevel == run.depth && d.untilFrame >= frame)
}

/** Records the instruction that comes next; whether to stop before it. */
export function debugStops(run: Run, pc: usize, frame: usize): bool {
  const d = debugState(run)
  const entry = d.history + ((<usize>d.steps) & (HISTORY_SIZE - 1)) * HISTORY_ENTRY
  memory.copy(entry, REGS, REGS_SIZE)
  store<usize>(entry, pc, 88)
  store<usize>(entry, frame, 92)
  store<u32>(entry, run.depth, 96)
  store<usize>(entry, run.decoded, 100)
  // where outer levels stand, for whoever looks at the call chain
  store<usize>(levelBase(run), frame, 88)
  store<usize>(levelBase(run), pc, 92)
  if (!isWanted(run, d, pc, frame)) {
    d.steps++
    return false
  }
  d.state = DEBUG_STOPPED
  d.pc = pc
  d.frame = frame
  d.stopLevel = run.depth
  if (!d.resumed || run.depth != d.level) unreachable()
  return true
}

/** The instruction number of a record of a program, for breakpoints: its address, 0 if there is none. */
export function recordOf(prog: Prog, insn: u32): usize {
  if (!prog.decoded || insn >= prog.len) return 0
  return load<usize>(prog.decoded) + ((<usize>insn) << 4)
}

// SPDX-License-Identifier: GPL-2.0-only
// What the host calls to step a program; the idea stands in debug-state.ts.

import { ENOMEM, EINVAL } from '../gen/errno.gen'
import { Decoded } from '../insn/record'
import { kzalloc } from '../mem/alloc'
import { idFind } from '../mem/ids'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import {
  BREAKPOINTS,
  Debug,
  DEBUG_DONE,
  DEBUG_IDLE,
  DEBUG_RUNNING,
  DEBUG_STOPPED,
  debugState,
  HISTORY_ENTRY,
  HISTORY_SIZE,
  recordOf,
} from './debug-state'
import { execute } from './loop'
import { currentRun, firstFrame, REGS } from './run-state'

/** Kept from one session to the next; 0 until the first. */
const STORE: usize = memory.data(4, 4)

/** Arms the stepper: the next run of the program with that id (0: of any) stops before its first instruction. */
export function debug_arm(progId: u32): i32 {
  if (!load<usize>(STORE)) {
    const fresh = kzalloc(offsetof<Debug>() + <usize>BREAKPOINTS * 4 + <usize>HISTORY_SIZE * HISTORY_ENTRY)
    if (!fresh) return -ENOMEM
    store<usize>(STORE, fresh)
  }
  const run = currentRun()
  const d = changetype<Debug>(load<usize>(STORE))
  memory.fill(load<usize>(STORE), 0, offsetof<Debug>())
  d.progId = progId
  d.state = DEBUG_IDLE
  d.breakpoints = load<usize>(STORE) + offsetof<Debug>()
  d.history = d.breakpoints + <usize>BREAKPOINTS * 4
  d.regs = REGS
  run.debug = load<usize>(STORE)
  return 0
}

/** Address of the stepper's state, for the host to read. */
export function debug_state(): usize {
  const run = currentRun()
  if (run.debug) debugState(run).levels = run.levels
  return run.debug
}

/**
 * Goes on from a stop until `stopAt` instructions have been executed in all, a breakpoint, or a frame at or outside
 * `untilFrame` on `untilLevel` (0: no matter); the latter two count from `ignoreUntil` instructions on. Returns the
 * state; traps if it stops inside a callback.
 */
export function debug_resume(stopAt: u64, untilLevel: u32, untilFrame: usize, ignoreUntil: u64): u32 {
  const run = currentRun()
  if (!run.debug) return DEBUG_IDLE
  const d = debugState(run)
  if (d.state != DEBUG_STOPPED || d.stopLevel != d.level) return d.state
  d.stopAt = stopAt
  d.untilLevel = untilLevel
  d.untilFrame = untilFrame
  d.ignoreUntil = ignoreUntil
  d.state = DEBUG_RUNNING
  d.resumed = 1
  const r0 = execute<u16>(run, d.pc, firstFrame(run), d.frame)
  if (d.state == DEBUG_RUNNING) {
    d.r0 = r0
    d.trap = run.trap
    d.state = DEBUG_DONE
  }
  return d.state
}

/** Takes all breakpoints away. */
export function debug_clear_breakpoints(): void {
  const run = currentRun()
  if (run.debug) debugState(run).breakpointCnt = 0
}

/** Sets one before an instruction of the program with that id, as its translated instructions are numbered. */
export function debug_breakpoint(progId: u32, insn: u32): i32 {
  const run = currentRun()
  if (!run.debug) return -EINVAL
  const d = debugState(run)
  const prog = changetype<Prog>(idFind(kernel().progs, progId))
  if (!changetype<usize>(prog) || d.breakpointCnt >= BREAKPOINTS) return -EINVAL
  const record = recordOf(prog, insn)
  if (!record) return -EINVAL
  store<usize>(d.breakpoints + ((<usize>d.breakpointCnt) << 2), record)
  d.breakpointCnt++
  return 0
}

/** Id of the program that a decoded form belongs to, 0 for none. */
export function debug_program_of(decoded: usize): u32 {
  if (!decoded) return 0
  const owner = changetype<Decoded>(decoded).owner
  return owner ? changetype<Prog>(owner).id : 0
}

/** First record of a decoded form: an instruction's number is its record's distance from there, divided by 16. */
export function debug_records_of(decoded: usize): usize {
  return decoded ? changetype<Decoded>(decoded).records : 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Call frames of the interpreter: what a local call saves, 64 bytes each.
//
//   0         4         8      12  16        48   56
//   | return  | may_goto| func |   | r6 … r9 | r10|
//
// return, r6 to r10: of the caller. func, may_goto: of the function that runs in the frame.

import { Decoded, FuncRef, RECORD_SIZE, funcAt, recImm } from '../insn/record'
import { calledFunc } from '../prog/extension'
import { REGS, Run } from './run-state'

export const FRAME_SIZE: usize = 64
/** Turns that all may_goto of one call of a function take together (BPF_MAX_LOOPS). */
export const MAY_GOTO_TURNS: u32 = 8 * 1024 * 1024

const R6: usize = 48
const R10: usize = 80

@inline function frameFunc(frame: usize): FuncRef {
  return changetype<FuncRef>(load<usize>(frame, 8))
}

/** First record of the function that runs in a frame. */
@inline export function enteredAt(frame: usize): usize {
  return frameFunc(frame).start
}

function enterFunc(run: Run, frame: usize, func: FuncRef): void {
  store<u32>(frame, MAY_GOTO_TURNS, 4)
  store<usize>(frame, changetype<usize>(func), 8)
  run.decoded = func.decoded
  run.stackLow = load<usize>(REGS, R10) - func.stackDepth
}

/** The frame at the bottom of a level: its stack ends at `top`. */
export function openFrame(run: Run, frame: usize, func: FuncRef, top: usize): void {
  store<u64>(REGS, <u64>top, R10)
  enterFunc(run, frame, func)
}

/** Calls the subprogram that the record at `pc` names; the new frame, 0 if the level is full. */
export function pushFrame(run: Run, frame: usize, pc: usize): usize {
  const callee = calledFunc(changetype<Decoded>(run.decoded), <u32>recImm(pc))
  const fp = load<usize>(REGS, R10)
  const calleeFp = fp - frameFunc(frame).stackDepth
  const inner = frame + FRAME_SIZE
  if (calleeFp < inner + FRAME_SIZE + callee.stackDepth) return 0
  store<u32>(inner, <u32>(pc + RECORD_SIZE))
  memory.copy(inner + 16, REGS + R6, 40)
  store<u64>(REGS, <u64>calleeFp, R10)
  enterFunc(run, inner, callee)
  return inner
}

/** Leaves the frame; where its caller goes on. */
export function popFrame(run: Run, frame: usize): usize {
  memory.copy(REGS + R6, frame + 16, 40)
  const caller = frameFunc(frame - FRAME_SIZE)
  run.decoded = caller.decoded
  run.stackLow = load<usize>(REGS, R10) - caller.stackDepth
  return <usize>load<u32>(frame)
}

/** A tail call: another program takes the frame over. False if its stack does not fit. */
export function replaceFunc(run: Run, frame: usize, target: Decoded): bool {
  const func = funcAt(target, 0)
  if (load<usize>(REGS, R10) < frame + FRAME_SIZE * 2 + func.stackDepth) return false
  enterFunc(run, frame, func)
  return true
}

/** Whether a may_goto jumps: when the function's turns are used up. */
@inline export function mayGotoTaken(frame: usize): bool {
  const left = load<u32>(frame, 4)
  if (!left) return true
  store<u32>(frame, left - 1, 4)
  return false
}

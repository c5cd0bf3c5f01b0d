// SPDX-License-Identifier: GPL-2.0-only
// Calls out of the interpreter: helpers and kfuncs through the table, tail calls.

import { Decoded, recImm, recTarget } from '../insn/record'
import { isaHelper, isIsaHelper } from './isa-helpers'
import { REGS, Run, TRAP_CALL } from './run-state'

/** Calls table entry `fn` with r1 to r5; r0. */
@inline export function callFn(fn: i32): u64 {
  return call_indirect<u64>(
    fn,
    load<u64>(REGS, 8),
    load<u64>(REGS, 16),
    load<u64>(REGS, 24),
    load<u64>(REGS, 32),
    load<u64>(REGS, 40),
  )
}

/** Call by register, which only bare instructions have. */
export function isaCall(run: Run, id: u64): u64 {
  if (!run.prog && isIsaHelper(id)) return isaHelper(id)
  run.trap = TRAP_CALL
  return 0
}
export function checkedCall(run: Run, pc: usize): u64 { return callFn(<i32>recImm(pc)) }
export function tailCall(run: Run): usize { return 0 }
export function tailCallTarget(run: Run, map: usize, index: u32, fp: usize): i32 { return 0 }

// SPDX-License-Identifier: GPL-2.0-only
// Bare instructions as RFC 9669 defines them, with no verifier, no maps and no program object.

import { ENOMEM, EOPNOTSUPP } from '../gen/errno.gen'
import { decode, DecodeInput, freeDecoded } from '../insn/decode'
import { checkStructure, STRUCTURE_ISA } from '../insn/structure-check'
import { funcAt } from '../insn/record'
import { resolveIsaCall } from './isa-helpers'
import { compileProgram, freeCompiled } from '../jit/compile'
import { execute } from './loop'
import { openFrame } from './frame'
import { clearRegions } from './regions'
import {
  currentRun, ENGINE_CHECKED, ENGINE_INTERP, enterLevel, leaveLevel, levelBase, LEVEL_SIZE, REGS,
} from './run-state'

/** Instructions that a bare run may execute on the checked engine. */
export const ISA_BUDGET: i64 = 100_000_000

const INPUT: usize = memory.data(offsetof<DecodeInput>(), 8)

/** Calls a compiled function with r1 to r5 from a register file. */
function callCompiled(fn: i32, regs: usize, fp: usize): u64 {
  return call_indirect<u64>(
    fn,
    load<u64>(regs, 8),
    load<u64>(regs, 16),
    load<u64>(regs, 24),
    load<u64>(regs, 32),
    load<u64>(regs, 40),
    <u32>fp,
  )
}

/**
 * Runs `len` instructions at `insns` with r1 = memPtr, r2 = memLen. 0, and r0 at `out`; -EINVAL if the instructions
 * are not well formed; the negative of a trap code less 1000 if they went astray.
 */
export function isaRun(insns: usize, len: u32, mem: usize, memLen: u32, engine: i32, out: usize): i32 {
  const bad = checkStructure(insns, len, STRUCTURE_ISA)
  if (bad) return bad
  const input = changetype<DecodeInput>(INPUT)
  input.insns = insns
  input.len = len
  input.starts = 0
  input.depths = 0
  const decoded = decode(input, resolveIsaCall)
  if (!changetype<usize>(decoded)) return -ENOMEM
  const run = currentRun()
  if (!enterLevel(run)) {
    freeDecoded(decoded)
    return -ENOMEM
  }
  run.prog = 0
  run.ctx = mem
  run.ctxSize = memLen
  run.packetFields = 0
  run.trap = 0
  run.budget = ISA_BUDGET
  clearRegions(run)
  memory.fill(REGS, 0, 88)
  store<u64>(REGS, memLen ? <u64>mem : 0, 8)
  store<u64>(REGS, <u64>memLen, 16)
  const base = levelBase(run)
  openFrame(run, base, funcAt(decoded, 0), base + LEVEL_SIZE)
  const start = decoded.records
  let r0: u64 = 0
  let err: i32 = 0
  if (engine == ENGINE_CHECKED) r0 = execute<u8>(run, start, base)
  else if (engine == ENGINE_INTERP) r0 = execute<u32>(run, start, base)
  else if (compileProgram(decoded)) r0 = callCompiled(decoded.jitHandle, REGS, base + LEVEL_SIZE)
  else err = -EOPNOTSUPP
  leaveLevel(run)
  freeCompiled(decoded)
  freeDecoded(decoded)
  if (err) return err
  if (run.trap) return -1000 - run.trap
  store<u64>(out, r0)
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Bare instructions as RFC 9669 defines them, with no verifier, no maps and no program object.

import { ENOMEM } from '../gen/errno.gen'
import { decode, DecodeInput, freeDecoded } from '../insn/decode'
import { checkStructure, STRUCTURE_ISA } from '../insn/structure-check'
import { funcAt } from '../insn/record'
import { resolveIsaCall } from './isa-helpers'
import { compileProgram } from '../jit/compile'
import { callCompiled } from './calls'
import { execute } from './loop'
import { openFrame } from './frame'
import { clearRegions } from './regions'
import { currentRun, ENGINE_CHECKED, ENGINE_JIT, enterLevel, firstFrame, leaveLevel, levelTop, REGS } from './run-state'

/** Instructions that a bare run may execute on the checked engine. */
export const ISA_BUDGET: i64 = 100_000_000

const INPUT: usize = memory.data(offsetof<DecodeInput>(), 8)

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
  const base = firstFrame(run)
  openFrame(run, base, funcAt(decoded, 0), levelTop(run))
  const start = decoded.records
  let r0: u64 = 0
  if (engine == ENGINE_CHECKED) r0 = execute<u8>(run, start, base)
  else if (engine == ENGINE_JIT && compileProgram(decoded)) {
    r0 = callCompiled(decoded.jitHandle, <u64>mem, <u64>memLen, 0, 0, 0, levelTop(run))
  } else r0 = execute<u32>(run, start, base)
  leaveLevel(run)
  freeDecoded(decoded)
  if (run.trap) return -1000 - run.trap
  store<u64>(out, r0)
  return 0
}

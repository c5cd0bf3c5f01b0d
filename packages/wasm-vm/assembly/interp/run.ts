// SPDX-License-Identifier: GPL-2.0-only
// Running programs: the choice of engine, entries from outside, callbacks. Counterpart in Linux: bpf_prog_run.

import { BPF_MAP_TYPE_ARRAY } from '../gen/uapi-enums.gen'
import { Decoded, funcAt, FuncRef } from '../insn/record'
import { BpfMap } from '../maps/map'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { callCompiled } from './calls'
import { debugDone, debugOf, isStepping } from './debug-state'
import { openFrame } from './frame'
import { execute } from './loop'
import { addRegion, clearRegions, takeGrant } from './regions'
import {
  currentRun,
  ENGINE_CHECKED,
  ENGINE_INTERP,
  ENGINE_JIT,
  enterLevel,
  firstFrame,
  JIT_AUTO,
  JIT_AUTO_RUNS,
  leaveLevel,
  levelBase,
  levelTop,
  REGS,
  REGS_SIZE,
  Run,
  TRAP_NONE,
} from './run-state'
import { extensionOf } from '../prog/extension'
import { compile } from './select'

export { compileNow, selectRuntime } from './select'

/** Instructions of an outermost run on the checked engine, where the caller sets no other limit. */
const DEFAULT_BUDGET: i64 = 4_000_000_000

const BPF_F_RDONLY_PROG: u32 = 1 << 7

/** The compiled function of a program, 0 while it is to be interpreted. */
function compiledFn(run: Run, prog: Prog): i32 {
  if (prog.extCnt) return 0
  if (prog.jitFn) return prog.jitFn
  const decoded = changetype<Decoded>(prog.decoded)
  if (decoded.jitFailed) return 0
  decoded.runs++
  const due =
    run.jitAfter == JIT_AUTO ? decoded.hasLoop || decoded.runs > JIT_AUTO_RUNS : <i32>decoded.runs > run.jitAfter
  if (due) compile(prog, decoded)
  return prog.jitFn
}

/** Runs a program on the engine that the kernel is set to. */
export function runProg(prog: Prog, ctx: usize, run: Run): u64 {
  return runOn(<i32>kernel().engine, prog, ctx, run)
}

/** Runs a program on the checked engine; run.trap says whether it went astray. */
export function runProgChecked(prog: Prog, ctx: usize, run: Run): u64 {
  return runOn(ENGINE_CHECKED, prog, ctx, run)
}

export function runOn(engine: i32, whole: Prog, ctx: usize, run: Run): u64 {
  const ext = extensionOf(whole, 0)
  const prog = ext ? changetype<Prog>(ext) : whole
  if (!prog.decoded || !enterLevel(run)) return 0
  const outerProg = run.prog
  const outerCtx = run.ctx
  const outerTailCalls = run.tailCalls
  const outerEngine = run.engine
  const debug = debugOf(run, prog)
  if (debug) engine = ENGINE_CHECKED
  run.prog = changetype<usize>(prog)
  run.ctx = ctx
  run.tailCalls = 0
  run.engine = engine
  let r0: u64 = 0
  const fn = engine == ENGINE_JIT ? compiledFn(run, prog) : 0
  if (fn) {
    r0 = callCompiled(fn, <u64>ctx, 0, 0, 0, 0, levelTop(run))
  } else {
    if (engine == ENGINE_CHECKED && run.depth == 1) prepareChecked(run, prog)
    r0 = interpret(run, funcAt(changetype<Decoded>(prog.decoded), 0), engine, <u64>ctx, 0, 0, 0, 0)
  }
  if (run.thrown) r0 = caught(run, engine)
  if (debug) debugDone(run, r0)
  leaveLevel(run)
  run.prog = outerProg
  run.ctx = outerCtx
  run.tailCalls = outerTailCalls
  run.engine = outerEngine
  return r0
}

/** The result of a program that threw: its callback's, or the value itself. A tail call may have changed the program. */
function caught(run: Run, engine: i32): u64 {
  run.thrown = false
  const prog = changetype<Prog>(run.prog)
  if (!prog.exceptionCb) return run.cookie
  const func = funcAt(changetype<Decoded>(prog.decoded), prog.exceptionCb)
  return interpret(run, func, engine, run.cookie, 0, 0, 0, 0)
}

/** Interprets a function on the current level. Registers of the level outside survive. */
function interpret(run: Run, func: FuncRef, engine: i32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const saved = levelBase(run)
  const outerDecoded = run.decoded
  const outerStackLow = run.stackLow
  memory.copy(saved, REGS, REGS_SIZE)
  store<u64>(REGS, r1, 8)
  store<u64>(REGS, r2, 16)
  store<u64>(REGS, r3, 24)
  store<u64>(REGS, r4, 32)
  store<u64>(REGS, r5, 40)
  const frame = firstFrame(run)
  openFrame(run, frame, func, levelTop(run))
  let r0: u64 = 0
  if (engine != ENGINE_CHECKED) r0 = execute<u32>(run, func.start, frame)
  else if (isStepping(run)) r0 = execute<u16>(run, func.start, frame)
  else r0 = execute<u8>(run, func.start, frame)
  memory.copy(REGS, saved, REGS_SIZE)
  run.decoded = outerDecoded
  run.stackLow = outerStackLow
  return r0
}

/** An outermost run: a fresh budget, no trap, and the regions that its maps give it from the start. */
function prepareChecked(run: Run, prog: Prog): void {
  run.trap = TRAP_NONE
  run.budget = run.budgetLimit ? run.budgetLimit : DEFAULT_BUDGET
  clearRegions(run)
  takeGrant(run)
  grantMaps(run, prog)
  if (!prog.extCnt) return
  for (let i: u32 = 0; i < max<u32>(prog.subprogCnt, 1); i++) {
    const ext = extensionOf(prog, i)
    if (ext) grantMaps(run, changetype<Prog>(ext))
  }
}

function grantMaps(run: Run, prog: Prog): void {
  for (let i: u32 = 0; i < prog.usedMapCnt; i++) {
    const map = changetype<BpfMap>(load<usize>(prog.usedMaps + ((<usize>i) << 2)))
    if (map.mapType != BPF_MAP_TYPE_ARRAY) continue
    addRegion(run, map.values, map.elemSize * map.maxEntries, (map.mapFlags & BPF_F_RDONLY_PROG) == 0)
  }
}

/** Instructions that the last outermost run on the checked engine executed, its callbacks' included. */
export function executedInsns(): u64 {
  const run = currentRun()
  return <u64>((run.budgetLimit ? run.budgetLimit : DEFAULT_BUDGET) - run.budget)
}

/** Calls back into the program that runs: `fn` is what a register that holds a callback holds. */
export function invokeCallback(fn: u64, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const func = changetype<FuncRef>(<usize>fn)
  const run = currentRun()
  if (!enterLevel(run)) return 0
  let r0: u64 = 0
  if (func.jitFn && run.engine == ENGINE_JIT) r0 = callCompiled(func.jitFn, r1, r2, r3, r4, r5, levelTop(run))
  else r0 = interpret(run, func, run.engine == ENGINE_CHECKED ? ENGINE_CHECKED : ENGINE_INTERP, r1, r2, r3, r4, r5)
  leaveLevel(run)
  return r0
}

/** Where compiled code tail-calls to when the target is not compiled: interprets run.tailProg. */
export function interpretTail(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, fp: u32): u64 {
  const run = currentRun()
  const prog = changetype<Prog>(run.tailProg)
  if (!prog.decoded || !enterLevel(run)) return 0
  const r0 = interpret(run, funcAt(changetype<Decoded>(prog.decoded), 0), ENGINE_INTERP, r1, r2, r3, r4, r5)
  leaveLevel(run)
  return r0
}

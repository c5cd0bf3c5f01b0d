// SPDX-License-Identifier: GPL-2.0-only
// A decoded program to a WebAssembly module: blocks, graph, widths, code, for each subprogram; then the host.

import { MAY_GOTO_TURNS } from '../interp/frame'
import { Decoded, funcAt, FuncRef, recImm, recOp, RECORD_SHIFT } from '../insn/record'
import {
  OP_ARENA,
  OP_CALL,
  OP_LD_ABS_B,
  OP_LD_IND_W,
  OP_PROBE_B,
  OP_PROBE_SW,
  OP_TAIL_CALL,
  OP_CALL_REG,
} from '../insn/ops'
import { kfree, kmalloc } from '../mem/alloc'
import { Arena } from '../mem/arena'
import { annotate } from './annotate'
import { buildBlocks } from './blocks'
import { analyseGraph } from './cfg'
import { hostCompile, hostFree } from './host'
import { bit, Fn, insAt, VREG_FP } from './ir'
import { emitMarks, openMarks } from './line-marks'
import { emitHead, exportCount, openCode } from './module'
import {
  addImport,
  importCount,
  openImports,
  RUNTIME_ISA_CALL,
  RUNTIME_PACKET,
  RUNTIME_ARENA,
  RUNTIME_PROBE,
  RUNTIME_TAIL_CALL,
  runtimeIndex,
} from './runtime-calls'
import { arenaAccess } from '../interp/arena-access'
import { jitIsaCall, jitPacketLoad, jitProbe, jitTailCall } from './runtime'
import { lengthHole, patchLength, reserve, sinkBase, sinkFailed, sinkFree, sinkLength, sinkOpen } from './sink'
import { Prog } from '../prog/prog'
import { promoteSlots } from './slots'
import { emitBody } from './structure'
import { makeSwitches } from './switches'
import { unrollLoops } from './unroll'
import { assignLocals, emitPrologue } from './values'
import { analyseWidths } from './width'

/** Engines refuse function bodies of more than 7,654,321 bytes (WebAssembly JavaScript interface, section 9). */
const BODY_MAX: u32 = 7_654_321

/** Compiles and instantiates; whether the program now has compiled functions. */
export function compileProgram(decoded: Decoded): bool {
  if (!emitModule(decoded)) {
    decoded.jitFailed = true
    return false
  }
  const cnt = exportCount(decoded)
  const first = hostCompile(decoded.jitBytes, decoded.jitLen, cnt)
  if (!first) {
    kfree(decoded.jitBytes)
    decoded.jitBytes = 0
    decoded.jitLen = 0
    decoded.jitFailed = true
    return false
  }
  decoded.jitHandle = first
  decoded.jitFree = <i32>freeCompiled.index
  let next = first
  for (let i: u32 = 0; i < decoded.funcCnt; i++) {
    const f = funcAt(decoded, i)
    f.jitFn = i == 0 || f.isCallback ? next++ : 0
  }
  return true
}

/** Gives the compiled functions back to the host. */
export function freeCompiled(decoded: Decoded): void {
  hostFree(decoded.jitHandle, exportCount(decoded))
  decoded.jitHandle = 0
  for (let i: u32 = 0; i < decoded.funcCnt; i++) funcAt(decoded, i).jitFn = 0
}

/** Leaves the module's bytes in decoded.jitBytes and jitLen; false if it cannot be compiled or memory is out. */
export function emitModule(decoded: Decoded): bool {
  const arena = Arena.create()
  if (!changetype<usize>(arena)) return false
  const ok = sinkOpen() && emitAll(decoded, arena) && keepBytes(decoded)
  sinkFree()
  arena.destroy()
  return ok
}

function keepBytes(decoded: Decoded): bool {
  const length = sinkLength()
  const bytes = kmalloc(<usize>length)
  if (!bytes) return false
  memory.copy(bytes, sinkBase(), <usize>length)
  decoded.jitBytes = bytes
  decoded.jitLen = length
  return true
}

function emitAll(decoded: Decoded, arena: Arena): bool {
  openImports(
    arena,
    <i32>jitProbe.index,
    <i32>jitTailCall.index,
    <i32>jitPacketLoad.index,
    <i32>jitIsaCall.index,
    <i32>arenaAccess.index,
  )
  if (!collectImports(decoded)) return false
  openMarks()
  emitHead(decoded)
  const code = openCode(decoded.funcCnt)
  for (let i: u32 = 0; i < decoded.funcCnt; i++) {
    if (!emitFunction(decoded, i)) return false
  }
  patchLength(code)
  emitMarks()
  return !sinkFailed()
}

/** Lists what the program calls; false when memory is out. */
function collectImports(decoded: Decoded): bool {
  for (let i: u32 = 0; i < decoded.count; i++) {
    const r = decoded.records + ((<usize>i) << RECORD_SHIFT)
    const op = recOp(r)
    let index: u32 = 0
    if (op == OP_CALL_REG) index = runtimeIndex(RUNTIME_ISA_CALL)
    else if (op == OP_CALL) index = <u32>recImm(r)
    else if (op == OP_ARENA) index = runtimeIndex(RUNTIME_ARENA)
    else if (op >= OP_PROBE_B && op <= OP_PROBE_SW) index = runtimeIndex(RUNTIME_PROBE)
    else if (op == OP_TAIL_CALL) index = runtimeIndex(RUNTIME_TAIL_CALL)
    else if (op >= OP_LD_ABS_B && op <= OP_LD_IND_W) index = runtimeIndex(RUNTIME_PACKET)
    if (index && !addImport(index)) return false
  }
  return true
}

/** Memory of one function's compilation is dropped at its end. */
function emitFunction(decoded: Decoded, i: u32): bool {
  const arena = Arena.create()
  if (!changetype<usize>(arena)) return false
  const ok = emitIn(decoded, funcAt(decoded, i), i, arena)
  arena.destroy()
  return ok
}

function emitIn(decoded: Decoded, func: FuncRef, i: u32, arena: Arena): bool {
  const fn = changetype<Fn>(arena.alloc(offsetof<Fn>()))
  if (!changetype<usize>(fn)) return false
  fn.arena = arena
  fn.isMain = i == 0
  fn.verified = decoded.owner != 0
  if (fn.verified) fn.sharedMap = changetype<Prog>(decoded.owner).arena
  fn.stackDepth = func.stackDepth
  fn.firstFn = importCount()
  if (!buildBlocks(fn, decoded, func)) return false
  annotate(fn, decoded)
  if (!promoteSlots(fn) || !analyseGraph(fn)) return false
  if (!fn.irreducible && !(makeSwitches(fn) && unrollLoops(fn))) return false
  if (!analyseWidths(fn)) return false
  noteRegisters(fn)
  if (!assignLocals(fn)) return false
  reserve(64)
  const size = lengthHole()
  emitPrologue(fn, MAY_GOTO_TURNS)
  if (!emitBody(fn)) return false
  patchLength(size)
  return sinkLength() - size <= BODY_MAX
}

function noteRegisters(fn: Fn): void {
  let used: u64 = 0x3f
  for (let i: u32 = 0; i < fn.insCnt; i++) {
    const ins = insAt(fn, i)
    used |= bit(ins.dst) | bit(ins.src)
  }
  fn.used = used
  fn.usesFrame = (used & bit(VREG_FP)) != 0
}

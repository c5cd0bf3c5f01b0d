// SPDX-License-Identifier: GPL-2.0-only
// The last step of a load: a verified program to what the engines run. Counterpart in Linux: bpf_prog_select_runtime.

import { ENOMEM, ENOTSUPP } from '../gen/errno.gen'
import { helperFn } from '../helpers/table'
import { CALL_HELPER, decode, DecodeInput } from '../insn/decode'
import { OP_INVALID } from '../insn/ops'
import { Decoded, funcAt, recOp, RECORD_SHIFT } from '../insn/record'
import { compileProgram } from '../jit/compile'
import { kfuncFn } from '../kfunc/table'
import { arenaOf } from '../maps/arena'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { currentRun, ENGINE_JIT, JIT_AT_LOAD } from './run-state'

const INPUT: usize = memory.data(offsetof<DecodeInput>(), 8)

function resolve(kind: i32, id: i32): i32 {
  return kind == CALL_HELPER ? helperFn(id) : kfuncFn(id)
}

/** Decodes a verified program and compiles it if the setting says so. 0, -ENOMEM, or -ENOTSUPP: it calls what is not here. */
export function selectRuntime(prog: Prog): i32 {
  const input = changetype<DecodeInput>(INPUT)
  input.insns = prog.insns
  input.len = prog.len
  input.starts = prog.subprogCnt ? prog.subprogStarts : 0
  input.startCnt = prog.subprogCnt
  input.depths = prog.subprogCnt ? prog.subprogStackDepth : 0
  const arena = prog.arena
  input.arenaHigh = changetype<usize>(arena) ? arenaOf(arena).userStart & ~(<u64>0xffffffff) : 0
  const decoded = decode(input, resolve)
  if (!changetype<usize>(decoded)) return -ENOMEM
  decoded.owner = changetype<usize>(prog)
  prog.decoded = changetype<usize>(decoded)
  if (hasInvalid(decoded)) return -ENOTSUPP
  // Compiled functions call each other: nothing there unwinds.
  if (prog.mayThrow) decoded.jitFailed = true
  if (kernel().engine == ENGINE_JIT && currentRun().jitAfter == JIT_AT_LOAD) compile(prog, decoded)
  return 0
}

function hasInvalid(decoded: Decoded): bool {
  for (let i: u32 = 0; i < decoded.count; i++) {
    if (recOp(decoded.records + ((<usize>i) << RECORD_SHIFT)) == OP_INVALID) return true
  }
  return false
}

/** Compiles now, whatever the setting. Whether the program has a compiled function. */
export function compileNow(prog: Prog): bool {
  if (prog.jitFn) return true
  if (!prog.decoded) return false
  compile(prog, changetype<Decoded>(prog.decoded))
  return prog.jitFn != 0
}

export function compile(prog: Prog, decoded: Decoded): void {
  if (decoded.jitFailed || !compileProgram(decoded)) return
  prog.jitFn = funcAt(decoded, 0).jitFn
  prog.jitedLen = decoded.jitLen
}

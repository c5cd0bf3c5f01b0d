// SPDX-License-Identifier: GPL-2.0-only
// Calls out of the engines: helpers and kfuncs through the table, compiled functions, tail calls.

import {
  BPF_FUNC_cgrp_storage_get,
  BPF_FUNC_get_local_storage,
  BPF_FUNC_inode_storage_get,
  BPF_FUNC_map_lookup_elem,
  BPF_FUNC_map_lookup_percpu_elem,
  BPF_FUNC_sk_storage_get,
  BPF_FUNC_task_storage_get,
} from '../gen/uapi-enums.gen'
import { fdArrayObject } from '../maps/fd-array'
import { BpfMap } from '../maps/map'
import { Prog } from '../prog/prog'
import { recImm, recTarget } from '../insn/record'
import { isaHelper, isIsaHelper } from './isa-helpers'
import { addRegion } from './regions'
import { LEVEL_SIZE, levelBase, MAX_TAIL_CALLS, REGS, Run, TRAP_CALL } from './run-state'
import { interpretTail } from './run'

/** Stack that must be left for a tail call out of compiled code. */
const TAIL_CALL_ROOM: usize = 5 * 1024

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

/** Calls a compiled function whose stack ends at `fp`. */
@inline export function callCompiled(fn: i32, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, fp: usize): u64 {
  return call_indirect<u64>(fn, r1, r2, r3, r4, r5, <u32>fp)
}

/** Call by register, which only bare instructions have. */
export function isaCall(run: Run, id: u64): u64 {
  if (!run.prog && isIsaHelper(id)) return isaHelper(id)
  run.trap = TRAP_CALL
  return 0
}

/** Helpers that give the value of the map that is their first argument. */
function givesMapValue(id: i32): bool {
  switch (id) {
    case BPF_FUNC_map_lookup_elem:
    case BPF_FUNC_map_lookup_percpu_elem:
    case BPF_FUNC_get_local_storage:
    case BPF_FUNC_sk_storage_get:
    case BPF_FUNC_inode_storage_get:
    case BPF_FUNC_task_storage_get:
    case BPF_FUNC_cgrp_storage_get:
      return true
    default:
      return false
  }
}

/** A call on the checked engine: a value that it looks up is the program's from here on. */
export function checkedCall(run: Run, pc: usize): u64 {
  const id = recTarget(pc)
  const map = load<usize>(REGS, 8)
  const r0 = callFn(<i32>recImm(pc))
  if (r0 && givesMapValue(id)) {
    addRegion(run, <usize>r0, changetype<BpfMap>(map).valueSize, true)
  }
  return r0
}

/** The program that a tail call goes to, 0: none, or one too many. Counts it. */
@inline function nextProgram(run: Run, map: usize, index: u32): Prog {
  const none = changetype<Prog>(0)
  if (run.tailCalls >= MAX_TAIL_CALLS) return none
  const prog = changetype<Prog>(fdArrayObject(changetype<BpfMap>(map), index))
  if (changetype<usize>(prog)) run.tailCalls++
  return prog
}

/** A tail call of the interpreter: the records to go on with, or 0. */
export function tailCall(run: Run): usize {
  const prog = nextProgram(run, load<usize>(REGS, 16), load<u32>(REGS, 24))
  if (!changetype<usize>(prog) || !prog.decoded) return 0
  run.prog = changetype<usize>(prog)
  return prog.decoded
}

/** A tail call of compiled code: the table index of a program function to call in its place, or 0. */
export function tailCallTarget(run: Run, map: usize, index: u32, fp: usize): i32 {
  const base = levelBase(run)
  if (fp > base && fp <= base + LEVEL_SIZE && fp < base + TAIL_CALL_ROOM) return 0
  const prog = nextProgram(run, map, index)
  if (!changetype<usize>(prog)) return 0
  run.prog = changetype<usize>(prog)
  if (prog.jitFn && !prog.extCnt) return prog.jitFn
  run.tailProg = changetype<usize>(prog)
  return <i32>interpretTail.index
}

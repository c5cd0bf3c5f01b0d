// SPDX-License-Identifier: GPL-2.0-only
// Accesses to an arena. Where the page is there and the access stays on it, that is a look into the arena's table and the
// plain operation; the runtime does the rest.
//
//   d = register + displacement - start of the arena          page = table[d < size ? d >> 12 : the last, which is 0]
//   page && (d & 4095) <= 4096 - n ? operation at page + (d & 4095) : arenaAccess(…)

import {
  ATOMIC_CMPXCHG,
  ATOMIC_FETCH_ADD,
  OP_ATOMIC32,
  OP_ATOMIC64,
  OP_STX_B,
  accessSize,
  isAtomic,
  isLoad,
} from '../insn/ops'
import { arenaOf, PAGE_SHIFT } from '../maps/arena'
import { Fn, Ins, INS_LIVE, keepsResult } from './ir'
import { lowerAtomic, lowerLoad, lowerStore } from './lower-mem'
import { callRuntime, RUNTIME_ARENA } from './runtime-calls'
import {
  byte,
  I32_ADD,
  I32_AND,
  I32_LE_U,
  I32_LOAD,
  I32_SHL,
  I32_WRAP_I64,
  I64_ADD,
  I64_EXTEND_I32_U,
  I64_LT_U,
  I64_OR,
  I64_SHR_U,
  opElse,
  opEnd,
  opGet,
  opI32Const,
  opI64Const,
  opIf,
  opMem,
  opSelect,
  opSet,
  opTee,
  reserve,
} from './sink'
import { currentRep, get32, get64, setCurrentRep, setResult } from './values'

const DROP: i32 = 0x1a
const ROOM: usize = 512
const PAGE: i32 = 1 << PAGE_SHIFT

/** Leaves whether the access stays on one page that is there: tmp64 is d, tmp32 its place on the page, tmp32 + 1 the page. */
function findPage(fn: Fn, base: i32, off: i32, size: i32): void {
  const a = arenaOf(fn.sharedMap)
  get64(fn, base)
  opI64Const(<i64>off - <i64>(<u64>(<u32>a.userStart)))
  byte(I64_ADD)
  opTee(fn.tmp64)
  opI64Const(PAGE_SHIFT)
  byte(I64_SHR_U)
  byte(I32_WRAP_I64)
  opI32Const(<i32>a.pages)
  opGet(fn.tmp64)
  opI64Const((<i64>a.pages) << PAGE_SHIFT)
  byte(I64_LT_U)
  opSelect()
  opI32Const(2)
  byte(I32_SHL)
  opMem(I32_LOAD, <u32>a.table)
  opTee(fn.tmp32 + 1)
  opGet(fn.tmp64)
  byte(I32_WRAP_I64)
  opI32Const(PAGE - 1)
  byte(I32_AND)
  opSet(fn.tmp32)
  if (size == 1) return
  opI32Const(0)
  opGet(fn.tmp32)
  opI32Const(PAGE - size)
  byte(I32_LE_U)
  opSelect()
}

/** The register that the access writes, -1: none. */
function resultOf(ins: Ins): i32 {
  const op = <i32>ins.op
  if (isLoad(op)) return ins.dst
  if (!isAtomic(op)) return -1
  const kind = op - (op >= OP_ATOMIC64 ? OP_ATOMIC64 : OP_ATOMIC32)
  if (kind == ATOMIC_CMPXCHG) return 0
  return kind >= ATOMIC_FETCH_ADD ? <i32>ins.src : -1
}

function callAccess(fn: Fn, ins: Ins): void {
  const op = <i32>ins.op
  opI64Const(<i64>(<u64>changetype<usize>(fn.sharedMap)))
  opGet(fn.tmp64)
  opI64Const(<i64>(<u64>(<u32>arenaOf(fn.sharedMap).userStart)))
  byte(I64_ADD)
  opI64Const(<i64>op)
  if (op >= OP_STX_B) get64(fn, ins.src)
  else if (isLoad(op) && keepsResult(ins)) get64(fn, ins.dst)
  else opI64Const(ins.imm)
  if (isAtomic(op) && resultOf(ins) == 0) get64(fn, 0)
  else opI64Const(0)
  callRuntime(RUNTIME_ARENA)
  const result = resultOf(ins)
  if (result >= 0 && (ins.flags & INS_LIVE) != 0) setResult(fn, ins, result, true)
  else byte(DROP)
}

export function lowerArena(fn: Fn, ins: Ins): void {
  const op = <i32>ins.op
  if (isLoad(op) && !(ins.flags & INS_LIVE)) return
  reserve(ROOM)
  findPage(fn, isLoad(op) ? ins.src : ins.dst, ins.off, accessSize(op))
  const rep = currentRep()
  opIf()
  opGet(fn.tmp32 + 1)
  opGet(fn.tmp32)
  byte(I32_ADD)
  opSet(fn.tmp32)
  if (isLoad(op)) lowerLoad(fn, ins)
  else if (isAtomic(op)) lowerAtomic(fn, ins)
  else lowerStore(fn, ins)
  opElse()
  // registers are where they were before the other branch
  setCurrentRep(rep)
  callAccess(fn, ins)
  opEnd()
}

/** The lower half of src and, unless that is zero, imm as the upper. */
export function lowerCastUser(fn: Fn, ins: Ins): void {
  if (!(ins.flags & INS_LIVE)) return
  get32(fn, ins.src)
  opTee(fn.tmp32)
  byte(I64_EXTEND_I32_U)
  opI64Const(ins.imm)
  byte(I64_OR)
  opI64Const(0)
  opGet(fn.tmp32)
  opSelect()
  setResult(fn, ins, ins.dst, true)
}

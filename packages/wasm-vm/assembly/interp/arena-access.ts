// SPDX-License-Identifier: GPL-2.0-only
// Loads, stores and atomics on an arena: they find the page, and where none is a load gives zero and nothing else
// happens. The interpreter's way, and compiled code's where a page is missing or an access goes over the end of one.
// Counterpart in Linux: BPF_PROBE_MEM32, BPF_PROBE_ATOMIC and ex_handler_bpf of the JIT for x86.

import {
  ATOMIC_ADD,
  ATOMIC_AND,
  ATOMIC_CMPXCHG,
  ATOMIC_FETCH_ADD,
  ATOMIC_FETCH_AND,
  ATOMIC_FETCH_OR,
  ATOMIC_FETCH_XOR,
  ATOMIC_OR,
  ATOMIC_XOR,
  OP_ATOMIC32,
  OP_ATOMIC64,
  OP_LDX_B,
  OP_LDX_DW,
  OP_LDX_H,
  OP_LDX_SB,
  OP_LDX_SH,
  OP_LDX_SW,
  OP_LDX_W,
  OP_STX_B,
  accessSize,
  isAtomic,
  isLoad,
} from '../insn/ops'
import { Decoded, recArenaOp } from '../insn/record'
import { arenaAddress, arenaSplit } from '../maps/arena'
import { BpfMap } from '../maps/map'
import { Prog } from '../prog/prog'
import { REGS, Run } from './run-state'

/** An access that goes over the end of a page, while it is done. */
const SPLIT: usize = memory.data(8, 8)

function loadAt(p: usize, op: i32): u64 {
  switch (op) {
    case OP_LDX_B:
      return <u64>load<u8>(p)
    case OP_LDX_H:
      return <u64>load<u16>(p)
    case OP_LDX_W:
      return <u64>load<u32>(p)
    case OP_LDX_DW:
      return load<u64>(p)
    case OP_LDX_SB:
      return <u64>(<i64>load<i8>(p))
    case OP_LDX_SH:
      return <u64>(<i64>load<i16>(p))
    case OP_LDX_SW:
      return <u64>(<i64>load<i32>(p))
  }
  return 0
}

function storeAt(p: usize, size: u32, value: u64): void {
  if (size == 1) store<u8>(p, <u8>value)
  else if (size == 2) store<u16>(p, <u16>value)
  else if (size == 4) store<u32>(p, <u32>value)
  else store<u64>(p, value)
}

function combined(kind: i32, old: u64, value: u64): u64 {
  switch (kind) {
    case ATOMIC_ADD:
    case ATOMIC_FETCH_ADD:
      return old + value
    case ATOMIC_OR:
    case ATOMIC_FETCH_OR:
      return old | value
    case ATOMIC_AND:
    case ATOMIC_FETCH_AND:
      return old & value
    case ATOMIC_XOR:
    case ATOMIC_FETCH_XOR:
      return old ^ value
  }
  return value
}

/** What memory held before. */
function atomicAt(p: usize, op: i32, value: u64, expected: u64): u64 {
  const wide = op >= OP_ATOMIC64
  const kind = op - (wide ? OP_ATOMIC64 : OP_ATOMIC32)
  const old = wide ? load<u64>(p) : <u64>load<u32>(p)
  if (kind == ATOMIC_CMPXCHG && old != (wide ? expected : expected & 0xffffffff)) return old
  storeAt(p, wide ? 8 : 4, combined(kind, old, value))
  return old
}

function accessAt(p: usize, op: i32, value: u64, r0: u64): u64 {
  if (isLoad(op)) return loadAt(p, op)
  if (isAtomic(op)) return atomicAt(p, op, value, r0)
  storeAt(p, <u32>accessSize(op), value)
  return 0
}

function copySplit(map: BpfMap, address: u64, size: u32, back: bool): void {
  for (let i: u32 = 0; i < size; i++) {
    const p = arenaAddress(map, address + i, 1)
    if (back) store<u8>(p, load<u8>(SPLIT + i))
    else store<u8>(SPLIT + i, load<u8>(p))
  }
}

/** What the result register holds then where no page is: zero, and of atomics what it held. */
@inline function faulted(op: i32, value: u64, r0: u64): u64 {
  return op == OP_ATOMIC32 + ATOMIC_CMPXCHG || op == OP_ATOMIC64 + ATOMIC_CMPXCHG ? r0 : value
}

/**
 * The access `op` at `address` of an arena (a BpfMap): `value` is what is stored, the atomic's operand or what a load yields
 * where no page is; `r0` what a compare-and-exchange expects. What a load or a fetching atomic yields.
 */
export function arenaAccess(map: u64, address: u64, op: u64, value: u64, r0: u64): u64 {
  const arena = changetype<BpfMap>(<usize>map)
  const size = <u32>accessSize(<i32>op)
  const p = arenaAddress(arena, address, size)
  if (!p) return faulted(<i32>op, value, r0)
  if (!arenaSplit(arena, address, size)) return accessAt(p, <i32>op, value, r0)
  copySplit(arena, address, size, false)
  const result = accessAt(SPLIT, <i32>op, value, r0)
  if (!isLoad(<i32>op)) copySplit(arena, address, size, true)
  return result
}

@inline function reg(at: usize): u64 {
  return load<u64>(REGS + at)
}

/** Interprets a record OP_ARENA. */
export function interpretArena(run: Run, pc: usize): void {
  const op = recArenaOp(pc)
  const dst = <usize>load<u8>(pc, 2)
  const src = <usize>load<u8>(pc, 3)
  const map = changetype<Prog>(changetype<Decoded>(run.decoded).owner).arena
  const off = <u64>(<i64>load<i32>(pc, 4))
  const base = isLoad(op) ? reg(src) : reg(dst)
  const imm = load<i32>(pc, 8)
  let value = op >= OP_STX_B ? reg(src) : <u64>(<i64>imm)
  if (isLoad(op) && imm) value = reg(dst)
  const result = arenaAccess(<u64>changetype<usize>(map), base + off, <u64>op, value, reg(0))
  if (isLoad(op)) store<u64>(REGS + dst, result)
  else if (isAtomic(op)) setFetched(op, src, result)
}

/** Atomics that fetch: a compare-and-exchange into r0, the others into their operand. */
function setFetched(op: i32, src: usize, result: u64): void {
  const kind = op - (op >= OP_ATOMIC64 ? OP_ATOMIC64 : OP_ATOMIC32)
  if (kind >= ATOMIC_FETCH_ADD) store<u64>(REGS + (kind == ATOMIC_CMPXCHG ? 0 : src), result)
}

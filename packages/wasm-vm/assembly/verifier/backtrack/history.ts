// SPDX-License-Identifier: GPL-2.0-only
// The remembered steps of a path, and registers that share an id at a jump.
// Counterparts: push_jmp_history, linked_regs_*, get_prev_insn_idx.
//
// Linked registers are packed into 64 bits: 4 bits count, then 10 bits each: frame 3, slot or register 6, is register 1.

import { ENOENT, ENOMEM } from '../../gen/errno.gen'
import { Env } from '../env'
import {
  Hist,
  INSN_F_FRAMENO_MASK,
  INSN_F_SPI_MASK,
  INSN_F_SPI_SHIFT,
  INSN_F_STACK_ACCESS,
  VState,
  histOf,
  reserveHist,
} from '../state'

@inline export function stackAccessFlags(frameno: u32, spi: i32): u32 {
  return INSN_F_STACK_ACCESS | ((<u32>spi) << INSN_F_SPI_SHIFT) | frameno
}

@inline export function stackAccessSpi(flags: u32): i32 {
  return <i32>((flags >> INSN_F_SPI_SHIFT) & INSN_F_SPI_MASK)
}

@inline export function stackAccessFrame(flags: u32): i32 {
  return <i32>(flags & INSN_F_FRAMENO_MASK)
}

export function pushHistory(env: Env, st: VState, flags: u32, linked: u64): i32 {
  if (env.curHist) {
    // One entry for an instruction; atomics come twice.
    const h = changetype<Hist>(env.curHist)
    h.flags |= flags
    h.linkedRegs = linked
    return 0
  }
  const n = st.histCnt
  if (!reserveHist(env, st, n + 1, n)) return -ENOMEM
  const h = histOf(st, n)
  h.idx = <u32>env.insnIdx
  h.prevIdx = <u32>env.prevInsnIdx
  h.flags = flags
  h.linkedRegs = linked
  st.histCnt = n + 1
  env.curHist = changetype<usize>(h)
  return 0
}

/** The entry of an instruction, if it is the last of those before end; else 0. */
export function historyEntry(st: VState, end: i32, insn: i32): Hist {
  if (end > 0 && <i32>histOf(st, end - 1).idx == insn) return histOf(st, end - 1)
  return changetype<Hist>(0)
}

/** The instruction before i on this path within the state, or -ENOENT. The place in the history is at the address. */
export function prevInsn(st: VState, i: i32, place: usize): i32 {
  const n = load<i32>(place)
  if (i == st.firstInsnIdx) {
    if (n == 0) return -ENOENT
    if (n == 1 && <i32>histOf(st, 0).idx == i) return -ENOENT
  }
  if (n && <i32>histOf(st, n - 1).idx == i) {
    store<i32>(place, n - 1)
    return <i32>histOf(st, n - 1).prevIdx
  }
  return i - 1
}

// Registers collected for one jump: count, then frame, number, is register of each.
export const LINKED_MAX: i32 = 6
const LINKED: usize = memory.data(32, 8)

@inline export function linkedCnt(): i32 {
  return load<i32>(LINKED)
}

@inline export function linkedReset(): void {
  store<i32>(LINKED, 0)
}

@inline export function linkedFrame(i: i32): i32 {
  return <i32>load<u8>(LINKED + 4 + <usize>i * 3)
}

@inline export function linkedNumber(i: i32): i32 {
  return <i32>load<u8>(LINKED + 5 + <usize>i * 3)
}

@inline export function linkedIsReg(i: i32): bool {
  return load<u8>(LINKED + 6 + <usize>i * 3) != 0
}
/** False when there is no room. */
export function linkedPush(frame: i32, number: i32, isReg: bool): bool {
  const n = linkedCnt()
  if (n >= LINKED_MAX) return false
  const p = LINKED + 4 + <usize>n * 3
  store<u8>(p, <u8>frame)
  store<u8>(p, <u8>number, 1)
  store<u8>(p, isReg ? 1 : 0, 2)
  store<i32>(LINKED, n + 1)
  return true
}
export function linkedPack(): u64 {
  const n = linkedCnt()
  let v: u64 = 0
  for (let i = 0; i < n; i++)
    v = (v << 10) | (<u64>(linkedFrame(i) | (linkedNumber(i) << 3) | (linkedIsReg(i) ? 512 : 0)))
  return (v << 4) | (<u64>n)
}

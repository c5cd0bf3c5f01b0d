// SPDX-License-Identifier: GPL-2.0-only
// Visits every register of a state, spilled ones included. Counterpart: bpf_for_each_reg_in_vstate.
// One iteration at a time: its place is static memory.

import { STACK_ITER } from '../gen/verifier-types.gen'
import {
  FuncState,
  MAX_BPF_REG,
  RegState,
  VState,
  frameOf,
  isSpilledReg,
  regOf,
  slotCnt,
  slotType,
  spilledOf,
} from './state'

@unmanaged class Place {
  st: VState
  frame: i32
  i: i32
  /** Slots of iterators as well. */
  iters: bool
}
const PLACE: usize = memory.data(16, 8)

export function firstReg(st: VState): RegState {
  const p = changetype<Place>(PLACE)
  p.st = st
  p.frame = 0
  p.i = 0
  p.iters = false
  return nextReg()
}

/** As firstReg, and the slots of iterators are visited as well. */
export function firstObject(st: VState): RegState {
  const p = changetype<Place>(PLACE)
  p.st = st
  p.frame = 0
  p.i = 0
  p.iters = true
  return nextReg()
}

/** The next register, 0 at the end. */
export function nextReg(): RegState {
  const p = changetype<Place>(PLACE)
  for (; p.frame <= p.st.curframe; p.frame++, p.i = 0) {
    const f: FuncState = frameOf(p.st, p.frame)
    if (p.i < MAX_BPF_REG) return regOf(f, p.i++)
    const n = slotCnt(f)
    while (p.i - MAX_BPF_REG < n) {
      const spi = p.i++ - MAX_BPF_REG
      if (isSpilledReg(f, spi) || (p.iters && slotType(f, spi, 7) == STACK_ITER)) return spilledOf(f, spi)
    }
  }
  return changetype<RegState>(0)
}

@inline export function more(r: RegState): bool {
  return changetype<usize>(r) != 0
}

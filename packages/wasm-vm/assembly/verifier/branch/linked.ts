// SPDX-License-Identifier: GPL-2.0-only
// Numbers that are copies of one another, or copies plus a constant: what is learned of one holds for all.
// Kernel counterpart: collect_linked_regs, sync_linked_regs of verifier.c (6.18).

import { SCALAR_VALUE } from '../../gen/verifier-types.gen'
import { scalar32Add, scalar64Add } from '../alu/scalar'
import { linkedCnt, linkedFrame, linkedIsReg, linkedNumber, linkedPush } from '../backtrack/history'
import { boundsSync, clearScalarId, markKnown, zext32 } from '../bounds'
import { auxAt, Env } from '../env'
import {
  BPF_ADD_CONST,
  BPF_ADD_CONST32,
  BPF_REG_FP,
  copyReg,
  frameOf,
  isSpilledReg,
  regOf,
  RegState,
  slotCnt,
  spilledOf,
  VState,
} from '../state'
import { frameInsn } from '../states/stack'
import { tnumAdd } from '../tnum'

const DELTA: usize = memory.data(112, 8)

function collect(r: RegState, id: u32, frame: i32, number: i32, isReg: bool): void {
  if (r.type != SCALAR_VALUE || (r.id & ~BPF_ADD_CONST) != id) return
  // One too many: it is no longer a copy.
  if (!linkedPush(frame, number, isReg)) clearScalarId(r)
}

/** Adds the live registers and the spilled ones with this id to the collection, from the innermost frame outwards. */
export function collectLinked(env: Env, st: VState, id: u32): void {
  id &= ~BPF_ADD_CONST
  for (let i = st.curframe; i >= 0; i--) {
    const f = frameOf(st, i)
    const live = <u32>auxAt(env, frameInsn(st, i)).liveRegs
    for (let j = 0; j < BPF_REG_FP; j++) if ((live >> j) & 1) collect(regOf(f, j), id, i, j, true)
    const n = slotCnt(f)
    for (let j = 0; j < n; j++) if (isSpilledReg(f, j)) collect(spilledOf(f, j), id, i, j, false)
  }
}

/** Gives the collected registers what is known of one of them. */
export function syncLinked(st: VState, known: RegState): void {
  const n = linkedCnt()
  for (let i = 0; i < n; i++) {
    const f = frameOf(st, linkedFrame(i))
    const r = linkedIsReg(i) ? regOf(f, linkedNumber(i)) : spilledOf(f, linkedNumber(i))
    if (r.type != SCALAR_VALUE || changetype<usize>(r) == changetype<usize>(known)) continue
    if ((r.id & ~BPF_ADD_CONST) != (known.id & ~BPF_ADD_CONST)) continue
    // One added to in 32 bits, the other in 64: their distance says nothing.
    if (((r.id ^ known.id) & BPF_ADD_CONST) == BPF_ADD_CONST) continue
    const subregDef = r.subregDef
    const off = r.off
    const id = r.id
    const plain = !(r.id & BPF_ADD_CONST) && !(known.id & BPF_ADD_CONST)
    if (plain || off == known.off) {
      copyReg(r, known)
      r.subregDef = subregDef
      continue
    }
    const delta = changetype<RegState>(DELTA)
    delta.type = SCALAR_VALUE
    markKnown(delta, <u64>(<i64>off - <i64>known.off))
    copyReg(r, known)
    r.off = off
    r.id = id
    r.subregDef = subregDef
    scalar32Add(r, delta)
    scalar64Add(r, delta)
    tnumAdd(r.varOff, r.varValue, r.varMask, delta.varValue, delta.varMask)
    if (((r.id | known.id) & BPF_ADD_CONST32) != 0) zext32(r)
    boundsSync(r)
  }
}

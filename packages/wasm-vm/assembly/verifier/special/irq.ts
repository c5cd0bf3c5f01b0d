// SPDX-License-Identifier: GPL-2.0-only
// Saved interrupt flags on the stack, a slot each.
// Counterparts: mark_stack_slot_irq_flag, unmark_stack_slot_irq_flag, process_irq_flag.

import { EINVAL, ERANGE } from '../../gen/errno.gen'
import { PTR_TO_STACK, STACK_INVALID, STACK_IRQ_FLAG } from '../../gen/verifier-types.gen'
import { markKnownZero, markNotInit } from '../bounds'
import { Env, markSlotScratched } from '../env'
import { markStackRead, markStackWrite } from '../liveness'
import { S, reject } from '../log/verbose'
import { checkMemAccess } from '../mem/access'
import { WRITE } from '../mem/kinds'
import { acquireIrq, releaseIrq } from '../refs'
import { FuncState, RegState, curReg, frameOfReg, refOf, setSlotTypes, slotType, slotTypes, spilledOf } from '../state'
import { checkIds } from '../states/ids'
import { stackObjectSpi } from './dynptr'

/** Which functions saved the flags: those of their own, or locks. */
export const IRQ_NATIVE_KFUNC: u32 = 0
export const IRQ_LOCK_KFUNC: u32 = 1
const ALL_IRQ: u64 = <u64>STACK_IRQ_FLAG * 0x0101010101010101

export function sameIrqSlot(env: Env, old: RegState, cur: RegState): bool {
  return checkIds(env, old.refObjId, cur.refObjId) && old.irqClass == cur.irqClass
}

@inline function irqSpi(env: Env, reg: RegState): i32 {
  return stackObjectSpi(env, reg, 'irq_flag', 1)
}

function validUninit(env: Env, reg: RegState): bool {
  const spi = irqSpi(env, reg)
  if (spi == -ERANGE) return true
  if (spi < 0) return false
  const f = frameOfReg(env, reg)
  for (let i = 0; i < 8; i++) if (slotType(f, spi, i) == STACK_IRQ_FLAG) return false
  return true
}

function validInit(env: Env, reg: RegState): bool {
  const spi = irqSpi(env, reg)
  if (spi < 0) return false
  const f = frameOfReg(env, reg)
  return spilledOf(f, spi).refObjId != 0 && slotTypes(f, spi) == ALL_IRQ
}

function setSlot(env: Env, f: FuncState, spi: i32, type: i32): void {
  markStackWrite(env, f.frameno, (<u64>1) << spi)
  setSlotTypes(f, spi, type)
  markSlotScratched(env, spi)
}

function save(env: Env, regno: i32, irqClass: u32): i32 {
  const reg = curReg(env, regno)
  if (!validUninit(env, reg)) return reject(env, -EINVAL, 'expected uninitialized irq flag as arg#%d\n', regno - 1)
  const err = checkMemAccess(env, env.insnIdx, regno, 0, 8, WRITE, -1, false, false)
  if (err) return err
  const spi = irqSpi(env, reg)
  if (spi < 0) return spi
  const id = acquireIrq(env, env.insnIdx)
  if (id < 0) return id
  const f = frameOfReg(env, reg)
  const slot = spilledOf(f, spi)
  markKnownZero(slot)
  slot.type = PTR_TO_STACK
  slot.refObjId = id
  slot.irqClass = irqClass
  setSlot(env, f, spi, STACK_IRQ_FLAG)
  return 0
}

function className(irqClass: u32): i64 {
  return S(irqClass == IRQ_NATIVE_KFUNC ? 'native' : 'lock')
}

function outOfOrder(env: Env, err: i32): i32 {
  const st = env.cur
  let insn = 0
  for (let i = 0; i < st.acquiredRefs; i++) {
    if (refOf(st, i).id != st.activeIrqId) continue
    insn = refOf(st, i).insnIdx
    break
  }
  return reject(
    env,
    err,
    'cannot restore irq state out of order, expected id=%d acquired at insn_idx=%d\n',
    st.activeIrqId,
    insn,
  )
}

function restore(env: Env, regno: i32, irqClass: u32): i32 {
  const reg = curReg(env, regno)
  if (!validInit(env, reg)) return reject(env, -EINVAL, 'expected an initialized irq flag as arg#%d\n', regno - 1)
  const spi = irqSpi(env, reg)
  let err = markStackRead(env, <i32>reg.frameno, env.insnIdx, (<u64>1) << spi)
  if (err) return err
  markSlotScratched(env, spi)
  const f = frameOfReg(env, reg)
  const slot = spilledOf(f, spi)
  if (slot.irqClass != irqClass)
    return reject(
      env,
      -EINVAL,
      'irq flag acquired by %s kfuncs cannot be restored with %s kfuncs\n',
      className(slot.irqClass),
      className(irqClass),
    )
  err = releaseIrq(env.cur, slot.refObjId)
  if (err) return outOfOrder(env, err)
  markNotInit(env, slot)
  setSlot(env, f, spi, STACK_INVALID)
  return 0
}

export function processIrqFlag(env: Env, regno: i32, saves: bool, irqClass: u32): i32 {
  return saves ? save(env, regno, irqClass) : restore(env, regno, irqClass)
}

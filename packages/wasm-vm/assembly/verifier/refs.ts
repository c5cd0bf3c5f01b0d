// SPDX-License-Identifier: GPL-2.0-only
// References, locks and other things that a program holds and must give back.
// Counterparts: acquire_reference, release_reference, acquire_lock_state, check_resource_leak.

import { EACCES, EINVAL, ENOMEM } from '../gen/errno.gen'
import {
  NON_OWN_REF,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
  DYNPTR_TYPE_SKB,
  DYNPTR_TYPE_SKB_META,
  DYNPTR_TYPE_XDP,
  PTR_TO_MEM,
} from '../gen/verifier-types.gen'
import { baseType, markInvalid } from './bounds'
import { Env } from './env'
import { S, reject, verbose } from './log/verbose'
import { firstReg, more, nextReg } from './reg-iter'
import { REF_TYPE_IRQ, REF_TYPE_LOCK_MASK, REF_TYPE_PTR, RefState, VState, curFrame, refOf, reserveRefs } from './state'

function addRef(env: Env, insnIdx: i32, type: i32, id: u32): RefState {
  const st = env.cur
  const n = st.acquiredRefs
  if (!reserveRefs(env, st, n + 1, n)) return changetype<RefState>(0)
  st.acquiredRefs = n + 1
  const r = refOf(st, n)
  r.type = type
  r.id = id
  r.insnIdx = insnIdx
  r.ptr = 0
  return r
}

/** A new reference: its id, or -errno. */
export function acquireReference(env: Env, insnIdx: i32): i32 {
  const id = env.idGen + 1
  if (!changetype<usize>(addRef(env, insnIdx, REF_TYPE_PTR, id))) return -ENOMEM
  env.idGen = id
  return <i32>id
}

export function acquireIrq(env: Env, insnIdx: i32): i32 {
  const id = env.idGen + 1
  if (!changetype<usize>(addRef(env, insnIdx, REF_TYPE_IRQ, id))) return -ENOMEM
  env.idGen = id
  env.cur.activeIrqId = id
  return <i32>id
}

export function acquireLock(env: Env, insnIdx: i32, type: i32, id: u32, ptr: usize): i32 {
  const r = addRef(env, insnIdx, type, id)
  if (!changetype<usize>(r)) return -ENOMEM
  r.ptr = ptr
  env.cur.activeLocks++
  env.cur.activeLockId = id
  env.cur.activeLockPtr = ptr
  return 0
}

/** The order of the rest stays: interrupt flags are restored last in, first out. */
function dropRef(st: VState, i: i32): void {
  const size = offsetof<RefState>()
  const at = changetype<usize>(refOf(st, i))
  memory.copy(at, at + size, <usize>(st.acquiredRefs - i - 1) * size)
  st.acquiredRefs--
}

export function findReference(st: VState, id: u32): bool {
  for (let i = 0; i < st.acquiredRefs; i++) if (refOf(st, i).id == id) return true
  return false
}

export function releaseReferenceNomark(st: VState, id: u32): i32 {
  for (let i = 0; i < st.acquiredRefs; i++) {
    const r = refOf(st, i)
    if (r.type == REF_TYPE_PTR && r.id == id) {
      dropRef(st, i)
      return 0
    }
  }
  return -EINVAL
}

/** Gives a reference back and forgets all copies of the pointer. */
export function releaseReference(env: Env, id: u32): i32 {
  const err = releaseReferenceNomark(env.cur, id)
  if (err) return err
  for (let r = firstReg(env.cur); more(r); r = nextReg()) if (r.refObjId == id) markInvalid(env, r)
  return 0
}

export function releaseLock(st: VState, type: i32, id: u32, ptr: usize): i32 {
  let prevId: u32 = 0
  let prevPtr: usize = 0
  for (let i = 0; i < st.acquiredRefs; i++) {
    const r = refOf(st, i)
    if (r.type == type && r.id == id && r.ptr == ptr) {
      dropRef(st, i)
      st.activeLocks--
      st.activeLockId = prevId
      st.activeLockPtr = prevPtr
      return 0
    }
    if (r.type & REF_TYPE_LOCK_MASK) {
      prevId = r.id
      prevPtr = r.ptr
    }
  }
  return -EINVAL
}

export function releaseIrq(st: VState, id: u32): i32 {
  if (id != st.activeIrqId) return -EACCES
  let prevId: u32 = 0
  for (let i = 0; i < st.acquiredRefs; i++) {
    const r = refOf(st, i)
    if (r.type != REF_TYPE_IRQ) continue
    if (r.id == id) {
      dropRef(st, i)
      st.activeIrqId = prevId
      return 0
    }
    prevId = r.id
  }
  return -EINVAL
}

export function findLock(st: VState, types: i32, id: u32, ptr: usize): bool {
  for (let i = 0; i < st.acquiredRefs; i++) {
    const r = refOf(st, i)
    if (r.type & types && r.id == id && r.ptr == ptr) return true
  }
  return false
}

export function invalidateNonOwningRefs(env: Env): void {
  for (let r = firstReg(env.cur); more(r); r = nextReg()) if (r.type & NON_OWN_REF) markInvalid(env, r)
}

/** After a helper that may move the packet. */
export function clearPacketPointers(env: Env): void {
  for (let r = firstReg(env.cur); more(r); r = nextReg()) {
    const t = r.type
    const slice = baseType(t) == PTR_TO_MEM && (t & (DYNPTR_TYPE_SKB | DYNPTR_TYPE_XDP | DYNPTR_TYPE_SKB_META)) != 0
    if (t == PTR_TO_PACKET || t == PTR_TO_PACKET_META || t == PTR_TO_PACKET_END || slice) markInvalid(env, r)
  }
}

function referenceLeak(env: Env, exception: bool): i32 {
  const st = env.cur
  if (!exception && curFrame(env).frameno) return 0
  let leaks = false
  for (let i = 0; i < st.acquiredRefs; i++) {
    const r = refOf(st, i)
    if (r.type != REF_TYPE_PTR) continue
    verbose(env, 'Unreleased reference id=%d alloc_insn=%d\n', r.id, r.insnIdx)
    leaks = true
  }
  return leaks ? -EINVAL : 0
}

/** What ends the program must not leave anything held; an exception ends all frames at once. */
export function checkResourceLeak(env: Env, exception: bool, checkLock: bool, what: string): i32 {
  const st = env.cur
  if (checkLock && st.activeLocks)
    return reject(env, -EINVAL, '%s cannot be used inside bpf_spin_lock-ed region\n', S(what))
  const err = referenceLeak(env, exception)
  if (err) return reject(env, err, '%s would lead to reference leak\n', S(what))
  if (checkLock && st.activeIrqId)
    return reject(env, -EINVAL, '%s cannot be used inside bpf_local_irq_save-ed region\n', S(what))
  if (checkLock && st.activeRcuLock)
    return reject(env, -EINVAL, '%s cannot be used inside bpf_rcu_read_lock-ed region\n', S(what))
  if (checkLock && st.activePreemptLocks)
    return reject(env, -EINVAL, '%s cannot be used inside bpf_preempt_disable-ed region\n', S(what))
  return 0
}

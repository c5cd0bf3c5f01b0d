// SPDX-License-Identifier: GPL-2.0-only
// Spin locks in map values and in allocated objects, plain and resilient. Counterpart: process_spin_lock.

import { BPF_RES_SPIN_LOCK, BPF_SPIN_LOCK, recordHas } from '../../btf/record'
import { EINVAL } from '../../gen/errno.gen'
import { PTR_TO_MAP_VALUE } from '../../gen/verifier-types.gen'
import { mapName } from '../../maps/map'
import { isConst } from '../bounds'
import { Env } from '../env'
import { S, Z, reject } from '../log/verbose'
import { regRecord } from '../reg-record'
import { acquireLock, findLock, invalidateNonOwningRefs, releaseLock } from '../refs'
import { REF_TYPE_LOCK, REF_TYPE_RES_LOCK, REF_TYPE_RES_LOCK_IRQ, RegState, curReg } from '../state'

function take(env: Env, reg: RegState, ptr: usize, type: i32): i32 {
  const cur = env.cur
  if (cur.activeLocks) {
    if (type == REF_TYPE_LOCK) {
      if (findLock(cur, REF_TYPE_LOCK, 0, 0)) {
        return reject(env, -EINVAL, 'Locking two bpf_spin_locks are not allowed\n')
      }
    } else if (findLock(cur, REF_TYPE_RES_LOCK | REF_TYPE_RES_LOCK_IRQ, reg.id, ptr)) {
      return reject(env, -EINVAL, 'Acquiring the same lock again, AA deadlock detected\n')
    }
  }
  const err = acquireLock(env, env.insnIdx, type, reg.id, ptr)
  return err < 0 ? reject(env, err, 'Failed to acquire lock state\n') : 0
}

function giveBack(env: Env, reg: RegState, ptr: usize, type: i32, what: string): i32 {
  const cur = env.cur
  if (!cur.activeLocks) return reject(env, -EINVAL, '%s_unlock without taking a lock\n', S(what))
  if (!findLock(cur, type, reg.id, ptr)) return reject(env, -EINVAL, '%s_unlock of different lock\n', S(what))
  if (reg.id != cur.activeLockId || ptr != cur.activeLockPtr)
    return reject(env, -EINVAL, '%s_unlock cannot be out of order\n', S(what))
  if (releaseLock(cur, type, reg.id, ptr)) return reject(env, -EINVAL, '%s_unlock of different lock\n', S(what))
  invalidateNonOwningRefs(env)
  return 0
}

/** type: REF_TYPE_LOCK, REF_TYPE_RES_LOCK or REF_TYPE_RES_LOCK_IRQ. */
export function processSpinLock(env: Env, regno: i32, lock: bool, type: i32): i32 {
  const reg = curReg(env, regno)
  const plain = type == REF_TYPE_LOCK
  const what = plain ? 'bpf_spin' : 'bpf_res_spin'
  if (!isConst(reg))
    return reject(
      env,
      -EINVAL,
      "R%d doesn't have constant offset. %s_lock has to be at the constant offset\n",
      regno,
      S(what),
    )
  const inMap = reg.type == PTR_TO_MAP_VALUE
  const name = inMap ? Z(mapName(reg.map)) : S('kptr')
  if (inMap && !changetype<usize>(reg.map.btf))
    return reject(env, -EINVAL, "map '%S' has to have BTF in order to use %s_lock\n", name, S(what))
  const rec = regRecord(reg)
  if (!recordHas(rec, plain ? BPF_SPIN_LOCK : BPF_RES_SPIN_LOCK)) {
    if (inMap) return reject(env, -EINVAL, "map '%S' has no valid %s_lock\n", name, S(what))
    return reject(env, -EINVAL, "local 'kptr' has no valid %s_lock\n", S(what))
  }
  const at = plain ? rec.spinLockOff : rec.resSpinLockOff
  const off = <i64>reg.varValue + reg.off
  if (<i64>at != off)
    return reject(env, -EINVAL, "off %lld doesn't point to 'struct %s_lock' that is at %d\n", off, S(what), at)
  const ptr = inMap ? changetype<usize>(reg.map) : reg.btf
  return lock ? take(env, reg, ptr, type) : giveBack(env, reg, ptr, type, what)
}

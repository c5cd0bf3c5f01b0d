// SPDX-License-Identifier: GPL-2.0-only
// Lists and trees of allocated objects: who may touch them, and who owns what is in them. An object that is put in
// belongs to the graph; the program's pointers to it live on until the lock is given back.
// Counterparts: process_kf_arg_ptr_to_list_head and its like, ref_set_non_owning, check_reg_allocation_locked.

import { Btf, btfNameOf, btfTypeById } from '../../btf/btf'
import { BPF_LIST_HEAD, BPF_LIST_NODE, BPF_RB_NODE, BPF_RB_ROOT, BtfField, recordFind } from '../../btf/record'
import { EFAULT, EINVAL } from '../../gen/errno.gen'
import {
  KFUNC_bpf_list_back,
  KFUNC_bpf_list_front,
  KFUNC_bpf_list_pop_back,
  KFUNC_bpf_list_pop_front,
  KFUNC_bpf_list_push_back_impl,
  KFUNC_bpf_list_push_front_impl,
  KFUNC_bpf_rbtree_add_impl,
  KFUNC_bpf_rbtree_first,
  KFUNC_bpf_rbtree_left,
  KFUNC_bpf_rbtree_remove,
  KFUNC_bpf_rbtree_right,
  KFUNC_bpf_rbtree_root,
  KFUNC_bpf_refcount_acquire_impl,
} from '../../gen/kfuncs.gen'
import { MEM_RCU, NON_OWN_REF, PTR_TO_MAP_VALUE } from '../../gen/verifier-types.gen'
import { insnSrc } from '../../insn/raw'
import { isConst } from '../bounds'
import { structIdsMatch } from '../btf/walk'
import { KfuncMeta, kfuncOfCall } from '../call/kfunc-meta'
import { Env, insnOf } from '../env'
import { S, Z, reject, verifierBug } from '../log/verbose'
import { fieldName } from '../map-facts'
import { findLock, findReference, releaseReference } from '../refs'
import { firstReg, more, nextReg } from '../reg-iter'
import { regRecord } from '../reg-record'
import { REF_TYPE_LOCK_MASK, RegState, curReg, frameOf } from '../state'
import { OBJECT, isNonOwning, setObject } from './alloc'

export function isListKfunc(row: i32): bool {
  switch (row) {
    case KFUNC_bpf_list_push_front_impl:
    case KFUNC_bpf_list_push_back_impl:
    case KFUNC_bpf_list_pop_front:
    case KFUNC_bpf_list_pop_back:
    case KFUNC_bpf_list_front:
    case KFUNC_bpf_list_back:
      return true
  }
  return false
}

export function isTreeKfunc(row: i32): bool {
  switch (row) {
    case KFUNC_bpf_rbtree_remove:
    case KFUNC_bpf_rbtree_add_impl:
    case KFUNC_bpf_rbtree_first:
    case KFUNC_bpf_rbtree_root:
    case KFUNC_bpf_rbtree_left:
    case KFUNC_bpf_rbtree_right:
      return true
  }
  return false
}

/** Functions that may be called while a lock is held. */
export function isGraphKfunc(row: i32): bool {
  return isListKfunc(row) || isTreeKfunc(row) || row == KFUNC_bpf_refcount_acquire_impl
}

/** Whether a function of a tree runs this code as its callback: it holds the lock. */
export function inTreeCallback(env: Env): bool {
  for (let i = env.cur.curframe; i > 0; i--) {
    const f = frameOf(env.cur, i)
    if (!f.inCallbackFn) continue
    const p = insnOf(env, f.callsite)
    if (insnSrc(p) == 2 && isTreeKfunc(kfuncOfCall(p))) return true
  }
  return false
}

/** The lock of the allocation that holds the root must be held. */
function checkLocked(env: Env, reg: RegState): i32 {
  const ptr = reg.type == PTR_TO_MAP_VALUE ? changetype<usize>(reg.map) : reg.btf
  if (!env.cur.activeLocks) return -EINVAL
  if (findLock(env.cur, REF_TYPE_LOCK_MASK, reg.id, ptr)) return 0
  return reject(env, -EINVAL, 'held lock and object are not in the same allocation\n')
}

function checkRoot(env: Env, m: KfuncMeta, regno: i32, reg: RegState, type: u32): i32 {
  const name = S(fieldName(type))
  if (!isConst(reg))
    return reject(env, -EINVAL, "R%d doesn't have constant offset. %s has to be at the constant offset\n", regno, name)
  const record = regRecord(reg)
  const off = <u32>reg.off + <u32>reg.varValue
  const field = recordFind(record, off, type)
  if (!changetype<usize>(field)) return reject(env, -EINVAL, '%s not found at offset=%u\n', name, off)
  if (checkLocked(env, reg))
    return reject(env, -EINVAL, 'bpf_spin_lock at off=%d must be held for %s\n', record.spinLockOff, name)
  if (type == BPF_LIST_HEAD) m.listHead = changetype<usize>(field)
  else m.rbRoot = changetype<usize>(field)
  return 0
}

/** A list head or tree root as an argument. */
export function checkRootArg(env: Env, m: KfuncMeta, i: i32, reg: RegState, type: u32): i32 {
  if (reg.type != PTR_TO_MAP_VALUE && reg.type != OBJECT)
    return reject(env, -EINVAL, 'arg#%d expected pointer to map value or allocated object\n', i)
  if (reg.type == OBJECT && !reg.refObjId) return reject(env, -EINVAL, 'allocated object must be referenced\n')
  return checkRoot(env, m, i + 1, reg, type)
}

function checkNode(env: Env, m: KfuncMeta, regno: i32, reg: RegState, root: BtfField, type: u32): i32 {
  const name = S(fieldName(type))
  if (!isConst(reg))
    return reject(env, -EINVAL, "R%d doesn't have constant offset. %s has to be at the constant offset\n", regno, name)
  const off = <u32>reg.off + <u32>reg.varValue
  if (!changetype<usize>(recordFind(regRecord(reg), off, type)))
    return reject(env, -EINVAL, '%s not found at offset=%u\n', name, off)
  const rootBtf = changetype<Btf>(root.btf)
  const regBtf = changetype<Btf>(reg.btf)
  const held = Z(btfNameOf(rootBtf, btfTypeById(rootBtf, root.btfId)))
  if (!structIdsMatch(env, regBtf, reg.btfId, 0, rootBtf, root.btfId, true, false))
    return reject(
      env,
      -EINVAL,
      'operation on %s expects arg#1 %s at offset=%d in struct %S, but arg is at offset=%d in struct %S\n',
      S(fieldName(root.type)),
      name,
      root.nodeOffset,
      held,
      off,
      Z(btfNameOf(regBtf, btfTypeById(regBtf, reg.btfId))),
    )
  m.argBtf = reg.btf
  m.argBtfId = reg.btfId
  if (off != root.nodeOffset)
    return reject(
      env,
      -EINVAL,
      'arg#1 offset=%d, but expected %s at offset=%d in struct %S\n',
      off,
      name,
      root.nodeOffset,
      held,
    )
  return 0
}

/** What is put into a list or tree belongs to the program until then. */
function checkOwned(env: Env, i: i32, reg: RegState): i32 {
  if (reg.type != OBJECT) return reject(env, -EINVAL, 'arg#%d expected pointer to allocated object\n', i)
  return reg.refObjId ? 0 : reject(env, -EINVAL, 'allocated object must be referenced\n')
}

export function checkListNodeArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  const err = checkOwned(env, i, reg)
  return err ? err : checkNode(env, m, i + 1, reg, changetype<BtfField>(m.listHead), BPF_LIST_NODE)
}

export function checkTreeNodeArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  if (m.row == KFUNC_bpf_rbtree_add_impl) {
    const err = checkOwned(env, i, reg)
    if (err) return err
  } else {
    if (!isNonOwning(reg.type) && !reg.refObjId)
      return reject(env, -EINVAL, '%S can only take non-owning or refcounted bpf_rb_node pointer\n', Z(m.name))
    if (inTreeCallback(env)) return reject(env, -EINVAL, '%S not allowed in rbtree cb\n', Z(m.name))
  }
  return checkNode(env, m, i + 1, reg, changetype<BtfField>(m.rbRoot), BPF_RB_NODE)
}

/** The graph owns it; the pointer is good while the lock is held, and longer if others may own it too. */
export function setNonOwning(env: Env, reg: RegState): i32 {
  if (!env.cur.activeLocks) return verifierBug(env, 'ref_set_non_owning w/o active lock')
  if (reg.type & NON_OWN_REF) return verifierBug(env, 'NON_OWN_REF already set')
  const record = regRecord(reg)
  reg.type |= NON_OWN_REF
  if (changetype<usize>(record) && record.refcountOff >= 0) reg.type |= MEM_RCU
  return 0
}

/** Whether the call puts its second argument into a list or tree. */
export function insertsNode(row: i32): bool {
  return (
    row == KFUNC_bpf_list_push_front_impl || row == KFUNC_bpf_list_push_back_impl || row == KFUNC_bpf_rbtree_add_impl
  )
}

/** The reference that was put in passes to the graph; pointers to the object stay, as not owning. */
export function passToGraph(env: Env, m: KfuncMeta): i32 {
  const id = curReg(env, 2).refObjId
  let err = 0
  if (!id) err = verifierBug(env, 'ref_obj_id is zero for owning -> non-owning conversion')
  else if (!findReference(env.cur, id)) err = verifierBug(env, 'ref state missing for ref_obj_id')
  if (err)
    return reject(env, -EFAULT, 'kfunc %S#%d conversion of owning ref to non-owning failed\n', Z(m.name), m.btfFuncId)
  for (let r = firstReg(env.cur); more(r); r = nextReg()) {
    if (r.refObjId != id) continue
    r.refObjId = 0
    setNonOwning(env, r)
  }
  err = releaseReference(env, id)
  if (!err) return 0
  return reject(env, err, 'kfunc %S#%d reference has not been acquired before\n', Z(m.name), m.btfFuncId)
}

/** A pointer to the node in what the root holds. */
export function setGraphNode(reg: RegState, root: BtfField): void {
  setObject(reg, OBJECT, root.btf, root.btfId)
  reg.off = <i32>root.nodeOffset
}

/** Arguments of the callback that orders a tree: two nodes. */
export function enterTreeCallback(env: Env, root: RegState, a: RegState, b: RegState): i32 {
  const field = recordFind(regRecord(root), <u32>root.off, BPF_RB_ROOT)
  if (!changetype<usize>(field) || !field.btfId) return -EFAULT
  setGraphNode(a, field)
  setNonOwning(env, a)
  setGraphNode(b, field)
  setNonOwning(env, b)
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Allocated objects, lists and trees as arguments and results of kernel functions.
// Counterparts: the cases of check_kfunc_args and check_special_kfunc that concern them.

import { EINVAL } from '../../gen/errno.gen'
import {
  KFUNC_bpf_obj_new_impl,
  KFUNC_bpf_percpu_obj_new_impl,
  KFUNC_bpf_rbtree_add_impl,
  KFUNC_bpf_refcount_acquire_impl,
} from '../../gen/kfuncs.gen'
import { MEM_ALLOC, MEM_PERCPU, NON_OWN_REF, PTR_TO_BTF_ID, PTR_TO_MAP_VALUE } from '../../gen/verifier-types.gen'
import { baseType } from '../bounds'
import { Env } from '../env'
import { Z, reject, unsupported } from '../log/verbose'
import { RegState, curReg } from '../state'
import {
  KF_ARG_PTR_TO_ALLOC_BTF_ID,
  KF_ARG_PTR_TO_LIST_HEAD,
  KF_ARG_PTR_TO_LIST_NODE,
  KF_ARG_PTR_TO_RB_NODE,
  KF_ARG_PTR_TO_RB_ROOT,
  KF_ARG_PTR_TO_REFCOUNTED_KPTR,
} from './kfunc-kinds'
import { KfuncMeta } from './kfunc-meta'

const OBJECT: i32 = PTR_TO_BTF_ID | MEM_ALLOC

/** Kinds of arguments that this file checks. */
export function isObjectKind(kind: i32): bool {
  switch (kind) {
    case KF_ARG_PTR_TO_ALLOC_BTF_ID:
    case KF_ARG_PTR_TO_REFCOUNTED_KPTR:
    case KF_ARG_PTR_TO_LIST_HEAD:
    case KF_ARG_PTR_TO_LIST_NODE:
    case KF_ARG_PTR_TO_RB_ROOT:
    case KF_ARG_PTR_TO_RB_NODE:
      return true
  }
  return false
}

function allocatedArg(env: Env, i: i32, reg: RegState): i32 {
  if (reg.type != OBJECT && reg.type != (OBJECT | MEM_PERCPU))
    return reject(env, -EINVAL, 'arg#%d expected pointer to allocated object\n', i)
  return unsupported(env, 'allocated objects')
}

function rootArg(env: Env, i: i32, reg: RegState): i32 {
  if (reg.type != PTR_TO_MAP_VALUE && reg.type != OBJECT)
    return reject(env, -EINVAL, 'arg#%d expected pointer to map value or allocated object\n', i)
  return unsupported(env, 'lists and trees of objects')
}

function nodeArg(env: Env, m: KfuncMeta, kind: i32, i: i32, reg: RegState): i32 {
  if (kind == KF_ARG_PTR_TO_LIST_NODE || m.row == KFUNC_bpf_rbtree_add_impl) {
    if (reg.type != OBJECT) return reject(env, -EINVAL, 'arg#%d expected pointer to allocated object\n', i)
  } else if (!(reg.type & NON_OWN_REF) && !reg.refObjId) {
    return reject(env, -EINVAL, '%S can only take non-owning or refcounted bpf_rb_node pointer\n', Z(m.name))
  }
  return unsupported(env, 'lists and trees of objects')
}

export function processObjectArg(env: Env, m: KfuncMeta, kind: i32, i: i32): i32 {
  const reg = curReg(env, i + 1)
  switch (kind) {
    case KF_ARG_PTR_TO_ALLOC_BTF_ID:
      return allocatedArg(env, i, reg)
    case KF_ARG_PTR_TO_LIST_HEAD:
    case KF_ARG_PTR_TO_RB_ROOT:
      return rootArg(env, i, reg)
    case KF_ARG_PTR_TO_LIST_NODE:
    case KF_ARG_PTR_TO_RB_NODE:
      return nodeArg(env, m, kind, i, reg)
  }
  if (baseType(reg.type) != PTR_TO_BTF_ID || !(reg.type & MEM_ALLOC))
    return reject(env, -EINVAL, 'arg#%d is neither owning or non-owning ref\n', i)
  return unsupported(env, 'allocated objects')
}

/** What the call does to objects, before registers are forgotten. */
export function objectEffects(env: Env, m: KfuncMeta): i32 {
  return 0
}

/** The result of a function that gives an object or a node of a graph: 1: it is set, 0: another function, -errno. */
export function objectResult(env: Env, m: KfuncMeta, pointee: usize): i32 {
  switch (m.row) {
    case KFUNC_bpf_obj_new_impl:
    case KFUNC_bpf_percpu_obj_new_impl:
    case KFUNC_bpf_refcount_acquire_impl:
      return unsupported(env, 'allocated objects')
  }
  return 0
}

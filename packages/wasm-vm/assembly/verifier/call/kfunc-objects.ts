// SPDX-License-Identifier: GPL-2.0-only
// Allocated objects, lists and trees as arguments and results of kernel functions: which room judges what.
// Counterparts: the cases of check_kfunc_args and check_special_kfunc that concern them.

import { btfNameOf } from '../../btf/btf'
import { BPF_LIST_HEAD, BPF_RB_ROOT, BtfField } from '../../btf/record'
import {
  KFUNC_bpf_obj_new_impl,
  KFUNC_bpf_percpu_obj_new_impl,
  KFUNC_bpf_refcount_acquire_impl,
} from '../../gen/kfuncs.gen'
import { isText } from '../btf-facts'
import { Env } from '../env'
import { curReg } from '../state'
import { OBJECT, checkDropArg, checkRefcountedArg, setNewObject, setObject } from '../special/alloc'
import {
  checkListNodeArg,
  checkRootArg,
  checkTreeNodeArg,
  insertsNode,
  passToGraph,
  setGraphNode,
} from '../special/graph'
import {
  KF_ARG_PTR_TO_ALLOC_BTF_ID,
  KF_ARG_PTR_TO_LIST_HEAD,
  KF_ARG_PTR_TO_LIST_NODE,
  KF_ARG_PTR_TO_RB_NODE,
  KF_ARG_PTR_TO_RB_ROOT,
  KF_ARG_PTR_TO_REFCOUNTED_KPTR,
} from './kfunc-kinds'
import { KfuncMeta } from './kfunc-meta'

/** Kinds of arguments that are checked here. */
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

export function processObjectArg(env: Env, m: KfuncMeta, kind: i32, i: i32): i32 {
  const reg = curReg(env, i + 1)
  switch (kind) {
    case KF_ARG_PTR_TO_ALLOC_BTF_ID:
      return checkDropArg(env, m, i, reg)
    case KF_ARG_PTR_TO_LIST_HEAD:
      return checkRootArg(env, m, i, reg, BPF_LIST_HEAD)
    case KF_ARG_PTR_TO_RB_ROOT:
      return checkRootArg(env, m, i, reg, BPF_RB_ROOT)
    case KF_ARG_PTR_TO_LIST_NODE:
      return checkListNodeArg(env, m, i, reg)
    case KF_ARG_PTR_TO_RB_NODE:
      return checkTreeNodeArg(env, m, i, reg)
  }
  return checkRefcountedArg(env, m, i, reg)
}

/** What the call does to objects, before registers are forgotten. */
export function objectEffects(env: Env, m: KfuncMeta): i32 {
  return insertsNode(m.row) ? passToGraph(env, m) : 0
}

/** Whether a function gives a node of a list or tree. */
export function isNodeType(m: KfuncMeta, pointee: usize): bool {
  const name = btfNameOf(m.btf, pointee)
  return isText(name, 'bpf_list_node') || isText(name, 'bpf_rb_node')
}

/** The result of a function that gives an object or a node of a graph: 1: it is set, 0: another function, -errno. */
export function objectResult(env: Env, m: KfuncMeta, pointee: usize): i32 {
  const r0 = curReg(env, 0)
  switch (m.row) {
    case KFUNC_bpf_obj_new_impl:
    case KFUNC_bpf_percpu_obj_new_impl: {
      const err = setNewObject(env, m)
      return err ? err : 1
    }
    case KFUNC_bpf_refcount_acquire_impl:
      setObject(r0, OBJECT, m.argBtf, m.argBtfId)
      return 1
  }
  if (!isNodeType(m, pointee)) return 0
  setGraphNode(r0, changetype<BtfField>(m.listHead ? m.listHead : m.rbRoot))
  return 1
}

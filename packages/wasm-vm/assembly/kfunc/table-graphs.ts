// SPDX-License-Identifier: GPL-2.0-only
// Table indices of kernel functions on allocated objects, lists and trees.

import {
  KFUNC_bpf_list_back,
  KFUNC_bpf_list_front,
  KFUNC_bpf_list_pop_back,
  KFUNC_bpf_list_pop_front,
  KFUNC_bpf_list_push_back_impl,
  KFUNC_bpf_list_push_front_impl,
  KFUNC_bpf_obj_drop_impl,
  KFUNC_bpf_obj_new_impl,
  KFUNC_bpf_percpu_obj_drop_impl,
  KFUNC_bpf_percpu_obj_new_impl,
  KFUNC_bpf_rbtree_add_impl,
  KFUNC_bpf_rbtree_first,
  KFUNC_bpf_rbtree_left,
  KFUNC_bpf_rbtree_remove,
  KFUNC_bpf_rbtree_right,
  KFUNC_bpf_rbtree_root,
  KFUNC_bpf_refcount_acquire_impl,
} from '../gen/kfuncs.gen'
import { listBack, listFront, listPopBack, listPopFront, listPushBack, listPushFront } from './list'
import { objDrop, objNew, percpuObjNew, refcountAcquire } from './objects'
import { rbtreeAdd, rbtreeFirst, rbtreeLeft, rbtreeRemove, rbtreeRight, rbtreeRoot } from './rbtree'

export function objectFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_list_back:
      return <i32>listBack.index
    case KFUNC_bpf_list_front:
      return <i32>listFront.index
    case KFUNC_bpf_list_pop_back:
      return <i32>listPopBack.index
    case KFUNC_bpf_list_pop_front:
      return <i32>listPopFront.index
    case KFUNC_bpf_list_push_back_impl:
      return <i32>listPushBack.index
    case KFUNC_bpf_list_push_front_impl:
      return <i32>listPushFront.index
    case KFUNC_bpf_obj_drop_impl:
      return <i32>objDrop.index
    case KFUNC_bpf_obj_new_impl:
      return <i32>objNew.index
    case KFUNC_bpf_percpu_obj_drop_impl:
      return <i32>objDrop.index
    case KFUNC_bpf_percpu_obj_new_impl:
      return <i32>percpuObjNew.index
    case KFUNC_bpf_rbtree_add_impl:
      return <i32>rbtreeAdd.index
    case KFUNC_bpf_rbtree_first:
      return <i32>rbtreeFirst.index
    case KFUNC_bpf_rbtree_left:
      return <i32>rbtreeLeft.index
    case KFUNC_bpf_rbtree_remove:
      return <i32>rbtreeRemove.index
    case KFUNC_bpf_rbtree_right:
      return <i32>rbtreeRight.index
    case KFUNC_bpf_rbtree_root:
      return <i32>rbtreeRoot.index
    case KFUNC_bpf_refcount_acquire_impl:
      return <i32>refcountAcquire.index
  }
  return 0
}

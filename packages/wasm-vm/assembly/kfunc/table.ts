// SPDX-License-Identifier: GPL-2.0-only
// Functions of the kernel that programs call by BTF id, as functions of the WebAssembly table.

import { arenaAlloc, arenaFree, arenaReserve } from './arena'
import {
  dynptrAdjust,
  dynptrClone,
  dynptrFromSkb,
  dynptrFromXdp,
  dynptrIsNull,
  dynptrIsRdonly,
  dynptrSizeOf,
  dynptrSlice,
  dynptrSliceRdwr,
} from './dynptr'
import { iterBitsDestroy, iterBitsNew, iterBitsNext, iterNumDestroy, iterNumNew, iterNumNext } from './iterator'
import {
  KFUNC_bpf_arena_alloc_pages,
  KFUNC_bpf_arena_free_pages,
  KFUNC_bpf_arena_reserve_pages,
  KFUNC_bpf_dynptr_adjust,
  KFUNC_bpf_dynptr_clone,
  KFUNC_bpf_dynptr_from_skb,
  KFUNC_bpf_dynptr_from_xdp,
  KFUNC_bpf_dynptr_is_null,
  KFUNC_bpf_dynptr_is_rdonly,
  KFUNC_bpf_dynptr_size,
  KFUNC_bpf_dynptr_slice,
  KFUNC_bpf_dynptr_slice_rdwr,
  KFUNC_bpf_iter_bits_destroy,
  KFUNC_bpf_iter_bits_new,
  KFUNC_bpf_iter_bits_next,
  KFUNC_bpf_iter_num_destroy,
  KFUNC_bpf_iter_num_new,
  KFUNC_bpf_iter_num_next,
  KFUNC_bpf_preempt_disable,
  KFUNC_bpf_preempt_enable,
  KFUNC_bpf_rcu_read_lock,
  KFUNC_bpf_rcu_read_unlock,
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
import { kfuncRow } from './known'
import { listBack, listFront, listPopBack, listPopFront, listPushBack, listPushFront } from './list'
import { objDrop, objNew, percpuObjNew, refcountAcquire } from './objects'
import { rbtreeAdd, rbtreeFirst, rbtreeLeft, rbtreeRemove, rbtreeRight, rbtreeRoot } from './rbtree'

/** One task runs at a time: nothing is to be held off. */
function nothing(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

/** Objects, lists and trees. */
function objectFn(row: i32): i32 {
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

/** Index in the WebAssembly table of the function with this BTF id; 0: it is not here. */
export function kfuncFn(id: i32): i32 {
  const row = kfuncRow(id)
  switch (row) {
    case KFUNC_bpf_iter_num_new:
      return <i32>iterNumNew.index
    case KFUNC_bpf_iter_num_next:
      return <i32>iterNumNext.index
    case KFUNC_bpf_iter_num_destroy:
      return <i32>iterNumDestroy.index
    case KFUNC_bpf_iter_bits_new:
      return <i32>iterBitsNew.index
    case KFUNC_bpf_iter_bits_next:
      return <i32>iterBitsNext.index
    case KFUNC_bpf_iter_bits_destroy:
      return <i32>iterBitsDestroy.index
    case KFUNC_bpf_dynptr_adjust:
      return <i32>dynptrAdjust.index
    case KFUNC_bpf_dynptr_is_null:
      return <i32>dynptrIsNull.index
    case KFUNC_bpf_dynptr_is_rdonly:
      return <i32>dynptrIsRdonly.index
    case KFUNC_bpf_dynptr_size:
      return <i32>dynptrSizeOf.index
    case KFUNC_bpf_dynptr_clone:
      return <i32>dynptrClone.index
    case KFUNC_bpf_dynptr_from_skb:
      return <i32>dynptrFromSkb.index
    case KFUNC_bpf_dynptr_from_xdp:
      return <i32>dynptrFromXdp.index
    case KFUNC_bpf_dynptr_slice:
      return <i32>dynptrSlice.index
    case KFUNC_bpf_dynptr_slice_rdwr:
      return <i32>dynptrSliceRdwr.index
    case KFUNC_bpf_arena_alloc_pages:
      return <i32>arenaAlloc.index
    case KFUNC_bpf_arena_free_pages:
      return <i32>arenaFree.index
    case KFUNC_bpf_arena_reserve_pages:
      return <i32>arenaReserve.index
    case KFUNC_bpf_preempt_disable:
    case KFUNC_bpf_preempt_enable:
    case KFUNC_bpf_rcu_read_lock:
    case KFUNC_bpf_rcu_read_unlock:
      return <i32>nothing.index
  }
  return objectFn(row)
}

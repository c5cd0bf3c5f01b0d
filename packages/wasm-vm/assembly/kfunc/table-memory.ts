// SPDX-License-Identifier: GPL-2.0-only
// Table indices of kernel functions on memory, sections and work.

import {
  KFUNC_bpf_arena_alloc_pages,
  KFUNC_bpf_arena_free_pages,
  KFUNC_bpf_arena_reserve_pages,
  KFUNC_bpf_cast_to_kern_ctx,
  KFUNC_bpf_copy_from_user_dynptr,
  KFUNC_bpf_copy_from_user_str,
  KFUNC_bpf_copy_from_user_str_dynptr,
  KFUNC_bpf_copy_from_user_task_dynptr,
  KFUNC_bpf_copy_from_user_task_str,
  KFUNC_bpf_copy_from_user_task_str_dynptr,
  KFUNC_bpf_dynptr_adjust,
  KFUNC_bpf_dynptr_clone,
  KFUNC_bpf_dynptr_copy,
  KFUNC_bpf_dynptr_from_skb,
  KFUNC_bpf_dynptr_from_xdp,
  KFUNC_bpf_dynptr_is_null,
  KFUNC_bpf_dynptr_is_rdonly,
  KFUNC_bpf_dynptr_memset,
  KFUNC_bpf_dynptr_size,
  KFUNC_bpf_dynptr_slice,
  KFUNC_bpf_dynptr_slice_rdwr,
  KFUNC_bpf_get_kmem_cache,
  KFUNC_bpf_local_irq_restore,
  KFUNC_bpf_local_irq_save,
  KFUNC_bpf_map_sum_elem_count,
  KFUNC_bpf_preempt_disable,
  KFUNC_bpf_preempt_enable,
  KFUNC_bpf_probe_read_kernel_dynptr,
  KFUNC_bpf_probe_read_kernel_str_dynptr,
  KFUNC_bpf_probe_read_user_dynptr,
  KFUNC_bpf_probe_read_user_str_dynptr,
  KFUNC_bpf_rcu_read_lock,
  KFUNC_bpf_rcu_read_unlock,
  KFUNC_bpf_rdonly_cast,
  KFUNC_bpf_res_spin_lock,
  KFUNC_bpf_res_spin_lock_irqsave,
  KFUNC_bpf_res_spin_unlock,
  KFUNC_bpf_res_spin_unlock_irqrestore,
  KFUNC_bpf_throw,
  KFUNC_bpf_wq_init,
  KFUNC_bpf_wq_set_callback_impl,
  KFUNC_bpf_wq_start,
} from '../gen/kfuncs.gen'
import { arenaAlloc, arenaFree, arenaReserve } from './arena'
import {
  copyFromTaskDynptr,
  copyStrFromTaskDynptr,
  dynptrAdjust,
  dynptrClone,
  dynptrCopy,
  dynptrFromSkb,
  dynptrFromXdp,
  dynptrIsNull,
  dynptrIsRdonly,
  dynptrMemset,
  dynptrSizeOf,
  dynptrSlice,
  dynptrSliceRdwr,
  probeReadDynptr,
  probeReadStrDynptr,
} from './dynptr'
import { bpfThrow } from './exception'
import { castToKernCtx, copyFromUserStr, copyFromUserTaskStr, mapSumElemCount, nothing, sameValue } from './memory'
import { wqInit, wqSetCallback, wqStart } from './work'

export function dynptrFn(row: i32): i32 {
  switch (row) {
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
    case KFUNC_bpf_dynptr_copy:
      return <i32>dynptrCopy.index
    case KFUNC_bpf_dynptr_memset:
      return <i32>dynptrMemset.index
    case KFUNC_bpf_probe_read_user_dynptr:
    case KFUNC_bpf_probe_read_kernel_dynptr:
    case KFUNC_bpf_copy_from_user_dynptr:
      return <i32>probeReadDynptr.index
    case KFUNC_bpf_probe_read_user_str_dynptr:
    case KFUNC_bpf_probe_read_kernel_str_dynptr:
    case KFUNC_bpf_copy_from_user_str_dynptr:
      return <i32>probeReadStrDynptr.index
    case KFUNC_bpf_copy_from_user_task_dynptr:
      return <i32>copyFromTaskDynptr.index
    case KFUNC_bpf_copy_from_user_task_str_dynptr:
      return <i32>copyStrFromTaskDynptr.index
  }
  return 0
}

export function memoryFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_preempt_disable:
    case KFUNC_bpf_preempt_enable:
    case KFUNC_bpf_rcu_read_lock:
    case KFUNC_bpf_rcu_read_unlock:
    case KFUNC_bpf_local_irq_save:
    case KFUNC_bpf_local_irq_restore:
    case KFUNC_bpf_res_spin_lock:
    case KFUNC_bpf_res_spin_unlock:
    case KFUNC_bpf_res_spin_lock_irqsave:
    case KFUNC_bpf_res_spin_unlock_irqrestore:
    case KFUNC_bpf_get_kmem_cache:
      return <i32>nothing.index
    case KFUNC_bpf_rdonly_cast:
      return <i32>sameValue.index
    case KFUNC_bpf_cast_to_kern_ctx:
      return <i32>castToKernCtx.index
    case KFUNC_bpf_copy_from_user_str:
      return <i32>copyFromUserStr.index
    case KFUNC_bpf_copy_from_user_task_str:
      return <i32>copyFromUserTaskStr.index
    case KFUNC_bpf_map_sum_elem_count:
      return <i32>mapSumElemCount.index
  }
  return 0
}

export function workFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_wq_init:
      return <i32>wqInit.index
    case KFUNC_bpf_wq_set_callback_impl:
      return <i32>wqSetCallback.index
    case KFUNC_bpf_wq_start:
      return <i32>wqStart.index
  }
  return 0
}

export function exceptionFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_throw:
      return <i32>bpfThrow.index
  }
  return 0
}

export function arenaFn(row: i32): i32 {
  switch (row) {
    case KFUNC_bpf_arena_alloc_pages:
      return <i32>arenaAlloc.index
    case KFUNC_bpf_arena_free_pages:
      return <i32>arenaFree.index
    case KFUNC_bpf_arena_reserve_pages:
      return <i32>arenaReserve.index
  }
  return 0
}

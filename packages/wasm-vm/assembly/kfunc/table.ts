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
} from '../gen/kfuncs.gen'
import { kfuncRow } from './known'

/** One task runs at a time: nothing is to be held off. */
function nothing(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

/** Index in the WebAssembly table of the function with this BTF id; 0: it is not here. */
export function kfuncFn(id: i32): i32 {
  switch (kfuncRow(id)) {
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
  return 0
}

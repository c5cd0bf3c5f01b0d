// SPDX-License-Identifier: GPL-2.0-only
// Functions of the kernel that programs call by BTF id, as functions of the WebAssembly table.

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
  KF_DYNPTR_ADJUST,
  KF_DYNPTR_CLONE,
  KF_DYNPTR_FROM_SKB,
  KF_DYNPTR_FROM_XDP,
  KF_DYNPTR_IS_NULL,
  KF_DYNPTR_IS_RDONLY,
  KF_DYNPTR_SIZE,
  KF_DYNPTR_SLICE,
  KF_DYNPTR_SLICE_RDWR,
  KF_ITER_BITS_DESTROY,
  KF_ITER_BITS_NEW,
  KF_ITER_BITS_NEXT,
  KF_ITER_NUM_DESTROY,
  KF_ITER_NUM_NEW,
  KF_ITER_NUM_NEXT,
  KF_PREEMPT_DISABLE,
  KF_PREEMPT_ENABLE,
  KF_RCU_READ_LOCK,
  KF_RCU_READ_UNLOCK,
  knownKfunc,
} from './known'

/** One task runs at a time: nothing is to be held off. */
function nothing(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return 0
}

/** Index in the WebAssembly table of the function with this BTF id; 0: it is not here. */
export function kfuncFn(id: i32): i32 {
  switch (knownKfunc(id)) {
    case KF_ITER_NUM_NEW:
      return <i32>iterNumNew.index
    case KF_ITER_NUM_NEXT:
      return <i32>iterNumNext.index
    case KF_ITER_NUM_DESTROY:
      return <i32>iterNumDestroy.index
    case KF_ITER_BITS_NEW:
      return <i32>iterBitsNew.index
    case KF_ITER_BITS_NEXT:
      return <i32>iterBitsNext.index
    case KF_ITER_BITS_DESTROY:
      return <i32>iterBitsDestroy.index
    case KF_DYNPTR_ADJUST:
      return <i32>dynptrAdjust.index
    case KF_DYNPTR_IS_NULL:
      return <i32>dynptrIsNull.index
    case KF_DYNPTR_IS_RDONLY:
      return <i32>dynptrIsRdonly.index
    case KF_DYNPTR_SIZE:
      return <i32>dynptrSizeOf.index
    case KF_DYNPTR_CLONE:
      return <i32>dynptrClone.index
    case KF_DYNPTR_FROM_SKB:
      return <i32>dynptrFromSkb.index
    case KF_DYNPTR_FROM_XDP:
      return <i32>dynptrFromXdp.index
    case KF_DYNPTR_SLICE:
      return <i32>dynptrSlice.index
    case KF_DYNPTR_SLICE_RDWR:
      return <i32>dynptrSliceRdwr.index
    case KF_PREEMPT_DISABLE:
    case KF_PREEMPT_ENABLE:
    case KF_RCU_READ_LOCK:
    case KF_RCU_READ_UNLOCK:
      return <i32>nothing.index
  }
  return 0
}

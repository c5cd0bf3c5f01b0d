// SPDX-License-Identifier: GPL-2.0-only
// Prototypes of the kernel functions that the virtual kernel has. Counterparts: the flags of BTF_ID_FLAGS and what
// get_kfunc_ptr_arg_type makes of their arguments.

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
} from '../../kfunc/known'
import {
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_XDP,
} from '../../gen/uapi-enums.gen'

// Arguments, four bits each from the first up.
export const KARG_NONE: u32 = 0
export const KARG_SCALAR: u32 = 1
export const KARG_ITER: u32 = 2
export const KARG_DYNPTR: u32 = 3
/** A dynptr that the function makes. */
export const KARG_DYNPTR_OUT: u32 = 4
export const KARG_CTX: u32 = 5
/** Memory that may be absent; its constant size comes next. */
export const KARG_BUFFER: u32 = 6
export const KARG_CONST_SIZE: u32 = 7
/** A pointer that is only ever read through a guard. */
export const KARG_IGNORED: u32 = 8

export const KRET_VOID: i32 = 0
export const KRET_SCALAR: i32 = 1
/** An i32 that may not be written, or NULL. */
export const KRET_INT_PTR: i32 = 2
export const KRET_SLICE: i32 = 3

export function kfuncArgKinds(k: i32): u32 {
  switch (k) {
    case KF_ITER_NUM_NEW:
      return 0x112
    case KF_ITER_BITS_NEW:
      return 0x182
    case KF_ITER_NUM_NEXT:
    case KF_ITER_BITS_NEXT:
    case KF_ITER_NUM_DESTROY:
    case KF_ITER_BITS_DESTROY:
      return 0x2
    case KF_DYNPTR_ADJUST:
      return 0x113
    case KF_DYNPTR_IS_NULL:
    case KF_DYNPTR_IS_RDONLY:
    case KF_DYNPTR_SIZE:
      return 0x3
    case KF_DYNPTR_CLONE:
      return 0x43
    case KF_DYNPTR_FROM_SKB:
    case KF_DYNPTR_FROM_XDP:
      return 0x415
    case KF_DYNPTR_SLICE:
    case KF_DYNPTR_SLICE_RDWR:
      return 0x7613
  }
  return 0
}

@inline export function kfuncArg(kinds: u32, i: i32): u32 {
  return (kinds >> ((<u32>i) << 2)) & 15
}

export function kfuncResult(k: i32): i32 {
  switch (k) {
    case KF_ITER_NUM_NEXT:
    case KF_ITER_BITS_NEXT:
      return KRET_INT_PTR
    case KF_DYNPTR_SLICE:
    case KF_DYNPTR_SLICE_RDWR:
      return KRET_SLICE
    case KF_ITER_NUM_DESTROY:
    case KF_ITER_BITS_DESTROY:
    case KF_PREEMPT_DISABLE:
    case KF_PREEMPT_ENABLE:
    case KF_RCU_READ_LOCK:
    case KF_RCU_READ_UNLOCK:
      return KRET_VOID
  }
  return KRET_SCALAR
}

@inline export function isIterNew(k: i32): bool {
  return k == KF_ITER_NUM_NEW || k == KF_ITER_BITS_NEW
}

@inline export function isIterNext(k: i32): bool {
  return k == KF_ITER_NUM_NEXT || k == KF_ITER_BITS_NEXT
}

@inline export function isIterDestroy(k: i32): bool {
  return k == KF_ITER_NUM_DESTROY || k == KF_ITER_BITS_DESTROY
}
/** Type of the iterator: ITER_NUM or ITER_BITS. */
export const ITER_NUM: u32 = 1
export const ITER_BITS: u32 = 2

@inline export function iterTypeOf(k: i32): u32 {
  return k == KF_ITER_BITS_NEW || k == KF_ITER_BITS_NEXT || k == KF_ITER_BITS_DESTROY ? ITER_BITS : ITER_NUM
}

@inline export function iterSlots(type: u32): i32 {
  return type == ITER_BITS ? 2 : 1
}

@inline export function iterName(type: u32): string {
  return type == ITER_BITS ? 'bits' : 'num'
}

/** Arguments that must not be NULL. */
@inline export function takesTrusted(k: i32): bool {
  return k == KF_DYNPTR_FROM_SKB || k == KF_DYNPTR_FROM_XDP
}

/** Program types whose context the function takes; all others for functions that take none. */
export function kfuncForType(k: i32, type: i32): bool {
  if (k == KF_DYNPTR_FROM_XDP) return type == BPF_PROG_TYPE_XDP
  if (k != KF_DYNPTR_FROM_SKB) return true
  switch (type) {
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_SK_SKB:
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_CGROUP_SKB:
    case BPF_PROG_TYPE_LWT_IN:
    case BPF_PROG_TYPE_LWT_OUT:
    case BPF_PROG_TYPE_LWT_XMIT:
    case BPF_PROG_TYPE_LWT_SEG6LOCAL:
      return true
  }
  return false
}

/** Program types that are known to have no set with the function. */
export function kfuncDenied(k: i32, type: i32): bool {
  switch (type) {
    case BPF_PROG_TYPE_KPROBE:
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
      return true
    case BPF_PROG_TYPE_XDP:
      return k == KF_DYNPTR_FROM_SKB
  }
  return k == KF_DYNPTR_FROM_XDP && kfuncForType(KF_DYNPTR_FROM_SKB, type)
}

// SPDX-License-Identifier: GPL-2.0-only
// Calls of kernel functions when subprograms are collected, and what the passes before the walk ask of them.
// Counterparts: add_kfunc_call, __find_kfunc_desc_btf, bpf_dev_bound_kfunc_check.

import { Btf, btfKind, btfType, btfTypeById } from '../../btf/btf'
import { KIND_FUNC_PROTO } from '../../btf/kinds'
import { EFAULT, EINVAL, ENOTSUPP, EPROTO } from '../../gen/errno.gen'
import {
  KF_FASTCALL,
  KF_ITER_NEXT,
  KF_SLEEPABLE,
  KFUNC_FILTER_DEVICE,
  KFUNC_NONE,
  KFUNC_bpf_iter_num_destroy,
  KFUNC_bpf_iter_num_new,
  KFUNC_bpf_iter_num_next,
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
  KFUNC_bpf_res_spin_lock,
  KFUNC_bpf_res_spin_lock_irqsave,
  KFUNC_bpf_res_spin_unlock,
  KFUNC_bpf_res_spin_unlock_irqrestore,
  KFUNC_bpf_task_work_schedule_resume_impl,
  KFUNC_bpf_task_work_schedule_signal_impl,
  KFUNC_bpf_throw,
  KFUNC_bpf_wq_set_callback_impl,
  KFUNC_bpf_xdp_pull_data,
} from '../../gen/kfuncs.gen'
import { insnImm, insnOff, insnSrc } from '../../insn/raw'
import { kernelFunction, kfuncFilter, kfuncFlags, kfuncRow } from '../../kfunc/known'
import { kernel } from '../../mem/root'
import { copyFromUser } from '../../mem/user'
import { FD_BTF, fdGet, isErr } from '../../syscall/fd'
import { Env } from '../env'
import { reject } from '../log/verbose'
import { allowedKfunc, kfuncOfCall } from './kfunc-meta'

const FD: usize = memory.data(4, 4)
const SRC_KFUNC: i32 = 2

/** The function of a module: no module is ever loaded, so its BTF cannot be either. */
function moduleError(env: Env, off: i32): i32 {
  if (off < 0) return reject(env, -EINVAL, 'negative offset disallowed for kernel module function call\n')
  if (!env.fdArray) return reject(env, -EPROTO, 'kfunc offset > 0 without fd_array is invalid\n')
  if (!copyFromUser(FD, env.fdArray + <u64>off * 4, 4)) return -EFAULT
  const p = fdGet(load<i32>(FD), FD_BTF)
  if (isErr(p)) return reject(env, <i32>p, 'invalid module BTF fd specified\n')
  return reject(env, -EINVAL, 'BTF fd for kfunc is not a module BTF\n')
}

/** When subprograms are collected: whether the function can be called at all. */
export function checkKfuncKnown(env: Env, p: usize): i32 {
  const btf = kernel().vmlinux
  if (!btf) return reject(env, -ENOTSUPP, 'calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF\n')
  if (!env.prog.gplCompatible)
    return reject(env, -EINVAL, 'cannot call kernel function from non-GPL compatible program\n')
  const id = insnImm(p)
  const off = insnOff(p)
  // Number 0 may be dead code; whether it is shows at the end.
  if (!id && !off) return 0
  if (off) {
    const err = moduleError(env, off)
    return reject(env, err, 'failed to find BTF for kernel function\n')
  }
  const func = kernelFunction(id)
  if (!func) return reject(env, -EINVAL, 'kernel btf_id %u is not a function\n', id)
  const proto = btfTypeById(changetype<Btf>(btf), btfType(func))
  if (!proto || btfKind(proto) != KIND_FUNC_PROTO)
    return reject(env, -EINVAL, 'kernel function btf_id %u does not have a valid func_proto\n', id)
  const row = kfuncRow(id)
  if (row && kfuncFilter(row) == KFUNC_FILTER_DEVICE && !env.prog.devBound)
    return reject(env, -EINVAL, 'metadata kfuncs require device-bound program\n')
  return 0
}

@inline function isKfunc(p: usize): bool {
  return insnSrc(p) == SRC_KFUNC
}

export function isIterNextKfunc(env: Env, p: usize): bool {
  const row = allowedKfunc(env, p)
  return row != KFUNC_NONE && (kfuncFlags(row) & KF_ITER_NEXT) != 0
}

export function kfuncMightSleep(env: Env, p: usize): bool {
  const row = allowedKfunc(env, p)
  return row != KFUNC_NONE && (kfuncFlags(row) & KF_SLEEPABLE) != 0
}

export function kfuncChangesPacket(env: Env, p: usize): bool {
  return allowedKfunc(env, p) == KFUNC_bpf_xdp_pull_data
}

/** The function keeps the registers that it does not use. */
export function kfuncIsFast(env: Env, p: usize): bool {
  const row = allowedKfunc(env, p)
  return row != KFUNC_NONE && (kfuncFlags(row) & KF_FASTCALL) != 0
}

/** The call runs a subprogram before it returns. */
export function isSyncCallbackKfunc(p: usize): bool {
  return isKfunc(p) && kfuncOfCall(p) == KFUNC_bpf_rbtree_add_impl
}

/** The call makes a subprogram run later. */
export function isAsyncCallbackKfunc(p: usize): bool {
  if (!isKfunc(p)) return false
  const row = kfuncOfCall(p)
  return row == KFUNC_bpf_wq_set_callback_impl || isTaskWork(row)
}

export function isTaskWork(row: i32): bool {
  return row == KFUNC_bpf_task_work_schedule_signal_impl || row == KFUNC_bpf_task_work_schedule_resume_impl
}

export function isThrow(p: usize): bool {
  return isKfunc(p) && kfuncOfCall(p) == KFUNC_bpf_throw
}

/** Functions that may be called while a lock is held: of graphs, of numbers, of locks. */
export function mayCallLocked(p: usize): bool {
  if (insnOff(p)) return false
  switch (kfuncOfCall(p)) {
    case KFUNC_bpf_list_push_front_impl:
    case KFUNC_bpf_list_push_back_impl:
    case KFUNC_bpf_list_pop_front:
    case KFUNC_bpf_list_pop_back:
    case KFUNC_bpf_list_front:
    case KFUNC_bpf_list_back:
    case KFUNC_bpf_rbtree_add_impl:
    case KFUNC_bpf_rbtree_remove:
    case KFUNC_bpf_rbtree_first:
    case KFUNC_bpf_rbtree_root:
    case KFUNC_bpf_rbtree_left:
    case KFUNC_bpf_rbtree_right:
    case KFUNC_bpf_refcount_acquire_impl:
    case KFUNC_bpf_iter_num_new:
    case KFUNC_bpf_iter_num_next:
    case KFUNC_bpf_iter_num_destroy:
    case KFUNC_bpf_res_spin_lock:
    case KFUNC_bpf_res_spin_unlock:
    case KFUNC_bpf_res_spin_lock_irqsave:
    case KFUNC_bpf_res_spin_unlock_irqrestore:
      return true
  }
  return false
}

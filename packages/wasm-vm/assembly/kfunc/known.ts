// SPDX-License-Identifier: GPL-2.0-only
// The kernel functions that the virtual kernel has, by name. Their numbers in instructions are type ids of the kernel's
// BTF, which the host gives; without it there are none.

import { Btf, btfKind, btfNameOf, btfTypeById } from '../btf/btf'
import { kernel } from '../mem/root'
import { isText } from '../verifier/btf-facts'

export const KF_NONE: i32 = 0
export const KF_ITER_NUM_NEW: i32 = 1
export const KF_ITER_NUM_NEXT: i32 = 2
export const KF_ITER_NUM_DESTROY: i32 = 3
export const KF_ITER_BITS_NEW: i32 = 4
export const KF_ITER_BITS_NEXT: i32 = 5
export const KF_ITER_BITS_DESTROY: i32 = 6
export const KF_DYNPTR_ADJUST: i32 = 7
export const KF_DYNPTR_IS_NULL: i32 = 8
export const KF_DYNPTR_IS_RDONLY: i32 = 9
export const KF_DYNPTR_SIZE: i32 = 10
export const KF_DYNPTR_CLONE: i32 = 11
export const KF_DYNPTR_FROM_SKB: i32 = 12
export const KF_DYNPTR_FROM_XDP: i32 = 13
export const KF_DYNPTR_SLICE: i32 = 14
export const KF_DYNPTR_SLICE_RDWR: i32 = 15
export const KF_PREEMPT_DISABLE: i32 = 16
export const KF_PREEMPT_ENABLE: i32 = 17
export const KF_RCU_READ_LOCK: i32 = 18
export const KF_RCU_READ_UNLOCK: i32 = 19

const KIND_FUNC: u32 = 12

/** Type of a function of the kernel, 0: there is no such function. */
export function kernelFunction(id: i32): usize {
  const btf = kernel().vmlinux
  const t = btf ? btfTypeById(changetype<Btf>(btf), <u32>id) : 0
  return t && btfKind(t) == KIND_FUNC ? t : 0
}

/** Its name: 0 without one. */
export function kernelFunctionName(id: i32): usize {
  const t = kernelFunction(id)
  return t ? btfNameOf(changetype<Btf>(kernel().vmlinux), t) : 0
}

function byName(name: usize): i32 {
  if (isText(name, 'bpf_iter_num_new')) return KF_ITER_NUM_NEW
  if (isText(name, 'bpf_iter_num_next')) return KF_ITER_NUM_NEXT
  if (isText(name, 'bpf_iter_num_destroy')) return KF_ITER_NUM_DESTROY
  if (isText(name, 'bpf_iter_bits_new')) return KF_ITER_BITS_NEW
  if (isText(name, 'bpf_iter_bits_next')) return KF_ITER_BITS_NEXT
  if (isText(name, 'bpf_iter_bits_destroy')) return KF_ITER_BITS_DESTROY
  if (isText(name, 'bpf_dynptr_adjust')) return KF_DYNPTR_ADJUST
  if (isText(name, 'bpf_dynptr_is_null')) return KF_DYNPTR_IS_NULL
  if (isText(name, 'bpf_dynptr_is_rdonly')) return KF_DYNPTR_IS_RDONLY
  if (isText(name, 'bpf_dynptr_size')) return KF_DYNPTR_SIZE
  if (isText(name, 'bpf_dynptr_clone')) return KF_DYNPTR_CLONE
  if (isText(name, 'bpf_dynptr_from_skb')) return KF_DYNPTR_FROM_SKB
  if (isText(name, 'bpf_dynptr_from_xdp')) return KF_DYNPTR_FROM_XDP
  if (isText(name, 'bpf_dynptr_slice')) return KF_DYNPTR_SLICE
  if (isText(name, 'bpf_dynptr_slice_rdwr')) return KF_DYNPTR_SLICE_RDWR
  if (isText(name, 'bpf_preempt_disable')) return KF_PREEMPT_DISABLE
  if (isText(name, 'bpf_preempt_enable')) return KF_PREEMPT_ENABLE
  if (isText(name, 'bpf_rcu_read_lock')) return KF_RCU_READ_LOCK
  return isText(name, 'bpf_rcu_read_unlock') ? KF_RCU_READ_UNLOCK : KF_NONE
}

/** KF_* of a function of the kernel, KF_NONE: not one that is here. */
export function knownKfunc(id: i32): i32 {
  const name = kernelFunctionName(id)
  return name ? byName(name) : KF_NONE
}

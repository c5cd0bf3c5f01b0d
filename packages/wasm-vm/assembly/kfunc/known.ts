// SPDX-License-Identifier: GPL-2.0-only
// Kernel functions by name: rows of spec/kfuncs.mjs. Their numbers in instructions are type ids of the kernel's BTF,
// which the host gives; without it there are none. Counterpart: btf_kfunc_id_set_contains.

import { Btf, btfKind, btfNameOf, btfTypeById } from '../btf/btf'
import { KIND_FUNC } from '../btf/kinds'
import {
  KFUNC_COUNT,
  KFUNC_EVERY_HOOK,
  KFUNC_FILTER_ITER,
  KFUNC_FILTER_KPROBE_SESSION,
  KFUNC_FILTER_LSM,
  KFUNC_HOOK_OF_TYPE,
  KFUNC_NAMES,
  KFUNC_NONE,
  KFUNC__SIZE,
  KFUNC__filter,
  KFUNC__flags,
  KFUNC__hooks,
  KFUNC__name,
  KFUNCS,
} from '../gen/kfuncs.gen'
import {
  BPF_PROG_TYPE_LSM,
  BPF_TRACE_ITER,
  BPF_TRACE_KPROBE_SESSION,
  BPF_TRACE_UPROBE_SESSION,
} from '../gen/uapi-enums.gen'
import { kernel } from '../mem/root'

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

@inline function rowAt(row: i32): usize {
  return KFUNCS + <usize>row * KFUNC__SIZE
}

function compareNames(a: usize, b: usize): i32 {
  while (load<u8>(a) && load<u8>(a) == load<u8>(b)) {
    a++
    b++
  }
  return <i32>load<u8>(a) - <i32>load<u8>(b)
}

function rowByName(name: usize): i32 {
  let low = 1
  let high = KFUNC_COUNT - 1
  while (low <= high) {
    const mid = (low + high) >> 1
    const order = compareNames(name, KFUNC_NAMES + load<u32>(rowAt(mid) + KFUNC__name))
    if (!order) return mid
    if (order < 0) high = mid - 1
    else low = mid + 1
  }
  return KFUNC_NONE
}

/** KFUNC_* of a function of the kernel, KFUNC_NONE: no set has it. */
export function kfuncRow(id: i32): i32 {
  const name = kernelFunctionName(id)
  return name ? rowByName(name) : KFUNC_NONE
}

@inline export function kfuncFlags(row: i32): i32 {
  return load<i32>(rowAt(row) + KFUNC__flags)
}

@inline export function kfuncFilter(row: i32): i32 {
  return load<u8>(rowAt(row) + KFUNC__filter)
}

/** Whether a set that programs of this type use has the function. */
export function kfuncAllowed(row: i32, type: i32, attachType: u32): bool {
  if (row == KFUNC_NONE) return false
  const hooks = <i32>load<u16>(rowAt(row) + KFUNC__hooks)
  if (hooks == KFUNC_EVERY_HOOK) return true
  const hook = <u32>type < 64 ? <i32>load<u8>(KFUNC_HOOK_OF_TYPE + <usize>type) : 0
  if (!hook || !((hooks >> hook) & 1)) return false
  switch (kfuncFilter(row)) {
    case KFUNC_FILTER_KPROBE_SESSION:
      return attachType == BPF_TRACE_KPROBE_SESSION || attachType == BPF_TRACE_UPROBE_SESSION
    case KFUNC_FILTER_LSM:
      return type == BPF_PROG_TYPE_LSM
    case KFUNC_FILTER_ITER:
      return attachType == BPF_TRACE_ITER
  }
  return true
}

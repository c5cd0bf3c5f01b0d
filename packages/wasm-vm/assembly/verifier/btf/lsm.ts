// SPDX-License-Identifier: GPL-2.0-only
// What a hook of the LSMs may return. Kernel counterpart: bpf_lsm_get_retval_range.

import { btfType } from '../../btf/btf'
import { SET_LSM_BOOL } from '../../gen/attach-targets.gen'
import { BPF_LSM_MAC, BPF_PROG_TYPE_LSM } from '../../gen/uapi-enums.gen'
import { Prog } from '../../prog/prog'
import { hookName, inSet } from './names'

const MAX_ERRNO: i32 = 4095
const RANGE: usize = memory.data(8, 4)

@inline export function lsmRetvalMin(): i32 {
  return load<i32>(RANGE)
}

@inline export function lsmRetvalMax(): i32 {
  return load<i32>(RANGE, 4)
}

/** Whether the hook returns something that has bounds; they are then at lsmRetvalMin() and lsmRetvalMax(). */
export function lsmRetvalRange(prog: Prog): bool {
  if (prog.type != BPF_PROG_TYPE_LSM || prog.expectedAttachType != BPF_LSM_MAC) return false
  if (!btfType(prog.attachFuncProto)) return false
  const yesNo = inSet(SET_LSM_BOOL, hookName(prog.attachFuncName))
  store<i32>(RANGE, yesNo ? 0 : -MAX_ERRNO)
  store<i32>(RANGE, yesNo ? 1 : 0, 4)
  return true
}

// SPDX-License-Identifier: GPL-2.0-only
// Calls of kernel functions. They need the kernel's BTF, which the virtual kernel does not have: such programs end as
// unsupported. Counterparts: add_kfunc_call, check_kfunc_call.

import { EINVAL } from '../../gen/errno.gen'
import { insnImm, insnOff } from '../../insn/raw'
import { Env } from '../env'
import { reject, unsupported } from '../log/verbose'

/** When subprograms are collected: whether the function can be called at all. */
export function checkKfuncKnown(env: Env, p: usize): i32 {
  if (!env.prog.gplCompatible)
    return reject(env, -EINVAL, 'cannot call kernel function from non-GPL compatible program\n')
  // Number 0 may be dead code; whether it is shows at the end.
  if (!insnImm(p) && !insnOff(p)) return 0
  return unsupported(env, 'kernel function calls (BTF id %d)', insnImm(p))
}

/** When the walk meets the call. */
export function checkKfuncCall(env: Env, p: usize): i32 {
  if (!insnImm(p)) return 0
  return unsupported(env, 'kernel function calls (BTF id %d)', insnImm(p))
}

export function isIterNextKfunc(env: Env, p: usize): bool {
  return false
}
export function kfuncMightSleep(env: Env, p: usize): bool {
  return false
}
export function kfuncChangesPacket(env: Env, p: usize): bool {
  return false
}

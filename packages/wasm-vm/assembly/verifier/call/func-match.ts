// SPDX-License-Identifier: GPL-2.0-only
// Registers at a call against the BTF of the function. Counterpart: btf_check_func_arg_match.

import { EFAULT, EINVAL } from '../../gen/errno.gen'
import {
  ARG_ANYTHING,
  ARG_DONTCARE,
  ARG_PTR_TO_ARENA,
  ARG_PTR_TO_BTF_ID,
  ARG_PTR_TO_CTX,
  ARG_PTR_TO_DYNPTR,
  ARG_PTR_TO_MEM,
  MEM_RDONLY,
  PTR_MAYBE_NULL,
  PTR_TO_ARENA,
  PTR_TO_CTX,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { baseType, mayBeNull, registerIsNull } from '../bounds'
import { Env, argSizeOf, argTypeOf, subprogAt } from '../env'
import { reject, verifierBug } from '../log/verbose'
import { processDynptrArg } from '../special/dynptr'
import { FuncState, regOf } from '../state'
import { checkArgOffset, checkRegType } from './args'
import { prepareFuncArgs } from './func-args'
import { checkMemReg } from './size'

function matchArg(env: Env, f: FuncState, i: i32, arg: i32, size: u32): i32 {
  const regno = i + 1
  const reg = regOf(f, regno)
  const base = baseType(arg)
  if (arg == ARG_ANYTHING) {
    if (reg.type != SCALAR_VALUE) return reject(env, -EINVAL, 'R%d is not a scalar\n', regno)
    return 0
  }
  if (arg & PTR_UNTRUSTED) return 0
  if (arg == ARG_PTR_TO_CTX) {
    const err = checkArgOffset(env, reg, regno, ARG_DONTCARE)
    if (err < 0) return err
    return reg.type == PTR_TO_CTX ? 0 : reject(env, -EINVAL, 'arg#%d expects pointer to ctx\n', i)
  }
  if (base == ARG_PTR_TO_MEM) {
    const err = checkArgOffset(env, reg, regno, ARG_DONTCARE)
    if (err < 0) return err
    if (checkMemReg(env, reg, regno, size)) return -EINVAL
    if (!(arg & PTR_MAYBE_NULL) && mayBeNull(reg.type))
      return reject(env, -EINVAL, 'arg#%d is expected to be non-NULL\n', i)
    return 0
  }
  if (base == ARG_PTR_TO_ARENA) {
    if (reg.type == PTR_TO_ARENA || reg.type == SCALAR_VALUE) return 0
    return reject(env, -EINVAL, 'R%d is not a pointer to arena or scalar.\n', regno)
  }
  if (arg == (ARG_PTR_TO_DYNPTR | MEM_RDONLY)) {
    const err = checkArgOffset(env, reg, regno, ARG_PTR_TO_DYNPTR)
    return err ? err : processDynptrArg(env, regno, -1, arg, 0)
  }
  if (base == ARG_PTR_TO_BTF_ID) {
    if (registerIsNull(reg) && mayBeNull(arg)) return 0
    const err = checkRegType(env, regno, arg, 0, size)
    return err ? err : checkArgOffset(env, reg, regno, arg)
  }
  return verifierBug(env, 'unrecognized arg#%d type %d', i, arg)
}

/** -EINVAL: the function cannot be trusted to be what its BTF says; that matters for global ones only. */
export function checkSubprogCall(env: Env, subprog: i32, caller: FuncState): i32 {
  const prog = env.prog
  if (!prog.funcInfo) return -EINVAL
  if (!load<u32>(prog.funcInfo + ((<usize>subprog) << 3), 4)) return -EFAULT
  const sub = subprogAt(env, subprog)
  if (sub.unreliable) return -EINVAL
  let err = prepareFuncArgs(env, subprog)
  for (let i = 0; !err && i < <i32>sub.argCnt; i++) err = matchArg(env, caller, i, argTypeOf(sub, i), argSizeOf(sub, i))
  if (err) sub.unreliable = true
  return err
}

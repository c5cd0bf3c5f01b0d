// SPDX-License-Identifier: GPL-2.0-only
// What a program may return. Kernel counterpart: check_return_code of verifier.c (6.18).

import { Btf, btfKind, btfType, btfTypeById } from '../btf/btf'
import { btfTypeSkipModifiers } from '../btf/kinds'
import { EACCES, EINVAL } from '../gen/errno.gen'
import {
  RETURN_RANGE__MASK,
  RETURN_RANGE__MAX,
  RETURN_RANGE__MIN,
  RETURN_RANGE__TYPE,
  RETURN_RANGE_COUNT,
  RETURN_RANGE_SIZE,
  RETURN_RANGES,
} from '../gen/return-ranges.gen'
import {
  BPF_CGROUP_INET_EGRESS,
  BPF_LSM_CGROUP,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_STRUCT_OPS,
} from '../gen/uapi-enums.gen'
import { PTR_TO_BTF_ID, SCALAR_VALUE } from '../gen/verifier-types.gen'
import { markChainPrecision } from './backtrack/precision'
import { baseType, isPointerValue } from './bounds'
import { KIND_PTR } from './btf-facts'
import { lsmRetvalMax, lsmRetvalMin, lsmRetvalRange } from './btf/lsm'
import { Env, resolveProgType } from './env'
import { regTypeStr } from './log/names'
import { reject, S, verbose } from './log/verbose'
import { Prog } from '../prog/prog'
import { checkPtrOff } from './mem/region'
import { checkRegArg, SRC_OP } from './regs'
import { curReg, frameOf, RegState } from './state'

export function retvalWithin(reg: RegState, lo: i32, hi: i32): bool {
  return reg.smin >= <i64>lo && reg.smax <= <i64>hi
}

export function verboseInvalidScalar(env: Env, reg: RegState, lo: i32, hi: i32, ctx: string, regName: string): void {
  verbose(env, '%s the register %s has', S(ctx), S(regName))
  if (reg.smin > i64.MIN_VALUE) verbose(env, ' smin=%lld', reg.smin)
  if (reg.smax < i64.MAX_VALUE) verbose(env, ' smax=%lld', reg.smax)
  if (reg.smin == i64.MIN_VALUE && reg.smax == i64.MAX_VALUE) verbose(env, ' unknown scalar value')
  verbose(env, ' should have been in [%d, %d]\n', lo, hi)
}

/** The row of the program's type and attach type, 0 if anything may be returned. */
function rangeRow(type: u32, attachType: u32): usize {
  for (let i = 0; i < RETURN_RANGE_COUNT; i++) {
    const row = RETURN_RANGES + <usize>(i * RETURN_RANGE_SIZE)
    if (load<u64>(row + <usize>RETURN_RANGE__TYPE) != <u64>type) continue
    const mask = load<u64>(row + <usize>RETURN_RANGE__MASK)
    if (mask == u64.MAX_VALUE) return row
    if (attachType < 64 && ((mask >> (<u64>attachType)) & 1) != 0) return row
  }
  return 0
}

function checkRange(env: Env, regno: i32, lo: i32, hi: i32, ctx: string): i32 {
  const reg = curReg(env, regno)
  if (reg.type != SCALAR_VALUE) {
    return reject(
      env,
      -EINVAL,
      '%s the register R%d is not a known value (%S)\n',
      S(ctx),
      regno,
      regTypeStr(env, reg.type),
    )
  }
  const err = markChainPrecision(env, regno)
  if (err) return err
  if (retvalWithin(reg, lo, hi)) return 0
  verboseInvalidScalar(env, reg, lo, hi, ctx, regno ? 'R1' : 'R0')
  return -EINVAL
}

/** What a struct_ops program returns a pointer to, 0 if it is none. */
function resultStruct(prog: Prog): usize {
  const btf = prog.attachBtf
  const t = btfTypeSkipModifiers(btf, btfType(prog.attachFuncProto), 0)
  return t && btfKind(t) == KIND_PTR ? btfTypeSkipModifiers(btf, btfType(t), 0) : 0
}

const GO_ON: i32 = 1

/** Hooks and members that return nothing, and members that return what they were given. GO_ON: the usual rules. */
function resultByBtf(env: Env, regno: i32): i32 {
  const prog = env.prog
  const frame = frameOf(env.cur, 0)
  if (frame.subprogno && !frame.inExceptionCallbackFn) return GO_ON
  const type = resolveProgType(prog)
  if (type == BPF_PROG_TYPE_LSM)
    return prog.expectedAttachType == BPF_LSM_CGROUP || btfType(prog.attachFuncProto) ? GO_ON : 0
  if (type != BPF_PROG_TYPE_STRUCT_OPS) return GO_ON
  if (!btfType(prog.attachFuncProto)) return 0
  if (frame.inExceptionCallbackFn) return GO_ON
  const reg = curReg(env, regno)
  const want = resultStruct(prog)
  if (baseType(reg.type) != PTR_TO_BTF_ID || !want || !reg.refObjId) return GO_ON
  if (btfTypeById(changetype<Btf>(reg.btf), reg.btfId) != want) return GO_ON
  return checkPtrOff(env, reg, regno, false)
}

/** What a hook of the LSMs returns: by attach type, and in 32 bits where it is an errno. */
function checkHookResult(env: Env, regno: i32): i32 {
  const prog = env.prog
  const reg = curReg(env, regno)
  if (prog.expectedAttachType == BPF_LSM_CGROUP) {
    const nothing = !btfType(prog.attachFuncProto)
    const err = checkRange(env, regno, nothing ? 1 : 0, 1, 'At program exit')
    if (err == -EINVAL && nothing && reg.type == SCALAR_VALUE)
      verbose(env, "Note, BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!\n")
    return err
  }
  if (!lsmRetvalRange(prog)) return 0
  const lo = lsmRetvalMin()
  const hi = lsmRetvalMax()
  if (reg.type != SCALAR_VALUE) return checkRange(env, regno, lo, hi, 'At program exit')
  const err = markChainPrecision(env, regno)
  if (err) return err
  if (reg.s32min >= lo && reg.s32max <= hi) return 0
  verboseInvalidScalar(env, reg, lo, hi, 'At program exit', regno ? 'R1' : 'R0')
  return -EINVAL
}

/** At the exit of the outermost frame (r0), and where an exception ends the program with its value (r1). */
export function checkReturnCode(env: Env, regno: i32): i32 {
  const prog = env.prog
  const early = resultByBtf(env, regno)
  if (early <= 0) return early
  const err = checkRegArg(env, regno, SRC_OP)
  if (err) return err
  const reg = curReg(env, regno)
  if (isPointerValue(env, regno)) return reject(env, -EACCES, 'R%d leaks addr as return value\n', regno)
  const frame = frameOf(env.cur, 0)
  if (frame.inAsyncCallbackFn) {
    return checkRange(env, regno, frame.cbRetMin, frame.cbRetMax, 'At async callback return')
  }
  if (frame.subprogno != 0 && !frame.inExceptionCallbackFn) {
    if (reg.type == SCALAR_VALUE) return 0
    return reject(
      env,
      -EINVAL,
      'At subprogram exit the register R%d is not a scalar value (%S)\n',
      regno,
      regTypeStr(env, reg.type),
    )
  }
  const type = resolveProgType(prog)
  if (type == BPF_PROG_TYPE_LSM) return checkHookResult(env, regno)
  if (type == BPF_PROG_TYPE_STRUCT_OPS) return resultStruct(prog) ? checkRange(env, regno, 0, 0, 'At program exit') : 0
  const row = rangeRow(<u32>type, prog.expectedAttachType)
  if (!row) return 0
  const lo = <i32>load<i64>(row + <usize>RETURN_RANGE__MIN)
  const hi = <i32>load<i64>(row + <usize>RETURN_RANGE__MAX)
  const bad = checkRange(env, regno, lo, hi, 'At program exit')
  if (bad) return bad
  // Such values mean something at egress only: attaching elsewhere is refused.
  const marksCongestion =
    type == BPF_PROG_TYPE_CGROUP_SKB &&
    prog.expectedAttachType == BPF_CGROUP_INET_EGRESS &&
    (reg.varMask & ~(<u64>1)) == 0 &&
    (reg.varValue & ~(<u64>1)) == 2
  if (marksCongestion) prog.enforceExpectedAttachType = true
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Accesses of the context and of structures behind socket pointers, by table.
// Counterparts: check_ctx_access, check_sock_access.

import { btfFind, kernelTypes } from '../../btf/name-index'
import { EACCES } from '../../gen/errno.gen'
import { BPF_PROG_TYPE_LSM } from '../../gen/uapi-enums.gen'
import {
  PTR_TO_BTF_ID,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { bpf_flow_keys__SIZE } from '../../gen/uapi-layouts.gen'
import { baseType, isPointerValue, markInRange, markKnownZero, markUnknown, mayBeNull } from '../bounds'
import { KIND_STRUCT } from '../btf-facts'
import { contextAccess, ctxInfo } from '../btf/ctx-access'
import { lsmRetvalMax, lsmRetvalMin, lsmRetvalRange } from '../btf/lsm'
import { Env, auxAt } from '../env'
import { verboseLinfo } from '../log/source-line'
import { regTypeStr } from '../log/names'
import { reject, unsupported, verbose } from '../log/verbose'
import { DEF_NOT_SUBREG } from '../regs'
import { curReg } from '../state'
import { contextByBtf, contextRow, pointedRow, rowBtfName, rowType, rowUnit } from '../tables'
import { READ, WRITE } from './kinds'
import { checkPtrOff, rejectNegative } from './region'

/** Pointers that are 32 bits wide in the context: sign extension would spoil them. */
function isPacketType(t: i32): bool {
  return t == PTR_TO_PACKET || t == PTR_TO_PACKET_META || t == PTR_TO_PACKET_END
}

export function checkContext(
  env: Env,
  insn: i32,
  regno: i32,
  off: i32,
  size: i32,
  access: i32,
  valueReg: i32,
  signed: bool,
): i32 {
  if (access == WRITE && valueReg >= 0 && isPointerValue(env, valueReg))
    return reject(env, -EACCES, 'R%d leaks addr into ctx\n', valueReg)
  const err = checkPtrOff(env, curReg(env, regno), regno, false)
  if (err < 0) return err
  if (contextByBtf(env)) return checkArguments(env, insn, off, size, access, valueReg)
  const row = contextRow(env, off, size, access == WRITE)
  if (!row || (signed && isPacketType(rowType(row)))) {
    verbose(env, 'invalid bpf_context access off=%d size=%d\n', off, size)
    verboseLinfo(env, insn)
    return -EACCES
  }
  auxAt(env, insn).ctxFieldSize = rowUnit(row)
  if (<i32>env.maxCtxOffset < off + size) env.maxCtxOffset = off + size
  if (access != READ || valueReg < 0) return 0
  const r = curReg(env, valueReg)
  const type = rowType(row)
  if (type == SCALAR_VALUE) {
    markUnknown(env, r)
    return 0
  }
  markKnownZero(r)
  if (mayBeNull(type)) r.id = ++env.idGen
  r.subregDef = DEF_NOT_SUBREG
  if (baseType(type) == PTR_TO_BTF_ID && changetype<usize>(kernelTypes())) {
    r.btf = changetype<usize>(kernelTypes())
    r.btfId = btfFind(kernelTypes(), rowBtfName(row), KIND_STRUCT)
  }
  r.type = type
  return 0
}

/** A context whose words are arguments of a function. */
function checkArguments(env: Env, insn: i32, off: i32, size: i32, access: i32, valueReg: i32): i32 {
  const prog = env.prog
  if (prog.type == BPF_PROG_TYPE_LSM && access == WRITE)
    return unsupported(env, 'stores to the context of LSM programs')
  if (!contextAccess(env, off, size, access)) {
    verbose(env, 'invalid bpf_context access off=%d size=%d\n', off, size)
    verboseLinfo(env, insn)
    return -EACCES
  }
  if (<i32>env.maxCtxOffset < off + size) env.maxCtxOffset = off + size
  if (access != READ || valueReg < 0) return 0
  const r = curReg(env, valueReg)
  const info = ctxInfo()
  if (info.type == SCALAR_VALUE) {
    if (info.isRetval && lsmRetvalRange(prog)) return markInRange(env, r, lsmRetvalMin(), lsmRetvalMax())
    markUnknown(env, r)
    return 0
  }
  markKnownZero(r)
  if (mayBeNull(info.type)) r.id = ++env.idGen
  r.subregDef = DEF_NOT_SUBREG
  if (baseType(info.type) == PTR_TO_BTF_ID) {
    r.btf = info.btf
    r.btfId = info.btfId
    r.refObjId = info.refObjId
  }
  r.type = info.type
  return 0
}

export function checkSock(env: Env, insn: i32, regno: i32, off: i32, size: i32, access: i32): i32 {
  const reg = curReg(env, regno)
  if (reg.smin < 0) return rejectNegative(env, regno)
  const row = pointedRow(reg.type, off, size, access == WRITE)
  if (!row)
    return reject(env, -EACCES, 'R%d invalid %S access off=%d size=%d\n', regno, regTypeStr(env, reg.type), off, size)
  auxAt(env, insn).ctxFieldSize = rowUnit(row)
  return 0
}

export function checkFlowKeys(env: Env, off: i32, size: i32): i32 {
  if (size < 0 || off < 0 || <u64>off + <u64>size > <u64>bpf_flow_keys__SIZE)
    return reject(env, -EACCES, 'invalid access to flow keys off=%d size=%d\n', off, size)
  return 0
}

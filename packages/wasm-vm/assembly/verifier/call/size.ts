// SPDX-License-Identifier: GPL-2.0-only
// Memory that a helper or a global function reads or writes. Counterparts: check_helper_mem_access, check_mem_size_reg,
// check_mem_reg. A null meta: the memory must be initialised.

import { EACCES } from '../../gen/errno.gen'
import {
  MEM_RDONLY,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_STACK,
} from '../../gen/verifier-types.gen'
import {
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LIRC_MODE2,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_SYSCALL,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_PROG_TYPE_TRACING,
} from '../../gen/uapi-enums.gen'
import { markChainPrecision } from '../backtrack/precision'
import { baseType, isConst, markPtrNotNull, mayBeNull, registerIsNull } from '../bounds'
import { BPF_MAX_VAR_SIZ, Env, resolveProgType } from '../env'
import { regTypeStr } from '../log/names'
import { reject, verbose } from '../log/verbose'
import { checkMemAccess } from '../mem/access'
import { checkBtfPointer } from '../mem/kernel-object'
import { ACCESS_HELPER, READ, WRITE } from '../mem/kinds'
import { checkMapAccess, checkMapRights } from '../mem/map-value'
import { checkPacket } from '../mem/packet'
import { checkBuffer, checkRegion } from '../mem/region'
import { checkStackRange } from '../mem/stack'
import { RegState, copyReg, curReg } from '../state'
import { Meta, rawOf } from './meta'

function cannotWrite(env: Env, regno: i32, reg: RegState): i32 {
  return reject(env, -EACCES, 'R%d cannot write into %S\n', regno, regTypeStr(env, reg.type))
}

/** Whether the context of this type of program is a view that loads and stores are rewritten for. */
function convertsContext(type: i32): bool {
  switch (type) {
    case BPF_PROG_TYPE_KPROBE:
    case BPF_PROG_TYPE_TRACEPOINT:
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
    case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
    case BPF_PROG_TYPE_CGROUP_DEVICE:
    case BPF_PROG_TYPE_LIRC_MODE2:
    case BPF_PROG_TYPE_TRACING:
    case BPF_PROG_TYPE_LSM:
    case BPF_PROG_TYPE_STRUCT_OPS:
    case BPF_PROG_TYPE_SYSCALL:
    case BPF_PROG_TYPE_NETFILTER:
      return false
  }
  return true
}

export function checkHelperMem(env: Env, regno: i32, size: i32, access: i32, zeroOk: bool, meta: Meta): i32 {
  const reg = curReg(env, regno)
  const rdonly = (reg.type & MEM_RDONLY) != 0
  switch (baseType(reg.type)) {
    case PTR_TO_PACKET:
    case PTR_TO_PACKET_META:
      return checkPacket(env, regno, reg.off, size, zeroOk)
    case PTR_TO_MAP_KEY:
      if (access == WRITE) return cannotWrite(env, regno, reg)
      return checkRegion(env, regno, reg.off, size, reg.map.keySize, false)
    case PTR_TO_MAP_VALUE:
      if (checkMapRights(env, regno, reg.off, size, access)) return -EACCES
      return checkMapAccess(env, regno, reg.off, size, zeroOk, ACCESS_HELPER)
    case PTR_TO_MEM:
      if (rdonly && access == WRITE) return cannotWrite(env, regno, reg)
      return checkRegion(env, regno, reg.off, size, reg.memSize, zeroOk)
    case PTR_TO_BUF: {
      if (rdonly && access == WRITE) return cannotWrite(env, regno, reg)
      const err = checkBuffer(env, rdonly ? 'rdonly' : 'rdwr', reg, regno, reg.off, size)
      if (err) return err
      if (rdonly) env.prog.maxRdonlyAccess = max<u32>(env.prog.maxRdonlyAccess, reg.off + size)
      else env.prog.maxRdwrAccess = max<u32>(env.prog.maxRdwrAccess, reg.off + size)
      return 0
    }
    case PTR_TO_STACK:
      return checkStackRange(env, regno, reg.off, size, zeroOk, access, rawOf(meta))
    case PTR_TO_BTF_ID:
      return checkBtfPointer(env, regno, reg.off, size, READ, -1)
    case PTR_TO_CTX:
      // A context that helpers do not know is memory whose size shows at run time.
      if (!convertsContext(resolveProgType(env.prog))) {
        if (size == 0) return zeroOk ? 0 : -EACCES
        return checkMemAccess(env, env.insnIdx, regno, size - 1, 1, access, -1, false, false)
      }
  }
  if (zeroOk && size == 0 && registerIsNull(reg)) return 0
  verbose(env, 'R%d type=%S ', regno, regTypeStr(env, reg.type))
  return reject(env, -EACCES, 'expected=%S\n', regTypeStr(env, PTR_TO_STACK))
}

/** regno holds the size of the memory that the register before it points to. */
export function checkSizeReg(env: Env, reg: RegState, regno: i32, access: i32, zeroOk: bool, meta: Meta): i32 {
  meta.msizeMax = reg.umax
  const known = isConst(reg)
  if (reg.smin < 0)
    return reject(env, -EACCES, "R%d min value is negative, either use unsigned or 'var &= const'\n", regno)
  if (reg.umin == 0 && !zeroOk)
    return reject(env, -EACCES, 'R%d invalid zero-sized read: u64=[%lld,%lld]\n', regno, <i64>reg.umin, <i64>reg.umax)
  if (reg.umax >= <u64>BPF_MAX_VAR_SIZ)
    return reject(env, -EACCES, "R%d unbounded memory access, use 'var &= const' or 'if (var < const)'\n", regno)
  const err = checkHelperMem(env, regno - 1, <i32>reg.umax, access, zeroOk, known ? meta : changetype<Meta>(0))
  return err ? err : markChainPrecision(env, regno)
}

/** Memory of a global function's argument, read and written. */
export function checkMemReg(env: Env, reg: RegState, regno: i32, size: u32): i32 {
  if (registerIsNull(reg)) return 0
  const nullable = mayBeNull(reg.type)
  const saved = env.fake2
  if (nullable) {
    copyReg(saved, reg)
    markPtrNotNull(reg)
  }
  let err = checkHelperMem(env, regno, size, READ, true, changetype<Meta>(0))
  if (!err) err = checkHelperMem(env, regno, size, WRITE, true, changetype<Meta>(0))
  if (nullable) copyReg(reg, saved)
  return err
}

// SPDX-License-Identifier: GPL-2.0-only
// A load or store through a pointer: alignment, then the rules of what it points to; loads by instructions.
// Counterparts: check_mem_access, check_ptr_alignment, check_load_mem, check_store_reg, save_aux_ptr_type.

import { EACCES, EINVAL } from '../../gen/errno.gen'
import { ANNOT_MEM_CTX, ANNOT_MEM_MAP_VALUE, ANNOT_MEM_OTHER, ANNOT_MEM_PACKET, ANNOT_MEM_STACK } from '../../prog/prog'
import {
  CONST_PTR_TO_MAP,
  MEM_RDONLY,
  NOT_INIT,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_FLOW_KEYS,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_SOCKET,
  PTR_TO_SOCK_COMMON,
  PTR_TO_STACK,
  PTR_TO_TCP_SOCK,
  PTR_TO_TP_BUFFER,
  PTR_TO_XDP_SOCK,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { insnCode, insnDst, insnOff, insnSrc } from '../../insn/raw'
import { baseType, boundsSane, coerceToSize, coerceToSizeSx, isPointerValue, markUnknown, mayBeNull } from '../bounds'
import { Env, curAux } from '../env'
import { regTypeStr } from '../log/names'
import { S, Z, reject, unsupported } from '../log/verbose'
import { DST_OP_NO_MARK, SRC_OP, checkRegArg } from '../regs'
import { RegState, curReg } from '../state'
import { tnumAdd, tnumIsAligned } from '../tnum'
import { checkContext, checkFlowKeys, checkSock } from './context'
import { checkBtfPointer, checkMapPointer } from './kernel-object'
import { READ, WRITE, isPacketPointer, isSockPointer } from './kinds'
import { checkMapValue } from './map-value'
import { checkPacket, mayAccessPacket } from './packet'
import { checkBuffer, checkRegion } from './region'
import { checkStackBounds, checkStackRead, checkStackWrite } from './stack'

export function sizeOfCode(code: i32): i32 {
  switch (code & 0x18) {
    case 0:
      return 4
    case 8:
      return 2
    case 16:
      return 1
  }
  return 8
}

export function checkAlignment(env: Env, reg: RegState, off: i32, size: i32, strictOnce: bool): i32 {
  let strict = env.strictAlignment || strictOnce
  let what = ''
  let extra = 0
  switch (reg.type) {
    case PTR_TO_PACKET:
    case PTR_TO_PACKET_META:
      extra = 2
      break
    case PTR_TO_FLOW_KEYS:
      what = 'flow keys '
      break
    case PTR_TO_MAP_KEY:
      what = 'key '
      break
    case PTR_TO_MAP_VALUE:
      what = 'value '
      break
    case PTR_TO_CTX:
      what = 'context '
      break
    case PTR_TO_STACK:
      what = 'stack '
      strict = true
      break
    case PTR_TO_SOCKET:
      what = 'sock '
      break
    case PTR_TO_SOCK_COMMON:
      what = 'sock_common '
      break
    case PTR_TO_TCP_SOCK:
      what = 'tcp_sock '
      break
    case PTR_TO_XDP_SOCK:
      what = 'xdp_sock '
      break
    case PTR_TO_ARENA:
      return 0
  }
  if (!strict || size == 1) return 0
  const t = memory.data(16, 8)
  tnumAdd(t, reg.varValue, reg.varMask, <u64>(<i64>(extra + reg.off + off)), 0)
  if (tnumIsAligned(load<u64>(t), load<u64>(t, 8), size)) return 0
  if (extra)
    return reject(
      env,
      -EACCES,
      'misaligned packet access off %d+%T+%d+%d size %d\n',
      extra,
      Z(reg.varOff),
      reg.off,
      off,
      size,
    )
  return reject(env, -EACCES, 'misaligned %saccess off %T+%d+%d size %d\n', S(what), Z(reg.varOff), reg.off, off, size)
}

function rejectWrite(env: Env, regno: i32, reg: RegState): i32 {
  return reject(env, -EACCES, 'R%d cannot write into %S\n', regno, regTypeStr(env, reg.type))
}

function checkMem(env: Env, regno: i32, off: i32, size: i32, access: i32, valueReg: i32): i32 {
  const reg = curReg(env, regno)
  const rdonly = (reg.type & MEM_RDONLY) != 0
  if (mayBeNull(reg.type))
    return reject(env, -EACCES, "R%d invalid mem access '%S'\n", regno, regTypeStr(env, reg.type))
  if (access == WRITE && rdonly) return rejectWrite(env, regno, reg)
  if (access == WRITE && valueReg >= 0 && isPointerValue(env, valueReg))
    return reject(env, -EACCES, 'R%d leaks addr into mem\n', valueReg)
  // Untrusted memory is read by instructions that survive a fault.
  if (!(rdonly && reg.type & PTR_UNTRUSTED)) {
    const err = checkRegion(env, regno, off, size, reg.memSize, false)
    if (err) return err
  }
  if (valueReg >= 0 && (access == READ || rdonly)) markUnknown(env, curReg(env, valueReg))
  return 0
}

function checkBuf(env: Env, regno: i32, off: i32, size: i32, access: i32, valueReg: i32): i32 {
  const reg = curReg(env, regno)
  const rdonly = (reg.type & MEM_RDONLY) != 0
  if (rdonly && access == WRITE) return rejectWrite(env, regno, reg)
  const err = checkBuffer(env, rdonly ? 'rdonly' : 'rdwr', reg, regno, off, size)
  if (err) return err
  if (rdonly) env.prog.maxRdonlyAccess = max<u32>(env.prog.maxRdonlyAccess, off + size)
  else env.prog.maxRdwrAccess = max<u32>(env.prog.maxRdwrAccess, off + size)
  if (valueReg >= 0 && (rdonly || access == READ)) markUnknown(env, curReg(env, valueReg))
  return 0
}

function dispatch(env: Env, insn: i32, regno: i32, off: i32, size: i32, access: i32, valueReg: i32, signed: bool): i32 {
  const reg = curReg(env, regno)
  const t = reg.type
  let err = 0
  if (t == PTR_TO_MAP_KEY) {
    if (access == WRITE) return reject(env, -EACCES, 'write to change key R%d not allowed\n', regno)
    err = checkRegion(env, regno, off, size, reg.map.keySize, false)
    if (!err && valueReg >= 0) markUnknown(env, curReg(env, valueReg))
    return err
  }
  if (t == PTR_TO_MAP_VALUE) return checkMapValue(env, insn, regno, off, size, access, valueReg, signed)
  if (baseType(t) == PTR_TO_MEM) return checkMem(env, regno, off, size, access, valueReg)
  if (t == PTR_TO_CTX) return checkContext(env, insn, regno, off, size, access, valueReg, signed)
  if (t == PTR_TO_STACK) {
    err = checkStackBounds(env, regno, off, size, access)
    if (err) return err
    return access == READ
      ? checkStackRead(env, regno, off, size, valueReg)
      : checkStackWrite(env, regno, off, size, valueReg, insn)
  }
  if (isPacketPointer(t)) {
    if (access == WRITE && !mayAccessPacket(env, -1, access)) return reject(env, -EACCES, 'cannot write into packet\n')
    if (access == WRITE && valueReg >= 0 && isPointerValue(env, valueReg))
      return reject(env, -EACCES, 'R%d leaks addr into packet\n', valueReg)
    err = checkPacket(env, regno, off, size, false)
  } else if (t == PTR_TO_FLOW_KEYS) {
    if (access == WRITE && valueReg >= 0 && isPointerValue(env, valueReg))
      return reject(env, -EACCES, 'R%d leaks addr into flow keys\n', valueReg)
    err = checkFlowKeys(env, off, size)
  } else if (isSockPointer(t)) {
    if (access == WRITE) return rejectWrite(env, regno, reg)
    err = checkSock(env, insn, regno, off, size, access)
  } else if (t == PTR_TO_TP_BUFFER) {
    err = checkBuffer(env, 'tracepoint', reg, regno, off, size)
    if (!err) env.maxTpAccess = max<u32>(env.maxTpAccess, off + size)
  } else if (baseType(t) == PTR_TO_BTF_ID && !mayBeNull(t))
    return checkBtfPointer(env, regno, off, size, access, valueReg)
  else if (t == CONST_PTR_TO_MAP) return checkMapPointer(env, regno, off, size, access, valueReg)
  else if (baseType(t) == PTR_TO_BUF) return checkBuf(env, regno, off, size, access, valueReg)
  else if (t != PTR_TO_ARENA) return reject(env, -EACCES, "R%d invalid mem access '%S'\n", regno, regTypeStr(env, t))
  if (!err && access == READ && valueReg >= 0) markUnknown(env, curReg(env, valueReg))
  return err
}

/** size in bytes; valueReg: what is stored, or what is loaded into; -1: unknown, or nowhere. */
export function checkMemAccess(
  env: Env,
  insn: i32,
  regno: i32,
  off: i32,
  size: i32,
  access: i32,
  valueReg: i32,
  strictOnce: bool,
  signed: bool,
): i32 {
  const reg = curReg(env, regno)
  let err = checkAlignment(env, reg, off, size, strictOnce)
  if (err) return err
  err = dispatch(env, insn, regno, off + reg.off, size, access, valueReg, signed)
  if (!err && size < 8 && valueReg >= 0 && access == READ) {
    const r = curReg(env, valueReg)
    if (r.type == SCALAR_VALUE) {
      if (signed) coerceToSizeSx(r, size)
      else coerceToSize(r, size)
    }
  }
  return err
}

function mismatchOk(t: i32): bool {
  switch (baseType(t)) {
    case PTR_TO_CTX:
    case PTR_TO_SOCKET:
    case PTR_TO_SOCK_COMMON:
    case PTR_TO_TCP_SOCK:
    case PTR_TO_XDP_SOCK:
    case PTR_TO_BTF_ID:
    case PTR_TO_ARENA:
      return false
  }
  return true
}

function kindOf(t: i32): u8 {
  switch (baseType(t)) {
    case PTR_TO_STACK:
      return ANNOT_MEM_STACK
    case PTR_TO_CTX:
      return ANNOT_MEM_CTX
    case PTR_TO_PACKET:
    case PTR_TO_PACKET_META:
      return ANNOT_MEM_PACKET
    case PTR_TO_MAP_VALUE:
      return ANNOT_MEM_MAP_VALUE
  }
  return ANNOT_MEM_OTHER
}

export const BASE_MIXED: u8 = 255

/** What no region is known for stays so whatever else comes there. */
@inline function mixed(a: u8, b: u8): u8 {
  return a == ANNOT_MEM_OTHER || b == ANNOT_MEM_OTHER ? ANNOT_MEM_OTHER : BASE_MIXED
}

/** All paths must reach an instruction with pointers that are translated alike. */
export function saveAuxType(env: Env, type: i32, allowTrustMismatch: bool): i32 {
  const aux = curAux(env)
  const kind = kindOf(type)
  if (aux.baseKind == 0) aux.baseKind = kind
  else if (aux.baseKind != kind) aux.baseKind = mixed(aux.baseKind, kind)
  const prev = aux.ptrType
  if (prev == NOT_INIT) {
    aux.ptrType = type
    return 0
  }
  if (aux.mapHome && type != prev) return unsupported(env, 'reading a map and something else with one instruction')
  if (type == prev || (mismatchOk(type) && mismatchOk(prev))) return 0
  const a = baseType(type)
  const b = baseType(prev)
  if (allowTrustMismatch && (a == PTR_TO_MEM || a == PTR_TO_BTF_ID) && (b == PTR_TO_MEM || b == PTR_TO_BTF_ID)) {
    let merged = a == PTR_TO_MEM || b == PTR_TO_MEM ? PTR_TO_MEM : PTR_TO_BTF_ID
    merged |= (type | prev) & (PTR_UNTRUSTED | MEM_RDONLY)
    aux.ptrType = merged
    return 0
  }
  return reject(env, -EINVAL, 'same insn cannot be used with different pointers\n')
}

export function checkLoad(
  env: Env,
  p: usize,
  strictOnce: bool,
  signed: bool,
  allowTrustMismatch: bool,
  ctx: string,
): i32 {
  const src = insnSrc(p)
  const dst = insnDst(p)
  let err = checkRegArg(env, src, SRC_OP)
  if (err) return err
  err = checkRegArg(env, dst, DST_OP_NO_MARK)
  if (err) return err
  const type = curReg(env, src).type
  err = checkMemAccess(env, env.insnIdx, src, insnOff(p), sizeOfCode(insnCode(p)), READ, dst, strictOnce, signed)
  if (err) return err
  err = saveAuxType(env, type, allowTrustMismatch)
  return err ? err : boundsSane(env, curReg(env, dst), ctx)
}

export function checkStore(env: Env, p: usize, strictOnce: bool): i32 {
  const src = insnSrc(p)
  const dst = insnDst(p)
  let err = checkRegArg(env, src, SRC_OP)
  if (err) return err
  err = checkRegArg(env, dst, SRC_OP)
  if (err) return err
  const type = curReg(env, dst).type
  err = checkMemAccess(env, env.insnIdx, dst, insnOff(p), sizeOfCode(insnCode(p)), WRITE, src, strictOnce, false)
  return err ? err : saveAuxType(env, type, false)
}

export function checkStoreImm(env: Env, p: usize): i32 {
  const dst = insnDst(p)
  let err = checkRegArg(env, dst, SRC_OP)
  if (err) return err
  const type = curReg(env, dst).type
  err = checkMemAccess(env, env.insnIdx, dst, insnOff(p), sizeOfCode(insnCode(p)), WRITE, -1, false, false)
  return err ? err : saveAuxType(env, type, false)
}

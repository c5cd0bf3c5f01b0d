// SPDX-License-Identifier: GPL-2.0-only
// Arithmetic on a pointer and a number.
// Kernel counterpart: adjust_ptr_min_max_vals, check_reg_sane_offset of verifier.c (6.18).

import { EACCES, EFAULT, EINVAL } from '../../gen/errno.gen'
import {
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_FLOW_KEYS,
  PTR_TO_FUNC,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_STACK,
  PTR_TO_TP_BUFFER,
  PTR_UNTRUSTED,
} from '../../gen/verifier-types.gen'
import { insnClass, insnCode, insnDst } from '../../insn/raw'
import { baseType, boundsSync, isConst, mark32Unbounded, markUnknown } from '../bounds'
import { BPF_MAX_VAR_OFF, Env } from '../env'
import { aluString, regTypeStr } from '../log/names'
import { reject, verbose, verifierBug } from '../log/verbose'
import { curReg, RegState } from '../state'
import { tnumAdd, tnumSub } from '../tnum'
import {
  canSkipSanitation,
  sanitizeBegin,
  sanitizeCheckBounds,
  sanitizeErr,
  sanitizeNeeded,
  sanitizePtrAlu,
} from './sanitize'
import { addOverflows, subOverflows } from './scalar'

const OP_ADD: i32 = 0x00
const OP_SUB: i32 = 0x10
const MAX_OFF: i64 = <i64>BPF_MAX_VAR_OFF

/** Offsets so large that sums of them could wrap are refused. */
export function checkSaneOffset(env: Env, reg: RegState, type: i32): bool {
  const val = <i64>reg.varValue
  if (isConst(reg) && (val >= MAX_OFF || val <= -MAX_OFF)) {
    verbose(env, 'math between %S pointer and %lld is not allowed\n', regTypeStr(env, type), val)
    return false
  }
  if (reg.off >= BPF_MAX_VAR_OFF || reg.off <= -BPF_MAX_VAR_OFF) {
    verbose(env, '%S pointer offset %d is not allowed\n', regTypeStr(env, type), reg.off)
    return false
  }
  if (reg.smin == i64.MIN_VALUE) {
    verbose(
      env,
      'math between %S pointer and register with unbounded min value is not allowed\n',
      regTypeStr(env, type),
    )
    return false
  }
  if (reg.smin >= MAX_OFF || reg.smin <= -MAX_OFF) {
    verbose(env, 'value %lld makes %S pointer be out of bounds\n', reg.smin, regTypeStr(env, type))
    return false
  }
  return true
}

/** Whether any arithmetic is allowed on this kind of pointer. */
function allowsArithmetic(type: i32, known: bool, off: RegState, op: i32): bool {
  switch (baseType(type)) {
    case PTR_TO_CTX:
    case PTR_TO_MAP_VALUE:
    case PTR_TO_MAP_KEY:
    case PTR_TO_STACK:
    case PTR_TO_PACKET_META:
    case PTR_TO_PACKET:
    case PTR_TO_TP_BUFFER:
    case PTR_TO_BTF_ID:
    case PTR_TO_MEM:
    case PTR_TO_BUF:
    case PTR_TO_FUNC:
    case CONST_PTR_TO_DYNPTR:
      return true
    case PTR_TO_FLOW_KEYS:
      return known
    case CONST_PTR_TO_MAP:
      return known && off.smin == 0 && op == OP_ADD
  }
  return false
}

@inline function isPacketPointer(r: RegState): bool {
  const t = baseType(r.type)
  return t == PTR_TO_PACKET || t == PTR_TO_PACKET_META
}

@inline function fitsOff(v: i64): bool {
  return v == <i64>(<i32>v)
}

@inline function clearUnion(r: RegState): void {
  r.u0 = 0
  r.u1 = 0
  r.u2 = 0
  r.u3 = 0
}
/** The fixed offset moves; all else is the pointer's. */
function moveFixed(dst: RegState, ptr: RegState, off: i64): void {
  dst.smin = ptr.smin
  dst.smax = ptr.smax
  dst.umin = ptr.umin
  dst.umax = ptr.umax
  dst.varValue = ptr.varValue
  dst.varMask = ptr.varMask
  dst.off = <i32>off
  copyUnion(dst, ptr)
}
function copyUnion(dst: RegState, src: RegState): void {
  dst.u0 = src.u0
  dst.u1 = src.u1
  dst.u2 = src.u2
  dst.u3 = src.u3
}

function setSigned(dst: RegState, lo: i64, hi: i64): void {
  dst.smin = lo
  dst.smax = hi
}
function setUnsigned(dst: RegState, lo: u64, hi: u64): void {
  dst.umin = lo
  dst.umax = hi
}

function addToPointer(env: Env, dst: RegState, ptr: RegState, off: RegState): void {
  const fixed = <i64>ptr.off + off.smin
  if (isConst(off) && fitsOff(fixed)) {
    moveFixed(dst, ptr, fixed)
    return
  }
  // dst is one of the two: the new bounds are computed before any is stored.
  const slo = ptr.smin + off.smin
  const shi = ptr.smax + off.smax
  const sOver = addOverflows(ptr.smin, off.smin) || addOverflows(ptr.smax, off.smax)
  const ulo = ptr.umin + off.umin
  const uhi = ptr.umax + off.umax
  const uOver = ulo < off.umin || uhi < off.umax
  tnumAdd(dst.varOff, ptr.varValue, ptr.varMask, off.varValue, off.varMask)
  setSigned(dst, sOver ? i64.MIN_VALUE : slo, sOver ? i64.MAX_VALUE : shi)
  setUnsigned(dst, uOver ? 0 : ulo, uOver ? u64.MAX_VALUE : uhi)
  dst.off = ptr.off
  copyUnion(dst, ptr)
  if (isPacketPointer(ptr)) {
    dst.id = ++env.idGen
    clearUnion(dst)
  }
}

function subFromPointer(env: Env, dst: RegState, ptr: RegState, off: RegState): void {
  const fixed = <i64>ptr.off - off.smin
  if (isConst(off) && fitsOff(fixed)) {
    moveFixed(dst, ptr, fixed)
    dst.id = ptr.id
    return
  }
  const offMin = off.smin
  const slo = ptr.smin - off.smax
  const shi = ptr.smax - off.smin
  const sOver = subOverflows(ptr.smin, off.smax) || subOverflows(ptr.smax, off.smin)
  const uUnder = ptr.umin < off.umax
  const ulo = ptr.umin - off.umax
  const uhi = ptr.umax - off.umin
  tnumSub(dst.varOff, ptr.varValue, ptr.varMask, off.varValue, off.varMask)
  setSigned(dst, sOver ? i64.MIN_VALUE : slo, sOver ? i64.MAX_VALUE : shi)
  setUnsigned(dst, uUnder ? 0 : ulo, uUnder ? u64.MAX_VALUE : uhi)
  dst.off = ptr.off
  copyUnion(dst, ptr)
  if (isPacketPointer(ptr)) {
    dst.id = ++env.idGen
    // What is subtracted may be negative: the range that was checked does not hold.
    if (offMin < 0) clearUnion(dst)
  }
}

/** Refuses what is not allowed at all; 1 when the result is settled and nothing more is to be done. */
function checkPointerAlu(env: Env, p: usize, ptr: RegState, off: RegState, dst: RegState): i32 {
  const op = insnCode(p) & 0xf0
  const d = insnDst(p)
  const known = isConst(off)
  if ((known && (off.smin != off.smax || off.umin != off.umax)) || off.smin > off.smax || off.umin > off.umax) {
    markUnknown(env, dst)
    return 1
  }
  if (insnClass(p) != 7) {
    if (op == OP_SUB && env.allowPtrLeaks) {
      markUnknown(env, dst)
      return 1
    }
    return reject(env, -EACCES, 'R%d 32-bit pointer arithmetic prohibited\n', d)
  }
  if (ptr.type & PTR_MAYBE_NULL) {
    return reject(
      env,
      -EACCES,
      'R%d pointer arithmetic on %S prohibited, null-check it first\n',
      d,
      regTypeStr(env, ptr.type),
    )
  }
  if (baseType(ptr.type) == PTR_TO_MEM && (ptr.type & PTR_UNTRUSTED) != 0) return 1
  if (!allowsArithmetic(ptr.type, known, off, op)) {
    return reject(env, -EACCES, 'R%d pointer arithmetic on %S prohibited\n', d, regTypeStr(env, ptr.type))
  }
  return 0
}

/** dst = ptr op off, where dst is one of the two. */
export function adjustPointer(env: Env, p: usize, ptr: RegState, off: RegState): i32 {
  const op = insnCode(p) & 0xf0
  const d = insnDst(p)
  const dst = curReg(env, d)
  let ret = checkPointerAlu(env, p, ptr, off, dst)
  if (ret) return ret < 0 ? ret : 0
  const type = ptr.type
  const ptrIsStack = type == PTR_TO_STACK
  dst.type = type
  dst.id = ptr.id
  if (!checkSaneOffset(env, off, type) || !checkSaneOffset(env, ptr, type)) return -EINVAL
  mark32Unbounded(dst)
  const info = sanitizeBegin()
  if (sanitizeNeeded(op)) {
    ret = sanitizePtrAlu(env, p, ptr, off, dst, info, false)
    if (ret < 0) return sanitizeErr(env, p, ret, off, dst)
  }
  if (op == OP_ADD) {
    addToPointer(env, dst, ptr, off)
  } else if (op == OP_SUB) {
    if (changetype<usize>(dst) == changetype<usize>(off)) {
      return reject(env, -EACCES, 'R%d tried to subtract pointer from scalar\n', d)
    }
    if (ptrIsStack) return reject(env, -EACCES, 'R%d subtraction from stack pointer prohibited\n', d)
    subFromPointer(env, dst, ptr, off)
  } else if (op == 0x50 || op == 0x40 || op == 0xa0) {
    return reject(env, -EACCES, 'R%d bitwise operator %s on pointer prohibited\n', d, aluString(op))
  } else {
    return reject(env, -EACCES, 'R%d pointer arithmetic with %s operator prohibited\n', d, aluString(op))
  }
  if (!checkSaneOffset(env, dst, type)) return -EINVAL
  boundsSync(dst)
  const bounds = sanitizeCheckBounds(env, p, dst)
  if (bounds == -EACCES) return bounds
  if (sanitizeNeeded(op)) {
    ret = sanitizePtrAlu(env, p, dst, off, dst, info, true)
    if (!canSkipSanitation(env, p) && !env.cur.speculative && bounds != 0 && ret == 0) {
      verifierBug(
        env,
        'Pointer type unsupported by sanitize_check_bounds() not rejected by retrieve_ptr_limit() as required',
      )
      return -EFAULT
    }
    if (ret < 0) return sanitizeErr(env, p, ret, off, dst)
  }
  return 0
}

// SPDX-License-Identifier: GPL-2.0-only
// Function and line information that comes with a program: copied, checked against the program, kept for its life.
// Kernel counterpart: check_btf_info_early, check_btf_info of verifier.c (6.18).
//
//   bpf_func_info { insn_off u32, type_id u32 }
//   bpf_line_info { insn_off u32, file_name_off u32, line_off u32, line_col u32 }
// The caller's records may be longer, if what is beyond these fields is zero.

import { Btf, btfKind, btfNameByOffset, btfSize, btfType, btfTypeById, btfVlen } from '../btf/btf'
import { E2BIG, EACCES, EFAULT, EINVAL, ENOMEM } from '../gen/errno.gen'
import {
  ATTR_PROG_LOAD__core_relo_cnt,
  ATTR_PROG_LOAD__core_relo_rec_size,
  ATTR_PROG_LOAD__core_relos,
  ATTR_PROG_LOAD__func_info,
  ATTR_PROG_LOAD__func_info_cnt,
  ATTR_PROG_LOAD__func_info_rec_size,
  ATTR_PROG_LOAD__line_info,
  ATTR_PROG_LOAD__line_info_cnt,
  ATTR_PROG_LOAD__line_info_rec_size,
  ATTR_PROG_LOAD__prog_btf_fd,
} from '../gen/uapi-layouts.gen'
import { insnCode } from '../insn/raw'
import { kfree, kzalloc } from '../mem/alloc'
import { copyFromUser, putUser32, userOk } from '../mem/user'
import { Env, insnOf, subprogAt } from './env'
import { reject, unsupported } from './log/verbose'
import { progBtfByFd } from './prog-btf'

const FUNC_INFO_SIZE: u32 = 8
const LINE_INFO_SIZE: u32 = 16
const CORE_RELO_SIZE: u32 = 16
const MAX_REC_SIZE: u32 = 252

const KIND_INT: u32 = 1
const KIND_TYPEDEF: u32 = 8
const KIND_VOLATILE: u32 = 9
const KIND_CONST: u32 = 10
const KIND_RESTRICT: u32 = 11
const KIND_FUNC: u32 = 12
const KIND_FUNC_PROTO: u32 = 13
const KIND_TYPE_TAG: u32 = 18
const KIND_ENUM: u32 = 6
const KIND_ENUM64: u32 = 19

@inline function attr32(attr: usize, off: i32): u32 {
  return load<u32>(attr + <usize>off)
}

@inline function attr64(attr: usize, off: i32): u64 {
  return load<u64>(attr + <usize>off)
}

/** bpf_check_uarg_tail_zero: 0, -E2BIG when bytes beyond what is known are set, -EFAULT. */
function tailZero(record: u64, known: u32, size: u32): i32 {
  if (size <= known) return 0
  if (!userOk(record, size)) return -EFAULT
  for (let i = known; i < size; i++) if (load<u8>(<usize>record + <usize>i)) return -E2BIG
  return 0
}

/** Tells the caller the record size that this kernel knows, so that it can clear the rest. */
function reportRecordSize(env: Env, attrField: i32, size: u32): i32 {
  store<u32>(env.attr + <usize>attrField, size)
  return env.uattr == 0 || putUser32(env.uattr + attrField, size) ? -E2BIG : -EFAULT
}

function checkAbnormalReturn(env: Env): i32 {
  for (let i = 1; i < env.subprogCnt; i++) {
    const sub = subprogAt(env, i)
    if (sub.hasLdAbs) return reject(env, -EINVAL, 'LD_ABS is not allowed in subprogs without BTF\n')
    if (sub.hasTailCall) return reject(env, -EINVAL, 'tail_call is not allowed in subprogs without BTF\n')
  }
  return 0
}

function skipModifiers(btf: Btf, id: u32): usize {
  let t = btfTypeById(btf, id)
  while (t) {
    const kind = btfKind(t)
    const modifier =
      kind == KIND_TYPEDEF ||
      kind == KIND_VOLATILE ||
      kind == KIND_CONST ||
      kind == KIND_RESTRICT ||
      kind == KIND_TYPE_TAG
    if (!modifier) break
    t = btfTypeById(btf, btfType(t))
  }
  return t
}

/** int, long … up to eight bytes, or an enumeration. */
function returnsScalar(btf: Btf, proto: usize): bool {
  const t = skipModifiers(btf, btfType(proto))
  if (!t) return false
  const kind = btfKind(t)
  if (kind == KIND_ENUM || kind == KIND_ENUM64) return true
  // Kind-specific word of an integer: encoding 24..27, offset 16..23, bits 0..7.
  return kind == KIND_INT && btfSize(t) <= 8
}

function copyFuncInfo(env: Env, records: usize, n: u32, size: u32): i32 {
  const btf = env.prog.btf
  let user = attr64(env.attr, ATTR_PROG_LOAD__func_info)
  let prev: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    const r = records + <usize>(i * FUNC_INFO_SIZE)
    const err = tailZero(user, FUNC_INFO_SIZE, size)
    if (err == -E2BIG) {
      reject(env, err, 'nonzero tailing record in func info')
      return reportRecordSize(env, ATTR_PROG_LOAD__func_info_rec_size, FUNC_INFO_SIZE)
    }
    if (err) return err
    if (!copyFromUser(r, user, <usize>FUNC_INFO_SIZE)) return -EFAULT
    const off = load<u32>(r)
    const typeId = load<u32>(r, 4)
    if (i == 0) {
      if (off) return reject(env, -EINVAL, 'nonzero insn_off %u for the first func info record', off)
    } else if (off <= prev) {
      return reject(env, -EINVAL, 'same or smaller insn offset (%u) than previous func info record (%u)', off, prev)
    }
    const t = btfTypeById(btf, typeId)
    if (!t || btfKind(t) != KIND_FUNC) return reject(env, -EINVAL, 'invalid type id %d in func info', typeId)
    const proto = btfTypeById(btf, btfType(t))
    if (!proto || btfKind(proto) != KIND_FUNC_PROTO) return -EINVAL
    prev = off
    user += size
  }
  return 0
}

function checkFuncInfoEarly(env: Env): i32 {
  const n = attr32(env.attr, ATTR_PROG_LOAD__func_info_cnt)
  if (!n) return checkAbnormalReturn(env)
  const size = attr32(env.attr, ATTR_PROG_LOAD__func_info_rec_size)
  if (size < FUNC_INFO_SIZE || size > MAX_REC_SIZE || size % 4) {
    return reject(env, -EINVAL, 'invalid func info rec size %u\n', size)
  }
  if (n > 0x1fffffff) return -ENOMEM
  const records = kzalloc(<usize>(n * FUNC_INFO_SIZE))
  if (!records) return -ENOMEM
  const err = copyFuncInfo(env, records, n, size)
  if (err) {
    kfree(records)
    return err
  }
  env.prog.funcInfo = records
  env.prog.funcInfoCnt = n
  return 0
}

/** Before subprograms are known: takes the BTF and the function records. */
export function checkBtfInfoEarly(env: Env, attr: usize): i32 {
  if (!attr32(attr, ATTR_PROG_LOAD__func_info_cnt) && !attr32(attr, ATTR_PROG_LOAD__line_info_cnt)) {
    return checkAbnormalReturn(env)
  }
  const err = progBtfByFd(env.prog, attr32(attr, ATTR_PROG_LOAD__prog_btf_fd))
  if (err) return err
  if (env.prog.btf.kernelBtf) return -EACCES
  return checkFuncInfoEarly(env)
}

function checkFuncInfo(env: Env): i32 {
  const prog = env.prog
  const n = attr32(env.attr, ATTR_PROG_LOAD__func_info_cnt)
  if (!n) return checkAbnormalReturn(env)
  if (n != <u32>env.subprogCnt) {
    return reject(env, -EINVAL, "number of funcs in func_info doesn't match number of subprogs\n")
  }
  for (let i = 0; i < env.subprogCnt; i++) {
    const r = prog.funcInfo + <usize>(<u32>i * FUNC_INFO_SIZE)
    const sub = subprogAt(env, i)
    if (<u32>sub.start != load<u32>(r)) {
      return reject(env, -EINVAL, "func_info BTF section doesn't match subprog layout in BPF program\n")
    }
    const t = btfTypeById(prog.btf, load<u32>(r, 4))
    sub.linkage = <u16>btfVlen(t)
    if (!i || returnsScalar(prog.btf, btfTypeById(prog.btf, btfType(t)))) continue
    if (sub.hasLdAbs) return reject(env, -EINVAL, "LD_ABS is only allowed in functions that return 'int'.\n")
    if (sub.hasTailCall) return reject(env, -EINVAL, "tail_call is only allowed in functions that return 'int'.\n")
  }
  return 0
}

/** One line record against the program; `prev` is the instruction of the one before. */
function checkLine(env: Env, r: usize, i: u32, prev: u32): i32 {
  const btf = env.prog.btf
  const off = load<u32>(r)
  if ((i && off <= prev) || off >= <u32>env.len) {
    return reject(
      env,
      -EINVAL,
      'Invalid line_info[%u].insn_off:%u (prev_offset:%u prog->len:%u)\n',
      i,
      off,
      prev,
      env.len,
    )
  }
  if (!insnCode(insnOf(env, off))) {
    return reject(env, -EINVAL, 'Invalid insn code at line_info[%u].insn_off\n', i)
  }
  if (!btfNameByOffset(btf, load<u32>(r, 8)) || !btfNameByOffset(btf, load<u32>(r, 4))) {
    return reject(env, -EINVAL, 'Invalid line_info[%u].line_off or .file_name_off\n', i)
  }
  return 0
}

function copyLineInfo(env: Env, records: usize, n: u32, size: u32): i32 {
  let user = attr64(env.attr, ATTR_PROG_LOAD__line_info)
  const copied = min<u32>(LINE_INFO_SIZE, size)
  let prev: u32 = 0
  let s = 0
  for (let i: u32 = 0; i < n; i++) {
    const r = records + <usize>(i * LINE_INFO_SIZE)
    let err = tailZero(user, LINE_INFO_SIZE, size)
    if (err == -E2BIG) {
      reject(env, err, 'nonzero tailing record in line_info')
      return reportRecordSize(env, ATTR_PROG_LOAD__line_info_rec_size, LINE_INFO_SIZE)
    }
    if (err) return err
    if (!copyFromUser(r, user, <usize>copied)) return -EFAULT
    err = checkLine(env, r, i, prev)
    if (err) return err
    prev = load<u32>(r)
    if (s != env.subprogCnt) {
      const sub = subprogAt(env, s)
      if (<u32>sub.start == prev) {
        sub.linfoIdx = i
        s++
      } else if (<u32>sub.start < prev) {
        return reject(env, -EINVAL, 'missing bpf_line_info for func#%u\n', s)
      }
    }
    user += size
  }
  if (s == env.subprogCnt) return 0
  return reject(env, -EINVAL, 'missing bpf_line_info for %u funcs starting from func#%u\n', env.subprogCnt - s, s)
}

function checkLineInfo(env: Env): i32 {
  const n = attr32(env.attr, ATTR_PROG_LOAD__line_info_cnt)
  if (!n) return 0
  if (n > <u32>i32.MAX_VALUE / LINE_INFO_SIZE) return -EINVAL
  const size = attr32(env.attr, ATTR_PROG_LOAD__line_info_rec_size)
  if (size < LINE_INFO_SIZE || size > MAX_REC_SIZE || size & 3) return -EINVAL
  const records = kzalloc(<usize>(n * LINE_INFO_SIZE))
  if (!records) return -ENOMEM
  const err = copyLineInfo(env, records, n, size)
  if (err) {
    kfree(records)
    return err
  }
  env.prog.lineInfo = records
  env.prog.lineInfoCnt = n
  return 0
}

/** Relocations that the kernel itself applies need types of the kernel. */
function checkCoreRelos(env: Env): i32 {
  const n = attr32(env.attr, ATTR_PROG_LOAD__core_relo_cnt)
  if (!n) return 0
  const size = attr32(env.attr, ATTR_PROG_LOAD__core_relo_rec_size)
  if (n > <u32>i32.MAX_VALUE / CORE_RELO_SIZE || size < CORE_RELO_SIZE || size > MAX_REC_SIZE || size % 4)
    return -EINVAL
  const first = attr64(env.attr, ATTR_PROG_LOAD__core_relos)
  const err = tailZero(first, CORE_RELO_SIZE, size)
  if (err == -E2BIG) {
    reject(env, err, 'nonzero tailing record in core_relo')
    return reportRecordSize(env, ATTR_PROG_LOAD__core_relo_rec_size, CORE_RELO_SIZE)
  }
  if (err) return err
  if (!userOk(first, CORE_RELO_SIZE)) return -EFAULT
  const off = load<u32>(<usize>first)
  if (off % 8 || off / 8 >= <u32>env.len) {
    return reject(env, -EINVAL, 'Invalid core_relo[%u].insn_off:%u prog->len:%u\n', 0, off, env.len)
  }
  return unsupported(env, 'CO-RE relocations applied by the kernel')
}

/** After subprograms are known: function records against them, line records, relocations. */
export function checkBtfInfo(env: Env, attr: usize): i32 {
  if (!attr32(attr, ATTR_PROG_LOAD__func_info_cnt) && !attr32(attr, ATTR_PROG_LOAD__line_info_cnt)) {
    return checkAbnormalReturn(env)
  }
  let err = checkFuncInfo(env)
  if (!err) err = checkLineInfo(env)
  if (!err) err = checkCoreRelos(env)
  return err
}

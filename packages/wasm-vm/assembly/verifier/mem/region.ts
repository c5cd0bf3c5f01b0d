// SPDX-License-Identifier: GPL-2.0-only
// Accesses of memory whose size is known: keys, values, ring buffer records; pointers that must be unmodified; buffers.
// Counterparts: __check_mem_access, check_mem_region_access, __check_ptr_off_reg, check_buffer_access.

import { EACCES } from '../../gen/errno.gen'
import {
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_PACKET,
  PTR_TO_PACKET_END,
  PTR_TO_PACKET_META,
} from '../../gen/verifier-types.gen'
import { isConst } from '../bounds'
import { BPF_MAX_VAR_OFF, Env } from '../env'
import { regTypeStr } from '../log/names'
import { S, Z, reject, verbose } from '../log/verbose'
import { RegState, curReg } from '../state'

export function checkFixed(env: Env, regno: i32, off: i32, size: i32, memSize: u32, zeroOk: bool): i32 {
  if (off >= 0 && (size > 0 || (size == 0 && zeroOk)) && <u64>off + <u64>size <= <u64>memSize) return 0
  const reg = curReg(env, regno)
  switch (reg.type) {
    case PTR_TO_MAP_KEY:
      verbose(env, 'invalid access to map key, key_size=%d off=%d size=%d\n', memSize, off, size)
      break
    case PTR_TO_MAP_VALUE:
      verbose(env, 'invalid access to map value, value_size=%d off=%d size=%d\n', memSize, off, size)
      break
    case PTR_TO_PACKET:
    case PTR_TO_PACKET_META:
    case PTR_TO_PACKET_END:
      verbose(
        env,
        'invalid access to packet, off=%d size=%d, R%d(id=%d,off=%d,r=%d)\n',
        off,
        size,
        regno,
        reg.id,
        off,
        memSize,
      )
      break
    default:
      verbose(env, 'invalid access to memory, mem_size=%u off=%d size=%d\n', memSize, off, size)
  }
  return -EACCES
}

export function rejectNegative(env: Env, regno: i32): i32 {
  return reject(
    env,
    -EACCES,
    'R%d min value is negative, either use unsigned index or do a if (index >=0) check.\n',
    regno,
  )
}

export function checkRegion(env: Env, regno: i32, off: i32, size: i32, memSize: u32, zeroOk: bool): i32 {
  const reg = curReg(env, regno)
  const lo = reg.smin + off
  if (reg.smin < 0 && (reg.smin == i64.MIN_VALUE || lo != <i64>(<i32>lo) || lo < 0)) return rejectNegative(env, regno)
  let err = checkFixed(env, regno, <i32>lo, size, memSize, zeroOk)
  if (err) return reject(env, err, 'R%d min value is outside of the allowed memory range\n', regno)
  if (reg.umax >= <u64>BPF_MAX_VAR_OFF)
    return reject(env, -EACCES, 'R%d unbounded memory access, make sure to bounds check any such access\n', regno)
  err = checkFixed(env, regno, <i32>(reg.umax + <u64>(<i64>off)), size, memSize, zeroOk)
  if (err) return reject(env, err, 'R%d max value is outside of the allowed memory range\n', regno)
  return 0
}

/** The pointer must be as it was given, or moved by a constant. */
export function checkPtrOff(env: Env, reg: RegState, regno: i32, fixedOk: bool): i32 {
  if (reg.off < 0)
    return reject(
      env,
      -EACCES,
      'negative offset %S ptr R%d off=%d disallowed\n',
      regTypeStr(env, reg.type),
      regno,
      reg.off,
    )
  if (!fixedOk && reg.off)
    return reject(
      env,
      -EACCES,
      'dereference of modified %S ptr R%d off=%d disallowed\n',
      regTypeStr(env, reg.type),
      regno,
      reg.off,
    )
  if (!isConst(reg) || reg.varValue)
    return reject(env, -EACCES, 'variable %S access var_off=%T disallowed\n', regTypeStr(env, reg.type), Z(reg.varOff))
  return 0
}

/** Buffers of unknown size: how much is used is noted and checked when the program is attached. */
export function checkBuffer(env: Env, what: string, reg: RegState, regno: i32, off: i32, size: i32): i32 {
  if (off < 0) return reject(env, -EACCES, 'R%d invalid %s buffer access: off=%d, size=%d\n', regno, S(what), off, size)
  if (!isConst(reg) || reg.varValue)
    return reject(env, -EACCES, 'R%d invalid variable buffer offset: off=%d, var_off=%T\n', regno, off, Z(reg.varOff))
  return 0
}

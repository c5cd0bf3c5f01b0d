// SPDX-License-Identifier: GPL-2.0-only
// Accesses of map values: rights of the map, special fields, constants of frozen maps.
// Counterparts: check_map_access_type, check_map_access, check_map_kptr_access, bpf_map_direct_read.

import { BPF_KPTR, BPF_UPTR, recordField, recordFind } from '../../btf/record'
import { EACCES } from '../../gen/errno.gen'
import { SCALAR_VALUE } from '../../gen/verifier-types.gen'
import { isConst, isPointerValue, markKnown, markUnknown } from '../bounds'
import { Env } from '../env'
import { S, reject } from '../log/verbose'
import { mapDirectValueAddr } from '../../maps/ops'
import { canRead, canWrite, fieldName, hasDirectValue, isRdonly } from '../map-facts'
import { checkKptrAccess } from '../special/kptr'
import { RegState, curReg } from '../state'
import { ACCESS_DIRECT, READ, WRITE } from './kinds'
import { checkRegion } from './region'

export function checkMapRights(env: Env, regno: i32, off: i32, size: i32, access: i32): i32 {
  const map = curReg(env, regno).map
  if (access == WRITE && !canWrite(map))
    return reject(env, -EACCES, 'write into map forbidden, value_size=%d off=%d size=%d\n', map.valueSize, off, size)
  if (access == READ && !canRead(map))
    return reject(env, -EACCES, 'read from map forbidden, value_size=%d off=%d size=%d\n', map.valueSize, off, size)
  return 0
}

/** Within the value, and no special field touched but a whole kernel pointer by an instruction. */
export function checkMapAccess(env: Env, regno: i32, off: i32, size: i32, zeroOk: bool, src: i32): i32 {
  const reg = curReg(env, regno)
  const map = reg.map
  const err = checkRegion(env, regno, off, size, map.valueSize, zeroOk)
  if (err || !changetype<usize>(map.record)) return err
  const rec = map.record
  for (let i: u32 = 0; i < rec.cnt; i++) {
    const f = recordField(rec, i)
    const p = f.offset
    if (!(reg.smin + off < <i64>(p + f.size) && <u64>p < reg.umax + <u64>(<i64>(off + size)))) continue
    const name = S(fieldName(f.type))
    if (!(f.type & (BPF_KPTR | BPF_UPTR)))
      return reject(env, -EACCES, '%s cannot be accessed directly by load/store\n', name)
    if (src != ACCESS_DIRECT) return reject(env, -EACCES, '%s cannot be accessed indirectly by helper\n', name)
    if (!isConst(reg)) return reject(env, -EACCES, '%s access cannot have variable offset\n', name)
    const at = <i64>reg.varValue + off
    if (<i64>p != at) return reject(env, -EACCES, '%s access misaligned expected=%u off=%llu\n', name, p, at)
    if (size != 8) return reject(env, -EACCES, '%s access size must be BPF_DW\n', name)
  }
  return 0
}

function readConstant(env: Env, reg: RegState, off: i32, size: i32, dst: RegState, signed: bool): i32 {
  const addr = memory.data(8, 4)
  const err = mapDirectValueAddr(reg.map, off, addr)
  if (err) return err
  const p = load<usize>(addr) + <usize>off
  let v: u64 = 0
  if (size == 1) v = signed ? <u64>(<i64>load<i8>(p)) : load<u8>(p)
  else if (size == 2) v = signed ? <u64>(<i64>load<i16>(p)) : load<u16>(p)
  else if (size == 4) v = signed ? <u64>(<i64>load<i32>(p)) : load<u32>(p)
  else v = load<u64>(p)
  dst.type = SCALAR_VALUE
  markKnown(dst, v)
  return 0
}

export function checkMapValue(
  env: Env,
  insn: i32,
  regno: i32,
  off: i32,
  size: i32,
  access: i32,
  valueReg: i32,
  signed: bool,
): i32 {
  const reg = curReg(env, regno)
  if (access == WRITE && valueReg >= 0 && isPointerValue(env, valueReg))
    return reject(env, -EACCES, 'R%d leaks addr into map\n', valueReg)
  let err = checkMapRights(env, regno, off, size, access)
  if (err) return err
  err = checkMapAccess(env, regno, off, size, false, ACCESS_DIRECT)
  if (err) return err
  const map = reg.map
  if (isConst(reg)) {
    const f = recordFind(map.record, off + <u32>reg.varValue, BPF_KPTR | BPF_UPTR)
    if (changetype<usize>(f)) return checkKptrAccess(env, valueReg, insn, f)
  }
  if (access != READ || valueReg < 0) return 0
  const dst = curReg(env, valueReg)
  if (isConst(reg) && isRdonly(map) && hasDirectValue(map))
    return readConstant(env, reg, off + <i32>reg.varValue, size, dst, signed)
  markUnknown(env, dst)
  return 0
}

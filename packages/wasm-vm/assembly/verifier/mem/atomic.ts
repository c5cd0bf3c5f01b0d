// SPDX-License-Identifier: GPL-2.0-only
// Atomic instructions. Counterpart: check_atomic of kernel/bpf/verifier.c.

import { EACCES, EINVAL } from '../../gen/errno.gen'
import { PTR_TO_ARENA, PTR_TO_CTX, PTR_TO_FLOW_KEYS } from '../../gen/verifier-types.gen'
import { insnCode, insnDst, insnImm, insnOff, insnSrc } from '../../insn/raw'
import { isPointerValue } from '../bounds'
import { Env } from '../env'
import { regTypeStr } from '../log/names'
import { reject } from '../log/verbose'
import { DST_OP, SRC_OP, checkRegArg } from '../regs'
import { curReg } from '../state'
import { checkLoad, checkMemAccess, checkStore, saveAuxType, sizeOfCode } from './access'
import { READ, WRITE, isPacketPointer, isSockPointer } from './kinds'

/** The JIT for x86 has no loops around an access that may fault. */
@inline function arenaOk(imm: i32): bool {
  return imm != 0x41 && imm != 0x51 && imm != 0xa1
}

function pointerOk(env: Env, regno: i32, imm: i32): bool {
  const t = curReg(env, regno).type
  if (t == PTR_TO_ARENA) return arenaOk(imm)
  return t != PTR_TO_CTX && !isPacketPointer(t) && t != PTR_TO_FLOW_KEYS && !isSockPointer(t)
}

function rmw(env: Env, p: usize): i32 {
  const size = sizeOfCode(insnCode(p))
  const src = insnSrc(p)
  const dst = insnDst(p)
  const imm = insnImm(p)
  if (size < 4) return reject(env, -EINVAL, 'invalid atomic operand size\n')
  let err = checkRegArg(env, src, SRC_OP)
  if (err) return err
  err = checkRegArg(env, dst, SRC_OP)
  if (err) return err
  if (imm == 0xf1) {
    err = checkRegArg(env, 0, SRC_OP)
    if (err) return err
    if (isPointerValue(env, 0)) return reject(env, -EACCES, 'R%d leaks addr into mem\n', 0)
  }
  if (isPointerValue(env, src)) return reject(env, -EACCES, 'R%d leaks addr into mem\n', src)
  if (!pointerOk(env, dst, imm))
    return reject(
      env,
      -EACCES,
      'BPF_ATOMIC stores into R%d %S is not allowed\n',
      dst,
      regTypeStr(env, curReg(env, dst).type),
    )
  let loaded = -1
  if (imm & 1) {
    loaded = imm == 0xf1 ? 0 : src
    err = checkRegArg(env, loaded, DST_OP)
    if (err) return err
  }
  const off = insnOff(p)
  err = checkMemAccess(env, env.insnIdx, dst, off, size, READ, -1, true, false)
  if (!err && loaded >= 0) err = checkMemAccess(env, env.insnIdx, dst, off, size, READ, loaded, true, false)
  if (err) return err
  if (curReg(env, dst).type == PTR_TO_ARENA) {
    err = saveAuxType(env, PTR_TO_ARENA, false)
    if (err) return err
  }
  return checkMemAccess(env, env.insnIdx, dst, off, size, WRITE, -1, true, false)
}

export function checkAtomic(env: Env, p: usize): i32 {
  switch (insnImm(p)) {
    case 0x00:
    case 0x01:
    case 0x50:
    case 0x51:
    case 0x40:
    case 0x41:
    case 0xa0:
    case 0xa1:
    case 0xe1:
    case 0xf1:
      return rmw(env, p)
    case 0x100: {
      const err = checkLoad(env, p, true, false, false, 'atomic_load')
      if (err || pointerOk(env, insnSrc(p), 0)) return err
      return reject(
        env,
        -EACCES,
        'BPF_ATOMIC loads from R%d %S is not allowed\n',
        insnSrc(p),
        regTypeStr(env, curReg(env, insnSrc(p)).type),
      )
    }
    case 0x110: {
      const err = checkStore(env, p, true)
      if (err || pointerOk(env, insnDst(p), 0)) return err
      return reject(
        env,
        -EACCES,
        'BPF_ATOMIC stores into R%d %S is not allowed\n',
        insnDst(p),
        regTypeStr(env, curReg(env, insnDst(p)).type),
      )
    }
  }
  return reject(env, -EINVAL, 'BPF_ATOMIC uses invalid atomic opcode %02x\n', insnImm(p))
}

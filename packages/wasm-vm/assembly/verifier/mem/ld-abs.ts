// SPDX-License-Identifier: GPL-2.0-only
// Legacy packet loads and 64-bit immediates. Counterparts: check_ld_abs, check_ld_imm.

import { EFAULT, EINVAL } from '../../gen/errno.gen'
import { BPF_MAP_TYPE_ARENA } from '../../gen/uapi-enums.gen'
import {
  CONST_PTR_TO_MAP,
  PTR_TO_BTF_ID,
  PTR_TO_CTX,
  PTR_TO_FUNC,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { insnCode, insnDst, insnImm, insnImm64, insnOff, insnSrc } from '../../insn/raw'
import { BpfMap } from '../../maps/map'
import { baseType, markKnown, markKnownZero, markUnknown } from '../bounds'
import { prepareFuncExit } from '../call/callback'
import { BTF_FUNC_STATIC, Env, curAux, findSubprog, markRegScratched, subprogAt, resolveProgType } from '../env'
import { updateLiveStack } from '../liveness'
import { reject, verifierBug } from '../log/verbose'
import { checkResourceLeak } from '../refs'
import { DST_OP, SRC_OP, checkRegArg, clearCallerSaved } from '../regs'
import { curFrame, curReg } from '../state'
import { pushStack } from '../states/stack'
import { legacyPacketLoads } from '../tables'
import { checkPtrOff } from './region'

export function checkLdAbs(env: Env, p: usize): i32 {
  const code = insnCode(p)
  const abs = (code & 0xe0) == 0x20
  if (!legacyPacketLoads(resolveProgType(env.prog)))
    return reject(env, -EINVAL, 'BPF_LD_[ABS|IND] instructions not allowed for this program type\n')
  if (insnDst(p) || insnOff(p) || (code & 0x18) == 0x18 || (abs && insnSrc(p)))
    return reject(env, -EINVAL, 'BPF_LD_[ABS|IND] uses reserved fields\n')
  let err = checkRegArg(env, 6, SRC_OP)
  if (err) return err
  err = checkResourceLeak(env, false, true, 'BPF_LD_[ABS|IND]')
  if (err) return err
  if (curReg(env, 6).type != PTR_TO_CTX)
    return reject(env, -EINVAL, 'at the time of BPF_LD_ABS|IND R6 != pointer to skb\n')
  if (!abs) {
    err = checkRegArg(env, insnSrc(p), SRC_OP)
    if (err) return err
  }
  err = checkPtrOff(env, curReg(env, 6), 6, false)
  if (err < 0) return err
  clearCallerSaved(env, curFrame(env))
  const r0 = curReg(env, 0)
  markUnknown(env, r0)
  r0.subregDef = env.insnIdx + 1
  return env.cur.curframe ? exitsEarly(env) : 0
}

/** A load outside the packet ends the function with 0: in a subprogram the caller goes on with that. */
function exitsEarly(env: Env): i32 {
  markRegScratched(env, 0)
  const success = pushStack(env, env.insnIdx + 1, env.insnIdx, false)
  if (!changetype<usize>(success)) return -EFAULT
  markKnownZero(curReg(env, 0))
  let err = updateLiveStack(env)
  if (err) return err
  err = prepareFuncExit(env)
  if (err) return err
  env.insnIdx--
  return 0
}

export function checkLdImm(env: Env, p: usize): i32 {
  const aux = curAux(env)
  if ((insnCode(p) & 0x18) != 0x18) return reject(env, -EINVAL, 'invalid BPF_LD_IMM insn\n')
  if (insnOff(p)) return reject(env, -EINVAL, 'BPF_LD_IMM64 uses reserved fields\n')
  const err = checkRegArg(env, insnDst(p), DST_OP)
  if (err) return err
  const r = curReg(env, insnDst(p))
  const src = insnSrc(p)
  if (src == 0) {
    r.type = SCALAR_VALUE
    markKnown(r, <u64>insnImm64(p))
    return 0
  }
  markKnownZero(r)
  if (src == 3) {
    r.type = aux.ptrType
    if (baseType(r.type) == PTR_TO_MEM) r.memSize = aux.memSize
    else if (baseType(r.type) == PTR_TO_BTF_ID) {
      r.btf = aux.varBtf
      r.btfId = aux.varId
    } else return verifierBug(env, 'pseudo btf id: unexpected dst reg type')
    return 0
  }
  if (src == 4) {
    if (!env.prog.funcInfo) return reject(env, -EINVAL, 'missing btf func_info\n')
    const n = findSubprog(env, env.insnIdx + insnImm(p) + 1)
    if (subprogAt(env, n).linkage != BTF_FUNC_STATIC) return reject(env, -EINVAL, 'callback function not static\n')
    r.type = PTR_TO_FUNC
    r.subprogno = n
    return 0
  }
  const map = changetype<BpfMap>(load<usize>(env.usedMaps + ((<usize>aux.mapIndex) << 2)))
  r.map = map
  if (src == 2 || src == 6) {
    if (map.mapType == BPF_MAP_TYPE_ARENA) {
      markUnknown(env, r)
      return 0
    }
    r.type = PTR_TO_MAP_VALUE
    r.off = aux.mapOff
  } else if (src == 1 || src == 5) r.type = CONST_PTR_TO_MAP
  else return verifierBug(env, 'unexpected src reg value for ldimm64')
  return 0
}

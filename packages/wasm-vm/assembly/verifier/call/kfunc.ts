// SPDX-License-Identifier: GPL-2.0-only
// Calls of kernel functions: those of kfunc/known.ts, when the host gave the kernel's BTF; all others end as
// unsupported. Counterparts: add_kfunc_call, check_kfunc_call, check_kfunc_args.

import { EACCES, EINVAL } from '../../gen/errno.gen'
import {
  ARG_DONTCARE,
  ARG_PTR_TO_DYNPTR,
  CONST_PTR_TO_DYNPTR,
  DYNPTR_TYPE_LOCAL,
  DYNPTR_TYPE_RINGBUF,
  DYNPTR_TYPE_SKB,
  DYNPTR_TYPE_XDP,
  MEM_RCU,
  MEM_RDONLY,
  MEM_UNINIT,
  PTR_MAYBE_NULL,
  PTR_TO_CTX,
  PTR_TO_MEM,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
  BPF_DYNPTR_TYPE_LOCAL,
  BPF_DYNPTR_TYPE_RINGBUF,
  BPF_DYNPTR_TYPE_SKB,
  BPF_DYNPTR_TYPE_XDP,
} from '../../gen/verifier-types.gen'
import { insnImm, insnOff } from '../../insn/raw'
import {
  KF_DYNPTR_CLONE,
  KF_DYNPTR_FROM_SKB,
  KF_DYNPTR_FROM_XDP,
  KF_DYNPTR_SLICE,
  KF_NONE,
  KF_PREEMPT_DISABLE,
  KF_PREEMPT_ENABLE,
  KF_RCU_READ_LOCK,
  KF_RCU_READ_UNLOCK,
  kernelFunction,
  kernelFunctionName,
  knownKfunc,
} from '../../kfunc/known'
import { kernel } from '../../mem/root'
import { isConst, markKnownZero, markNotInit, markPtrNotNull, markUnknown, mayBeNull, registerIsNull } from '../bounds'
import { Env, curAux, resolveProgType } from '../env'
import { regTypeStr } from '../log/names'
import { Z, reject, unsupported, verifierBug } from '../log/verbose'
import { READ, WRITE } from '../mem/kinds'
import { mayAccessPacket } from '../mem/packet'
import { firstReg, more, nextReg } from '../reg-iter'
import { DEF_NOT_SUBREG, clearCallerSaved } from '../regs'
import { dynptrOf, processDynptrArg } from '../special/dynptr'
import { iterNextCall, processIterArg } from '../special/iterator'
import { RegState, copyReg, curFrame, curReg } from '../state'
import { checkArgOffset } from './args'
import {
  KARG_BUFFER,
  KARG_CTX,
  KARG_DYNPTR_OUT,
  KARG_IGNORED,
  KARG_ITER,
  KARG_NONE,
  KARG_SCALAR,
  KRET_INT_PTR,
  KRET_SCALAR,
  KRET_SLICE,
  isIterNext,
  kfuncArg,
  kfuncArgKinds,
  kfuncDenied,
  kfuncForType,
  kfuncResult,
  takesTrusted,
} from './kfunc-kinds'
import { Meta, metaOf } from './meta'
import { checkSizeReg } from './size'

/** When subprograms are collected: whether the function can be called at all. */
export function checkKfuncKnown(env: Env, p: usize): i32 {
  if (!env.prog.gplCompatible)
    return reject(env, -EINVAL, 'cannot call kernel function from non-GPL compatible program\n')
  const id = insnImm(p)
  // Number 0 may be dead code; whether it is shows at the end.
  if (!id && !insnOff(p)) return 0
  if (insnOff(p) || !kernel().vmlinux) return unsupported(env, 'kernel function calls (BTF id %d)', id)
  if (!kernelFunction(id)) return reject(env, -EINVAL, 'kernel btf_id %u is not a function\n', id)
  return knownKfunc(id) == KF_NONE ? unsupported(env, 'kernel function calls (BTF id %d)', id) : 0
}

@inline function kfuncOf(p: usize): i32 {
  return insnOff(p) ? KF_NONE : knownKfunc(insnImm(p))
}
export function isIterNextKfunc(env: Env, p: usize): bool {
  return isIterNext(kfuncOf(p))
}
/** None of those that are known does. */
export function kfuncMightSleep(env: Env, p: usize): bool {
  return false
}
export function kfuncChangesPacket(env: Env, p: usize): bool {
  return false
}

function dynptrFlag(type: i32): i32 {
  switch (type) {
    case BPF_DYNPTR_TYPE_LOCAL:
      return DYNPTR_TYPE_LOCAL
    case BPF_DYNPTR_TYPE_RINGBUF:
      return DYNPTR_TYPE_RINGBUF
    case BPF_DYNPTR_TYPE_SKB:
      return DYNPTR_TYPE_SKB
    case BPF_DYNPTR_TYPE_XDP:
      return DYNPTR_TYPE_XDP
  }
  return 0
}

/** meta.dynptrId, meta.memSize and meta.refObjId keep the id, the type and the reference of the dynptr that is read. */
function checkDynptr(env: Env, k: i32, regno: i32, out: bool, meta: Meta): i32 {
  const reg = curReg(env, regno)
  let arg = ARG_PTR_TO_DYNPTR
  if (reg.type == CONST_PTR_TO_DYNPTR) arg |= MEM_RDONLY
  if (!out) {
    const err = processDynptrArg(env, regno, env.insnIdx, arg, 0)
    if (err < 0) return err
    const d = dynptrOf(env, reg)
    if (!changetype<usize>(d)) return verifierBug(env, 'failed to obtain dynptr id')
    meta.dynptrId = d.id
    meta.memSize = <u32>d.dynptrType
    meta.refObjId = d.refObjId
    return 0
  }
  arg |= MEM_UNINIT
  if (k == KF_DYNPTR_FROM_SKB) arg |= DYNPTR_TYPE_SKB
  else if (k == KF_DYNPTR_FROM_XDP) arg |= DYNPTR_TYPE_XDP
  else if (k == KF_DYNPTR_CLONE) arg |= dynptrFlag(<i32>meta.memSize)
  return processDynptrArg(env, regno, env.insnIdx, arg, k == KF_DYNPTR_CLONE ? <i32>meta.refObjId : 0)
}

/** Memory and the register of its size after it, for reading and for writing. */
function checkMemory(env: Env, regno: i32, meta: Meta): i32 {
  const mem = curReg(env, regno)
  const size = curReg(env, regno + 1)
  const nullable = mayBeNull(mem.type)
  const saved = env.fake2
  if (nullable) {
    copyReg(saved, mem)
    markPtrNotNull(mem)
  }
  let err = checkSizeReg(env, size, regno + 1, READ, true, meta)
  if (!err) err = checkSizeReg(env, size, regno + 1, WRITE, true, meta)
  if (nullable) copyReg(mem, saved)
  return err
}

/** The buffer of a slice: it may be NULL; its size must be known. */
function checkBuffer(env: Env, regno: i32, meta: Meta): i32 {
  const i = regno - 1
  const size = curReg(env, regno + 1)
  if (size.type != SCALAR_VALUE) {
    return reject(env, -EINVAL, 'arg#%d pointer type UNKNOWN  must point to scalar, or struct with scalar\n', i)
  }
  if (!registerIsNull(curReg(env, regno))) {
    const err = checkMemory(env, regno, meta)
    if (err < 0) {
      return reject(env, err, 'arg#%d arg#%d memory, len pair leads to invalid memory access\n', i, i + 1)
    }
  }
  if (!isConst(size)) return reject(env, -EINVAL, 'R%d must be a known constant\n', regno + 1)
  meta.constMapKey = <i64>size.varValue
  return 0
}

function checkArg(env: Env, k: i32, kind: u32, regno: i32, meta: Meta): i32 {
  const reg = curReg(env, regno)
  if (kind == KARG_SCALAR) return reg.type == SCALAR_VALUE ? 0 : reject(env, -EINVAL, 'R%d is not a scalar\n', regno)
  if (takesTrusted(k) && (registerIsNull(reg) || mayBeNull(reg.type)))
    return reject(env, -EACCES, 'Possibly NULL pointer passed to trusted arg%d\n', regno - 1)
  const err = checkArgOffset(env, reg, regno, ARG_DONTCARE)
  if (err < 0) return err
  if (kind == KARG_CTX) {
    if (reg.type == PTR_TO_CTX) return 0
    return reject(env, -EINVAL, 'arg#%d expected pointer to ctx, but got %S\n', regno - 1, regTypeStr(env, reg.type))
  }
  if (kind == KARG_ITER) return processIterArg(env, k, regno, meta)
  if (kind == KARG_BUFFER) return checkBuffer(env, regno, meta)
  return checkDynptr(env, k, regno, kind == KARG_DYNPTR_OUT, meta)
}

function checkArgs(env: Env, k: i32, meta: Meta): i32 {
  const kinds = kfuncArgKinds(k)
  for (let i = 0; i < 5; i++) {
    const kind = kfuncArg(kinds, i)
    if (kind == KARG_NONE) break
    if (kind == KARG_IGNORED) continue
    const err = checkArg(env, k, kind, i + 1, meta)
    if (err < 0) return err
    if (kind == KARG_BUFFER) i++
  }
  return 0
}

/** Leaving the section takes the trust from what was only safe inside. */
function endRcu(env: Env): void {
  for (let r = firstReg(env.cur); more(r); r = nextReg()) {
    if (r.type & MEM_RCU) r.type = (r.type & ~(MEM_RCU | PTR_MAYBE_NULL)) | PTR_UNTRUSTED
  }
  env.cur.activeRcuLock = false
}

function checkSections(env: Env, k: i32, name: i64): i32 {
  const st = env.cur
  if (k == KF_RCU_READ_LOCK) {
    if (st.activeRcuLock) return reject(env, -EINVAL, 'nested rcu read lock (kernel function %S)\n', name)
    st.activeRcuLock = true
  } else if (k == KF_RCU_READ_UNLOCK) {
    if (!st.activeRcuLock) return reject(env, -EINVAL, 'unmatched rcu read unlock (kernel function %S)\n', name)
    endRcu(env)
  } else if (k == KF_PREEMPT_DISABLE) {
    st.activePreemptLocks++
  } else if (k == KF_PREEMPT_ENABLE) {
    if (!st.activePreemptLocks)
      return reject(env, -EINVAL, 'unmatched attempt to enable preemption (kernel function %S)\n', name)
    st.activePreemptLocks--
  }
  return 0
}

function setSlice(env: Env, k: i32, r0: RegState, meta: Meta): i32 {
  markKnownZero(r0)
  r0.type = PTR_TO_MEM | dynptrFlag(<i32>meta.memSize) | PTR_MAYBE_NULL
  r0.memSize = <u32>meta.constMapKey
  if (k == KF_DYNPTR_SLICE) r0.type |= MEM_RDONLY
  else if (!mayAccessPacket(env, -1, WRITE))
    return reject(env, -EINVAL, 'the prog does not allow writes to packet data\n')
  if (!meta.dynptrId) return verifierBug(env, 'no dynptr id')
  r0.dynptrId = meta.dynptrId
  r0.id = ++env.idGen
  return 0
}

function setResult(env: Env, k: i32, meta: Meta): i32 {
  const r0 = curReg(env, 0)
  switch (kfuncResult(k)) {
    case KRET_SCALAR:
      markUnknown(env, r0)
      return 0
    case KRET_INT_PTR:
      markKnownZero(r0)
      r0.type = PTR_TO_MEM | MEM_RDONLY | PTR_MAYBE_NULL
      r0.memSize = 4
      r0.refObjId = meta.refObjId
      r0.id = ++env.idGen
      return 0
    case KRET_SLICE:
      return setSlice(env, k, r0, meta)
  }
  return 0
}

/** When the walk meets the call. */
export function checkKfuncCall(env: Env, p: usize): i32 {
  const id = insnImm(p)
  if (!id) return 0
  const k = kfuncOf(p)
  if (k == KF_NONE) return unsupported(env, 'kernel function calls (BTF id %d)', id)
  const name = Z(kernelFunctionName(id))
  const type = resolveProgType(env.prog)
  if (!kfuncForType(k, type)) {
    if (kfuncDenied(k, type)) return reject(env, -EACCES, 'calling kernel function %S is not allowed\n', name)
    // Which other types may is for the kernel's sets to say.
    return unsupported(env, 'kernel function calls from this program type (BTF id %d)', id)
  }
  curAux(env).isIterNext = isIterNext(k)
  const meta = metaOf(env)
  memory.fill(changetype<usize>(meta), 0, offsetof<Meta>())
  let err = checkArgs(env, k, meta)
  if (err < 0) return err
  err = checkSections(env, k, name)
  if (err < 0) return err
  const f = curFrame(env)
  clearCallerSaved(env, f)
  for (let i = 0; i <= 5; i++) {
    markNotInit(env, curReg(env, i))
    curReg(env, i).subregDef = DEF_NOT_SUBREG
  }
  err = setResult(env, k, meta)
  if (err < 0) return err
  return isIterNext(k) ? iterNextCall(env, meta) : 0
}

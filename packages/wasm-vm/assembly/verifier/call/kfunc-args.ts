// SPDX-License-Identifier: GPL-2.0-only
// Arguments of a kernel function against its prototype. Counterpart: check_kfunc_args.

import { btfKind, btfNameOf, btfType, btfTypeById } from '../../btf/btf'
import { BPF_TASK_WORK, BPF_WORKQUEUE, recordHas } from '../../btf/record'
import { btfTypeSkipModifiers } from '../../btf/kinds'
import { EACCES, EFAULT, EINVAL } from '../../gen/errno.gen'
import {
  KFUNC_bpf_cast_to_kern_ctx,
  KFUNC_bpf_iter_css_task_new,
  KFUNC_bpf_local_irq_restore,
  KFUNC_bpf_local_irq_save,
  KFUNC_bpf_res_spin_lock,
  KFUNC_bpf_res_spin_lock_irqsave,
  KFUNC_bpf_res_spin_unlock,
  KFUNC_bpf_res_spin_unlock_irqrestore,
} from '../../gen/kfuncs.gen'
import { BPF_PROG_TYPE_LSM, BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER } from '../../gen/uapi-enums.gen'
import {
  ARG_DONTCARE,
  CONST_PTR_TO_MAP,
  MEM_ALLOC,
  MEM_RCU,
  NON_OWN_REF,
  OBJ_RELEASE,
  PTR_TO_BTF_ID,
  PTR_TO_CTX,
  PTR_TO_FUNC,
  PTR_TO_MAP_VALUE,
  PTR_TO_STACK,
  PTR_TRUSTED,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { mapName } from '../../maps/map'
import { kernelStruct } from './kfunc-match'
import { markChainPrecision } from '../backtrack/precision'
import { KIND_PTR, isText, kindStr, resolveSize } from '../btf-facts'
import { baseType, isConst, markPtrNotNull, mayBeNull, registerIsNull, typeFlag } from '../bounds'
import { Env, auxAt, inSleepable, resolveProgType } from '../env'
import { regTypeStr } from '../log/names'
import { S, Z, reject, verbose, verifierBug } from '../log/verbose'
import { READ, WRITE } from '../mem/kinds'
import { IRQ_LOCK_KFUNC, IRQ_NATIVE_KFUNC, processIrqFlag } from '../special/irq'
import { processIterArg } from '../special/iterator'
import { processSpinLock } from '../special/lock'
import { REF_TYPE_RES_LOCK, REF_TYPE_RES_LOCK_IRQ, RegState, copyReg, curReg } from '../state'
import { checkArgOffset, checkConstStr } from './args'
import { kernelContext } from './kfunc-context'
import { dynptrArg } from './kfunc-dynptr'
import {
  KF_ARG_PTR_TO_ALLOC_BTF_ID,
  KF_ARG_PTR_TO_BTF_ID,
  KF_ARG_PTR_TO_CALLBACK,
  KF_ARG_PTR_TO_CONST_STR,
  KF_ARG_PTR_TO_CTX,
  KF_ARG_PTR_TO_DYNPTR,
  KF_ARG_PTR_TO_IRQ_FLAG,
  KF_ARG_PTR_TO_ITER,
  KF_ARG_PTR_TO_MAP,
  KF_ARG_PTR_TO_MEM,
  KF_ARG_PTR_TO_MEM_SIZE,
  KF_ARG_PTR_TO_NULL,
  KF_ARG_PTR_TO_RES_SPIN_LOCK,
  KF_ARG_PTR_TO_TASK_WORK,
  KF_ARG_PTR_TO_WORKQUEUE,
  hasSuffix,
  isBtfAlias,
  isConstSize,
  isScalarType,
  paramTypeOf,
  pointerKind,
} from './kfunc-kinds'
import { processBtfArg } from './kfunc-match'
import { KfuncMeta, isRelease, paramCount, paramName, takesRcu, takesTrusted } from './kfunc-meta'
import { isObjectKind, processObjectArg } from './kfunc-objects'
import { META_SIZE, Meta } from './meta'
import { checkMemReg, checkSizeReg } from './size'

const ID: usize = memory.data(4, 4)
const TRUSTED_MODIFIERS: i32 = MEM_ALLOC | PTR_TRUSTED | NON_OWN_REF

@inline function hasUnsafeModifiers(type: i32): bool {
  return (typeFlag(type) & ~TRUSTED_MODIFIERS) != 0
}

/** The pointer is what it says for as long as the program holds it. */
export function isTrusted(reg: RegState): bool {
  if (reg.refObjId) return true
  if (hasUnsafeModifiers(reg.type)) return false
  return isBtfAlias(baseType(reg.type)) || (typeFlag(reg.type) & TRUSTED_MODIFIERS) != 0
}

@inline function isRcu(reg: RegState): bool {
  return (reg.type & MEM_RCU) != 0
}

/** Size of the memory that the result points to, from a scalar argument. */
function resultSize(env: Env, m: KfuncMeta, reg: RegState, regno: i32): i32 {
  if (m.r0Size) return reject(env, -EINVAL, '2 or more rdonly/rdwr_buf_size parameters for kfunc')
  if (!isConst(reg)) return reject(env, -EINVAL, 'R%d is not a const\n', regno)
  m.r0Size = reg.varValue
  return markChainPrecision(env, regno)
}

function scalarArg(env: Env, m: KfuncMeta, i: i32): i32 {
  const regno = i + 1
  const reg = curReg(env, regno)
  if (reg.type != SCALAR_VALUE) return reject(env, -EINVAL, 'R%d is not a scalar\n', regno)
  if (hasSuffix(m, i, '__k')) {
    if (m.constFound) return verifierBug(env, 'only one constant argument permitted')
    if (!isConst(reg)) return reject(env, -EINVAL, 'R%d must be a known constant\n', regno)
    const err = markChainPrecision(env, regno)
    if (err < 0) return err
    m.constFound = true
    m.constValue = reg.varValue
    return 0
  }
  const name = paramName(m, i)
  if (isText(name, 'rdonly_buf_size')) m.r0Rdonly = true
  else if (!isText(name, 'rdwr_buf_size')) return 0
  return resultSize(env, m, reg, regno)
}

/** The map that an argument is; a second one must be the one that the first lies in. */
function mapArg(env: Env, m: KfuncMeta, reg: RegState, regno: i32): i32 {
  const map = reg.map
  if (!changetype<usize>(map)) return reject(env, -EINVAL, "pointer in R%d isn't map pointer\n", regno)
  if (changetype<usize>(m.map) && reg.type == CONST_PTR_TO_MAP) {
    const other = changetype<usize>(m.map) != changetype<usize>(map) || m.mapUid != reg.mapUid
    if (other && recordHas(map.record, BPF_TASK_WORK))
      return reject(
        env,
        -EINVAL,
        "bpf_task_work pointer in R2 map_uid=%d doesn't match map pointer in R3 map_uid=%d\n",
        m.mapUid,
        reg.mapUid,
      )
    if (other && recordHas(map.record, BPF_WORKQUEUE))
      return reject(
        env,
        -EINVAL,
        "workqueue pointer in R1 map_uid=%d doesn't match map pointer in R2 map_uid=%d\n",
        m.mapUid,
        reg.mapUid,
      )
  }
  m.map = map
  m.mapUid = reg.mapUid
  return 0
}

function checkTrust(env: Env, m: KfuncMeta, reg: RegState, regno: i32): i32 {
  if ((!takesTrusted(m) && !takesRcu(m)) || isTrusted(reg)) return 0
  if (!takesRcu(m)) return reject(env, -EINVAL, 'R%d must be referenced or trusted\n', regno)
  return isRcu(reg) ? 0 : reject(env, -EINVAL, 'R%d must be a rcu pointer\n', regno)
}

function contextArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  if (reg.type != PTR_TO_CTX)
    return reject(env, -EINVAL, 'arg#%d expected pointer to ctx, but got %S\n', i, regTypeStr(env, reg.type))
  if (m.row != KFUNC_bpf_cast_to_kern_ctx) return 0
  const id = kernelContext(env, m.btf)
  if (id < 0) return -EINVAL
  m.retBtfId = <u32>id
  return 0
}

/** Iterators over the tasks of a cgroup take a lock that not every program may meet. */
function mayVisitTasks(env: Env): bool {
  const type = resolveProgType(env.prog)
  if (type == BPF_PROG_TYPE_LSM) return true
  if (type == BPF_PROG_TYPE_TRACING && env.prog.expectedAttachType == BPF_TRACE_ITER) return true
  return inSleepable(env)
}

function iterArg(env: Env, m: KfuncMeta, regno: i32): i32 {
  if (m.row == KFUNC_bpf_iter_css_task_new && !mayVisitTasks(env))
    return reject(env, -EINVAL, 'css_task_iter is only allowed in bpf_lsm, bpf_iter and sleepable progs\n')
  return processIterArg(env, m, regno)
}

function structArg(env: Env, m: KfuncMeta, i: i32, reg: RegState, ref: usize, refId: u32): i32 {
  const base = baseType(reg.type)
  if ((base != PTR_TO_BTF_ID || (hasUnsafeModifiers(reg.type) && !isRcu(reg))) && !isBtfAlias(base)) {
    verbose(env, 'arg#%d is %S ', i, regTypeStr(env, reg.type))
    const expected = base | (typeFlag(reg.type) & TRUSTED_MODIFIERS)
    return reject(env, -EINVAL, 'expected %S or socket\n', regTypeStr(env, expected))
  }
  return processBtfArg(env, m, i, ref, refId)
}

function memoryArg(env: Env, m: KfuncMeta, i: i32, reg: RegState, ref: usize): i32 {
  const size = resolveSize(m.btf, ref)
  if (size < 0)
    return reject(
      env,
      -EINVAL,
      "arg#%d reference type('%s %S') size cannot be determined: %ld\n",
      i,
      S(kindStr(ref)),
      Z(btfNameOf(m.btf, ref)),
      -EINVAL,
    )
  return checkMemReg(env, reg, i + 1, <u32>size)
}

/** Memory and the register of its size after it, for reading and for writing. */
function checkSized(env: Env, regno: i32): i32 {
  const mem = curReg(env, regno)
  const size = curReg(env, regno + 1)
  const nullable = mayBeNull(mem.type)
  const saved = env.fake2
  const meta = changetype<Meta>(SIZE_META)
  memory.fill(SIZE_META, 0, META_SIZE)
  if (nullable) {
    copyReg(saved, mem)
    markPtrNotNull(mem)
  }
  let err = checkSizeReg(env, size, regno + 1, READ, true, meta)
  if (!err) err = checkSizeReg(env, size, regno + 1, WRITE, true, meta)
  if (nullable) copyReg(mem, saved)
  return err
}
const SIZE_META: usize = memory.data(128, 8)

function sizedArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  const regno = i + 1
  if (!registerIsNull(reg) || !hasSuffix(m, i, '__opt')) {
    const err = checkSized(env, regno)
    if (err < 0) return reject(env, err, 'arg#%d arg#%d memory, len pair leads to invalid memory access\n', i, i + 1)
  }
  const size = curReg(env, regno + 1)
  if (!isConstSize(m, i + 1, size)) return 0
  if (m.constFound) return verifierBug(env, 'only one constant argument permitted')
  if (!isConst(size)) return reject(env, -EINVAL, 'R%d must be a known constant\n', regno + 1)
  m.constFound = true
  m.constValue = size.varValue
  return 0
}

function fieldOffset(reg: RegState): i64 {
  return <i64>reg.varValue + reg.off
}

function workqueueArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  if (reg.type != PTR_TO_MAP_VALUE) return reject(env, -EINVAL, "arg#%d doesn't point to a map value\n", i)
  const rec = reg.map.record
  const at = recordHas(rec, BPF_WORKQUEUE) ? rec.wqOff : -1
  if (<i64>at != fieldOffset(reg))
    return reject(env, -EINVAL, "off %lld doesn't point to 'struct bpf_wq' that is at %d\n", fieldOffset(reg), at)
  m.map = reg.map
  m.mapUid = reg.mapUid
  return 0
}

function taskWorkArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  const regno = i + 1
  if (reg.type != PTR_TO_MAP_VALUE) return reject(env, -EINVAL, "arg#%d doesn't point to a map value\n", i)
  if (!isConst(reg))
    return reject(
      env,
      -EINVAL,
      "R%d doesn't have constant offset. bpf_task_work has to be at the constant offset\n",
      regno,
    )
  const map = reg.map
  const name = Z(mapName(map))
  if (!changetype<usize>(map.btf))
    return reject(env, -EINVAL, "map '%S' has to have BTF in order to use bpf_task_work\n", name)
  if (!recordHas(map.record, BPF_TASK_WORK)) return reject(env, -EINVAL, "map '%S' has no valid bpf_task_work\n", name)
  const at = map.record.taskWorkOff
  if (<i64>at != fieldOffset(reg))
    return reject(
      env,
      -EINVAL,
      "off %lld doesn't point to 'struct bpf_task_work' that is at %d\n",
      fieldOffset(reg),
      at,
    )
  if (changetype<usize>(m.map)) return verifierBug(env, 'Two map pointers in a bpf_task_work helper')
  m.map = map
  m.mapUid = reg.mapUid
  return 0
}

function lockArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  if (reg.type != PTR_TO_MAP_VALUE && reg.type != (PTR_TO_BTF_ID | MEM_ALLOC))
    return reject(env, -EINVAL, "arg#%d doesn't point to map value or allocated object\n", i)
  switch (m.row) {
    case KFUNC_bpf_res_spin_lock:
      return processSpinLock(env, i + 1, true, REF_TYPE_RES_LOCK)
    case KFUNC_bpf_res_spin_unlock:
      return processSpinLock(env, i + 1, false, REF_TYPE_RES_LOCK)
    case KFUNC_bpf_res_spin_lock_irqsave:
      return processSpinLock(env, i + 1, true, REF_TYPE_RES_LOCK_IRQ)
    case KFUNC_bpf_res_spin_unlock_irqrestore:
      return processSpinLock(env, i + 1, false, REF_TYPE_RES_LOCK_IRQ)
  }
  return -EFAULT
}

function irqArg(env: Env, m: KfuncMeta, i: i32, reg: RegState): i32 {
  if (reg.type != PTR_TO_STACK) return reject(env, -EINVAL, "arg#%d doesn't point to an irq flag on stack\n", i)
  switch (m.row) {
    case KFUNC_bpf_local_irq_save:
      return processIrqFlag(env, i + 1, true, IRQ_NATIVE_KFUNC)
    case KFUNC_bpf_local_irq_restore:
      return processIrqFlag(env, i + 1, false, IRQ_NATIVE_KFUNC)
    case KFUNC_bpf_res_spin_lock_irqsave:
      return processIrqFlag(env, i + 1, true, IRQ_LOCK_KFUNC)
    case KFUNC_bpf_res_spin_unlock_irqrestore:
      return processIrqFlag(env, i + 1, false, IRQ_LOCK_KFUNC)
  }
  return verifierBug(env, 'unknown irq flags kfunc')
}

function byKind(env: Env, m: KfuncMeta, kind: i32, i: i32, ref: usize, refId: u32): i32 {
  const reg = curReg(env, i + 1)
  if (isObjectKind(kind)) return processObjectArg(env, m, kind, i)
  switch (kind) {
    case KF_ARG_PTR_TO_CTX:
      return contextArg(env, m, i, reg)
    case KF_ARG_PTR_TO_DYNPTR:
      return dynptrArg(env, m, i)
    case KF_ARG_PTR_TO_ITER:
      return iterArg(env, m, i + 1)
    case KF_ARG_PTR_TO_MAP: {
      const id = kernelStruct('bpf_map')
      return structArg(env, m, i, reg, btfTypeById(m.btf, id), id)
    }
    case KF_ARG_PTR_TO_BTF_ID:
      return structArg(env, m, i, reg, ref, refId)
    case KF_ARG_PTR_TO_MEM:
      return memoryArg(env, m, i, reg, ref)
    case KF_ARG_PTR_TO_MEM_SIZE:
      return sizedArg(env, m, i, reg)
    case KF_ARG_PTR_TO_CALLBACK:
      if (reg.type != PTR_TO_FUNC) return reject(env, -EINVAL, 'arg%d expected pointer to func\n', i)
      m.subprogno = <i32>reg.subprogno
      return 0
    case KF_ARG_PTR_TO_CONST_STR:
      if (reg.type != PTR_TO_MAP_VALUE) return reject(env, -EINVAL, "arg#%d doesn't point to a const string\n", i)
      return checkConstStr(env, reg, i + 1)
    case KF_ARG_PTR_TO_WORKQUEUE:
      return workqueueArg(env, m, i, reg)
    case KF_ARG_PTR_TO_TASK_WORK:
      return taskWorkArg(env, m, i, reg)
    case KF_ARG_PTR_TO_IRQ_FLAG:
      return irqArg(env, m, i, reg)
    case KF_ARG_PTR_TO_RES_SPIN_LOCK:
      return lockArg(env, m, i, reg)
  }
  return verifierBug(env, 'unknown kfunc arg type %d', kind)
}

/** What a reference that is passed means: it is released, or the result lives as long as it. */
function noteReference(env: Env, m: KfuncMeta, reg: RegState, regno: i32): i32 {
  if (!reg.refObjId) return 0
  if (isRelease(m)) {
    if (m.refObjId)
      return verifierBug(env, 'more than one arg with ref_obj_id R%d %u %u', regno, reg.refObjId, m.refObjId)
    m.releaseRegno = regno
  }
  m.refObjId = reg.refObjId
  return 0
}

/** KF_ARG_* of the pointer, or -errno. */
function pointerArg(env: Env, m: KfuncMeta, i: i32, ptr: usize): i32 {
  const regno = i + 1
  const reg = curReg(env, regno)
  if (
    (takesTrusted(m) || takesRcu(m)) &&
    (registerIsNull(reg) || mayBeNull(reg.type)) &&
    !hasSuffix(m, i, '__nullable')
  )
    return reject(env, -EACCES, 'Possibly NULL pointer passed to trusted arg%d\n', i)
  let err = noteReference(env, m, reg, regno)
  if (err) return err
  const ref = btfTypeSkipModifiers(m.btf, btfType(ptr), ID)
  const refId = load<u32>(ID)
  const kind = pointerKind(env, m, i, ptr, ref)
  if (kind < 0 || kind == KF_ARG_PTR_TO_NULL) return kind
  if (kind == KF_ARG_PTR_TO_MAP) {
    err = mapArg(env, m, reg, regno)
    if (err) return err
  }
  if (kind == KF_ARG_PTR_TO_MAP || kind == KF_ARG_PTR_TO_ALLOC_BTF_ID || kind == KF_ARG_PTR_TO_BTF_ID) {
    err = checkTrust(env, m, reg, regno)
    if (err) return err
  }
  err = checkArgOffset(env, reg, regno, isRelease(m) && reg.refObjId ? ARG_DONTCARE | OBJ_RELEASE : ARG_DONTCARE)
  if (err < 0) return err
  err = byKind(env, m, kind, i, ref, refId)
  return err < 0 ? err : kind
}

export function checkKfuncArgs(env: Env, m: KfuncMeta): i32 {
  const n = paramCount(m)
  if (n > MAX_ARGS) return reject(env, -EINVAL, 'Function %S has %d > %d args\n', Z(m.name), n, MAX_ARGS)
  for (let i = 0; i < n; i++) {
    if (hasSuffix(m, i, '__ign')) continue
    if (hasSuffix(m, i, '__prog')) {
      if (m.hasProgArg) return verifierBug(env, 'Only 1 prog->aux argument supported per-kfunc')
      m.hasProgArg = true
      auxAt(env, env.insnIdx).argProg = <u8>(i + 1)
      continue
    }
    const t = paramTypeOf(m, i)
    if (isScalarType(t)) {
      const err = scalarArg(env, m, i)
      if (err) return err
      continue
    }
    if (btfKind(t) != KIND_PTR) return reject(env, -EINVAL, 'Unrecognized arg#%d type %s\n', i, S(kindStr(t)))
    const kind = pointerArg(env, m, i, t)
    if (kind < 0) return kind
    // The size has been checked with the memory.
    if (kind == KF_ARG_PTR_TO_MEM_SIZE) i++
  }
  if (isRelease(m) && !m.releaseRegno)
    return reject(env, -EINVAL, 'release kernel function %S expects refcounted PTR_TO_BTF_ID\n', Z(m.name))
  return 0
}
const MAX_ARGS: i32 = 5

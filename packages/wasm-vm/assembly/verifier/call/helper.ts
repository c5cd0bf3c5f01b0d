// SPDX-License-Identifier: GPL-2.0-only
// A helper call: may the program make it, are the arguments right, what holds after it.
// Counterpart: check_helper_call of kernel/bpf/verifier.c.

import { Btf, btfKind, btfTypeById } from '../../btf/btf'
import { kernelTypes } from '../../btf/name-index'
import { BPF_RES_SPIN_LOCK, BPF_SPIN_LOCK, BtfField, recordHas } from '../../btf/record'
import { EACCES, EFAULT, EINVAL, ENOTSUPP } from '../../gen/errno.gen'
import {
  BPF_FUNC_dynptr_data,
  BPF_FUNC_dynptr_from_mem,
  BPF_FUNC_dynptr_write,
  BPF_FUNC_find_vma,
  BPF_FUNC_for_each_map_elem,
  BPF_FUNC_get_func_ip,
  BPF_FUNC_get_local_storage,
  BPF_FUNC_get_smp_processor_id,
  BPF_FUNC_get_stack,
  BPF_FUNC_get_stackid,
  BPF_FUNC_get_task_stack,
  BPF_FUNC_kptr_xchg,
  BPF_FUNC_loop,
  BPF_FUNC_map_delete_elem,
  BPF_FUNC_map_lookup_elem,
  BPF_FUNC_map_lookup_percpu_elem,
  BPF_FUNC_map_peek_elem,
  BPF_FUNC_map_pop_elem,
  BPF_FUNC_map_push_elem,
  BPF_FUNC_map_update_elem,
  BPF_FUNC_per_cpu_ptr,
  BPF_FUNC_probe_read_kernel_str,
  BPF_FUNC_probe_read_str,
  BPF_FUNC_probe_read_user_str,
  BPF_FUNC_redirect_map,
  BPF_FUNC_snprintf,
  BPF_FUNC_tail_call,
  BPF_FUNC_this_cpu_ptr,
  BPF_FUNC_timer_set_callback,
  BPF_FUNC_user_ringbuf_drain,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MODIFY_RETURN,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
} from '../../gen/uapi-enums.gen'
import {
  BPF_DYNPTR_TYPE_INVALID,
  BPF_DYNPTR_TYPE_SKB,
  BPF_DYNPTR_TYPE_SKB_META,
  CONST_PTR_TO_DYNPTR,
  MEM_ALLOC,
  MEM_RCU,
  MEM_RDONLY,
  NOT_INIT,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_SOCKET,
  PTR_TO_SOCK_COMMON,
  PTR_TO_TCP_SOCK,
  RET_INTEGER,
  RET_PTR_TO_BTF_ID,
  RET_PTR_TO_MAP_VALUE,
  RET_PTR_TO_MEM,
  RET_PTR_TO_MEM_OR_BTF_ID,
  RET_PTR_TO_SOCKET,
  RET_PTR_TO_SOCK_COMMON,
  RET_PTR_TO_TCP_SOCK,
  RET_VOID,
} from '../../gen/verifier-types.gen'
import { insnImm } from '../../insn/raw'
import { kernel } from '../../mem/root'
import { BpfMap } from '../../maps/map'
import { Prog } from '../../prog/prog'
import { mapDirectValueAddr } from '../../maps/ops'
import { markChainPrecision } from '../backtrack/precision'
import {
  baseType,
  boundsSane,
  boundsSync,
  isRegConst,
  markKnownZero,
  markUnknown,
  mayBeNull,
  registerIsNull,
  typeFlag,
} from '../bounds'
import { KIND_STRUCT, KIND_UNION, resolveSize, skipModifiers, typeName } from '../btf-facts'
import { helperType } from '../btf/helper-types'
import { targetAllows } from '../btf/hooks'
import { BPF_LOG_LEVEL2, Env, auxAt, inSleepable, markRegScratched, resolveProgType } from '../env'
import { updateLiveStack } from '../liveness'
import { regTypeStr } from '../log/names'
import { reject, unsupported, verbose, verifierBug } from '../log/verbose'
import { BPF_F_RDONLY_PROG, elidesNull } from '../map-facts'
import { checkMemAccess } from '../mem/access'
import { WRITE } from '../mem/kinds'
import { acquireReference, checkResourceLeak, clearPacketPointers, releaseReference } from '../refs'
import { DEF_NOT_SUBREG, clearCallerSaved } from '../regs'
import { dynptrOf, unmarkDynptr } from '../special/dynptr'
import { releaseToField, setFieldPointer } from '../special/kptr'
import { RegState, curFrame, curReg } from '../state'
import { pushStack } from '../states/stack'
import {
  BPF_FUNC_MAX_ID,
  funcIdName,
  helperChangesPacket,
  helperProto,
  protoArg,
  protoGplOnly,
  protoMightSleep,
  protoPktAccess,
  protoPredicate,
  protoResult,
  protoResultBtf,
} from '../tables'
import { checkFuncArg, isDynptrArg } from './args'
import {
  ENTER_FIND_VMA,
  ENTER_LOOP,
  ENTER_MAP_ELEM,
  ENTER_TIMER,
  ENTER_USER_RINGBUF,
  prepareFuncExit,
  pushCallbackCall,
} from './callback'
import { checkMapHelper } from './compat'
import { formatOk } from './format-check'
import { isAcquireFunction, isDynptrRefFunction, isPtrCastFunction } from './kinds'
import { META_SIZE, Meta, metaOf } from './meta'

const MAP_KEY_POISON: u64 = 0x8000000000000000
const MAP_KEY_SEEN: u64 = 0x4000000000000000

function mayCall(env: Env, id: i32, proto: usize): i32 {
  if (id < 0 || id >= BPF_FUNC_MAX_ID) return reject(env, -EINVAL, 'invalid func %S#%d\n', funcIdName(id), id)
  if (!proto) return reject(env, -EINVAL, 'program of this type cannot use helper %S#%d\n', funcIdName(id), id)
  if (!env.prog.gplCompatible && protoGplOnly(proto))
    return reject(env, -EINVAL, 'cannot call GPL-restricted function from non-GPL compatible program\n')
  if (!targetAllows(env.prog, protoPredicate(proto)))
    return reject(env, -EINVAL, 'helper call is not allowed in probe\n')
  if (!inSleepable(env) && protoMightSleep(proto))
    return reject(env, -EINVAL, 'helper call might sleep in a non-sleepable prog\n')
  const st = env.cur
  if (protoMightSleep(proto)) {
    const name = funcIdName(id)
    if (st.activeRcuLock) return reject(env, -EINVAL, 'sleepable helper %S#%d in rcu_read_lock region\n', name, id)
    if (st.activePreemptLocks)
      return reject(env, -EINVAL, 'sleepable helper %S#%d in non-preemptible region\n', name, id)
    if (st.activeIrqId) return reject(env, -EINVAL, 'sleepable helper %S#%d in IRQ-disabled region\n', name, id)
  }
  return 0
}

function recordMap(env: Env, meta: Meta, id: i32, insn: i32): i32 {
  switch (id) {
    case BPF_FUNC_tail_call:
    case BPF_FUNC_map_lookup_elem:
    case BPF_FUNC_map_update_elem:
    case BPF_FUNC_map_delete_elem:
    case BPF_FUNC_map_push_elem:
    case BPF_FUNC_map_pop_elem:
    case BPF_FUNC_map_peek_elem:
    case BPF_FUNC_for_each_map_elem:
    case BPF_FUNC_redirect_map:
    case BPF_FUNC_map_lookup_percpu_elem:
      break
    default:
      return 0
  }
  const map = meta.map
  if (!changetype<usize>(map)) return verifierBug(env, 'expected map for helper call')
  if (map.mapFlags & BPF_F_RDONLY_PROG)
    if (
      id == BPF_FUNC_map_delete_elem ||
      id == BPF_FUNC_map_update_elem ||
      id == BPF_FUNC_map_push_elem ||
      id == BPF_FUNC_map_pop_elem
    )
      return reject(env, -EACCES, 'write into map forbidden\n')
  const aux = auxAt(env, insn)
  if (aux.mapPtr == changetype<usize>(map)) return 0
  if (aux.mapPtr) aux.mapPoison = true
  if (!map.bypassSpecV1) aux.mapUnpriv = true
  aux.mapPtr = changetype<usize>(map)
  return 0
}

function recordKey(env: Env, meta: Meta, id: i32, insn: i32): i32 {
  if (id != BPF_FUNC_tail_call) return 0
  if (!changetype<usize>(meta.map) || meta.map.mapType != BPF_MAP_TYPE_PROG_ARRAY)
    return reject(env, -EINVAL, 'expected prog array map for tail call')
  const aux = auxAt(env, insn)
  const r = curReg(env, 3)
  const v = r.varValue
  if (!isRegConst(r, false) || v >= <u64>meta.map.maxEntries) {
    aux.mapKeyState |= MAP_KEY_POISON | MAP_KEY_SEEN
    return 0
  }
  const err = markChainPrecision(env, 3)
  if (err) return err
  const s = aux.mapKeyState
  if (!(s & MAP_KEY_SEEN)) aux.mapKeyState = (s & MAP_KEY_POISON) | MAP_KEY_SEEN | v
  else if (!(s & MAP_KEY_POISON) && (s & ~(MAP_KEY_SEEN | MAP_KEY_POISON)) != v) aux.mapKeyState = s | MAP_KEY_POISON
  return 0
}

function release(env: Env, proto: usize, meta: Meta, id: i32): i32 {
  const reg = curReg(env, meta.releaseRegno)
  let err = -EINVAL
  if (isDynptrArg(protoArg(proto, meta.releaseRegno - 1))) {
    if (reg.type == CONST_PTR_TO_DYNPTR) return verifierBug(env, 'CONST_PTR_TO_DYNPTR cannot be released')
    err = unmarkDynptr(env, reg)
  } else if (id == BPF_FUNC_kptr_xchg && meta.refObjId) err = releaseToField(env, meta.refObjId)
  else if (meta.refObjId) err = releaseReference(env, meta.refObjId)
  else if (registerIsNull(reg)) err = 0
  return err ? reject(env, err, 'func %S#%d reference has not been acquired before\n', funcIdName(id), id) : 0
}

function checkSnprintf(env: Env): i32 {
  const fmt = curReg(env, 3)
  const len = curReg(env, 5).varValue
  if (len % 8) return -EINVAL
  const out = memory.data(8, 4)
  const off = <u32>fmt.off + <u32>fmt.varValue
  if (mapDirectValueAddr(fmt.map, off, out)) return reject(env, -EFAULT, 'failed to retrieve map value address\n')
  if (!formatOk(load<usize>(out) + <usize>off, <i32>(len / 8))) return reject(env, -EINVAL, 'Invalid format string\n')
  return 0
}

function loopFlagsAreZero(env: Env): bool {
  const zero = registerIsNull(curReg(env, 4))
  if (zero) markChainPrecision(env, 4)
  return zero
}

function checkLoop(env: Env, p: usize, insn: i32, meta: Meta): i32 {
  const aux = auxAt(env, insn)
  if (!aux.loopInit) {
    aux.loopInit = true
    aux.loopFit = loopFlagsAreZero(env)
    aux.loopSubprog = meta.subprogno
  } else if (aux.loopFit) aux.loopFit = loopFlagsAreZero(env) && <i32>aux.loopSubprog == meta.subprogno
  const err = markChainPrecision(env, 1)
  if (err) return err
  const f = curFrame(env)
  if (<u64>f.callbackDepth < curReg(env, 1).umax) return pushCallbackCall(env, p, insn, meta.subprogno, ENTER_LOOP)
  f.callbackDepth = 0
  if (env.log.level & BPF_LOG_LEVEL2) verbose(env, 'frame%d bpf_loop iteration limit reached\n', env.cur.curframe)
  return 0
}

function dynptrArgOf(env: Env, proto: usize): RegState {
  for (let i = 0; i < 5; i++) if (isDynptrArg(protoArg(proto, i))) return curReg(env, i + 1)
  return changetype<RegState>(0)
}

/** Rules of single helpers. 1: the packet changes. */
function special(env: Env, proto: usize, p: usize, insn: i32, meta: Meta): i32 {
  switch (meta.funcId) {
    case BPF_FUNC_tail_call:
      return checkResourceLeak(env, false, true, 'tail_call')
    case BPF_FUNC_get_local_storage:
      if (!registerIsNull(curReg(env, 2)))
        return reject(env, -EINVAL, "get_local_storage() doesn't support non-zero flags\n")
      return 0
    case BPF_FUNC_for_each_map_elem:
      return pushCallbackCall(env, p, insn, meta.subprogno, ENTER_MAP_ELEM)
    case BPF_FUNC_timer_set_callback:
      return pushCallbackCall(env, p, insn, meta.subprogno, ENTER_TIMER)
    case BPF_FUNC_find_vma:
      return pushCallbackCall(env, p, insn, meta.subprogno, ENTER_FIND_VMA)
    case BPF_FUNC_user_ringbuf_drain:
      return pushCallbackCall(env, p, insn, meta.subprogno, ENTER_USER_RINGBUF)
    case BPF_FUNC_snprintf:
      return checkSnprintf(env)
    case BPF_FUNC_loop:
      return checkLoop(env, p, insn, meta)
    case BPF_FUNC_dynptr_from_mem: {
      const t = curReg(env, 1).type
      if (t != PTR_TO_MAP_VALUE)
        return reject(env, -EACCES, 'Unsupported reg type %S for bpf_dynptr_from_mem data\n', regTypeStr(env, t))
      return 0
    }
    case BPF_FUNC_dynptr_data: {
      const d = dynptrOf(env, dynptrArgOf(env, proto))
      if (!changetype<usize>(d)) return verifierBug(env, 'failed to obtain dynptr id')
      meta.dynptrId = d.id
      meta.refObjId = d.refObjId
      return 0
    }
    case BPF_FUNC_per_cpu_ptr:
    case BPF_FUNC_this_cpu_ptr: {
      const r = curReg(env, 1)
      if (!(r.type & MEM_RCU)) return 0
      const t = btfTypeById(changetype<Btf>(r.btf), r.btfId)
      if (!t || (btfKind(t) != KIND_STRUCT && btfKind(t) != KIND_UNION))
        return reject(env, -EFAULT, 'Helper has invalid btf/btf_id in R1\n')
      meta.percpuObject = true
      return 0
    }
    case BPF_FUNC_dynptr_write: {
      const d = dynptrOf(env, dynptrArgOf(env, proto))
      const t = changetype<usize>(d) ? d.dynptrType : BPF_DYNPTR_TYPE_INVALID
      if (t == BPF_DYNPTR_TYPE_INVALID) return -EFAULT
      return t == BPF_DYNPTR_TYPE_SKB || t == BPF_DYNPTR_TYPE_SKB_META ? 1 : 0
    }
  }
  return 0
}

function setResult(env: Env, proto: usize, meta: Meta): i32 {
  const r0 = curReg(env, 0)
  const ret = protoResult(proto)
  let flags = typeFlag(ret)
  switch (baseType(ret)) {
    case RET_INTEGER:
      markUnknown(env, r0)
      return 0
    case RET_VOID:
      r0.type = NOT_INIT
      return 0
    case RET_PTR_TO_MAP_VALUE: {
      markKnownZero(r0)
      const map: BpfMap = meta.map
      if (!changetype<usize>(map)) return verifierBug(env, 'unexpected null map_ptr')
      if (
        meta.funcId == BPF_FUNC_map_lookup_elem &&
        elidesNull(map.mapType) &&
        meta.constMapKey >= 0 &&
        meta.constMapKey < <i64>map.maxEntries
      )
        flags &= ~PTR_MAYBE_NULL
      r0.map = map
      r0.mapUid = meta.mapUid
      r0.type = PTR_TO_MAP_VALUE | flags
      if (!mayBeNull(flags) && recordHas(map.record, BPF_SPIN_LOCK | BPF_RES_SPIN_LOCK)) r0.id = ++env.idGen
      return 0
    }
    case RET_PTR_TO_SOCKET:
      markKnownZero(r0)
      r0.type = PTR_TO_SOCKET | flags
      return 0
    case RET_PTR_TO_SOCK_COMMON:
      markKnownZero(r0)
      r0.type = PTR_TO_SOCK_COMMON | flags
      return 0
    case RET_PTR_TO_TCP_SOCK:
      markKnownZero(r0)
      r0.type = PTR_TO_TCP_SOCK | flags
      return 0
    case RET_PTR_TO_MEM:
      markKnownZero(r0)
      r0.type = PTR_TO_MEM | flags
      r0.memSize = meta.memSize
      return 0
    case RET_PTR_TO_MEM_OR_BTF_ID:
      return setPercpuResult(env, meta, flags)
    case RET_PTR_TO_BTF_ID:
      if (meta.funcId == BPF_FUNC_kptr_xchg) {
        setFieldPointer(r0, changetype<BtfField>(meta.kptrField), flags)
        return 0
      }
      markKnownZero(r0)
      r0.type = PTR_TO_BTF_ID | flags
      r0.btfId = helperType(protoResultBtf(proto))
      if (r0.btfId) r0.btf = changetype<usize>(kernelTypes())
      else r0.btfId = protoResultBtf(proto)
      return 0
  }
  return unsupported(env, 'results that are described by kernel types')
}

/** One CPU's copy of a variable of the kernel, or of an object that the program allocated. */
function setPercpuResult(env: Env, meta: Meta, flags: i32): i32 {
  const r0 = curReg(env, 0)
  const btf = changetype<Btf>(meta.retBtf)
  const t = skipModifiers(btf, meta.retBtfId)
  markKnownZero(r0)
  if (btfKind(t) != KIND_STRUCT && btfKind(t) != KIND_UNION) {
    const size = resolveSize(btf, t)
    if (size < 0)
      return reject(
        env,
        -EINVAL,
        "unable to resolve the size of type '%S': %d\n",
        typeName(btf, meta.retBtfId),
        -EINVAL,
      )
    r0.type = PTR_TO_MEM | flags
    r0.memSize = <u32>size
    return 0
  }
  r0.type = meta.percpuObject ? PTR_TO_BTF_ID | MEM_ALLOC | MEM_RCU : PTR_TO_BTF_ID | (flags & ~MEM_RDONLY)
  r0.btf = meta.retBtf
  r0.btfId = meta.retBtfId
  return 0
}

function refineResult(env: Env, meta: Meta, ret: i32): i32 {
  const r0 = curReg(env, 0)
  if (ret != RET_INTEGER) return 0
  switch (meta.funcId) {
    case BPF_FUNC_get_stack:
    case BPF_FUNC_get_task_stack:
    case BPF_FUNC_probe_read_str:
    case BPF_FUNC_probe_read_kernel_str:
    case BPF_FUNC_probe_read_user_str:
      r0.smax = <i64>meta.msizeMax
      r0.s32max = <i32>meta.msizeMax
      r0.smin = -4095
      r0.s32min = -4095
      boundsSync(r0)
      break
    case BPF_FUNC_get_smp_processor_id: {
      const top = kernel().cpus - 1
      r0.umax = top
      r0.u32max = top
      r0.smax = top
      r0.s32max = <i32>top
      r0.umin = 0
      r0.u32min = 0
      r0.smin = 0
      r0.s32min = 0
      boundsSync(r0)
    }
  }
  return boundsSane(env, r0, 'retval')
}

/** What the result refers to and what must be given back. */
function setReferences(env: Env, meta: Meta, insn: i32): i32 {
  const r0 = curReg(env, 0)
  const id = meta.funcId
  if (mayBeNull(r0.type)) r0.id = ++env.idGen
  if (isDynptrRefFunction(id)) r0.dynptrId = meta.dynptrId
  if (isPtrCastFunction(id) || isDynptrRefFunction(id)) r0.refObjId = meta.refObjId
  else if (isAcquireFunction(id, meta.map)) {
    const ref = acquireReference(env, insn)
    if (ref < 0) return ref
    r0.id = ref
    r0.refObjId = ref
  }
  return 0
}

function hasTrampoline(prog: Prog): bool {
  switch (prog.expectedAttachType) {
    case BPF_TRACE_FENTRY:
    case BPF_TRACE_FEXIT:
    case BPF_MODIFY_RETURN:
      return true
  }
  return false
}

function checkGetFuncIp(env: Env): i32 {
  const type = resolveProgType(env.prog)
  if (type == BPF_PROG_TYPE_KPROBE) return 0
  const id = BPF_FUNC_get_func_ip
  if (type == BPF_PROG_TYPE_TRACING && hasTrampoline(env.prog)) return 0
  if (type == BPF_PROG_TYPE_TRACING)
    return reject(env, -ENOTSUPP, 'func %S#%d supported only for fentry/fexit/fmod_ret programs\n', funcIdName(id), id)
  return reject(env, -ENOTSUPP, 'func %S#%d not supported for program type %d\n', funcIdName(id), id, type)
}

export function checkHelperCall(env: Env, p: usize): i32 {
  const insn = env.insnIdx
  const id = insnImm(p)
  const proto = helperProto(env, id)
  let err = mayCall(env, id, proto)
  if (err) return err
  let changes = helperChangesPacket(id)
  const meta = metaOf(env)
  memory.fill(changetype<usize>(meta), 0, META_SIZE)
  meta.pktAccess = protoPktAccess(proto)
  meta.funcId = id
  for (let i = 0; i < 5; i++) {
    err = checkFuncArg(env, proto, i, insn)
    if (err) return err
  }
  err = recordMap(env, meta, id, insn)
  if (err) return err
  err = recordKey(env, meta, id, insn)
  if (err) return err
  // Memory that the helper will fill: as if each byte were stored.
  for (let i = 0; i < meta.accessSize; i++) {
    err = checkMemAccess(env, insn, meta.regno, i, 1, WRITE, -1, false, false)
    if (err) return err
  }
  if (meta.releaseRegno) {
    err = release(env, proto, meta, id)
    if (err) return err
  }
  err = special(env, proto, p, insn, meta)
  if (err < 0) return err
  if (err) changes = true
  clearCallerSaved(env, curFrame(env))
  curReg(env, 0).subregDef = DEF_NOT_SUBREG
  err = setResult(env, proto, meta)
  if (err) return err
  err = setReferences(env, meta, insn)
  if (err) return err
  err = refineResult(env, meta, protoResult(proto))
  if (err) return err
  err = checkMapHelper(env, meta.map, id)
  if (err) return err
  if (id == BPF_FUNC_get_stackid || id == BPF_FUNC_get_stack) env.prog.callGetStack = true
  if (id == BPF_FUNC_get_func_ip) {
    if (checkGetFuncIp(env)) return -ENOTSUPP
    env.prog.callGetFuncIp = true
  }
  if (id == BPF_FUNC_tail_call) {
    if (env.cur.curframe) {
      err = exitsByTailCall(env)
      if (err) return err
    } else changes = false
  }
  if (changes) clearPacketPointers(env)
  return 0
}

/** A tail call from a subprogram ends it with whatever the other program returns, and that may have moved the packet. */
function exitsByTailCall(env: Env): i32 {
  markRegScratched(env, 0)
  const failed = pushStack(env, env.insnIdx + 1, env.insnIdx, false)
  if (!changetype<usize>(failed)) return -EFAULT
  clearPacketPointers(env)
  markUnknown(env, curReg(env, 0))
  let err = updateLiveStack(env)
  if (err) return err
  err = prepareFuncExit(env)
  if (err) return err
  env.insnIdx--
  return 0
}

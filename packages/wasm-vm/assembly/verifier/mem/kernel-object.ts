// SPDX-License-Identifier: GPL-2.0-only
// Accesses that walk structures which BTF describes: the kernel's own, and what programs allocate.
// Counterparts: check_ptr_to_btf_access, check_ptr_to_map_access.

import { Btf } from '../../btf/btf'
import { kernelType, kernelTypes } from '../../btf/name-index'
import { EACCES, EINVAL, EPERM } from '../../gen/errno.gen'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_XDP,
} from '../../gen/uapi-enums.gen'
import {
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  MEM_USER,
  NON_OWN_REF,
  NOT_INIT,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
} from '../../gen/verifier-types.gen'
import { isConst, mayBeNull } from '../bounds'
import { KIND_STRUCT, typeName } from '../btf-facts'
import { TRUSTED_MODIFIERS, isRcu, isTrusted, markLoaded } from '../btf/registers'
import { structOpsStore } from '../btf/struct-ops'
import { foundField, foundFlags, foundId, memberIsSafe, structAccess } from '../btf/walk'
import { insnCode, insnImm } from '../../insn/raw'
import { curAux, Env, inRcuCs, insnOf, resolveProgType } from '../env'
import { S, Z, reject, unsupported, verifierBug } from '../log/verbose'
import { RegState, curReg } from '../state'
import { READ, WRITE } from './kinds'
import { mapFieldHome } from './map-fields'

const CLASS_LDX: i32 = 1
const LOAD_ACQUIRE: i32 = 0x100

function mayWalk(env: Env, reg: RegState, regno: i32, off: i32): i32 {
  const name = typeName(changetype<Btf>(reg.btf), reg.btfId)
  if (!env.allowPtrLeaks)
    return reject(env, -EPERM, "'struct %S' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN\n", name)
  if (!env.prog.gplCompatible && changetype<Btf>(reg.btf).kernelBtf)
    return reject(env, -EINVAL, "Cannot access kernel 'struct %S' from non-GPL compatible program\n", name)
  if (off < 0) return reject(env, -EACCES, 'R%d is ptr_%S invalid negative access: off=%d\n', regno, name, off)
  if (!isConst(reg) || reg.varValue)
    return reject(
      env,
      -EACCES,
      'R%d is ptr_%S invalid variable offset: off=%d, var_off=%T\n',
      regno,
      name,
      off,
      Z(reg.varOff),
    )
  if (reg.type & MEM_USER) return reject(env, -EACCES, 'R%d is ptr_%S access user memory: off=%d\n', regno, name, off)
  if (reg.type & MEM_PERCPU)
    return reject(env, -EACCES, 'R%d is ptr_%S access percpu memory: off=%d\n', regno, name, off)
  return 0
}

/** Program types that have rules of their own for stores to structures of the kernel. */
function storesByRule(type: i32): bool {
  return (
    type == BPF_PROG_TYPE_STRUCT_OPS ||
    type == BPF_PROG_TYPE_SCHED_CLS ||
    type == BPF_PROG_TYPE_SCHED_ACT ||
    type == BPF_PROG_TYPE_XDP
  )
}

function storeByRule(env: Env, reg: RegState, off: i32, size: i32): i32 {
  const btf = changetype<Btf>(reg.btf)
  if (!btf.kernelBtf) return verifierBug(env, 'reg->btf must be kernel btf')
  if (resolveProgType(env.prog) == BPF_PROG_TYPE_STRUCT_OPS) return structOpsStore(env, reg, off, size)
  // Packet programs may write to one structure of connection tracking, which is the module's affair.
  if (reg.btfId == kernelType('nf_conn', KIND_STRUCT) || reg.btfId == kernelType('nf_conn___init', KIND_STRUCT))
    return unsupported(env, 'stores to entries of connection tracking')
  return reject(env, -EACCES, 'only read is supported\n')
}

/** How far a pointer found behind a trusted one is trusted itself. */
function trustOf(env: Env, reg: RegState, flag: i32): i32 {
  const field = foundField()
  const id = foundId()
  if (memberIsSafe(reg, field, id, '__safe_trusted')) return flag | PTR_TRUSTED
  if (memberIsSafe(reg, field, id, '__safe_trusted_or_null')) return flag | PTR_TRUSTED | PTR_MAYBE_NULL
  if (!inRcuCs(env) || mayBeNull(reg.type)) return PTR_UNTRUSTED
  if (memberIsSafe(reg, field, id, '__safe_rcu')) return flag | MEM_RCU
  const safe = memberIsSafe(reg, field, id, '__safe_rcu_or_null')
  if (flag & MEM_RCU || safe) {
    flag |= MEM_RCU | PTR_MAYBE_NULL
    return safe ? flag & ~PTR_UNTRUSTED : flag
  }
  if (flag & (MEM_PERCPU | MEM_USER)) return flag
  return flag & ~(TRUSTED_MODIFIERS | MEM_RCU)
}

export function checkBtfPointer(env: Env, regno: i32, off: i32, size: i32, access: i32, valueReg: i32): i32 {
  const reg = curReg(env, regno)
  // Known by a helper's prototype only: the kernel here has no types.
  if (!reg.btf) return unsupported(env, 'access through R%d to a kernel structure', regno)
  const err = mayWalk(env, reg, regno, off)
  if (err) return err
  const alloc = (reg.type & MEM_ALLOC) != 0
  const untrusted = (reg.type & PTR_UNTRUSTED) != 0
  if (access != READ && untrusted) return reject(env, -EACCES, 'only read is supported\n')
  let what: i32
  if (access == WRITE && !alloc && storesByRule(resolveProgType(env.prog))) what = storeByRule(env, reg, off, size)
  else {
    if (access != READ && !alloc) return reject(env, -EACCES, 'only read is supported\n')
    if (alloc && !(reg.type & (NON_OWN_REF | MEM_RCU | PTR_UNTRUSTED)) && !reg.refObjId)
      return verifierBug(env, 'ref_obj_id for allocated object must be non-zero')
    what = structAccess(env, reg.type, changetype<Btf>(reg.btf), reg.btfId, off, size)
  }
  if (what < 0) return what
  let flag = foundFlags()
  if (what == PTR_TO_BTF_ID) {
    if (untrusted) flag = PTR_UNTRUSTED
    else if (isTrusted(reg) || isRcu(reg)) flag = trustOf(env, reg, flag)
    else flag &= ~(TRUSTED_MODIFIERS | MEM_RCU)
  }
  if (access != READ || valueReg < 0) return 0
  return markLoaded(env, curReg(env, valueReg), what, changetype<Btf>(reg.btf), foundId(), flag)
}

function structOf(type: u32): string {
  switch (type) {
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_PROG_ARRAY:
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
      return 'bpf_array'
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
      return 'bpf_htab'
    case BPF_MAP_TYPE_LPM_TRIE:
      return 'lpm_trie'
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
      return 'bpf_queue_stack'
    case BPF_MAP_TYPE_STACK_TRACE:
      return 'bpf_stack_map'
    case BPF_MAP_TYPE_RINGBUF:
      return 'bpf_ringbuf_map'
  }
  return 'bpf_map'
}

/** Where the instruction finds what it reads of a map, on every path the same. */
function keepHome(env: Env, home: u32): i32 {
  const aux = curAux(env)
  const p = insnOf(env, env.insnIdx)
  const load = (insnCode(p) & 7) == CLASS_LDX
  // An atomic operation is asked twice, and refused because it writes.
  if (!load && insnImm(p) != LOAD_ACQUIRE) return 0
  if (!home || !load) return unsupported(env, 'reading a member of a map that is not kept as the kernel keeps it')
  if (aux.ptrType != NOT_INIT && aux.mapHome != home)
    return unsupported(env, 'reading a map and something else with one instruction')
  aux.mapHome = home
  return 0
}

export function checkMapPointer(env: Env, regno: i32, off: i32, size: i32, access: i32, valueReg: i32): i32 {
  const text = structOf(curReg(env, regno).map.mapType)
  const name = S(text)
  if (!env.allowPtrLeaks)
    return reject(env, -EPERM, "'struct %s' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN\n", name)
  if (off < 0) return reject(env, -EACCES, 'R%d is %s invalid negative access: off=%d\n', regno, name, off)
  if (access != READ) return reject(env, -EACCES, 'only read from %s is supported\n', name)
  const id = kernelType(text, KIND_STRUCT)
  if (!id) return unsupported(env, 'access through R%d to a kernel structure', regno)
  const what = structAccess(env, PTR_TO_BTF_ID, kernelTypes(), id, off, size)
  if (what < 0) return what
  const err = keepHome(env, mapFieldHome(curReg(env, regno).map, text, kernelTypes(), id, <u32>off, <u32>size))
  if (err || valueReg < 0) return err
  return markLoaded(env, curReg(env, valueReg), what, kernelTypes(), foundId(), foundFlags())
}

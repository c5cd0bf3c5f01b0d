// SPDX-License-Identifier: GPL-2.0-only
// Kernel pointers in map values and allocated objects: loads and stores by instructions, and bpf_kptr_xchg.
// Counterparts: map_kptr_match_type, btf_ld_kptr_type, check_map_kptr_access, process_kptr_func.

import { structRecord } from '../../btf/check/struct-metas'
import { Btf, btfSize, btfTypeById } from '../../btf/btf'
import {
  BPF_GRAPH_NODE,
  BPF_KPTR,
  BPF_KPTR_PERCPU,
  BPF_KPTR_REF,
  BPF_KPTR_UNREF,
  BPF_UPTR,
  BtfField,
  BtfRecord,
  recordFind,
  recordHas,
} from '../../btf/record'
import { EACCES, EINVAL } from '../../gen/errno.gen'
import {
  MEM_ALLOC,
  MEM_PERCPU,
  MEM_RCU,
  NON_OWN_REF,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_MEM,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
} from '../../gen/verifier-types.gen'
import { insnClass, insnCode, insnImm } from '../../insn/raw'
import { mapName } from '../../maps/map'
import { markChainPrecision } from '../backtrack/precision'
import { baseType, isConst, markInvalid, markKnownZero, registerIsNull, typeFlag } from '../bounds'
import { isText, typeName } from '../btf-facts'
import { structIdsMatch } from '../btf/walk'
import { Meta } from '../call/meta'
import { Env, inRcuCs, insnOf } from '../env'
import { regTypeStr } from '../log/names'
import { Z, reject, verbose } from '../log/verbose'
import { checkPtrOff } from '../mem/region'
import { releaseReferenceNomark } from '../refs'
import { firstReg, more, nextReg } from '../reg-iter'
import { isAllocatedObject, regRecord } from '../reg-record'
import { RegState, curReg } from '../state'

const CLASS_LDX: i32 = 1
const CLASS_STX: i32 = 3
const MODE_MEM: i32 = 0x60

@inline function ofKernel(f: BtfField): bool {
  return changetype<Btf>(f.btf).kernelBtf
}

function mismatch(env: Env, field: BtfField, reg: RegState, regno: i32, named: bool): i32 {
  const target = typeName(changetype<Btf>(field.btf), field.btfId)
  verbose(env, 'invalid kptr access, R%d type=%S', regno, regTypeStr(env, reg.type))
  if (named) verbose(env, '%S', typeName(changetype<Btf>(reg.btf), reg.btfId))
  verbose(env, ' expected=%S', regTypeStr(env, PTR_TO_BTF_ID))
  verbose(env, '%S', target)
  if (field.type == BPF_KPTR_UNREF) {
    verbose(env, ' or %S', regTypeStr(env, PTR_TO_BTF_ID | PTR_UNTRUSTED))
    verbose(env, '%S', target)
  }
  return reject(env, -EINVAL, '\n')
}

/** Whether a pointer may be put into the field. */
export function matchKptr(env: Env, field: BtfField, reg: RegState, regno: i32): i32 {
  if (baseType(reg.type) != PTR_TO_BTF_ID) return mismatch(env, field, reg, regno, false)
  let allowed = PTR_MAYBE_NULL
  if (changetype<Btf>(reg.btf).kernelBtf) {
    allowed |= PTR_TRUSTED | MEM_RCU
    if (field.type == BPF_KPTR_UNREF) allowed |= PTR_UNTRUSTED
  } else {
    allowed |= MEM_ALLOC
    if (field.type == BPF_KPTR_PERCPU) allowed |= MEM_PERCPU
  }
  if (typeFlag(reg.type) & ~allowed) return mismatch(env, field, reg, regno, false)
  // What is put in as one copy a CPU is read back as such.
  if ((field.type == BPF_KPTR_PERCPU) != ((reg.type & MEM_PERCPU) != 0)) return mismatch(env, field, reg, regno, false)
  if (checkPtrOff(env, reg, regno, true)) return -EACCES
  const strict = field.type != BPF_KPTR_UNREF
  const whole = (reg.type & MEM_ALLOC) == 0
  const to = changetype<Btf>(field.btf)
  if (structIdsMatch(env, changetype<Btf>(reg.btf), reg.btfId, reg.off, to, field.btfId, strict, whole)) return 0
  return mismatch(env, field, reg, regno, true)
}

/** Objects whose memory stays until a grace period is over. */
function isRcuSafe(f: BtfField): bool {
  if (f.type != BPF_KPTR_REF) return f.type == BPF_KPTR_PERCPU
  if (!ofKernel(f)) return true
  const name = <usize>typeName(changetype<Btf>(f.btf), f.btfId)
  return (
    isText(name, 'task_struct') ||
    isText(name, 'cgroup') ||
    isText(name, 'bpf_cpumask') ||
    isText(name, 'bpf_crypto_ctx') ||
    isText(name, 'prog_test_ref_kfunc')
  )
}

/** Flags of a pointer that is loaded from the field. */
function loadedFlags(env: Env, f: BtfField): i32 {
  if (!isRcuSafe(f) || !inRcuCs(env)) return PTR_MAYBE_NULL | PTR_UNTRUSTED
  let flags = PTR_MAYBE_NULL | MEM_RCU
  if (f.type == BPF_KPTR_PERCPU) flags |= MEM_PERCPU
  else if (!ofKernel(f)) flags |= MEM_ALLOC
  if (!ofKernel(f) && recordHas(structRecord(changetype<Btf>(f.btf), f.btfId), BPF_GRAPH_NODE)) flags |= NON_OWN_REF
  return flags
}

function loadPointer(env: Env, r: RegState, f: BtfField): i32 {
  markKnownZero(r)
  r.id = ++env.idGen
  if (f.type == BPF_UPTR) {
    r.type = PTR_TO_MEM | PTR_MAYBE_NULL
    r.memSize = btfSize(btfTypeById(changetype<Btf>(f.btf), f.btfId))
    return 0
  }
  r.type = PTR_TO_BTF_ID | loadedFlags(env, f)
  r.btf = f.btf
  r.btfId = f.btfId
  return 0
}

/** An instruction that loads or stores the whole field of a map value. */
export function checkKptrAccess(env: Env, valueReg: i32, insn: i32, f: BtfField): i32 {
  const p = insnOf(env, insn)
  const cls = insnClass(p)
  if ((insnCode(p) & 0xe0) != MODE_MEM)
    return reject(env, -EACCES, 'kptr in map can only be accessed using BPF_MEM instruction mode\n')
  if (cls == CLASS_LDX) return loadPointer(env, curReg(env, valueReg), f)
  if (f.type == BPF_KPTR_REF || f.type == BPF_KPTR_PERCPU)
    return reject(env, -EACCES, 'store to referenced kptr disallowed\n')
  if (f.type == BPF_UPTR) return reject(env, -EACCES, 'store to uptr disallowed\n')
  if (cls == CLASS_STX) {
    const value = curReg(env, valueReg)
    if (registerIsNull(value)) return markChainPrecision(env, valueReg)
    return matchKptr(env, f, value, valueReg) ? -EACCES : 0
  }
  if (insnImm(p)) return reject(env, -EACCES, 'BPF_ST imm must be 0 when storing to kptr at off=%u\n', f.offset)
  return 0
}

/** Where bpf_kptr_xchg puts the pointer. */
export function processKptrDest(env: Env, regno: i32, meta: Meta): i32 {
  const reg = curReg(env, regno)
  let record: BtfRecord
  if (isAllocatedObject(reg.type)) record = regRecord(reg)
  else {
    const map = reg.map
    if (!changetype<usize>(map.btf))
      return reject(env, -EINVAL, "map '%S' has to have BTF in order to use bpf_kptr_xchg\n", Z(mapName(map)))
    record = map.record
    meta.map = map
  }
  if (!isConst(reg))
    return reject(env, -EINVAL, "R%d doesn't have constant offset. kptr has to be at the constant offset\n", regno)
  if (!recordHas(record, BPF_KPTR)) return reject(env, -EINVAL, 'R%d has no valid kptr\n', regno)
  const off = <u32>reg.off + <u32>reg.varValue
  const f = recordFind(record, off, BPF_KPTR)
  if (!changetype<usize>(f)) return reject(env, -EACCES, "off=%d doesn't point to kptr\n", off)
  if (f.type != BPF_KPTR_REF && f.type != BPF_KPTR_PERCPU)
    return reject(env, -EACCES, "off=%d kptr isn't referenced kptr\n", off)
  meta.kptrField = changetype<usize>(f)
  return 0
}

/** The program gives the pointer away; copies of a per-CPU one stay readable while RCU protects them. */
export function releaseToField(env: Env, id: u32): i32 {
  const keep = inRcuCs(env)
  const err = releaseReferenceNomark(env.cur, id)
  if (err) return err
  for (let r = firstReg(env.cur); more(r); r = nextReg()) {
    if (r.refObjId != id) continue
    if (keep && r.type & MEM_ALLOC && r.type & MEM_PERCPU) {
      r.refObjId = 0
      r.type = (r.type & ~MEM_ALLOC) | MEM_RCU
    } else markInvalid(env, r)
  }
  return 0
}

/** r0 of bpf_kptr_xchg: what the field held. */
export function setFieldPointer(r0: RegState, f: BtfField, flags: i32): void {
  markKnownZero(r0)
  r0.type = PTR_TO_BTF_ID | flags
  if (!ofKernel(f)) {
    r0.type |= MEM_ALLOC
    if (f.type == BPF_KPTR_PERCPU) r0.type |= MEM_PERCPU
  }
  r0.btf = f.btf
  r0.btfId = f.btfId
}

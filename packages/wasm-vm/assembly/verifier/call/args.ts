// SPDX-License-Identifier: GPL-2.0-only
// One argument of a helper call against the prototype. Counterparts: check_func_arg, check_reg_type, check_func_arg_reg_off.

import { Btf } from '../../btf/btf'
import { kernelType, kernelTypes } from '../../btf/name-index'
import { BPF_TIMER, BtfField, recordHas } from '../../btf/record'
import { EACCES, EINVAL, EOPNOTSUPP } from '../../gen/errno.gen'
import {
  BPF_FUNC_kptr_xchg,
  BPF_FUNC_map_peek_elem,
  BPF_FUNC_sk_release,
  BPF_FUNC_spin_lock,
  BPF_FUNC_spin_unlock,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
} from '../../gen/uapi-enums.gen'
import {
  ARG_ANYTHING,
  ARG_CONST_ALLOC_SIZE_OR_ZERO,
  ARG_CONST_MAP_PTR,
  ARG_CONST_SIZE,
  ARG_CONST_SIZE_OR_ZERO,
  ARG_DONTCARE,
  ARG_KPTR_XCHG_DEST,
  ARG_PTR_TO_BTF_ID,
  ARG_PTR_TO_BTF_ID_SOCK_COMMON,
  ARG_PTR_TO_CONST_STR,
  ARG_PTR_TO_CTX,
  ARG_PTR_TO_DYNPTR,
  ARG_PTR_TO_FUNC,
  ARG_PTR_TO_MAP_KEY,
  ARG_PTR_TO_MAP_VALUE,
  ARG_PTR_TO_MEM,
  ARG_PTR_TO_PERCPU_BTF_ID,
  ARG_PTR_TO_RINGBUF_MEM,
  ARG_PTR_TO_SOCKET,
  ARG_PTR_TO_SOCK_COMMON,
  ARG_PTR_TO_SPIN_LOCK,
  ARG_PTR_TO_STACK,
  ARG_PTR_TO_TIMER,
  CONST_PTR_TO_DYNPTR,
  CONST_PTR_TO_MAP,
  MEM_ALIGNED,
  MEM_ALLOC,
  MEM_FIXED_SIZE,
  MEM_PERCPU,
  MEM_RCU,
  MEM_RDONLY,
  MEM_RINGBUF,
  MEM_UNINIT,
  MEM_WRITE,
  NON_OWN_REF,
  OBJ_RELEASE,
  PTR_MAYBE_NULL,
  PTR_TO_ARENA,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TO_CTX,
  PTR_TO_FUNC,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_SOCKET,
  PTR_TO_SOCK_COMMON,
  PTR_TO_STACK,
  PTR_TO_TCP_SOCK,
  PTR_TO_XDP_SOCK,
  PTR_TRUSTED,
  SCALAR_VALUE,
  STACK_SPILL,
  STACK_ZERO,
} from '../../gen/verifier-types.gen'
import { markChain, markChainPrecision } from '../backtrack/precision'
import { btSetFrameSlot } from '../backtrack/masks'
import { baseType, isConst, isPointerValue, mayBeNull, registerIsNull } from '../bounds'
import { KIND_STRUCT, typeName } from '../btf-facts'
import { helperType } from '../btf/helper-types'
import { structIdsMatch } from '../btf/walk'
import { Env } from '../env'
import { regTypeStr } from '../log/names'
import { Z, reject, unsupported, verbose, verifierBug } from '../log/verbose'
import { elidesNull, hasDirectValue, isRdonly } from '../map-facts'
import { mapName } from '../../maps/map'
import { mapDirectValueAddr } from '../../maps/ops'
import { checkAlignment } from '../mem/access'
import { ACCESS_HELPER, READ, WRITE, isPacketPointer } from '../mem/kinds'
import { checkMapAccess } from '../mem/map-value'
import { mayAccessPacket } from '../mem/packet'
import { checkPtrOff } from '../mem/region'
import { SRC_OP, checkRegArg } from '../regs'
import { processSpinLock } from '../special/lock'
import { DYNPTR_TYPE_FLAG_MASK, dynptrSpi, processDynptrArg } from '../special/dynptr'
import { inTreeCallback } from '../special/graph'
import { matchKptr, processKptrDest } from '../special/kptr'
import { REF_TYPE_LOCK, RegState, curReg, frameOfReg, isSpilledScalar, slotType, spilledOf } from '../state'
import { funcIdName, protoArg, protoArgExtra } from '../tables'
import { Meta, metaOf } from './meta'
import { checkHelperMem, checkSizeReg } from './size'

// Register types that an argument type takes, each list ended by 0.
const SOCK_TYPES: usize = memory.data<i32>([PTR_TO_SOCK_COMMON, PTR_TO_SOCKET, PTR_TO_TCP_SOCK, PTR_TO_XDP_SOCK, 0])
const BTF_SOCK_TYPES: usize = memory.data<i32>([
  PTR_TO_SOCK_COMMON,
  PTR_TO_SOCKET,
  PTR_TO_TCP_SOCK,
  PTR_TO_XDP_SOCK,
  PTR_TO_BTF_ID,
  PTR_TO_BTF_ID | PTR_TRUSTED,
  0,
])
const MEM_TYPES: usize = memory.data<i32>([
  PTR_TO_STACK,
  PTR_TO_PACKET,
  PTR_TO_PACKET_META,
  PTR_TO_MAP_KEY,
  PTR_TO_MAP_VALUE,
  PTR_TO_MEM,
  PTR_TO_MEM | MEM_RINGBUF,
  PTR_TO_BUF,
  PTR_TO_BTF_ID | PTR_TRUSTED,
  0,
])
const SPIN_LOCK_TYPES: usize = memory.data<i32>([PTR_TO_MAP_VALUE, PTR_TO_BTF_ID | MEM_ALLOC, 0])
const FULLSOCK_TYPES: usize = memory.data<i32>([PTR_TO_SOCKET, 0])
const SCALAR_TYPES: usize = memory.data<i32>([SCALAR_VALUE, 0])
const CONTEXT_TYPES: usize = memory.data<i32>([PTR_TO_CTX, 0])
const RINGBUF_TYPES: usize = memory.data<i32>([PTR_TO_MEM | MEM_RINGBUF, 0])
const MAP_PTR_TYPES: usize = memory.data<i32>([CONST_PTR_TO_MAP, 0])
const BTF_TYPES: usize = memory.data<i32>([PTR_TO_BTF_ID, PTR_TO_BTF_ID | PTR_TRUSTED, PTR_TO_BTF_ID | MEM_RCU, 0])
const PERCPU_TYPES: usize = memory.data<i32>([
  PTR_TO_BTF_ID | MEM_PERCPU,
  PTR_TO_BTF_ID | MEM_PERCPU | MEM_RCU,
  PTR_TO_BTF_ID | MEM_PERCPU | PTR_TRUSTED,
  0,
])
const FUNC_TYPES: usize = memory.data<i32>([PTR_TO_FUNC, 0])
const STACK_TYPES: usize = memory.data<i32>([PTR_TO_STACK, 0])
const MAP_VALUE_TYPES: usize = memory.data<i32>([PTR_TO_MAP_VALUE, 0])
const DYNPTR_TYPES: usize = memory.data<i32>([PTR_TO_STACK, CONST_PTR_TO_DYNPTR, 0])

function typesOf(arg: i32): usize {
  switch (baseType(arg)) {
    case ARG_PTR_TO_MAP_KEY:
    case ARG_PTR_TO_MAP_VALUE:
    case ARG_PTR_TO_MEM:
      return MEM_TYPES
    case ARG_CONST_SIZE:
    case ARG_CONST_SIZE_OR_ZERO:
    case ARG_CONST_ALLOC_SIZE_OR_ZERO:
      return SCALAR_TYPES
    case ARG_CONST_MAP_PTR:
      return MAP_PTR_TYPES
    case ARG_PTR_TO_CTX:
      return CONTEXT_TYPES
    case ARG_PTR_TO_SOCK_COMMON:
      return SOCK_TYPES
    case ARG_PTR_TO_BTF_ID_SOCK_COMMON:
      return BTF_SOCK_TYPES
    case ARG_PTR_TO_SOCKET:
      return FULLSOCK_TYPES
    case ARG_PTR_TO_BTF_ID:
      return BTF_TYPES
    case ARG_PTR_TO_SPIN_LOCK:
    case ARG_KPTR_XCHG_DEST:
      return SPIN_LOCK_TYPES
    case ARG_PTR_TO_RINGBUF_MEM:
      return RINGBUF_TYPES
    case ARG_PTR_TO_PERCPU_BTF_ID:
      return PERCPU_TYPES
    case ARG_PTR_TO_FUNC:
      return FUNC_TYPES
    case ARG_PTR_TO_STACK:
      return STACK_TYPES
    case ARG_PTR_TO_CONST_STR:
    case ARG_PTR_TO_TIMER:
      return MAP_VALUE_TYPES
    case ARG_PTR_TO_DYNPTR:
      return DYNPTR_TYPES
  }
  return 0
}

@inline export function isDynptrArg(arg: i32): bool {
  return baseType(arg) == ARG_PTR_TO_DYNPTR
}

/** want: number of the kernel's structure that the argument points to, where its type says no more than that it is one. */
export function checkRegType(env: Env, regno: i32, arg: i32, func: i32, want: u32 = 0): i32 {
  const reg = curReg(env, regno)
  let type = reg.type
  const list = typesOf(arg)
  if (!list) return verifierBug(env, 'unsupported arg type %d', arg)
  if (arg & MEM_RDONLY) type &= ~MEM_RDONLY
  if (arg & PTR_MAYBE_NULL) type &= ~PTR_MAYBE_NULL
  if (baseType(arg) == ARG_PTR_TO_MEM) type &= ~DYNPTR_TYPE_FLAG_MASK
  if (func == BPF_FUNC_kptr_xchg && type & MEM_ALLOC && regno == 2) type &= ~(MEM_ALLOC | MEM_PERCPU)
  let p = list
  while (load<i32>(p) && load<i32>(p) != type) p += 4
  if (!load<i32>(p)) {
    verbose(env, 'R%d type=%S expected=', regno, regTypeStr(env, reg.type))
    for (let q = list; load<i32>(q, 4); q += 4) verbose(env, '%S, ', regTypeStr(env, load<i32>(q)))
    return reject(env, -EACCES, '%S\n', regTypeStr(env, load<i32>(p - 4)))
  }
  if (baseType(reg.type) != PTR_TO_BTF_ID) return 0
  if (list == MEM_TYPES) {
    if (!(arg & MEM_RDONLY))
      return reject(
        env,
        -EACCES,
        '%S() may write into memory pointed by R%d type=%S\n',
        funcIdName(func),
        regno,
        regTypeStr(env, reg.type),
      )
    return 0
  }
  if (reg.type & MEM_ALLOC) return checkAllocType(env, regno, reg, func)
  return checkStructureArg(env, reg, regno, arg, func, want)
}

/** Whether the register points to the structure that is wanted. */
function checkStructureArg(env: Env, reg: RegState, regno: i32, arg: i32, func: i32, want: u32): i32 {
  const rest = reg.type & ~(PTR_TO_BTF_ID | PTR_MAYBE_NULL)
  if (rest & MEM_PERCPU) return 0
  if (rest != 0 && rest != PTR_TRUSTED && rest != MEM_RCU)
    return verifierBug(env, 'invalid PTR_TO_BTF_ID register for type match')
  if (mayBeNull(reg.type) && (!mayBeNull(arg) || arg & OBJ_RELEASE))
    return reject(env, -EACCES, 'Possibly NULL pointer passed to helper arg%d\n', regno)
  if (func == BPF_FUNC_kptr_xchg && regno == 2)
    return matchKptr(env, changetype<BtfField>(metaOf(env).kptrField), reg, regno) ? -EACCES : 0
  if (!reg.btf) return unsupported(env, 'R%d as a pointer to a kernel structure', regno)
  const strict = (arg & OBJ_RELEASE) != 0 && func != BPF_FUNC_sk_release
  const btf = changetype<Btf>(reg.btf)
  const id = baseType(arg) == ARG_PTR_TO_BTF_ID_SOCK_COMMON ? kernelType('sock_common', KIND_STRUCT) : want
  if (structIdsMatch(env, btf, reg.btfId, reg.off, kernelTypes(), id, strict, true)) return 0
  return reject(
    env,
    -EACCES,
    'R%d is of type %S but %S is expected\n',
    regno,
    typeName(btf, reg.btfId),
    typeName(kernelTypes(), id),
  )
}

/** Objects of the program are taken by locks and by bpf_kptr_xchg alone. */
function checkAllocType(env: Env, regno: i32, reg: RegState, func: i32): i32 {
  if (reg.type & ~(PTR_TO_BTF_ID | MEM_ALLOC | MEM_PERCPU))
    return verifierBug(env, 'invalid PTR_TO_BTF_ID register for type match')
  if (func == BPF_FUNC_spin_lock || func == BPF_FUNC_spin_unlock) return 0
  if (func != BPF_FUNC_kptr_xchg) return verifierBug(env, 'unimplemented handling of MEM_ALLOC')
  if (regno != 2) return 0
  return matchKptr(env, changetype<BtfField>(metaOf(env).kptrField), reg, regno) ? -EACCES : 0
}

export function checkArgOffset(env: Env, reg: RegState, regno: i32, arg: i32): i32 {
  const type = reg.type
  if (arg & OBJ_RELEASE) {
    if (isDynptrArg(arg) && type == PTR_TO_STACK) return 0
    if (reg.off)
      return reject(
        env,
        -EINVAL,
        'R%d must have zero offset when passed to release func or trusted arg to kfunc\n',
        regno,
      )
    return checkPtrOff(env, reg, regno, false)
  }
  switch (type) {
    case PTR_TO_STACK:
    case PTR_TO_PACKET:
    case PTR_TO_PACKET_META:
    case PTR_TO_MAP_KEY:
    case PTR_TO_MAP_VALUE:
    case PTR_TO_MEM:
    case PTR_TO_MEM | MEM_RDONLY:
    case PTR_TO_MEM | MEM_RINGBUF:
    case PTR_TO_BUF:
    case PTR_TO_BUF | MEM_RDONLY:
    case PTR_TO_ARENA:
    case SCALAR_VALUE:
      return 0
  }
  const fixedOk =
    type == PTR_TO_BTF_ID ||
    type == (PTR_TO_BTF_ID | MEM_ALLOC) ||
    type == (PTR_TO_BTF_ID | PTR_TRUSTED) ||
    type == (PTR_TO_BTF_ID | MEM_RCU) ||
    type == (PTR_TO_BTF_ID | MEM_ALLOC | NON_OWN_REF) ||
    type == (PTR_TO_BTF_ID | MEM_ALLOC | NON_OWN_REF | MEM_RCU)
  return checkPtrOff(env, reg, regno, fixedOk)
}

/** Maps of sockets take sockets as values; a bloom filter is only asked. */
function resolveMapArg(env: Env, meta: Meta, arg: i32): i32 {
  if (!changetype<usize>(meta.map)) return verifierBug(env, 'invalid map_ptr to access map->type')
  const t = meta.map.mapType
  if (t == BPF_MAP_TYPE_SOCKMAP || t == BPF_MAP_TYPE_SOCKHASH) {
    if (arg == ARG_PTR_TO_MAP_VALUE) return ARG_PTR_TO_BTF_ID_SOCK_COMMON
    return reject(env, -EINVAL, 'invalid arg_type for sockmap/sockhash\n')
  }
  if (t == BPF_MAP_TYPE_BLOOM_FILTER && meta.funcId == BPF_FUNC_map_peek_elem) return ARG_PTR_TO_MAP_VALUE
  return arg
}

function processTimer(env: Env, regno: i32, meta: Meta): i32 {
  const reg = curReg(env, regno)
  const map = reg.map
  if (!isConst(reg))
    return reject(env, -EINVAL, "R%d doesn't have constant offset. bpf_timer has to be at the constant offset\n", regno)
  const name = Z(mapName(map))
  if (!changetype<usize>(map.btf))
    return reject(env, -EINVAL, "map '%S' has to have BTF in order to use bpf_timer\n", name)
  if (!recordHas(map.record, BPF_TIMER)) return reject(env, -EINVAL, "map '%S' has no valid bpf_timer\n", name)
  const off = <i64>reg.varValue + reg.off
  if (<i64>map.record.timerOff != off)
    return reject(
      env,
      -EINVAL,
      "off %lld doesn't point to 'struct bpf_timer' that is at %d\n",
      off,
      map.record.timerOff,
    )
  if (changetype<usize>(meta.map)) return verifierBug(env, 'Two map pointers in a timer helper')
  meta.mapUid = reg.mapUid
  meta.map = map
  return 0
}

export function checkConstStr(env: Env, reg: RegState, regno: i32): i32 {
  const map = reg.map
  if (reg.type != PTR_TO_MAP_VALUE) return -EINVAL
  if (!isRdonly(map)) return reject(env, -EACCES, "R%d does not point to a readonly map'\n", regno)
  if (!isConst(reg)) return reject(env, -EACCES, "R%d is not a constant address'\n", regno)
  if (!hasDirectValue(map)) return reject(env, -EACCES, 'no direct value access support for this map type\n')
  let err = checkMapAccess(env, regno, reg.off, <i32>map.valueSize - reg.off, false, ACCESS_HELPER)
  if (err) return err
  const out = memory.data(8, 4)
  const off = <u32>reg.off + <u32>reg.varValue
  err = mapDirectValueAddr(map, off, out)
  if (err) return reject(env, err, 'direct value access on string failed\n')
  const p = load<usize>(out)
  for (let i = off; i < map.valueSize; i++) if (!load<u8>(p + i)) return 0
  return reject(env, -EINVAL, 'string is not zero-terminated\n')
}

/** A key that is known now: it is put into meta. */
function constantKey(env: Env, key: RegState, size: i32, meta: Meta): i32 {
  if (!env.bpfCapable || key.type != PTR_TO_STACK || !isConst(key)) return -EOPNOTSUPP
  const f = frameOfReg(env, key)
  const slot = -(key.off + <i32>key.varValue) - 1
  const spi = slot >> 3
  const byte = slot & 7
  let n = 0
  for (let i = byte; i >= 0 && slotType(f, spi, i) == STACK_ZERO; i--) n++
  if (n >= size) {
    meta.constMapKey = 0
    return 0
  }
  if (!isSpilledScalar(f, spi)) return -EOPNOTSUPP
  n = 0
  for (let i = byte; i >= 0 && slotType(f, spi, i) == STACK_SPILL; i--) n++
  if (n != size) return -EOPNOTSUPP
  const r = spilledOf(f, spi)
  if (!isConst(r)) return -EOPNOTSUPP
  btSetFrameSlot(env, <i32>key.frameno, spi)
  const err = markChain(env, env.cur, -1, 0)
  if (err < 0) return err
  meta.constMapKey = <i64>r.varValue
  return 0
}

function checkRelease(env: Env, reg: RegState, regno: i32, arg: i32, meta: Meta): i32 {
  if (isDynptrArg(arg)) {
    if (reg.type != PTR_TO_STACK) return reject(env, -EINVAL, 'cannot release unowned const bpf_dynptr\n')
    const spi = dynptrSpi(env, reg)
    if (spi < 0 || !spilledOf(frameOfReg(env, reg), spi).refObjId)
      return reject(env, -EINVAL, 'arg %d is an unacquired reference\n', regno)
  } else if (!reg.refObjId && !registerIsNull(reg))
    return reject(env, -EINVAL, 'R%d must be referenced when passed to release function\n', regno)
  if (meta.releaseRegno) return verifierBug(env, 'more than one release argument')
  meta.releaseRegno = regno
  return 0
}

function checkByKind(env: Env, proto: usize, i: i32, arg: i32, insn: i32, meta: Meta): i32 {
  const regno = i + 1
  const reg = curReg(env, regno)
  let err = 0
  switch (baseType(arg)) {
    case ARG_CONST_MAP_PTR:
      if (
        changetype<usize>(meta.map) &&
        (changetype<usize>(meta.map) != changetype<usize>(reg.map) || meta.mapUid != reg.mapUid)
      )
        return reject(
          env,
          -EINVAL,
          "timer pointer in R1 map_uid=%d doesn't match map pointer in R2 map_uid=%d\n",
          meta.mapUid,
          reg.mapUid,
        )
      meta.map = reg.map
      meta.mapUid = reg.mapUid
      return 0
    case ARG_PTR_TO_MAP_KEY: {
      if (!changetype<usize>(meta.map)) return verifierBug(env, 'invalid map_ptr to access map->key')
      const size = <i32>meta.map.keySize
      err = checkHelperMem(env, regno, size, READ, false, changetype<Meta>(0))
      if (err) return err
      if (elidesNull(meta.map.mapType)) {
        err = constantKey(env, reg, size, meta)
        if (err < 0) {
          meta.constMapKey = -1
          return err == -EOPNOTSUPP ? 0 : err
        }
      }
      return 0
    }
    case ARG_PTR_TO_MAP_VALUE:
      if (mayBeNull(arg) && registerIsNull(reg)) return 0
      if (!changetype<usize>(meta.map)) return verifierBug(env, 'invalid map_ptr to access map->value')
      meta.rawMode = (arg & MEM_UNINIT) != 0
      return checkHelperMem(env, regno, <i32>meta.map.valueSize, arg & MEM_WRITE ? WRITE : READ, false, meta)
    case ARG_PTR_TO_PERCPU_BTF_ID:
      if (!reg.btfId) return reject(env, -EACCES, 'Helper has invalid btf_id in R%d\n', regno)
      meta.retBtf = reg.btf
      meta.retBtfId = reg.btfId
      return 0
    case ARG_PTR_TO_SPIN_LOCK:
      if (inTreeCallback(env)) return reject(env, -EACCES, "can't spin_{lock,unlock} in rbtree cb\n")
      if (meta.funcId == BPF_FUNC_spin_lock) return processSpinLock(env, regno, true, REF_TYPE_LOCK)
      if (meta.funcId == BPF_FUNC_spin_unlock) return processSpinLock(env, regno, false, REF_TYPE_LOCK)
      return verifierBug(env, 'spin lock arg on unexpected helper')
    case ARG_PTR_TO_TIMER:
      return processTimer(env, regno, meta)
    case ARG_PTR_TO_FUNC:
      meta.subprogno = reg.subprogno
      return 0
    case ARG_PTR_TO_MEM:
      meta.rawMode = (arg & MEM_UNINIT) != 0
      if (arg & MEM_FIXED_SIZE) {
        const size = protoArgExtra(proto, i)
        err = checkHelperMem(env, regno, size, arg & MEM_WRITE ? WRITE : READ, false, meta)
        if (err) return err
        if (arg & MEM_ALIGNED) return checkAlignment(env, reg, 0, size, true)
      }
      return 0
    case ARG_CONST_SIZE:
    case ARG_CONST_SIZE_OR_ZERO:
      return checkSizeReg(
        env,
        reg,
        regno,
        protoArg(proto, i - 1) & MEM_WRITE ? WRITE : READ,
        baseType(arg) == ARG_CONST_SIZE_OR_ZERO,
        meta,
      )
    case ARG_PTR_TO_DYNPTR:
      return processDynptrArg(env, regno, insn, arg, 0)
    case ARG_CONST_ALLOC_SIZE_OR_ZERO:
      if (!isConst(reg)) return reject(env, -EACCES, "R%d is not a known constant'\n", regno)
      meta.memSize = <u32>reg.varValue
      return markChainPrecision(env, regno)
    case ARG_PTR_TO_CONST_STR:
      return checkConstStr(env, reg, regno)
    case ARG_KPTR_XCHG_DEST:
      return processKptrDest(env, regno, meta)
  }
  return 0
}

/** Number of the structure that a prototype names. */
function wantedType(proto: usize, i: i32, arg: i32): u32 {
  return baseType(arg) == ARG_PTR_TO_BTF_ID ? helperType(protoArgExtra(proto, i)) : 0
}

export function checkFuncArg(env: Env, proto: usize, i: i32, insn: i32): i32 {
  const meta = metaOf(env)
  const regno = i + 1
  let arg = protoArg(proto, i)
  if (arg == ARG_DONTCARE) return 0
  let err = checkRegArg(env, regno, SRC_OP)
  if (err) return err
  const reg = curReg(env, regno)
  if (arg == ARG_ANYTHING) {
    if (isPointerValue(env, regno)) return reject(env, -EACCES, 'R%d leaks addr into helper function\n', regno)
    return 0
  }
  if (isPacketPointer(reg.type) && !mayAccessPacket(env, meta.pktAccess ? 1 : 0, READ))
    return reject(env, -EACCES, 'helper access to the packet is not allowed\n')
  if (baseType(arg) == ARG_PTR_TO_MAP_VALUE) {
    arg = resolveMapArg(env, meta, arg)
    if (arg < 0) return arg
  }
  if (!(registerIsNull(reg) && mayBeNull(arg))) {
    err = checkRegType(env, regno, arg, meta.funcId, wantedType(proto, i, arg))
    if (err) return err
    err = checkArgOffset(env, reg, regno, arg)
    if (err) return err
  }
  if (arg & OBJ_RELEASE) {
    err = checkRelease(env, reg, regno, arg, meta)
    if (err) return err
  }
  if (reg.refObjId && baseType(arg) != ARG_KPTR_XCHG_DEST) {
    if (meta.refObjId)
      return reject(env, -EACCES, 'more than one arg with ref_obj_id R%d %u %u', regno, reg.refObjId, meta.refObjId)
    meta.refObjId = reg.refObjId
  }
  return checkByKind(env, proto, i, arg, insn, meta)
}

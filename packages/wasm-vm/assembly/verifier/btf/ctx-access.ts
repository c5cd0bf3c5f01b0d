// SPDX-License-Identifier: GPL-2.0-only
// A load from a context whose words are the arguments of a function that BTF describes.
// Kernel counterparts: btf_ctx_access, bpf_tracing_btf_ctx_access, bpf_tcp_ca_is_valid_access.

import { Btf, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import { btfTypeSkipModifiers } from '../../btf/kinds'
import { kernelType, kernelTypes } from '../../btf/name-index'
import { RAW_TP_NULL_ARGS, SET_LSM_UNTRUSTED } from '../../gen/attach-targets.gen'
import {
  BPF_LSM_CGROUP,
  BPF_LSM_MAC,
  BPF_MODIFY_RETURN,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FEXIT,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
} from '../../gen/uapi-enums.gen'
import {
  MEM_PERCPU,
  MEM_USER,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TO_BUF,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import { cstrEquals, cstrIs, cstrlen } from '../../mem/bytes'
import { Prog } from '../../prog/prog'
import { baseType } from '../bounds'
import { KIND_INT, KIND_PTR, KIND_STRUCT, isEnum, kindStr } from '../btf-facts'
import { contextTypeId } from './ctx-types'
import { Env } from '../env'
import { S, Z, verbose } from '../log/verbose'
import { READ } from '../mem/kinds'
import { ctxArgAt } from './ctx-args'
import { hookName, inSet } from './names'
import { isStructType, tagFlag } from './walk'

const MAX_ARGS: u32 = 5
const MAX_FUNC_ARGS: i32 = 12
const IDS: usize = memory.data(8, 8)

/** What the register holds that the word is loaded into. */
@unmanaged export class CtxInfo {
  type: i32
  btf: usize
  btfId: u32
  refObjId: u32
  isRetval: bool
}
const INFO: usize = memory.data(24, 8)

@inline export function ctxInfo(): CtxInfo {
  return changetype<CtxInfo>(INFO)
}

/** The BTF that describes the target: the kernel's, or that of the program it is attached to. */
@inline function targetBtf(prog: Prog): Btf {
  return changetype<usize>(prog.attachProg) ? prog.attachProg.btf : prog.attachBtf
}

function wordsOf(btf: Btf, id: u32): u32 {
  const t = btfTypeSkipModifiers(btf, id, 0)
  return btfKind(t) == KIND_PTR ? 8 : (btfSize(t) + 7) & ~7
}

@inline function paramType(proto: usize, i: u32): u32 {
  return load<u32>(proto + 12 + ((<usize>i) << 3), 4)
}

@inline function paramName(btf: Btf, proto: usize, i: u32): usize {
  return btf.strings + <usize>load<u32>(proto + 12 + ((<usize>i) << 3))
}

/** Number of the argument in the word at the offset; behind the last the result's, then one more. */
function argIndex(btf: Btf, proto: usize, off: i32): u32 {
  if (!proto) return <u32>(off / 8)
  const n = btfVlen(proto)
  let end: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    end += wordsOf(btf, paramType(proto, i))
    if (<u32>off < end) return i
  }
  const ret = btfType(proto)
  end += ret ? wordsOf(btf, ret) : 0
  return <u32>off < end ? n : n + 1
}

function argsTrusted(prog: Prog): bool {
  switch (prog.type) {
    case BPF_PROG_TYPE_TRACING:
      return prog.expectedAttachType == BPF_TRACE_RAW_TP || prog.expectedAttachType == BPF_TRACE_ITER
    case BPF_PROG_TYPE_LSM:
      return !inSet(SET_LSM_UNTRUSTED, hookName(prog.attachFuncName))
    case BPF_PROG_TYPE_STRUCT_OPS:
      return true
  }
  return false
}

function endsWith(name: usize, suffix: string): bool {
  const n = cstrlen(name)
  return n >= <usize>suffix.length && cstrIs(name + n - <usize>suffix.length, suffix)
}

/** Bits of a tracepoint's argument: 1 it may be NULL, 2 it may be an error. */
function rawTracepointBits(prog: Prog, arg: u32): u32 {
  const name = btfNameOf(prog.attachBtf, btfTypeById(prog.attachBtf, prog.attachBtfId)) + 10
  let p = RAW_TP_NULL_ARGS
  while (load<u8>(p)) {
    const mask = p + cstrlen(p) + 1
    if (cstrEquals(p, name)) return arg < 8 ? (load<u32>(mask) >> (arg * 4)) & 3 : 0
    p = mask + 4
  }
  return 0
}

function noArgument(env: Env, arg: u32): bool {
  verbose(env, "func '%S' doesn't have %d-th argument\n", Z(env.prog.attachFuncName), arg + 1)
  return false
}

const DONE: u32 = 0xffffffff
const FAILED: u32 = 0xfffffffe

/** Type of the result that some programs see behind the arguments. DONE: a number. */
function resultType(env: Env, btf: Btf, proto: usize, arg: u32): u32 {
  switch (env.prog.expectedAttachType) {
    case BPF_LSM_MAC:
      ctxInfo().isRetval = true
      return proto ? btfType(proto) : DONE
    case BPF_LSM_CGROUP:
    case BPF_TRACE_FEXIT:
      return proto ? btfType(proto) : DONE
    case BPF_MODIFY_RETURN: {
      if (!proto) return FAILED
      const t = btfTypeSkipModifiers(btf, btfType(proto), IDS)
      if (btfKind(t) == KIND_INT && btfSize(t) <= 8) return load<u32>(IDS)
      verbose(env, 'ret type %s not allowed for fmod_ret\n', S(kindStr(t)))
      return FAILED
    }
  }
  noArgument(env, arg)
  return FAILED
}

/** A word that iterators and struct_ops know more about. */
function knownWord(env: Env, off: i32, buffers: bool): i32 {
  const prog = env.prog
  const info = ctxInfo()
  for (let i: u32 = 0; i < prog.ctxArgCnt; i++) {
    const a = ctxArgAt(prog, i)
    if (a.offset != <u32>off) continue
    if (buffers) {
      if (baseType(a.type) != PTR_TO_BUF || !(a.type & PTR_MAYBE_NULL)) continue
      info.type = a.type
      return 1
    }
    if (!a.btfId) {
      verbose(env, 'invalid btf_id for context argument offset %u\n', off)
      return -1
    }
    info.type = a.type
    info.btf = a.btf
    info.btfId = a.btfId
    info.refObjId = a.refObjId
    return 1
  }
  return 0
}

function structPointer(env: Env, btf: Btf, proto: usize, ptr: usize, arg: u32, params: u32): bool {
  const prog = env.prog
  const info = ctxInfo()
  let error = false
  info.type = PTR_TO_BTF_ID | (argsTrusted(prog) ? PTR_TRUSTED : 0)
  if (arg < params && endsWith(paramName(btf, proto, arg + (prog.attachBtfTrace ? 1 : 0)), '__nullable'))
    info.type |= PTR_MAYBE_NULL
  if (prog.expectedAttachType == BPF_TRACE_RAW_TP) {
    const bits = rawTracepointBits(prog, arg)
    if (bits & 1) info.type |= PTR_MAYBE_NULL
    error = (bits & 2) != 0
  }
  if (changetype<usize>(prog.attachProg)) {
    const target = prog.attachProg
    const id = contextTypeId(env, btf, ptr, target.type == BPF_PROG_TYPE_EXT ? target.savedDstType : target.type, arg)
    info.btf = changetype<usize>(kernelTypes())
    info.btfId = id
    return id != 0
  }
  info.btf = changetype<usize>(btf)
  info.type |= tagFlag(btf, btfType(ptr), false) & (MEM_USER | MEM_PERCPU)
  const t = btfTypeSkipModifiers(btf, btfType(ptr), IDS)
  info.btfId = load<u32>(IDS)
  const name = Z(prog.attachFuncName)
  if (!isStructType(t)) {
    verbose(env, "func '%S' arg%d type %s is not a struct\n", name, arg, S(kindStr(t)))
    return false
  }
  const kind = S(kindStr(t))
  verbose(env, "func '%S' arg%d has btf_id %d type %s '%S'\n", name, arg, info.btfId, kind, Z(btfNameOf(btf, t)))
  if (error) {
    verbose(env, 'marking pointer arg%d as scalar as it may encode error', arg)
    info.type = SCALAR_VALUE
  }
  return true
}

function argumentAccess(env: Env, off: i32, size: i32): bool {
  const prog = env.prog
  const proto = prog.attachFuncProto
  const btf = targetBtf(prog)
  const name = Z(prog.attachFuncName)
  if (off % 8) {
    verbose(env, "func '%S' offset %d is not multiple of 8\n", name, off)
    return false
  }
  const arg = argIndex(btf, proto, off)
  let params = proto ? btfVlen(proto) : MAX_ARGS
  // The first one, void *__data, is no argument of the tracepoint.
  const skipped: u32 = prog.attachBtfTrace ? 1 : 0
  params -= skipped
  if (arg > params) return noArgument(env, arg)
  let id: u32 = 0
  if (arg == params) {
    id = resultType(env, btf, proto, arg)
    if (id == DONE) return true
    if (id == FAILED) return false
  } else {
    if (!proto) return true
    id = paramType(proto, arg + skipped)
  }
  const t = btfTypeSkipModifiers(btf, id, 0)
  if ((btfKind(t) == KIND_INT && btfSize(t) <= 8) || isEnum(t) || isStructType(t)) return true
  if (btfKind(t) != KIND_PTR) {
    verbose(
      env,
      "func '%S' arg%d '%S' has type %s. Only pointer access is allowed\n",
      name,
      arg,
      Z(btfNameOf(btf, t)),
      S(kindStr(t)),
    )
    return false
  }
  if (size != 8) {
    verbose(env, "func '%S' size %d must be 8\n", name, size)
    return false
  }
  if (knownWord(env, off, true)) return true
  const to = btfTypeSkipModifiers(btf, btfType(t), IDS)
  if (!load<u32>(IDS) || btfKind(to) == KIND_INT) return true
  const known = knownWord(env, off, false)
  return known ? known > 0 : structPointer(env, btf, proto, t, arg, params)
}

/** A program of tcp_congestion_ops gets a socket of TCP where BTF says any socket. */
function promoteSocket(prog: Prog): void {
  const info = ctxInfo()
  if (prog.type != BPF_PROG_TYPE_STRUCT_OPS || baseType(info.type) != PTR_TO_BTF_ID) return
  if (info.type & PTR_UNTRUSTED || info.btfId != kernelType('sock', KIND_STRUCT)) return
  if (!cstrIs(btfNameOf(prog.attachBtf, btfTypeById(prog.attachBtf, prog.attachBtfId)), 'tcp_congestion_ops')) return
  info.btfId = kernelType('tcp_sock', KIND_STRUCT)
}

/** Whether the context may be accessed there; what is loaded is at ctxInfo(). */
export function contextAccess(env: Env, off: i32, size: i32, access: i32): bool {
  memory.fill(INFO, 0, 24)
  ctxInfo().type = SCALAR_VALUE
  const prog = env.prog
  if (prog.type != BPF_PROG_TYPE_LSM) {
    if (off < 0 || off >= 8 * MAX_FUNC_ARGS || access != READ || off % size) return false
  }
  if (!argumentAccess(env, off, size)) return false
  promoteSocket(prog)
  return true
}

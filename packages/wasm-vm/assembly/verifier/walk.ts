// SPDX-License-Identifier: GPL-2.0-only
// Walks of the program and, each by itself, of its global functions.
// Counterparts: do_check_common, do_check_main, do_check_subprogs, free_states.

import { kernelTypes } from '../btf/name-index'
import { EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import { BPF_PROG_TYPE_EXT, BPF_PROG_TYPE_STRUCT_OPS } from '../gen/uapi-enums.gen'
import {
  ARG_ANYTHING,
  ARG_PTR_TO_ARENA,
  ARG_PTR_TO_BTF_ID,
  ARG_PTR_TO_CTX,
  ARG_PTR_TO_DYNPTR,
  ARG_PTR_TO_MEM,
  BPF_DYNPTR_TYPE_LOCAL,
  MEM_RDONLY,
  PTR_MAYBE_NULL,
  PTR_TO_BTF_ID,
  PTR_TRUSTED,
  PTR_TO_CTX,
  PTR_TO_MEM,
  PTR_UNTRUSTED,
  SCALAR_VALUE,
} from '../gen/verifier-types.gen'
import { baseType, markDynptrReg, markKnownZero, markUnknown } from './bounds'
import { subprogName } from './btf-facts'
import { ctxArgAt } from './btf/ctx-args'
import { prepareFuncArgs } from './call/func-args'
import {
  BPF_LOG_LEVEL,
  BPF_LOG_LEVEL2,
  Env,
  SubprogInfo,
  argSizeOf,
  argTypeOf,
  subprogAt,
  subprogIsGlobal,
} from './env'
import { emptyExplored } from './env-life'
import { logReset } from './log/buffer'
import { reject, verbose, verifierBug } from './log/verbose'
import { poolFree, poolZalloc } from './pool'
import { acquireReference } from './refs'
import {
  BPF_MAIN_FUNC,
  FuncState,
  RegState,
  STATE_LIST_SIZE,
  VSTATE_SIZE,
  VState,
  freeStateParts,
  newFunc,
  regOf,
  setFrame,
} from './state'
import { freeSccVisits } from './states/scc-visit'
import { entryOf, initFrame, listUnlink, popStack } from './states/stack'
import { doCheck } from './step'

const NONE: usize = 0

function freeList(env: Env, head: usize): void {
  for (let l = load<usize>(head); l != head; l = load<usize>(head)) {
    const e = entryOf(l)
    listUnlink(e)
    freeStateParts(env, e)
    poolFree(env.pool, changetype<usize>(e), STATE_LIST_SIZE)
  }
}

function freeStates(env: Env): void {
  if (changetype<usize>(env.cur)) {
    freeStateParts(env, env.cur)
    poolFree(env.pool, changetype<usize>(env.cur), VSTATE_SIZE)
    env.cur = changetype<VState>(NONE)
  }
  while (popStack(env, 0, false) != -ENOENT);
  freeSccVisits(env)
  freeList(env, changetype<usize>(env) + offsetof<Env>('freeListNext'))
  for (let i = 0; i < env.len; i++) freeList(env, env.explored + ((<usize>i) << 3))
}

/** A register as a global function may find it. */
function setArgument(env: Env, r: RegState, sub: SubprogInfo, i: i32): i32 {
  const type = argTypeOf(sub, i)
  if (type == ARG_PTR_TO_CTX) {
    r.type = PTR_TO_CTX
    markKnownZero(r)
  } else if (type == ARG_ANYTHING) {
    r.type = SCALAR_VALUE
    markUnknown(env, r)
  } else if (type == (ARG_PTR_TO_DYNPTR | MEM_RDONLY)) {
    markDynptrReg(r, BPF_DYNPTR_TYPE_LOCAL, true, ++env.idGen)
  } else if (baseType(type) == ARG_PTR_TO_MEM) {
    r.type = PTR_TO_MEM | (type & (PTR_MAYBE_NULL | PTR_UNTRUSTED | MEM_RDONLY))
    markKnownZero(r)
    r.memSize = argSizeOf(sub, i)
    if (type & PTR_MAYBE_NULL) r.id = ++env.idGen
  } else if (baseType(type) == ARG_PTR_TO_BTF_ID) {
    r.type = PTR_TO_BTF_ID | (type & (PTR_MAYBE_NULL | PTR_UNTRUSTED | PTR_TRUSTED))
    markKnownZero(r)
    r.btf = changetype<usize>(kernelTypes())
    r.btfId = argSizeOf(sub, i)
    r.id = ++env.idGen
  } else if (baseType(type) == ARG_PTR_TO_ARENA) {
    markUnknown(env, r)
  } else return verifierBug(env, 'unhandled arg#%d type %d', i, type)
  return 0
}

function globalArguments(env: Env, f: FuncState, subprog: i32): i32 {
  const sub = subprogAt(env, subprog)
  verbose(env, 'Validating %S() func#%d...\n', subprogName(env, subprog), subprog)
  let err = prepareFuncArgs(env, subprog)
  if (err) return err
  if (sub.isExceptionCb) {
    f.inExceptionCallbackFn = true
    if (sub.argCnt != 1 || argTypeOf(sub, 0) != ARG_ANYTHING)
      return reject(env, -EINVAL, 'exception cb only supports single integer argument\n')
  }
  for (let i = 0; i < <i32>sub.argCnt; i++) {
    err = setArgument(env, regOf(f, i + 1), sub, i)
    if (err) return err
  }
  return 0
}

function mainArguments(env: Env, f: FuncState): void {
  const sub = subprogAt(env, 0)
  if (env.prog.funcInfo) {
    const old = env.unsupported
    const err = prepareFuncArgs(env, 0)
    env.unsupported = old
    if (err || sub.argCnt != 1 || argTypeOf(sub, 0) != ARG_PTR_TO_CTX) sub.unreliable = true
  }
  regOf(f, 1).type = PTR_TO_CTX
  markKnownZero(regOf(f, 1))
}

/** Arguments of a struct_ops program that it must give back (__ref). */
function acquireArguments(env: Env): i32 {
  const prog = env.prog
  if (prog.type != BPF_PROG_TYPE_STRUCT_OPS) return 0
  for (let i: u32 = 0; i < prog.ctxArgCnt; i++) {
    const a = ctxArgAt(prog, i)
    const id = a.refcounted ? acquireReference(env, 0) : 0
    if (id < 0) return id
    a.refObjId = <u32>id
  }
  return 0
}

function walk(env: Env, subprog: i32): i32 {
  env.prevLinfo = 0
  env.passCnt++
  const p = poolZalloc(env.pool, VSTATE_SIZE)
  const frame = newFunc(env)
  if (!p || !frame) return -ENOMEM
  const st = changetype<VState>(p)
  st.branches = 1
  setFrame(st, 0, frame)
  env.cur = st
  const f = changetype<FuncState>(frame)
  initFrame(env, f, BPF_MAIN_FUNC, 0, subprog)
  st.firstInsnIdx = subprogAt(env, subprog).start
  st.lastInsnIdx = -1
  let ret = 0
  if (subprog || env.prog.type == BPF_PROG_TYPE_EXT) ret = globalArguments(env, f, subprog)
  else mainArguments(env, f)
  if (!ret && !subprog) ret = acquireArguments(env)
  if (!ret) ret = doCheck(env)
  if (!ret && !(env.log.level & BPF_LOG_LEVEL2)) logReset(env.log, 0)
  freeStates(env)
  emptyExplored(env)
  return ret
}

export function verifyMain(env: Env): i32 {
  env.insnIdx = 0
  const ret = walk(env, 0)
  if (!ret) env.prog.stackDepth = subprogAt(env, 0).stackDepth
  return ret
}

/** Those that are called, until no new ones turn up. */
export function verifyGlobals(env: Env): i32 {
  if (!env.prog.funcInfo) return 0
  if (env.exceptionCb) subprogAt(env, env.exceptionCb).called = true
  let fresh: bool
  do {
    fresh = false
    for (let i = 1; i < env.subprogCnt; i++) {
      const sub = subprogAt(env, i)
      if (!subprogIsGlobal(env, i) || !sub.called || sub.verified) continue
      env.insnIdx = sub.start
      const ret = walk(env, i)
      if (ret) return ret
      if (env.log.level & BPF_LOG_LEVEL)
        verbose(env, "Func#%d ('%S') is safe for any args that match its prototype\n", i, subprogName(env, i))
      sub.verified = true
      fresh = true
    }
  } while (fresh)
  return 0
}

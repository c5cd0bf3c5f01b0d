// SPDX-License-Identifier: GPL-2.0-only
// What a program is made to be attached to: kernel functions, tracepoints, iterators, LSM hooks, members of structures
// of functions, other programs. Counterparts: check_attach_btf_id, bpf_check_attach_target, bpf_lsm_verify_prog.

import { Btf, btfKind, btfNameOf, btfType, btfTypeById } from '../btf/btf'
import { btfFind } from '../btf/name-index'
import {
  SET_DENIED,
  SET_LSM_DISABLED,
  SET_LSM_SLEEPABLE,
  SET_MODIFIABLE,
  SET_NO_RETURN,
  SET_SLEEPABLE_TARGETS,
} from '../gen/attach-targets.gen'
import { EINVAL } from '../gen/errno.gen'
import {
  BPF_LSM_CGROUP,
  BPF_LSM_MAC,
  BPF_MODIFY_RETURN,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_SYSCALL,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
} from '../gen/uapi-enums.gen'
import { cstrPut, cstrlen } from '../mem/bytes'
import { Prog } from '../prog/prog'
import { iterArguments } from './btf/ctx-args'
import { hookName, inSet } from './btf/names'
import { checkTrampolineProto, extensionMatches } from './btf/proto'
import { checkStructOpsTarget } from './btf/struct-ops'
import { KIND_FUNC, KIND_FUNC_PROTO, KIND_PTR, KIND_TYPEDEF, startsWith } from './btf-facts'
import { Env, subprogAt } from './env'
import { S, Z, reject } from './log/verbose'

const TRACE_PREFIX: usize = 10
const NAME: usize = memory.data(160, 8)
const NAME_SIZE: usize = 160
const TEMPLATE_PREFIX: usize = 12

/** What the program replaces or traces, as found: its prototype (0: five numbers) and its name. */
@unmanaged class Target {
  proto: usize
  name: usize
}
const TARGET: usize = memory.data(8, 8)

@inline function target(): Target {
  return changetype<Target>(TARGET)
}

function canBeSleepable(prog: Prog): bool {
  switch (prog.type) {
    case BPF_PROG_TYPE_TRACING:
      switch (prog.expectedAttachType) {
        case BPF_TRACE_FENTRY:
        case BPF_TRACE_FEXIT:
        case BPF_MODIFY_RETURN:
        case BPF_TRACE_ITER:
          return true
      }
      return false
    case BPF_PROG_TYPE_LSM:
      return prog.expectedAttachType != BPF_LSM_CGROUP
    case BPF_PROG_TYPE_KPROBE:
    case BPF_PROG_TYPE_STRUCT_OPS:
      return true
  }
  return false
}

/** Number of the target's function in its program, -1 if none has that type. */
function targetSubprog(to: Prog, id: u32): i32 {
  for (let i: u32 = 0; i < to.funcInfoCnt; i++) if (load<u32>(to.funcInfo + ((<usize>i) << 3), 4) == id) return <i32>i
  return -1
}

// Of the four bytes that the verifier keeps of each function (fixups/publish.ts): facts found, effects.
const UNRELIABLE: u8 = 1
const CHANGES_PACKET: u8 = 1
const MIGHT_SLEEP: u8 = 2
const EXCEPTION_CB: u8 = 4

@inline function factsOf(to: Prog, sub: i32): u8 {
  return to.funcInfoAux ? load<u8>(to.funcInfoAux + ((<usize>sub) << 2), 2) : 0
}

@inline function effectsOf(to: Prog, sub: i32): u8 {
  return to.funcInfoAux ? load<u8>(to.funcInfoAux + ((<usize>sub) << 2), 3) >> 1 : 0
}

/** An extension takes the place of a function and may do no more than that one. */
function checkExtension(env: Env, to: Prog, sub: i32): i32 {
  if (factsOf(to, sub) & UNRELIABLE) return reject(env, -EINVAL, 'Cannot replace static functions\n')
  const mine = subprogAt(env, 0)
  const effects = effectsOf(to, sub)
  if (mine.changesPktData && !(effects & CHANGES_PACKET))
    return reject(env, -EINVAL, 'Extension program changes packet data, while original does not\n')
  if (mine.mightSleep && !(effects & MIGHT_SLEEP))
    return reject(env, -EINVAL, 'Extension program may sleep, while original does not\n')
  return 0
}

function checkProgramTarget(env: Env, prog: Prog, to: Prog, sub: i32): i32 {
  const extension = prog.type == BPF_PROG_TYPE_EXT
  if (effectsOf(to, sub) & EXCEPTION_CB)
    return reject(
      env,
      -EINVAL,
      '%s programs cannot attach to exception callback\n',
      S(extension ? 'Extension' : 'FENTRY/FEXIT'),
    )
  if (extension) {
    const err = checkExtension(env, to, sub)
    if (err) return err
  }
  if (prog.type == BPF_PROG_TYPE_TRACING) {
    if (to.attachTracingProg) return reject(env, -EINVAL, 'Cannot nest tracing program attach more than once\n')
  } else if (to.type == prog.type) return reject(env, -EINVAL, 'Cannot recursively attach\n')
  const traces = to.expectedAttachType == BPF_TRACE_FENTRY || to.expectedAttachType == BPF_TRACE_FEXIT
  if (extension && to.type == BPF_PROG_TYPE_TRACING && traces)
    return reject(env, -EINVAL, 'Cannot extend fentry/fexit\n')
  return 0
}

/** Prototype behind a function's type; 0 where there is none. */
function protoOf(btf: Btf, t: usize): usize {
  const p = btfTypeById(btf, btfType(t))
  return p && btfKind(p) == KIND_FUNC_PROTO ? p : 0
}

function checkTracepoint(env: Env, btf: Btf, t: usize, name: usize): i32 {
  const prog = env.prog
  if (changetype<usize>(prog.attachProg))
    return reject(env, -EINVAL, 'Only FENTRY/FEXIT progs are attachable to another BPF prog\n')
  if (btfKind(t) != KIND_TYPEDEF) return reject(env, -EINVAL, 'attach_btf_id %u is not a typedef\n', prog.attachBtfId)
  if (!startsWith(name, 'btf_trace_'))
    return reject(env, -EINVAL, 'attach_btf_id %u points to wrong type name %S\n', prog.attachBtfId, Z(name))
  target().name = name + TRACE_PREFIX
  // The function that calls programs has the arguments' names; the typedef has their types only.
  const n = cstrlen(name + TRACE_PREFIX)
  if (n + TEMPLATE_PREFIX < NAME_SIZE) {
    cstrPut(NAME, '__bpf_trace_')
    memory.copy(NAME + TEMPLATE_PREFIX, name + TRACE_PREFIX, n + 1)
    const fn = btfFind(btf, NAME, KIND_FUNC)
    if (fn) target().proto = protoOf(btf, btfTypeById(btf, fn))
  }
  if (target().proto) return 0
  const ptr = btfTypeById(btf, btfType(t))
  if (!ptr || btfKind(ptr) != KIND_PTR) return -EINVAL
  target().proto = protoOf(btf, ptr)
  return target().proto ? 0 : -EINVAL
}

/** Calls of the system may fail by injection wherever Linux allows that. */
function errorInjectable(name: usize): bool {
  return startsWith(name, '__x64_sys_') || startsWith(name, '__ia32_sys_')
}

function checkSleep(env: Env, prog: Prog, name: usize): i32 {
  let ok = false
  if (prog.type == BPF_PROG_TYPE_LSM) ok = startsWith(name, 'bpf_lsm_') && inSet(SET_LSM_SLEEPABLE, hookName(name))
  else if (prog.type == BPF_PROG_TYPE_TRACING) ok = errorInjectable(name) || inSet(SET_SLEEPABLE_TARGETS, name)
  return ok ? 0 : reject(env, -EINVAL, '%S is not sleepable\n', Z(name))
}

function checkFunction(env: Env, btf: Btf, t: usize, name: usize, sub: i32): i32 {
  const prog = env.prog
  const to = prog.attachProg
  const toProg = changetype<usize>(to) != 0
  if (btfKind(t) != KIND_FUNC) return reject(env, -EINVAL, 'attach_btf_id %u is not a function\n', prog.attachBtfId)
  if (prog.type == BPF_PROG_TYPE_EXT && extensionMatches(env, prog, btf, t)) return -EINVAL
  let proto = protoOf(btf, t)
  if (!proto) return -EINVAL
  if (toProg && factsOf(to, sub) & UNRELIABLE) proto = 0
  const err = checkTrampolineProto(env, btf, proto, name)
  if (err) return err
  target().proto = proto
  target().name = name
  if (prog.sleepable) return checkSleep(env, prog, name)
  if (prog.expectedAttachType != BPF_MODIFY_RETURN || prog.type != BPF_PROG_TYPE_TRACING) return 0
  if (toProg) return reject(env, -EINVAL, "can't modify return codes of BPF programs\n")
  if (inSet(SET_MODIFIABLE, name) || startsWith(name, 'security_') || errorInjectable(name)) return 0
  return reject(env, -EINVAL, '%S() is not modifiable\n', Z(name))
}

function checkIterator(env: Env, btf: Btf, t: usize, name: usize): i32 {
  if (btfKind(t) != KIND_FUNC) return reject(env, -EINVAL, 'attach_btf_id %u is not a function\n', env.prog.attachBtfId)
  const proto = protoOf(btf, t)
  if (!proto) return -EINVAL
  target().proto = proto
  target().name = name
  return checkTrampolineProto(env, btf, proto, name)
}

/** Finds the target and whether it may be attached to. */
function findTarget(env: Env, prog: Prog): i32 {
  const id = prog.attachBtfId
  if (!id) return reject(env, -EINVAL, 'Tracing programs must provide btf_id\n')
  const to = prog.attachProg
  const toProg = changetype<usize>(to) != 0
  const btf = toProg ? to.btf : prog.attachBtf
  if (!changetype<usize>(btf))
    return reject(env, -EINVAL, 'FENTRY/FEXIT program can only be attached to another program annotated with BTF\n')
  const t = btfTypeById(btf, id)
  if (!t) return reject(env, -EINVAL, 'attach_btf_id %u is invalid\n', id)
  const name = btfNameOf(btf, t)
  if (!name) return reject(env, -EINVAL, "attach_btf_id %u doesn't have a name\n", id)
  let sub = -1
  if (toProg) {
    sub = targetSubprog(to, id)
    if (sub < 0) return reject(env, -EINVAL, "Subprog %S doesn't exist\n", Z(name))
    const err = checkProgramTarget(env, prog, to, sub)
    if (err) return err
  } else if (prog.type == BPF_PROG_TYPE_EXT) return reject(env, -EINVAL, 'Cannot replace kernel functions\n')
  switch (prog.expectedAttachType) {
    case BPF_TRACE_RAW_TP:
      return checkTracepoint(env, btf, t, name)
    case BPF_TRACE_ITER:
      return checkIterator(env, btf, t, name)
    case BPF_MODIFY_RETURN:
    case BPF_LSM_MAC:
    case BPF_LSM_CGROUP:
    case BPF_TRACE_FENTRY:
    case BPF_TRACE_FEXIT:
      return checkFunction(env, btf, t, name, sub)
  }
  return prog.type == BPF_PROG_TYPE_EXT ? checkFunction(env, btf, t, name, sub) : -EINVAL
}

function checkHook(env: Env, prog: Prog): i32 {
  const name = prog.attachFuncName
  if (!prog.gplCompatible) return reject(env, -EINVAL, 'LSM programs must have a GPL compatible license\n')
  const hook = startsWith(name, 'bpf_lsm_')
  if (hook && inSet(SET_LSM_DISABLED, hookName(name)))
    return reject(env, -EINVAL, 'attach_btf_id %u points to disabled hook %S\n', prog.attachBtfId, Z(name))
  if (!hook) return reject(env, -EINVAL, 'attach_btf_id %u points to wrong type name %S\n', prog.attachBtfId, Z(name))
  return 0
}

export function checkAttachTarget(env: Env): i32 {
  const prog = env.prog
  const type = prog.type
  if (type == BPF_PROG_TYPE_SYSCALL)
    return prog.sleepable ? 0 : reject(env, -EINVAL, 'Syscall programs can only be sleepable\n')
  if (prog.sleepable && !canBeSleepable(prog))
    return reject(
      env,
      -EINVAL,
      'Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable\n',
    )
  if (type == BPF_PROG_TYPE_STRUCT_OPS) return checkStructOpsTarget(env)
  if (type != BPF_PROG_TYPE_TRACING && type != BPF_PROG_TYPE_LSM && type != BPF_PROG_TYPE_EXT) return 0
  target().proto = 0
  target().name = 0
  const err = findTarget(env, prog)
  if (err) return err
  const to = prog.attachProg
  if (changetype<usize>(to)) {
    if (type == BPF_PROG_TYPE_EXT) prog.expectedAttachType = to.expectedAttachType
    prog.savedDstType = to.type
    prog.savedDstAttachType = to.expectedAttachType
  }
  prog.attachFuncProto = target().proto
  prog.attachFuncName = target().name
  if (prog.expectedAttachType == BPF_TRACE_RAW_TP && type == BPF_PROG_TYPE_TRACING) {
    prog.attachBtfTrace = true
    return 0
  }
  if (prog.expectedAttachType == BPF_TRACE_ITER && type == BPF_PROG_TYPE_TRACING) return iterArguments(prog)
  if (type == BPF_PROG_TYPE_LSM) return checkHook(env, prog)
  if (type == BPF_PROG_TYPE_TRACING && !changetype<usize>(to)) {
    const name = target().name
    if (inSet(SET_DENIED, name))
      return reject(env, -EINVAL, "Attaching tracing programs to function '%S' is rejected.\n", Z(name))
    if (prog.expectedAttachType != BPF_TRACE_FENTRY && inSet(SET_NO_RETURN, name))
      return reject(env, -EINVAL, "Attaching fexit/fmod_ret to __noreturn function '%S' is rejected.\n", Z(name))
  }
  return 0
}

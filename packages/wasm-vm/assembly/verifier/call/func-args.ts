// SPDX-License-Identifier: GPL-2.0-only
// What the arguments of a subprogram are, by its BTF and the tags on it.
// Kernel counterpart: btf_prepare_func_args, btf_is_prog_ctx_type, btf_validate_prog_ctx_type of btf.c (6.18).

import { Btf, btfKflag, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import { kernelTypes } from '../../btf/name-index'
import { EFAULT, EINVAL, EOPNOTSUPP } from '../../gen/errno.gen'
import {
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_CGROUP_SYSCTL,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_REUSEPORT,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_SYSCALL,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_XDP,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  BPF_MODIFY_RETURN,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
} from '../../gen/uapi-enums.gen'
import {
  ARG_ANYTHING,
  ARG_PTR_TO_ARENA,
  ARG_PTR_TO_BTF_ID,
  ARG_PTR_TO_CTX,
  ARG_PTR_TO_DYNPTR,
  ARG_PTR_TO_MEM,
  MEM_RDONLY,
  PTR_MAYBE_NULL,
  PTR_TRUSTED,
  PTR_UNTRUSTED,
} from '../../gen/verifier-types.gen'
import {
  isEnum,
  isModifier,
  isText,
  KIND_FUNC,
  KIND_FUNC_PROTO,
  KIND_FWD,
  KIND_INT,
  KIND_PTR,
  KIND_STRUCT,
  KIND_TYPEDEF,
  KIND_UNION,
  kindStr,
  nextDeclTag,
  resolveSize,
  startsWith,
} from '../btf-facts'
import { matchingKernelType } from '../btf/candidates'
import { BTF_FUNC_GLOBAL, Env, resolveProgType, setArg, subprogAt } from '../env'
import { reject, S, verbose, verifierBug, Z } from '../log/verbose'

const TAG_CTX: u32 = 1
const TAG_NONNULL: u32 = 2
const TAG_TRUSTED: u32 = 4
const TAG_UNTRUSTED: u32 = 8
const TAG_NULLABLE: u32 = 16
const TAG_ARENA: u32 = 32
const TAG_FAILED: u32 = 0x80000000
const MAX_ARGS: u32 = 5

/** Name of the struct that a program of this type gets as its context; empty where it has none. */
function contextName(type: i32): string {
  switch (type) {
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_SCHED_CLS:
    case BPF_PROG_TYPE_SCHED_ACT:
    case BPF_PROG_TYPE_CGROUP_SKB:
    case BPF_PROG_TYPE_LWT_IN:
    case BPF_PROG_TYPE_LWT_OUT:
    case BPF_PROG_TYPE_LWT_XMIT:
    case BPF_PROG_TYPE_LWT_SEG6LOCAL:
    case BPF_PROG_TYPE_SK_SKB:
    case BPF_PROG_TYPE_FLOW_DISSECTOR:
      return '__sk_buff'
    case BPF_PROG_TYPE_XDP:
      return 'xdp_md'
    case BPF_PROG_TYPE_CGROUP_SOCK:
      return 'bpf_sock'
    case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
      return 'bpf_sock_addr'
    case BPF_PROG_TYPE_SOCK_OPS:
      return 'bpf_sock_ops'
    case BPF_PROG_TYPE_SK_MSG:
      return 'sk_msg_md'
    case BPF_PROG_TYPE_KPROBE:
      return 'pt_regs'
    case BPF_PROG_TYPE_PERF_EVENT:
      return 'bpf_perf_event_data'
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
    case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
      return 'bpf_raw_tracepoint_args'
    case BPF_PROG_TYPE_CGROUP_DEVICE:
      return 'bpf_cgroup_dev_ctx'
    case BPF_PROG_TYPE_CGROUP_SYSCTL:
      return 'bpf_sysctl'
    case BPF_PROG_TYPE_CGROUP_SOCKOPT:
      return 'bpf_sockopt'
    case BPF_PROG_TYPE_SK_REUSEPORT:
      return 'sk_reuseport_md'
    case BPF_PROG_TYPE_SK_LOOKUP:
      return 'bpf_sk_lookup'
    case BPF_PROG_TYPE_NETFILTER:
      return 'bpf_nf_ctx'
  }
  return ''
}

function skip(btf: Btf, t: usize): usize {
  while (t && isModifier(t)) t = btfTypeById(btf, btfType(t))
  return t
}
/** Qualifiers, but not a typedef. */
function skipToTypedef(btf: Btf, t: usize): usize {
  while (t && isModifier(t) && btfKind(t) != KIND_TYPEDEF) t = btfTypeById(btf, btfType(t))
  return t
}

@inline function isStructOrUnion(t: usize): bool {
  return btfKind(t) == KIND_STRUCT || btfKind(t) == KIND_UNION
}
function isPtRegsTypedef(btf: Btf, t: usize): bool {
  t = skipToTypedef(btf, t)
  return t != 0 && btfKind(t) == KIND_TYPEDEF && isText(btfNameOf(btf, t), 'bpf_user_pt_regs_t')
}

/** Whether a pointer's type is the context of the program type. */
export function isContextPointer(env: Env, btf: Btf, ptr: usize, type: i32, arg: i32): bool {
  let t = btfTypeById(btf, btfType(ptr))
  if (type == BPF_PROG_TYPE_KPROBE && isPtRegsTypedef(btf, t)) return true
  t = skip(btf, t)
  if (!t || !isStructOrUnion(t)) return false
  const name = btfNameOf(btf, t)
  if (!name) {
    verbose(env, "arg#%d struct doesn't have a name\n", arg)
    return false
  }
  const ctx = contextName(type)
  if (ctx == '') return false
  // The kernel's own type is a typedef: a struct of that name passes as well.
  if (type == BPF_PROG_TYPE_KPROBE && isText(name, 'bpf_user_pt_regs_t')) return true
  if (type == BPF_PROG_TYPE_XDP && isText(name, 'xdp_buff')) return true
  if (ctx == '__sk_buff' && isText(name, 'sk_buff')) return true
  return isText(name, ctx)
}

/** Contexts of program types that have no struct of their own, or more than one. */
function isSpecialContext(btf: Btf, t: usize, type: i32, attachType: u32): bool {
  const name = btfNameOf(btf, t)
  const struct = btfKind(t) == KIND_STRUCT
  const u64Like = btfKind(t) == KIND_INT && btfSize(t) == 8
  switch (type) {
    case BPF_PROG_TYPE_KPROBE:
    case BPF_PROG_TYPE_PERF_EVENT:
      return struct && isText(name, 'pt_regs')
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
    case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
    case BPF_PROG_TYPE_LSM:
    case BPF_PROG_TYPE_STRUCT_OPS:
      return u64Like
    case BPF_PROG_TYPE_TRACING:
      switch (attachType) {
        case BPF_TRACE_RAW_TP:
          return u64Like || (struct && isText(name, 'bpf_raw_tracepoint_args'))
        case BPF_TRACE_ITER:
          return struct && startsWith(name, 'bpf_iter__')
        case BPF_TRACE_FENTRY:
        case BPF_TRACE_FEXIT:
        case BPF_MODIFY_RETURN:
          return u64Like
      }
      return false
    case BPF_PROG_TYPE_TRACEPOINT:
    case BPF_PROG_TYPE_SYSCALL:
    case BPF_PROG_TYPE_EXT:
      return true
  }
  return false
}

/** An argument tagged as context must be of the right type, or void. */
function validateContext(env: Env, btf: Btf, ptr: usize, arg: i32, type: i32): i32 {
  let t = btfTypeById(btf, btfType(ptr))
  if ((type == BPF_PROG_TYPE_KPROBE || type == BPF_PROG_TYPE_PERF_EVENT) && isPtRegsTypedef(btf, t)) return 0
  t = skip(btf, t)
  if (!t || btfKind(t) == 0) return 0
  const name = btfNameOf(btf, t)
  if (!name || !load<u8>(name)) return reject(env, -EINVAL, "arg#%d type doesn't have a name\n", arg)
  if (isSpecialContext(btf, t, type, env.prog.expectedAttachType)) return 0
  const ctx = contextName(type)
  if (ctx == '') return reject(env, -EINVAL, 'arg#%d should be void pointer\n', arg)
  if (btfKind(t) != KIND_STRUCT || !isText(name, ctx)) {
    return reject(env, -EINVAL, 'arg#%d should be `struct %s *`\n', arg, S(ctx))
  }
  return 0
}

function isDynptrPointer(btf: Btf, ptr: usize): bool {
  const t = skip(btf, btfTypeById(btf, btfType(ptr)))
  if (!t) return false
  if (!isStructOrUnion(t) && !(btfKind(t) == KIND_FWD && !btfKflag(t))) return false
  return isText(btfNameOf(btf, t), 'bpf_dynptr')
}

function tagOf(text: usize): u32 {
  if (isText(text, 'ctx')) return TAG_CTX
  if (isText(text, 'trusted')) return TAG_TRUSTED
  if (isText(text, 'untrusted')) return TAG_UNTRUSTED
  if (isText(text, 'nonnull')) return TAG_NONNULL
  if (isText(text, 'nullable')) return TAG_NULLABLE
  return isText(text, 'arena') ? TAG_ARENA : 0
}

/** The arg: tags of an argument; TAG_FAILED when refused. */
function collectTags(env: Env, btf: Btf, fn: usize, arg: i32, isGlobal: bool): u32 {
  let tags: u32 = 0
  for (let id = nextDeclTag(btf, fn, arg, 'arg:', 0); id; id = nextDeclTag(btf, fn, arg, 'arg:', id)) {
    if (!isGlobal) {
      verbose(env, 'arg#%d type tag is not supported in static functions\n', arg)
      return TAG_FAILED
    }
    const tag = tagOf(btfNameOf(btf, btfTypeById(btf, id)) + 4)
    if (!tag) {
      verbose(env, 'arg#%d has unsupported set of tags\n', arg)
      return TAG_FAILED
    }
    tags |= tag
  }
  return tags
}

function badTags(env: Env, arg: i32): i32 {
  return reject(env, -EINVAL, 'arg#%d has invalid combination of tags\n', arg)
}

/** A pointer argument of a global function: memory of the size of what it points to. */
function memoryArg(env: Env, btf: Btf, ptr: usize, subprog: i32, arg: i32, tags: u32): i32 {
  if (tags & TAG_NULLABLE) return badTags(env, arg)
  const t = skip(btf, btfTypeById(btf, btfType(ptr)))
  const size = resolveSize(btf, t)
  if (size < 0) {
    return reject(
      env,
      -EINVAL,
      "arg#%d reference type('%s %S') size cannot be determined: %ld\n",
      arg,
      S(kindStr(t)),
      Z(btfNameOf(btf, t)),
      -EINVAL,
    )
  }
  const type = (tags & TAG_NONNULL) != 0 ? ARG_PTR_TO_MEM : ARG_PTR_TO_MEM | PTR_MAYBE_NULL
  setArg(subprogAt(env, subprog), arg, type, <u32>size)
  return 0
}

/** A structure of the kernel, by its name. */
function kernelTypeArg(env: Env, btf: Btf, ptr: usize, subprog: i32, arg: i32, flags: i32): i32 {
  const id = matchingKernelType(env, btf, ptr, arg)
  if (id < 0) return id
  if (flags & PTR_UNTRUSTED) {
    const t = btfTypeById(kernelTypes(), <u32>id)
    if (!isStructOrUnion(t))
      return reject(
        env,
        -EINVAL,
        "arg#%d has type %s '%S', but only struct or primitive types are allowed\n",
        arg,
        S(kindStr(t)),
        Z(btfNameOf(btf, ptr)),
      )
  }
  setArg(subprogAt(env, subprog), arg, ARG_PTR_TO_BTF_ID | flags, <u32>id)
  return 0
}

/** Memory that may be anything: read through a guard. */
function untrustedArg(env: Env, btf: Btf, ptr: usize, subprog: i32, arg: i32, tags: u32): i32 {
  if (tags & ~TAG_UNTRUSTED) {
    return reject(env, -EINVAL, 'arg#%d untrusted cannot be combined with any other tags\n', arg)
  }
  const t = skip(btf, btfTypeById(btf, btfType(ptr)))
  if (btfKind(t) != 0 && btfKind(t) != KIND_INT && !isEnum(t)) {
    return kernelTypeArg(env, btf, ptr, subprog, arg, PTR_UNTRUSTED)
  }
  setArg(subprogAt(env, subprog), arg, ARG_PTR_TO_MEM | MEM_RDONLY | PTR_UNTRUSTED, 0)
  return 0
}

const NOT_TAKEN: i32 = 1

/** NOT_TAKEN: neither a special pointer nor one that a static function may take. */
function pointerArg(env: Env, btf: Btf, ptr: usize, subprog: i32, arg: i32, tags: u32, isGlobal: bool): i32 {
  const type = resolveProgType(env.prog)
  const sub = subprogAt(env, subprog)
  if ((tags & TAG_CTX) != 0 || isContextPointer(env, btf, ptr, type, arg)) {
    if (tags & ~TAG_CTX) return badTags(env, arg)
    if (tags & TAG_CTX) {
      const err = validateContext(env, btf, ptr, arg, type)
      if (err) return err
    }
    setArg(sub, arg, ARG_PTR_TO_CTX, 0)
    return 0
  }
  if (isDynptrPointer(btf, ptr)) {
    if (tags) return badTags(env, arg)
    setArg(sub, arg, ARG_PTR_TO_DYNPTR | MEM_RDONLY, 0)
    return 0
  }
  if (tags & TAG_TRUSTED) {
    if (tags & TAG_NONNULL) return badTags(env, arg)
    const flags = PTR_TRUSTED | (tags & TAG_NULLABLE ? PTR_MAYBE_NULL : 0)
    return kernelTypeArg(env, btf, ptr, subprog, arg, flags)
  }
  if (tags & TAG_UNTRUSTED) return untrustedArg(env, btf, ptr, subprog, arg, tags)
  if (tags & TAG_ARENA) {
    if (tags & ~TAG_ARENA) {
      return reject(env, -EINVAL, 'arg#%d arena cannot be combined with any other tags\n', arg)
    }
    setArg(sub, arg, ARG_PTR_TO_ARENA, 0)
    return 0
  }
  return isGlobal ? memoryArg(env, btf, ptr, subprog, arg, tags) : NOT_TAKEN
}

function prepareArg(env: Env, btf: Btf, fn: usize, typeId: u32, subprog: i32, arg: i32, isGlobal: bool): i32 {
  const tags = collectTags(env, btf, fn, arg, isGlobal)
  if (tags == TAG_FAILED) return -EOPNOTSUPP
  const t = skip(btf, btfTypeById(btf, typeId))
  if (btfKind(t) == KIND_PTR) {
    const ret = pointerArg(env, btf, t, subprog, arg, tags, isGlobal)
    if (ret != NOT_TAKEN) return ret
  }
  if (tags) return reject(env, -EINVAL, 'arg#%d has pointer tag, but is not a pointer type\n', arg)
  if (btfKind(t) == KIND_INT || isEnum(t)) {
    setArg(subprogAt(env, subprog), arg, ARG_ANYTHING, 0)
    return 0
  }
  if (!isGlobal) return -EINVAL
  return reject(
    env,
    -EINVAL,
    'Arg#%d type %s in %S() is not supported yet.\n',
    arg,
    S(kindStr(t)),
    Z(btfNameOf(btf, fn)),
  )
}

/** The checks that do not concern arguments. */
function checkFunction(env: Env, subprog: i32, isGlobal: bool): i32 {
  const prog = env.prog
  const btf = prog.btf
  const typeId = load<u32>(prog.funcInfo + ((<usize>subprog) << 3), 4)
  if (!typeId) return isGlobal ? reject(env, -EFAULT, 'Global functions need valid BTF\n') : -EINVAL
  const fn = btfTypeById(btf, typeId)
  if (!fn || btfKind(fn) != KIND_FUNC) {
    return reject(env, -EFAULT, "BTF of func#%d doesn't point to KIND_FUNC\n", subprog)
  }
  const name = Z(btfNameOf(btf, fn))
  if (subprogAt(env, subprog).unreliable) return verifierBug(env, 'unreliable BTF for function %S()', name)
  const proto = btfTypeById(btf, btfType(fn))
  if (!proto || btfKind(proto) != KIND_FUNC_PROTO) {
    return reject(env, -EFAULT, 'Invalid type of function %S()\n', name)
  }
  const n = btfVlen(proto)
  if (n > MAX_ARGS) {
    if (!isGlobal) return -EINVAL
    return reject(env, -EINVAL, 'Global function %S() with %d > %d args. Buggy compiler.\n', name, n, MAX_ARGS)
  }
  const result = skip(btf, btfTypeById(btf, btfType(proto)))
  if (btfKind(result) == KIND_INT || isEnum(result)) return 0
  if (!isGlobal) return -EINVAL
  return reject(env, -EINVAL, "Global function %S() doesn't return scalar. Only those are supported.\n", name)
}

/** Fills in the subprogram's arguments, once. */
export function prepareFuncArgs(env: Env, subprog: i32): i32 {
  const sub = subprogAt(env, subprog)
  if (sub.argsCached) return 0
  if (!env.prog.funcInfo) return verifierBug(env, 'func_info undefined')
  const isGlobal = sub.linkage == BTF_FUNC_GLOBAL
  const err = checkFunction(env, subprog, isGlobal)
  if (err) return err
  const btf = env.prog.btf
  const fn = btfTypeById(btf, load<u32>(env.prog.funcInfo + ((<usize>subprog) << 3), 4))
  const proto = btfTypeById(btf, btfType(fn))
  const n = btfVlen(proto)
  for (let i: u32 = 0; i < n; i++) {
    // struct btf_param { name_off u32, type u32 } behind the type's 12 bytes
    const bad = prepareArg(env, btf, fn, load<u32>(proto + 12 + ((<usize>i) << 3), 4), subprog, <i32>i, isGlobal)
    if (bad) return bad
  }
  sub.argCnt = <u8>n
  sub.argsCached = true
  return 0
}

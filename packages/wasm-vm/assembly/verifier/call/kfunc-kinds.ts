// SPDX-License-Identifier: GPL-2.0-only
// What an argument of a kernel function is, by its type and the suffix of its name.
// Counterparts: get_kfunc_ptr_arg_type, btf_param_match_suffix, __btf_type_is_scalar_struct.

import { Btf, btfKind, btfNameOf, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import { btfTypeSkipModifiers, memberType } from '../../btf/kinds'
import { EINVAL } from '../../gen/errno.gen'
import { KF_ITER_DESTROY, KF_ITER_NEW, KF_ITER_NEXT, KFUNC_bpf_cast_to_kern_ctx } from '../../gen/kfuncs.gen'
import {
  CONST_PTR_TO_MAP,
  PTR_TO_BTF_ID,
  PTR_TO_SOCKET,
  PTR_TO_SOCK_COMMON,
  PTR_TO_TCP_SOCK,
  SCALAR_VALUE,
} from '../../gen/verifier-types.gen'
import {
  KIND_ARRAY,
  KIND_FUNC_PROTO,
  KIND_INT,
  KIND_PTR,
  KIND_STRUCT,
  KIND_UNION,
  isEnum,
  isText,
  kindStr,
} from '../btf-facts'
import { baseType, registerIsNull } from '../bounds'
import { Env, resolveProgType } from '../env'
import { S, Z, reject, verbose } from '../log/verbose'
import { RegState, curReg } from '../state'
import { isContextPointer } from './func-args'
import { KfuncMeta, paramCount, paramName, paramType } from './kfunc-meta'

// enum kfunc_ptr_arg_type
export const KF_ARG_PTR_TO_CTX: i32 = 0
export const KF_ARG_PTR_TO_ALLOC_BTF_ID: i32 = 1
export const KF_ARG_PTR_TO_REFCOUNTED_KPTR: i32 = 2
export const KF_ARG_PTR_TO_DYNPTR: i32 = 3
export const KF_ARG_PTR_TO_ITER: i32 = 4
export const KF_ARG_PTR_TO_LIST_HEAD: i32 = 5
export const KF_ARG_PTR_TO_LIST_NODE: i32 = 6
export const KF_ARG_PTR_TO_BTF_ID: i32 = 7
export const KF_ARG_PTR_TO_MEM: i32 = 8
/** Its size is the next argument. */
export const KF_ARG_PTR_TO_MEM_SIZE: i32 = 9
export const KF_ARG_PTR_TO_CALLBACK: i32 = 10
export const KF_ARG_PTR_TO_RB_ROOT: i32 = 11
export const KF_ARG_PTR_TO_RB_NODE: i32 = 12
export const KF_ARG_PTR_TO_NULL: i32 = 13
export const KF_ARG_PTR_TO_CONST_STR: i32 = 14
export const KF_ARG_PTR_TO_MAP: i32 = 15
export const KF_ARG_PTR_TO_WORKQUEUE: i32 = 16
export const KF_ARG_PTR_TO_IRQ_FLAG: i32 = 17
export const KF_ARG_PTR_TO_RES_SPIN_LOCK: i32 = 18
export const KF_ARG_PTR_TO_TASK_WORK: i32 = 19

const MAX_NESTING: i32 = 3

@inline export function isScalarType(t: usize): bool {
  return btfKind(t) == KIND_INT || isEnum(t)
}

@inline export function isStructOrUnion(t: usize): bool {
  return btfKind(t) == KIND_STRUCT || btfKind(t) == KIND_UNION
}

function textLength(p: usize): i32 {
  let n = 0
  while (load<u8>(p + <usize>n)) n++
  return n
}

/** Whether the name of a parameter ends with the suffix and has more than that. */
export function hasSuffix(m: KfuncMeta, i: i32, suffix: string): bool {
  const name = paramName(m, i)
  const n = textLength(name)
  return n > suffix.length && isText(name + <usize>(n - suffix.length), suffix)
}

/** Type of a parameter behind typedefs and qualifiers. */
@inline export function paramTypeOf(m: KfuncMeta, i: i32): usize {
  return btfTypeSkipModifiers(m.btf, paramType(m, i), 0)
}

/** Whether the parameter points to a structure of the kernel with this name. */
function pointsTo(m: KfuncMeta, i: i32, name: string): bool {
  const ptr = paramTypeOf(m, i)
  if (!ptr || btfKind(ptr) != KIND_PTR) return false
  const t = btfTypeSkipModifiers(m.btf, btfType(ptr), 0)
  return t != 0 && btfKind(t) == KIND_STRUCT && isText(btfNameOf(m.btf, t), name)
}

function pointsToFunction(m: KfuncMeta, i: i32): bool {
  const ptr = paramTypeOf(m, i)
  if (!ptr || btfKind(ptr) != KIND_PTR) return false
  const t = btfTypeSkipModifiers(m.btf, btfType(ptr), 0)
  return t != 0 && btfKind(t) == KIND_FUNC_PROTO
}

export function isScalarStruct(env: Env, btf: Btf, t: usize, depth: i32): bool {
  if (!isStructOrUnion(t)) return false
  const n = btfVlen(t)
  for (let i: u32 = 0; i < n; i++) {
    let member = btfTypeSkipModifiers(btf, memberType(t, i), 0)
    if (isStructOrUnion(member)) {
      if (depth >= MAX_NESTING) {
        verbose(env, 'max struct nesting depth exceeded\n')
        return false
      }
      if (!isScalarStruct(env, btf, member, depth + 1)) return false
      continue
    }
    if (btfKind(member) == KIND_ARRAY) {
      // struct btf_array { type u32, index_type u32, nelems u32 } behind the type's 12 bytes
      if (!load<u32>(member, 20)) return false
      member = btfTypeSkipModifiers(btf, load<u32>(member, 12), 0)
    }
    if (!isScalarType(member)) return false
  }
  return true
}

/** The parameter is the size of the memory before it: known (__szk) or within bounds (__sz). */
function isSize(m: KfuncMeta, i: i32, reg: RegState, suffix: string): bool {
  const t = paramTypeOf(m, i)
  return isScalarType(t) && reg.type == SCALAR_VALUE && hasSuffix(m, i, suffix)
}

export function isConstSize(m: KfuncMeta, i: i32, reg: RegState): bool {
  return isSize(m, i, reg, '__szk')
}

/** Register types that stand for a pointer to a structure of the kernel. */
export function isBtfAlias(base: i32): bool {
  switch (base) {
    case PTR_TO_SOCKET:
    case PTR_TO_SOCK_COMMON:
    case PTR_TO_TCP_SOCK:
    case CONST_PTR_TO_MAP:
      return true
  }
  return false
}

/** The structure that such a register points to. */
export function aliasStruct(base: i32): string {
  switch (base) {
    case PTR_TO_SOCKET:
      return 'sock'
    case PTR_TO_SOCK_COMMON:
      return 'sock_common'
    case PTR_TO_TCP_SOCK:
      return 'tcp_sock'
  }
  return 'bpf_map'
}

function isIterArg(m: KfuncMeta, i: i32): bool {
  if (m.flags & (KF_ITER_NEW | KF_ITER_NEXT | KF_ITER_DESTROY)) return i == 0
  return hasSuffix(m, i, '__iter')
}

/** Kinds that the parameter itself tells; -1: the register decides. */
function declaredKind(m: KfuncMeta, i: i32): i32 {
  if (hasSuffix(m, i, '__alloc')) return KF_ARG_PTR_TO_ALLOC_BTF_ID
  if (hasSuffix(m, i, '__refcounted_kptr')) return KF_ARG_PTR_TO_REFCOUNTED_KPTR
  if (pointsTo(m, i, 'bpf_dynptr')) return KF_ARG_PTR_TO_DYNPTR
  if (isIterArg(m, i)) return KF_ARG_PTR_TO_ITER
  if (pointsTo(m, i, 'bpf_list_head')) return KF_ARG_PTR_TO_LIST_HEAD
  if (pointsTo(m, i, 'bpf_list_node')) return KF_ARG_PTR_TO_LIST_NODE
  if (pointsTo(m, i, 'bpf_rb_root')) return KF_ARG_PTR_TO_RB_ROOT
  if (pointsTo(m, i, 'bpf_rb_node')) return KF_ARG_PTR_TO_RB_NODE
  if (hasSuffix(m, i, '__str')) return KF_ARG_PTR_TO_CONST_STR
  if (hasSuffix(m, i, '__map')) return KF_ARG_PTR_TO_MAP
  if (pointsTo(m, i, 'bpf_wq')) return KF_ARG_PTR_TO_WORKQUEUE
  if (pointsTo(m, i, 'bpf_task_work')) return KF_ARG_PTR_TO_TASK_WORK
  if (hasSuffix(m, i, '__irq_flag')) return KF_ARG_PTR_TO_IRQ_FLAG
  if (pointsTo(m, i, 'bpf_res_spin_lock')) return KF_ARG_PTR_TO_RES_SPIN_LOCK
  return -1
}

/** KF_ARG_* of a pointer argument, or -errno. ref: the type that it points to. */
export function pointerKind(env: Env, m: KfuncMeta, i: i32, ptr: usize, ref: usize): i32 {
  if (m.row == KFUNC_bpf_cast_to_kern_ctx) return KF_ARG_PTR_TO_CTX
  if (isContextPointer(env, m.btf, ptr, resolveProgType(env.prog), i)) return KF_ARG_PTR_TO_CTX
  const reg = curReg(env, i + 1)
  if (hasSuffix(m, i, '__nullable') && registerIsNull(reg)) return KF_ARG_PTR_TO_NULL
  const declared = declaredKind(m, i)
  if (declared >= 0) return declared
  const refName = Z(btfNameOf(m.btf, ref))
  const base = baseType(reg.type)
  if (base == PTR_TO_BTF_ID || isBtfAlias(base)) {
    if (isStructOrUnion(ref)) return KF_ARG_PTR_TO_BTF_ID
    return reject(
      env,
      -EINVAL,
      'kernel function %S args#%d pointer type %s %S is not supported\n',
      Z(m.name),
      i,
      S(kindStr(ref)),
      refName,
    )
  }
  if (pointsToFunction(m, i)) return KF_ARG_PTR_TO_CALLBACK
  const next = i + 1
  const sized =
    next < paramCount(m) &&
    (isSize(m, next, curReg(env, next + 1), '__sz') || isConstSize(m, next, curReg(env, next + 1)))
  if (!isScalarType(ref) && !isScalarStruct(env, m.btf, ref, 0) && !(sized && btfKind(ref) == 0)) {
    return reject(
      env,
      -EINVAL,
      'arg#%d pointer type %s %S must point to %sscalar, or struct with scalar\n',
      i,
      S(kindStr(ref)),
      refName,
      S(sized ? 'void, ' : ''),
    )
  }
  return sized ? KF_ARG_PTR_TO_MEM_SIZE : KF_ARG_PTR_TO_MEM
}

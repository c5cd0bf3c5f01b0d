// SPDX-License-Identifier: GPL-2.0-only
// What is known of the kernel function that is called and what its arguments have told.
// Counterparts: struct bpf_kfunc_call_arg_meta, fetch_kfunc_meta.

import { Btf, btfNameOf, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import {
  KF_ACQUIRE,
  KF_DESTRUCTIVE,
  KF_ITER_DESTROY,
  KF_ITER_NEW,
  KF_ITER_NEXT,
  KF_RCU,
  KF_RCU_PROTECTED,
  KF_RELEASE,
  KF_RET_NULL,
  KF_SLEEPABLE,
  KF_TRUSTED_ARGS,
  KFUNC_bpf_refcount_acquire_impl,
} from '../../gen/kfuncs.gen'
import { insnImm, insnOff } from '../../insn/raw'
import { kernelFunction, kfuncAllowed, kfuncFlags, kfuncRow } from '../../kfunc/known'
import { kernel } from '../../mem/root'
import { Env, resolveProgType } from '../env'
import { Meta } from './meta'

@unmanaged export class KfuncMeta extends Meta {
  /** KFUNC_*, KF_*. */
  row: i32
  flags: i32
  btf: Btf
  btfFuncId: u32
  /** Type and name of the function. */
  proto: usize
  name: usize
  /** Constant argument (__k, __szk): the only one that a function may have. */
  constFound: bool
  r0Rdonly: bool
  hasProgArg: bool
  owningRef: bool
  constValue: u64
  r0Size: u64
  retBtfId: u32
  /** Structure of the object that an argument points to. */
  argBtf: usize
  argBtfId: u32
  /** Fields (BtfField) of the list head and the tree root that arguments point to. */
  listHead: usize
  rbRoot: usize
  dynptrType: i32
  dynptrRef: u32
  iterSpi: i32
  iterFrame: u32
}

@inline export function kfuncMetaOf(env: Env): KfuncMeta {
  return changetype<KfuncMeta>(env.meta)
}

@inline export function isAcquire(m: KfuncMeta): bool {
  return (m.flags & KF_ACQUIRE) != 0
}

@inline export function isRelease(m: KfuncMeta): bool {
  return (m.flags & KF_RELEASE) != 0
}

@inline export function takesTrusted(m: KfuncMeta): bool {
  return (m.flags & (KF_TRUSTED_ARGS | KF_RELEASE)) != 0
}

@inline export function takesRcu(m: KfuncMeta): bool {
  return (m.flags & KF_RCU) != 0
}

@inline export function isSleepable(m: KfuncMeta): bool {
  return (m.flags & KF_SLEEPABLE) != 0
}

@inline export function isDestructive(m: KfuncMeta): bool {
  return (m.flags & KF_DESTRUCTIVE) != 0
}

@inline export function isRcuProtected(m: KfuncMeta): bool {
  return (m.flags & KF_RCU_PROTECTED) != 0
}

@inline export function isIterNew(m: KfuncMeta): bool {
  return (m.flags & KF_ITER_NEW) != 0
}

@inline export function isIterNext(m: KfuncMeta): bool {
  return (m.flags & KF_ITER_NEXT) != 0
}

@inline export function isIterDestroy(m: KfuncMeta): bool {
  return (m.flags & KF_ITER_DESTROY) != 0
}

/** A second reference to an object that is owned cannot fail. */
export function mayReturnNull(m: KfuncMeta): bool {
  if (m.row == KFUNC_bpf_refcount_acquire_impl && m.owningRef) return false
  return (m.flags & KF_RET_NULL) != 0
}

/** KFUNC_* of a call, KFUNC_NONE: of a module, or not in a set. */
@inline export function kfuncOfCall(p: usize): i32 {
  return insnOff(p) ? 0 : kfuncRow(insnImm(p))
}

/** KFUNC_* of a call that this program may make, else KFUNC_NONE. */
export function allowedKfunc(env: Env, p: usize): i32 {
  const row = kfuncOfCall(p)
  return kfuncAllowed(row, resolveProgType(env.prog), env.prog.expectedAttachType) ? row : 0
}

@inline export function paramCount(m: KfuncMeta): i32 {
  return <i32>btfVlen(m.proto)
}

/** struct btf_param { name_off u32, type u32 } behind the type's 12 bytes. */
@inline export function paramType(m: KfuncMeta, i: i32): u32 {
  return load<u32>(m.proto + 12 + ((<usize>i) << 3), 4)
}

@inline export function paramName(m: KfuncMeta, i: i32): usize {
  return m.btf.strings + load<u32>(m.proto + 12 + ((<usize>i) << 3))
}

/** Fills the meta in; the function exists. */
export function fillMeta(env: Env, id: i32, row: i32): KfuncMeta {
  const m = kfuncMetaOf(env)
  memory.fill(changetype<usize>(m), 0, KFUNC_META_SIZE)
  m.row = row
  m.flags = kfuncFlags(row)
  m.btf = changetype<Btf>(kernel().vmlinux)
  m.btfFuncId = <u32>id
  const func = kernelFunction(id)
  m.proto = btfTypeById(m.btf, btfType(func))
  m.name = btfNameOf(m.btf, func)
  return m
}
export const KFUNC_META_SIZE: usize = offsetof<KfuncMeta>()

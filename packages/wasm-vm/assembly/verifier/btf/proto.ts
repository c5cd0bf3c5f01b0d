// SPDX-License-Identifier: GPL-2.0-only
// Prototypes of functions that programs attach to or replace.
// Kernel counterparts: btf_distill_func_proto, btf_check_func_type_match.

import { Btf, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import { btfTypeSkipModifiers } from '../../btf/kinds'
import { EFAULT, EINVAL } from '../../gen/errno.gen'
import { cstrEquals } from '../../mem/bytes'
import { Prog } from '../../prog/prog'
import {
  KIND_DATASEC,
  KIND_FLOAT,
  KIND_FUNC_PROTO,
  KIND_INT,
  KIND_PTR,
  KIND_STRUCT,
  KIND_UNION,
  isEnum,
  kindStr,
} from '../btf-facts'
import { BTF_FUNC_GLOBAL, Env } from '../env'
import { S, Z, reject } from '../log/verbose'
import { isStructType } from './walk'

const MAX_FUNC_ARGS: u32 = 12
const MAX_ARG_SIZE: i32 = 16

@inline export function paramTypeOf(proto: usize, i: u32): u32 {
  return load<u32>(proto + 12 + ((<usize>i) << 3), 4)
}

/** Size of a result or an argument; -EINVAL for a type that is not passed. */
export function passedSize(btf: Btf, id: u32): i32 {
  if (!id) return 0
  const t = btfTypeSkipModifiers(btf, id, 0)
  if (!t) return -EINVAL
  if (btfKind(t) == KIND_PTR) return 8
  if (btfKind(t) == KIND_INT || isEnum(t) || isStructType(t)) return <i32>btfSize(t)
  return -EINVAL
}

function kindOfId(btf: Btf, id: u32): i64 {
  return S(kindStr(btfTypeSkipModifiers(btf, id, 0)))
}

/** Whether a trampoline can pass on what the function takes and returns. No prototype: five numbers. */
export function checkTrampolineProto(env: Env, btf: Btf, proto: usize, name: usize): i32 {
  if (!proto) return 0
  const n = btfVlen(proto)
  if (n > MAX_FUNC_ARGS) return reject(env, -EINVAL, 'The function %S has %d arguments. Too many.\n', Z(name), n)
  const ret = btfType(proto)
  if (passedSize(btf, ret) < 0 || (ret && isStructType(btfTypeSkipModifiers(btf, ret, 0))))
    return reject(env, -EINVAL, 'The function %S return type %s is unsupported.\n', Z(name), kindOfId(btf, ret))
  for (let i: u32 = 0; i < n; i++) {
    const id = paramTypeOf(proto, i)
    if (i == n - 1 && !id) return reject(env, -EINVAL, 'The function %S with variable args is unsupported.\n', Z(name))
    const size = passedSize(btf, id)
    if (size < 0 || size > MAX_ARG_SIZE)
      return reject(env, -EINVAL, 'The function %S arg%d type %s is unsupported.\n', Z(name), i, kindOfId(btf, id))
    if (!size) return reject(env, -EINVAL, 'The function %S has malformed void argument.\n', Z(name))
  }
  return 0
}

function hasSize(t: usize): bool {
  const k = btfKind(t)
  return k == KIND_INT || k == KIND_STRUCT || k == KIND_UNION || isEnum(t) || k == KIND_DATASEC || k == KIND_FLOAT
}

function matchArgument(env: Env, a: Btf, fa: usize, b: Btf, fb: usize, i: u32): i32 {
  let t1 = btfTypeSkipModifiers(a, paramTypeOf(btfTypeById(a, btfType(fa)), i), 0)
  let t2 = btfTypeSkipModifiers(b, paramTypeOf(btfTypeById(b, btfType(fb)), i), 0)
  const n1 = Z(btfNameOf(a, fa))
  const n2 = Z(btfNameOf(b, fb))
  if (load<u32>(t1, 4) != load<u32>(t2, 4))
    return reject(env, -EINVAL, 'arg%d in %S() is %s while %S() has %s\n', i, n1, S(kindStr(t1)), n2, S(kindStr(t2)))
  if (hasSize(t1) && btfSize(t1) != btfSize(t2))
    return reject(env, -EINVAL, 'arg%d in %S() has size %d while %S() has %d\n', i, n1, btfSize(t1), n2, btfSize(t2))
  if (btfKind(t1) == KIND_INT || isEnum(t1)) return 0
  if (btfKind(t1) != KIND_PTR) return reject(env, -EINVAL, 'arg%d in %S() has unrecognized type\n', i, n1)
  t1 = btfTypeSkipModifiers(a, btfType(t1), 0)
  if (!isStructType(t1)) return reject(env, -EINVAL, 'arg%d in %S() is not a pointer to context\n', i, n1)
  t2 = btfTypeSkipModifiers(b, btfType(t2), 0)
  if (!isStructType(t2)) return reject(env, -EINVAL, 'arg%d in %S() is not a pointer to context\n', i, n2)
  const s1 = btfNameOf(a, t1)
  const s2 = btfNameOf(b, t2)
  if (cstrEquals(s1, s2)) return 0
  return reject(env, -EINVAL, "arg%d %S(struct %S *) doesn't match %S(struct %S *)\n", i, n1, Z(s1), n2, Z(s2))
}

/** Whether one function can stand in for another. */
export function functionsMatch(env: Env, a: Btf, fa: usize, b: Btf, fb: usize): i32 {
  const n1 = Z(btfNameOf(a, fa))
  const n2 = Z(btfNameOf(b, fb))
  if (btfVlen(fa) != BTF_FUNC_GLOBAL) return reject(env, -EINVAL, '%S() is not a global function\n', n1)
  if (btfVlen(fb) != BTF_FUNC_GLOBAL) return reject(env, -EINVAL, '%S() is not a global function\n', n2)
  const p1 = btfTypeById(a, btfType(fa))
  const p2 = btfTypeById(b, btfType(fb))
  if (!p1 || btfKind(p1) != KIND_FUNC_PROTO || !p2 || btfKind(p2) != KIND_FUNC_PROTO) return -EFAULT
  const c1 = btfVlen(p1)
  const c2 = btfVlen(p2)
  if (c1 != c2) return reject(env, -EINVAL, '%S() has %d args while %S() has %d args\n', n1, c1, n2, c2)
  const r1 = btfTypeSkipModifiers(a, btfType(p1), 0)
  const r2 = btfTypeSkipModifiers(b, btfType(p2), 0)
  if (load<u32>(r1, 4) != load<u32>(r2, 4))
    return reject(
      env,
      -EINVAL,
      "Return type %s of %S() doesn't match type %s of %S()\n",
      S(kindStr(r1)),
      n1,
      S(kindStr(r2)),
      n2,
    )
  for (let i: u32 = 0; i < c1; i++) {
    const err = matchArgument(env, a, fa, b, fb, i)
    if (err) return err
  }
  return 0
}

/** Whether the first function of a program that replaces another fits its target. */
export function extensionMatches(env: Env, prog: Prog, target: Btf, fn: usize): i32 {
  if (!prog.funcInfo) return reject(env, -EINVAL, 'Program extension requires BTF\n')
  const id = load<u32>(prog.funcInfo, 4)
  if (!id) return -EFAULT
  const mine = btfTypeById(prog.btf, id)
  if (!mine) return -EFAULT
  return functionsMatch(env, prog.btf, mine, target, fn)
}

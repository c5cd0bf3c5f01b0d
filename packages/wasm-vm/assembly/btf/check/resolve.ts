// SPDX-License-Identifier: GPL-2.0-only
// Second phase: what types refer to. Kernel counterpart: btf_resolve, the resolve functions, btf_func_proto_check.
//
//   resolve(t): push t; while the stack has a top: one step of the top's kind.
//   A step either pushes a type that must be resolved first, or pops with what was found out. A type that is on the
//   stack already is a loop, but what a pointer points to may wait: modes say where a walk may stop.

import { E2BIG, EEXIST, EINVAL } from '../../gen/errno.gen'
import { btfKind, btfType, btfTypeById, btfVlen } from '../btf'
import {
  KIND_ARRAY,
  KIND_DATASEC,
  KIND_DECL_TAG,
  KIND_FUNC,
  KIND_FUNC_PROTO,
  KIND_FWD,
  KIND_INT,
  KIND_PTR,
  KIND_STRUCT,
  KIND_TYPEDEF,
  KIND_UNION,
  KIND_VAR,
} from '../kinds'
import {
  BtfEnv,
  isResolved,
  MAX_RESOLVE_DEPTH,
  MODE_PTR,
  MODE_STRUCT,
  MODE_TBD,
  NOT_VISITED,
  popResolved,
  setNextMember,
  VERTEX,
  vertexNext,
  vertexType,
  VISITED,
  vertexId,
} from './env'
import { basicLine, memberLine, typeLine, variableLine } from './log'
import { checkMember } from './members'
import { identifierOk } from './meta'
import {
  idResolve,
  idSize,
  intIsRegular,
  isModifier,
  isNosizeOrNull,
  isSourceOnly,
  isStructOrUnion,
  isTagTarget,
  isVoid,
  lastId,
  lastSize,
  needsResolve,
} from './types'

function isSink(env: BtfEnv, t: usize): bool {
  if (env.mode == MODE_TBD) return !needsResolve(t)
  if (env.mode == MODE_PTR) return !isModifier(t) && btfKind(t) != KIND_PTR
  return !isModifier(t) && btfKind(t) != KIND_ARRAY && !isStructOrUnion(t)
}

function push(env: BtfEnv, t: usize, id: u32): i32 {
  if (env.top == MAX_RESOLVE_DEPTH) return -E2BIG
  if (load<u8>(env.visit + id) != NOT_VISITED) return -EEXIST
  store<u8>(env.visit + id, VISITED)
  const v = env.stack + <usize>env.top * VERTEX
  env.top++
  store<usize>(v, t)
  store<u32>(v, id, 4)
  store<u32>(v, 0, 8)
  if (env.mode == MODE_TBD) {
    if (btfKind(t) == KIND_PTR) env.mode = MODE_PTR
    else if (isStructOrUnion(t) || btfKind(t) == KIND_ARRAY) env.mode = MODE_STRUCT
  }
  return 0
}

@inline function mustWait(env: BtfEnv, t: usize, id: u32): bool {
  return !isSink(env, t) && !isResolved(env, id)
}

function wrong(env: BtfEnv, t: usize, what: string): i32 {
  typeLine(env, t, what)
  return -EINVAL
}

export function resolve(env: BtfEnv, t: usize, id: u32): i32 {
  const saved = env.logTypeId
  let err = 0
  env.mode = MODE_TBD
  push(env, t, id)
  while (!err && env.top) {
    const v = env.stack + <usize>(env.top - 1) * VERTEX
    env.logTypeId = vertexId(v)
    err = step(env, v)
  }
  env.logTypeId = id
  if (err == -E2BIG) typeLine(env, t, 'Exceeded max resolving depth:%u', MAX_RESOLVE_DEPTH)
  else if (err == -EEXIST) typeLine(env, t, 'Loop detected')
  if (!err && !valid(env, t, id)) {
    typeLine(env, t, 'Invalid resolve state')
    err = -EINVAL
  }
  env.logTypeId = saved
  return err
}

function step(env: BtfEnv, v: usize): i32 {
  switch (btfKind(vertexType(v))) {
    case KIND_PTR:
      return stepRef(env, v, true)
    case KIND_ARRAY:
      return stepArray(env, v)
    case KIND_STRUCT:
    case KIND_UNION:
      return stepStruct(env, v)
    case KIND_FUNC:
      return stepFunc(env, v)
    case KIND_VAR:
      return stepVar(env, v)
    case KIND_DATASEC:
      return stepDatasec(env, v)
    case KIND_DECL_TAG:
      return stepDeclTag(env, v)
    default:
      if (isModifier(vertexType(v))) return stepRef(env, v, false)
      basicLine(env, vertexType(v), 'Unsupported resolve')
      return -EINVAL
  }
}

/** A modifier that was resolved within a struct stopped at a pointer, which may not be resolved itself: 1 if it waits. */
function waitsForPointer(env: BtfEnv, next: usize, id: u32): bool {
  if (!isModifier(next)) return false
  const to = idResolve(env.btf, id)
  return to != 0 && btfKind(to) == KIND_PTR && mustWait(env, to, lastId())
}

/** Modifiers and pointers. */
function stepRef(env: BtfEnv, v: usize, pointer: bool): i32 {
  const t = vertexType(v)
  let id = btfType(t)
  let next = btfTypeById(env.btf, id)
  if (!next || isSourceOnly(next)) return wrong(env, t, 'Invalid type_id')
  if (mustWait(env, next, id)) return push(env, next, id)
  if (pointer && waitsForPointer(env, next, id)) return push(env, btfTypeById(env.btf, lastId()), lastId())
  if (idSize(env.btf, id)) id = lastId()
  else {
    if (isResolved(env, id)) {
      next = idResolve(env.btf, id)
      id = lastId()
    }
    if (!next || (!isVoid(next) && btfKind(next) != KIND_FWD && btfKind(next) != KIND_FUNC_PROTO)) {
      return wrong(env, t, 'Invalid type_id')
    }
  }
  popResolved(env, id, 0)
  return 0
}

function stepVar(env: BtfEnv, v: usize): i32 {
  const t = vertexType(v)
  const id = btfType(t)
  const next = btfTypeById(env.btf, id)
  if (!next || isSourceOnly(next)) return wrong(env, t, 'Invalid type_id')
  if (mustWait(env, next, id)) return push(env, next, id)
  if (waitsForPointer(env, next, id)) return push(env, btfTypeById(env.btf, lastId()), lastId())
  if (!idSize(env.btf, id)) return wrong(env, t, 'Invalid type_id')
  popResolved(env, lastId(), 0)
  return 0
}

function stepArray(env: BtfEnv, v: usize): i32 {
  const t = vertexType(v)
  const indexId = load<u32>(t, 16)
  let index = btfTypeById(env.btf, indexId)
  if (isNosizeOrNull(index) || isSourceOnly(index)) return wrong(env, t, 'Invalid index')
  if (mustWait(env, index, indexId)) return push(env, index, indexId)
  index = idSize(env.btf, indexId)
  if (!index || btfKind(index) != KIND_INT || !intIsRegular(index)) return wrong(env, t, 'Invalid index')
  const elemId = load<u32>(t, 12)
  let elem = btfTypeById(env.btf, elemId)
  if (isNosizeOrNull(elem) || isSourceOnly(elem)) return wrong(env, t, 'Invalid elem')
  if (mustWait(env, elem, elemId)) return push(env, elem, elemId)
  elem = idSize(env.btf, elemId)
  if (!elem) return wrong(env, t, 'Invalid elem')
  if (btfKind(elem) == KIND_INT && !intIsRegular(elem)) return wrong(env, t, 'Invalid array of int')
  const n = load<u32>(t, 20)
  if (n && lastSize() > 0xffffffff / n) return wrong(env, t, 'Array size overflows U32_MAX')
  popResolved(env, lastId(), lastSize() * n)
  return 0
}

function stepStruct(env: BtfEnv, v: usize): i32 {
  const t = vertexType(v)
  const n = btfVlen(t)
  const from = vertexNext(v)
  if (from) {
    const m = t + 12 + <usize>(from - 1) * 12
    const err = checkMember(env, t, m, btfTypeById(env.btf, load<u32>(m, 4)), load<u32>(m, 4))
    if (err) return err
  }
  for (let i = from; i < n; i++) {
    const m = t + 12 + <usize>i * 12
    const id = load<u32>(m, 4)
    const type = btfTypeById(env.btf, id)
    if (isNosizeOrNull(type) || isSourceOnly(type)) {
      memberLine(env, t, m, 'Invalid member')
      return -EINVAL
    }
    if (mustWait(env, type, id)) {
      setNextMember(env, i + 1)
      return push(env, type, id)
    }
    const err = checkMember(env, t, m, type, id)
    if (err) return err
  }
  popResolved(env, 0, 0)
  return 0
}

function stepFunc(env: BtfEnv, v: usize): i32 {
  const t = vertexType(v)
  const proto = btfTypeById(env.btf, btfType(t))
  if (!proto || btfKind(proto) != KIND_FUNC_PROTO) return wrong(env, t, 'Invalid type_id')
  const n = btfVlen(proto)
  for (let i: u32 = 0; i < n; i++) {
    const arg = proto + 12 + ((<usize>i) << 3)
    if (load<u32>(arg) || !load<u32>(arg, 4)) continue
    typeLine(env, t, 'Invalid arg#%u', i + 1)
    return -EINVAL
  }
  popResolved(env, btfType(t), 0)
  return 0
}

function stepDatasec(env: BtfEnv, v: usize): i32 {
  const t = vertexType(v)
  const n = btfVlen(t)
  env.mode = MODE_TBD
  for (let i = vertexNext(v); i < n; i++) {
    const info = t + 12 + <usize>i * 12
    const id = load<u32>(info)
    const type = btfTypeById(env.btf, id)
    if (!type || btfKind(type) != KIND_VAR) {
      variableLine(env, t, info, 'Not a VAR kind member')
      return -EINVAL
    }
    if (mustWait(env, type, id)) {
      setNextMember(env, i + 1)
      return push(env, type, id)
    }
    let what = ''
    if (!idSize(env.btf, btfType(type))) what = 'Invalid type'
    else if (load<u32>(info, 8) < lastSize()) what = 'Invalid size'
    if (!what.length) continue
    variableLine(env, t, info, what)
    return -EINVAL
  }
  popResolved(env, 0, 0)
  return 0
}

function stepDeclTag(env: BtfEnv, v: usize): i32 {
  const t = vertexType(v)
  const id = btfType(t)
  let next = btfTypeById(env.btf, id)
  if (!next || !isTagTarget(next)) return wrong(env, t, 'Invalid type_id')
  if (mustWait(env, next, id)) return push(env, next, id)
  const component = load<i32>(t, 12)
  if (component != -1) {
    const kind = btfKind(next)
    if (kind == KIND_VAR || kind == KIND_TYPEDEF) return wrong(env, t, 'Invalid component_idx')
    if (!isStructOrUnion(next)) next = btfTypeById(env.btf, btfType(next))
    if (<u32>component >= btfVlen(next)) return wrong(env, t, 'Invalid component_idx')
  }
  popResolved(env, id, 0)
  return 0
}

/** What must be so when a type was resolved. */
function valid(env: BtfEnv, t: usize, id: u32): bool {
  if (!isResolved(env, id)) return false
  const kind = btfKind(t)
  const toId = load<u32>(env.btf.resolvedIds + ((<usize>id) << 2))
  const toSize = load<u32>(env.btf.resolvedSizes + ((<usize>id) << 2))
  if (isStructOrUnion(t) || kind == KIND_DATASEC) return !toId && !toSize
  if (kind == KIND_DECL_TAG || kind == KIND_FUNC) return toId != 0 && !toSize
  if (isModifier(t) || kind == KIND_PTR || kind == KIND_VAR) {
    const to = idResolve(env.btf, id)
    return to != 0 && !isModifier(to) && btfKind(to) != KIND_VAR && btfKind(to) != KIND_DATASEC
  }
  if (kind != KIND_ARRAY) return false
  const elem = idSize(env.btf, load<u32>(t, 12))
  return elem != 0 && !isModifier(elem) && load<u32>(t, 20) * lastSize() == toSize
}

/** btf_func_proto_check: types of the result and of the arguments. */
export function checkProto(env: BtfEnv, t: usize): i32 {
  const ret = btfType(t)
  if (ret) {
    const err = protoType(env, t, ret, 0)
    if (err) return err
  }
  let n = btfVlen(t)
  if (!n) return 0
  const last = t + 12 + ((<usize>(n - 1)) << 3)
  if (!load<u32>(last, 4)) {
    if (load<u32>(last)) {
      typeLine(env, t, 'Invalid arg#%u', n)
      return -EINVAL
    }
    n--
  }
  for (let i: u32 = 0; i < n; i++) {
    const arg = t + 12 + ((<usize>i) << 3)
    const err = protoType(env, t, load<u32>(arg, 4), i + 1, load<u32>(arg))
    if (err) return err
  }
  return 0
}

/** A type of a prototype: of argument number `arg`, or of the result (0). */
function protoType(env: BtfEnv, t: usize, id: u32, arg: u32, name: u32 = 0): i32 {
  const type = btfTypeById(env.btf, id)
  let bad = !type || isSourceOnly(type) || (name != 0 && !identifierOk(env, name))
  if (!bad) {
    if (needsResolve(type) && !isResolved(env, id)) {
      const err = resolve(env, type, id)
      if (err) return err
    }
    bad = !idSize(env.btf, id)
  }
  if (!bad) return 0
  if (arg) typeLine(env, t, 'Invalid arg#%u', arg)
  else typeLine(env, t, 'Invalid return type')
  return -EINVAL
}

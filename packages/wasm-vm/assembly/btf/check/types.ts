// SPDX-License-Identifier: GPL-2.0-only
// Classes of kinds, and what a type resolves to. Kernel counterpart: the btf_type_is_* and btf_type_id_* functions.

import { Btf, btfKind, btfSize, btfTypeById } from '../btf'
import {
  isModifierKind,
  KIND_ARRAY,
  KIND_DATASEC,
  KIND_DECL_TAG,
  KIND_ENUM,
  KIND_ENUM64,
  KIND_FLOAT,
  KIND_FUNC,
  KIND_FUNC_PROTO,
  KIND_FWD,
  KIND_INT,
  KIND_PTR,
  KIND_STRUCT,
  KIND_TYPEDEF,
  KIND_UNION,
  KIND_UNKN,
  KIND_VAR,
} from '../kinds'

@inline export function isModifier(t: usize): bool {
  return isModifierKind(btfKind(t))
}

@inline export function isVoid(t: usize): bool {
  return btfKind(t) == KIND_UNKN
}
export function isNosize(t: usize): bool {
  const k = btfKind(t)
  return k == KIND_UNKN || k == KIND_FWD || k == KIND_FUNC || k == KIND_FUNC_PROTO || k == KIND_DECL_TAG
}

@inline export function isNosizeOrNull(t: usize): bool {
  return !t || isNosize(t)
}
export function isStructOrUnion(t: usize): bool {
  const k = btfKind(t)
  return k == KIND_STRUCT || k == KIND_UNION
}
export function isSourceOnly(t: usize): bool {
  const k = btfKind(t)
  return k == KIND_VAR || k == KIND_DECL_TAG || k == KIND_DATASEC
}
export function isTagTarget(t: usize): bool {
  const k = btfKind(t)
  return k == KIND_FUNC || k == KIND_STRUCT || k == KIND_UNION || k == KIND_VAR || k == KIND_TYPEDEF
}
export function needsResolve(t: usize): bool {
  const k = btfKind(t)
  return (
    isModifierKind(k) ||
    k == KIND_PTR ||
    k == KIND_STRUCT ||
    k == KIND_UNION ||
    k == KIND_ARRAY ||
    k == KIND_VAR ||
    k == KIND_DECL_TAG ||
    k == KIND_FUNC ||
    k == KIND_DATASEC
  )
}
export function hasSize(t: usize): bool {
  switch (btfKind(t)) {
    case KIND_INT:
    case KIND_STRUCT:
    case KIND_UNION:
    case KIND_ENUM:
    case KIND_DATASEC:
    case KIND_FLOAT:
    case KIND_ENUM64:
      return true
    default:
      return false
  }
}

export function intBits(t: usize): u32 {
  return load<u32>(t, 12) & 0xff
}
export function intOffset(t: usize): u32 {
  return (load<u32>(t, 12) >> 16) & 0xff
}
export function intIsRegular(t: usize): bool {
  const bits = intBits(t)
  const bytes = (bits + 7) >> 3
  if (bits & 7 || intOffset(t) || bytes != btfSize(t)) return false
  return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8 || bytes == 16
}

const ID: usize = memory.data(4, 4)

/** The number that the last idResolve or idSize arrived at. */
@inline export function lastId(): u32 {
  return load<u32>(ID)
}

/** btf_type_id_resolve: the type that a modifier, pointer or variable resolved to. */
export function idResolve(btf: Btf, id: u32): usize {
  const to = load<u32>(btf.resolvedIds + ((<usize>id) << 2))
  store<u32>(ID, to)
  return btfTypeById(btf, to)
}

const SIZE: usize = memory.data(4, 4)

@inline export function lastSize(): u32 {
  return load<u32>(SIZE)
}

/** btf_type_id_size: the type with a size behind a number, 0 if there is none; its number and size by lastId, lastSize. */
export function idSize(btf: Btf, id: u32): usize {
  store<u32>(ID, id)
  let t = btfTypeById(btf, id)
  if (isNosizeOrNull(t)) return 0
  let size: u32 = 0
  if (hasSize(t)) size = btfSize(t)
  else if (btfKind(t) == KIND_ARRAY) size = load<u32>(btf.resolvedSizes + ((<usize>id) << 2))
  else if (btfKind(t) == KIND_PTR) size = 8
  else {
    if (!isModifier(t) && btfKind(t) != KIND_VAR) return 0
    const to = load<u32>(btf.resolvedIds + ((<usize>id) << 2))
    t = btfTypeById(btf, to)
    if (isNosizeOrNull(t)) return 0
    store<u32>(ID, to)
    if (hasSize(t)) size = btfSize(t)
    else if (btfKind(t) == KIND_ARRAY) size = load<u32>(btf.resolvedSizes + ((<usize>to) << 2))
    else if (btfKind(t) == KIND_PTR) size = 8
    else return 0
  }
  store<u32>(SIZE, size)
  return t
}

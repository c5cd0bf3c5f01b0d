// SPDX-License-Identifier: GPL-2.0-only
// Kinds of types, and walks over them that several readers share.

import { Btf, btfKind, btfNameOf, btfSize, btfType, btfTypeById } from './btf'
import { cstrEquals, cstrIs } from '../mem/bytes'

export const KIND_UNKN: u32 = 0
export const KIND_INT: u32 = 1
export const KIND_PTR: u32 = 2
export const KIND_ARRAY: u32 = 3
export const KIND_STRUCT: u32 = 4
export const KIND_UNION: u32 = 5
export const KIND_ENUM: u32 = 6
export const KIND_FWD: u32 = 7
export const KIND_TYPEDEF: u32 = 8
export const KIND_VOLATILE: u32 = 9
export const KIND_CONST: u32 = 10
export const KIND_RESTRICT: u32 = 11
export const KIND_FUNC: u32 = 12
export const KIND_FUNC_PROTO: u32 = 13
export const KIND_VAR: u32 = 14
export const KIND_DATASEC: u32 = 15
export const KIND_FLOAT: u32 = 16
export const KIND_DECL_TAG: u32 = 17
export const KIND_TYPE_TAG: u32 = 18
export const KIND_ENUM64: u32 = 19
export const KIND_MAX: u32 = 19

/** Deepest nesting of types that is followed. */
export const MAX_DEPTH: u32 = 32

@inline export function isStruct(t: usize): bool {
  return btfKind(t) == KIND_STRUCT
}

export function isModifierKind(k: u32): bool {
  return k == KIND_TYPEDEF || k == KIND_VOLATILE || k == KIND_CONST || k == KIND_RESTRICT || k == KIND_TYPE_TAG
}

/** The type behind typedefs and qualifiers, its number stored at `outId` if that is given. */
export function btfTypeSkipModifiers(btf: Btf, id: u32, outId: usize): usize {
  let t = btfTypeById(btf, id)
  while (t && isModifierKind(btfKind(t))) {
    id = btfType(t)
    t = btfTypeById(btf, id)
  }
  if (outId) store<u32>(outId, id)
  return t
}

/** Byte offset of member i, in bits. */
export function memberBitOffset(t: usize, i: u32): u32 {
  const off = load<u32>(t + 12 + <usize>i * 12, 8)
  return load<u32>(t, 4) >> 31 ? off & 0xffffff : off
}
export function memberBitSize(t: usize, i: u32): u32 {
  const off = load<u32>(t + 12 + <usize>i * 12, 8)
  return load<u32>(t, 4) >> 31 ? off >> 24 : 0
}
export function memberType(t: usize, i: u32): u32 {
  return load<u32>(t + 12 + <usize>i * 12, 4)
}
export function memberName(btf: Btf, t: usize, i: u32): usize {
  return btf.strings + load<u32>(t + 12 + <usize>i * 12)
}

/** The number of the type with this name and kind, 0 if there is none. */
export function btfFindByNameKind(btf: Btf, name: usize, kind: u32): u32 {
  for (let i: u32 = 1; i < btf.nrTypes; i++) {
    const t = load<usize>(btf.types + ((<usize>i) << 2))
    if (btfKind(t) == kind && cstrEquals(btfNameOf(btf, t), name)) return i
  }
  return 0
}

/** Size of a type in bytes as resolved when the BTF was loaded, and the type that has it; false if it has none. */
export function btfTypeIdSize(btf: Btf, id: u32, outType: usize, outSize: usize): bool {
  let t = btfTypeById(btf, id)
  if (!t || !id) return false
  // modifiers and variables have the size of what they refer to
  let steps = 0
  while (t && (isModifierKind(btfKind(t)) || btfKind(t) == KIND_VAR) && steps++ < 64) t = btfTypeById(btf, btfType(t))
  if (!t) return false
  let size: u32 = 0
  switch (btfKind(t)) {
    case KIND_PTR:
      size = 8
      break
    case KIND_ARRAY: {
      const n = arraySize(btf, t, 0)
      if (n > 0xffffffff) return false
      size = <u32>n
      break
    }
    case KIND_INT:
    case KIND_STRUCT:
    case KIND_UNION:
    case KIND_ENUM:
    case KIND_DATASEC:
    case KIND_FLOAT:
    case KIND_ENUM64:
      size = btfSize(t)
      break
    default:
      return false
  }
  store<usize>(outType, t)
  store<u32>(outSize, size)
  return true
}

function arraySize(btf: Btf, t: usize, depth: u32): u64 {
  const n = <u64>load<u32>(t, 20)
  const elem = load<u32>(t, 12)
  if (depth >= MAX_DEPTH) return (<u64>1) << 40
  const e = btfTypeSkipModifiers(btf, elem, 0)
  if (!e) return (<u64>1) << 40
  if (btfKind(e) == KIND_ARRAY) {
    const inner = arraySize(btf, e, depth + 1)
    return inner > 0xffffffff ? inner : inner * n
  }
  return (btfKind(e) == KIND_PTR ? 8 : <u64>btfSize(e)) * n
}

/** btf_resolve_size: the size of a type, stored at `out`; 0 if it has none. */
export function btfResolveSize(btf: Btf, id: u32, out: usize): usize {
  return btfTypeIdSize(btf, id, TYPE_OUT, out) ? load<usize>(TYPE_OUT) : 0
}
const TYPE_OUT: usize = memory.data(4, 4)

@inline export function nameIs(btf: Btf, t: usize, text: string): bool {
  return cstrIs(btfNameOf(btf, t), text)
}

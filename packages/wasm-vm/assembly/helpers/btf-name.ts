// SPDX-License-Identifier: GPL-2.0-only
// What stands before a shown value: ".member = (struct type *[]){". Kernel counterpart: btf_show_name.

import { btfKind, btfNameOf, btfNameByOffset, btfType, btfTypeById, Btf } from '../btf/btf'
import { putByte, putText, Sink } from '../mem/format'
import { F_NONAME, isModifier, Show } from './btf-show'

const KIND_PTR: u32 = 2
const KIND_ARRAY: u32 = 3
const KIND_STRUCT: u32 = 4
const KIND_UNION: u32 = 5
const KIND_ENUM: u32 = 6
const KIND_TYPEDEF: u32 = 8
const KIND_ENUM64: u32 = 19
const MAX_ITER: u32 = 10
const SINK: usize = memory.data(offsetof<Sink>(), 8)
const EMPTY: usize = memory.data(4, 4)

/** The walk from a type to what it is made of. */
@unmanaged class Parts {
  type: usize
  /** Name of the outermost typedef, or 0. */
  typedefName: usize
  arrays: u32
  pointers: u32
}
const PARTS: usize = memory.data(offsetof<Parts>(), 8)

function skipQualifiers(btf: Btf, id: u32): usize {
  let t = btfTypeById(btf, id)
  while (t && isModifier(btfKind(t)) && btfKind(t) != KIND_TYPEDEF) t = btfTypeById(btf, btfType(t))
  return t
}

/** False if the type is nested too deeply. */
function walk(btf: Btf, id: u32): bool {
  const p = changetype<Parts>(PARTS)
  memory.fill(PARTS, 0, offsetof<Parts>())
  let t = btfTypeById(btf, id)
  for (let i: u32 = 0; i < MAX_ITER && t; i++) {
    let next: u32 = 0
    const kind = btfKind(t)
    if (kind == KIND_TYPEDEF) {
      if (!p.typedefName) p.typedefName = btfNameOf(btf, t)
      next = btfType(t)
    } else if (kind == KIND_ARRAY) {
      p.arrays++
      next = load<u32>(t, 12)
    } else if (kind == KIND_PTR) {
      p.pointers++
      next = btfType(t)
    }
    if (!next) {
      p.type = t
      return true
    }
    t = skipQualifiers(btf, next)
  }
  return false
}

function put(s: Sink, text: string): void {
  putText(s, changetype<usize>(text), 2, 0, 0, -1)
}

/** Writes the name at `buf`, zero-terminated. */
export function typeName(show: Show, buf: usize, size: usize): void {
  store<u8>(buf, 0)
  if (show.arrayMember) return
  const id = show.member ? load<u32>(show.member, 4) : show.typeId
  if (!walk(show.btf, id)) return
  const p = changetype<Parts>(PARTS)
  const kind = btfKind(p.type)
  const aggregate = kind == KIND_STRUCT || kind == KIND_UNION
  const paren: u32 = p.pointers ? 0 : p.arrays ? 91 : aggregate ? 123 : 0
  const s = changetype<Sink>(SINK)
  s.buf = buf
  s.cap = size - 1
  s.len = 0
  if (!(show.flags & F_NONAME)) putFull(s, show, p, kind)
  if (paren) putByte(s, paren)
  store<u8>(buf + min(s.len, size - 1), 0)
}

function putFull(s: Sink, show: Show, p: Parts, kind: u32): void {
  const member = show.member ? btfNameByOffset(show.btf, load<u32>(show.member)) : 0
  if (member && load<u8>(member)) {
    putByte(s, 46)
    putText(s, member, 1, 0, 0, -1)
    put(s, ' = ')
  }
  putByte(s, 40)
  let name = p.typedefName ? p.typedefName : btfNameOf(show.btf, p.type)
  if (!name) name = EMPTY
  if (!p.typedefName) {
    const start = s.len
    if (kind == KIND_STRUCT) put(s, 'struct')
    else if (kind == KIND_UNION) put(s, 'union')
    else if (kind == KIND_ENUM || kind == KIND_ENUM64) put(s, 'enum')
    if (s.len > start && load<u8>(name)) putByte(s, 32)
  }
  putText(s, name, 1, 0, 0, -1)
  if (p.pointers) putByte(s, 32)
  for (let i: u32 = 0; i < p.pointers; i++) putByte(s, 42)
  for (let i: u32 = 0; i < p.arrays; i++) put(s, '[]')
  putByte(s, 41)
}

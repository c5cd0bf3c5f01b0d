// SPDX-License-Identifier: BSD-2-Clause
import { type ByteView, formatOffset } from '../bytes/index.ts'
import type { Btf } from './btf.ts'
import { BTF_KINDS, type BtfEnum, type BtfKind, type BtfMember, type BtfReference, type BtfType } from './types.ts'

/** Bytes after the 12 of `struct btf_type`: a fixed part and a part for each of the vlen elements. */
const TRAILING: Readonly<Partial<Record<BtfKind, { readonly fixed?: number; readonly element?: number }>>> = {
  INT: { fixed: 4 },
  ARRAY: { fixed: 12 },
  STRUCT: { element: 12 },
  UNION: { element: 12 },
  ENUM: { element: 8 },
  FUNC_PROTO: { element: 8 },
  VAR: { fixed: 4 },
  DATASEC: { element: 12 },
  DECL_TAG: { fixed: 4 },
  ENUM64: { element: 12 },
}

const FIXED = Uint8Array.from(BTF_KINDS, (kind) => TRAILING[kind]?.fixed ?? 0)
const ELEMENT = Uint8Array.from(BTF_KINDS, (kind) => TRAILING[kind]?.element ?? 0)

/** Bytes that follow `struct btf_type` for a kind's number and vlen. */
export function trailingBytes(kind: number, vlen: number): number {
  return FIXED[kind]! + ELEMENT[kind]! * vlen
}

/** Makes the object of an own type whose extent was checked on indexing. */
export function decodeType(btf: Btf, view: ByteView, id: number, at: number): BtfType {
  const info = view.u32(at + 4)
  const kind = BTF_KINDS[(info >>> 24) & 0x1f]!
  const head: Head = {
    btf,
    view,
    name: btf.string(view.u32(at)),
    vlen: info & 0xffff,
    kindFlag: info >>> 31 === 1,
    sizeOrType: view.u32(at + 8),
    body: at + 12,
    where: `type ${id} at ${formatOffset(at)}`,
  }
  return decodeKind(kind, head)
}

interface Head {
  readonly btf: Btf
  readonly view: ByteView
  readonly name: string
  readonly vlen: number
  readonly kindFlag: boolean
  readonly sizeOrType: number
  readonly body: number
  /** Start of error messages. */
  readonly where: string
}

/** A type id that must exist. */
function reference(head: Head, id: number): number {
  if (!head.btf.has(id)) throw head.btf.fail(`${head.where}: refers to type ${id}, the last is ${head.btf.nextId - 1}`)
  return id
}

function elements<T>(head: Head, size: number, decode: (at: number) => T): T[] {
  const list: T[] = []
  for (let i = 0; i < head.vlen; i++) list.push(decode(head.body + i * size))
  return list
}

function decodeKind(kind: BtfKind, head: Head): BtfType {
  const { view, name, body, sizeOrType } = head
  switch (kind) {
    case 'INT': {
      const bits = view.u32(body)
      return {
        kind,
        name,
        size: sizeOrType,
        bits: bits & 0xff,
        bitOffset: (bits >>> 16) & 0xff,
        encoding: (bits >>> 24) & 0xf,
      }
    }
    case 'ARRAY':
      return {
        kind,
        name: '',
        type: reference(head, view.u32(body)),
        indexType: reference(head, view.u32(body + 4)),
        count: view.u32(body + 8),
      }
    case 'STRUCT':
    case 'UNION':
      return { kind, name, size: sizeOrType, kindFlag: head.kindFlag, members: decodeMembers(head) }
    case 'ENUM':
    case 'ENUM64':
      return decodeEnum(kind, head)
    case 'FUNC_PROTO':
      return {
        kind,
        name: '',
        returnType: reference(head, sizeOrType),
        params: elements(head, 8, (at) => ({
          name: head.btf.string(view.u32(at)),
          type: reference(head, view.u32(at + 4)),
        })),
      }
    case 'DATASEC':
      return {
        kind,
        name,
        size: sizeOrType,
        vars: elements(head, 12, (at) => ({
          type: reference(head, view.u32(at)),
          offset: view.u32(at + 4),
          size: view.u32(at + 8),
        })),
      }
    default:
      return decodeSimple(kind, head)
  }
}

/** Kinds of which at most one word follows. */
function decodeSimple(kind: BtfKind, head: Head): BtfType {
  const { view, name, body, sizeOrType, kindFlag } = head
  switch (kind) {
    case 'FWD':
      return { kind, name, union: kindFlag }
    case 'FUNC':
      return { kind, name, type: reference(head, sizeOrType), linkage: head.vlen }
    case 'VAR':
      return { kind, name, type: reference(head, sizeOrType), linkage: view.u32(body) }
    case 'FLOAT':
      return { kind, name, size: sizeOrType }
    case 'DECL_TAG':
      return { kind, name, type: reference(head, sizeOrType), componentIndex: view.i32(body), kindFlag }
    case 'TYPE_TAG':
      return { kind, name, type: reference(head, sizeOrType), kindFlag }
    default:
      return { kind: kind as BtfReference['kind'], name, type: reference(head, sizeOrType) }
  }
}

function decodeMembers(head: Head): BtfMember[] {
  const { view } = head
  return elements(head, 12, (at) => {
    const offset = view.u32(at + 8)
    return {
      name: head.btf.string(view.u32(at)),
      type: reference(head, view.u32(at + 4)),
      bitOffset: head.kindFlag ? offset & 0xffffff : offset,
      bitSize: head.kindFlag ? offset >>> 24 : 0,
    }
  })
}

function decodeEnum(kind: 'ENUM' | 'ENUM64', head: Head): BtfEnum {
  const { view, kindFlag: signed } = head
  const name = (at: number) => head.btf.string(view.u32(at))
  const values =
    kind === 'ENUM'
      ? elements(head, 8, (at) => ({ name: name(at), value: BigInt(signed ? view.i32(at + 4) : view.u32(at + 4)) }))
      : elements(head, 12, (at) => {
          const value = (BigInt(view.u32(at + 8)) << 32n) | BigInt(view.u32(at + 4))
          return { name: name(at), value: signed ? BigInt.asIntN(64, value) : value }
        })
  return { kind, name: head.name, size: head.sizeOrType, signed, values }
}

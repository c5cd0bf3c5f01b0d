// SPDX-License-Identifier: BSD-2-Clause
/** Ground of CO-RE: how both sides' types are read, and what a relocation asks. Algorithm: libbpf's relo_core.c. */
import type { BtfType } from '../btf/index.ts'
import { RelocationError } from '../errors/index.ts'

/** What relocation needs of a BTF. */
export interface TypeTable {
  type(id: number): BtfType
  /** Size in bytes, modifiers and typedefs skipped. */
  sizeOf(id: number): number
}

/** enum bpf_core_relo_kind. */
export const CoreKind = {
  fieldByteOffset: 0,
  fieldByteSize: 1,
  fieldExists: 2,
  fieldSigned: 3,
  fieldLshiftU64: 4,
  fieldRshiftU64: 5,
  typeIdLocal: 6,
  typeIdTarget: 7,
  typeExists: 8,
  typeSize: 9,
  enumvalExists: 10,
  enumvalValue: 11,
  typeMatches: 12,
} as const

const KIND_NAMES = [
  'byte_off',
  'byte_sz',
  'field_exists',
  'signed',
  'lshift_u64',
  'rshift_u64',
  'local_type_id',
  'target_type_id',
  'type_exists',
  'type_size',
  'enumval_exists',
  'enumval_value',
  'type_matches',
]

/** Name of a relocation kind as libbpf prints it. */
export function coreKindName(kind: number): string {
  return KIND_NAMES[kind] ?? `unknown (${kind})`
}

export function isFieldKind(kind: number): boolean {
  return kind >= CoreKind.fieldByteOffset && kind <= CoreKind.fieldRshiftU64
}

export function isEnumvalKind(kind: number): boolean {
  return kind === CoreKind.enumvalExists || kind === CoreKind.enumvalValue
}

export function isTypeKind(kind: number): boolean {
  return kind === CoreKind.typeMatches || (kind >= CoreKind.typeIdLocal && kind <= CoreKind.typeSize)
}

/** The type behind const, volatile, restrict, type tags and typedefs, with its id. */
export function skipModifiers(table: TypeTable, id: number): { id: number; type: BtfType } {
  let type = table.type(id)
  for (let depth = 0; depth < 64; depth++) {
    switch (type.kind) {
      case 'TYPEDEF':
      case 'CONST':
      case 'VOLATILE':
      case 'RESTRICT':
      case 'TYPE_TAG':
        id = type.type
        type = table.type(id)
        break
      default:
        return { id, type }
    }
  }
  throw new RelocationError(`resolve type ${id}: modifiers without end`)
}

/** A name without its flavour: `task_struct` for `task_struct___v2`. */
export function essentialName(name: string): string {
  // The last `___` that has something on both sides, not touching another underscore.
  for (let i = name.length - 5; i >= 0; i--) {
    if (name[i] !== '_' && name[i + 1] === '_' && name[i + 2] === '_' && name[i + 3] === '_' && name[i + 4] !== '_') {
      return name.slice(0, i + 1)
    }
  }
  return name
}

export function isEnum(type: BtfType): type is Extract<BtfType, { kind: 'ENUM' | 'ENUM64' }> {
  return type.kind === 'ENUM' || type.kind === 'ENUM64'
}

export function isComposite(type: BtfType): type is Extract<BtfType, { kind: 'STRUCT' | 'UNION' }> {
  return type.kind === 'STRUCT' || type.kind === 'UNION'
}

/** Whether one kind may stand for the other: the same kind, or both enums. */
export function sameKind(a: BtfType, b: BtfType): boolean {
  return a.kind === b.kind || (isEnum(a) && isEnum(b))
}

// SPDX-License-Identifier: BSD-2-Clause
/** When a local type may be taken for a target type: three relations of growing strictness, as libbpf's relo_core.c. */
import type { BtfEnum, BtfInt, BtfType } from '../btf/index.ts'
import { RelocationError } from '../errors/index.ts'
import { essentialName, isComposite, isEnum, sameKind, skipModifiers, type TypeTable } from './core-types.ts'

const MAX_DEPTH = 32
const INT_SIGNED = 1

/**
 * Field access: structs and unions mix freely, pointers and floats always fit, integers too (but for the old kind with a
 * bit offset), enums and forward declarations by name, arrays by element.
 */
export function fieldsCompatible(local: TypeTable, localId: number, target: TypeTable, targetId: number): boolean {
  const a = skipModifiers(local, localId)
  const b = skipModifiers(target, targetId)
  if (isComposite(a.type) && isComposite(b.type)) return true
  if (!sameKind(a.type, b.type)) return false
  switch (a.type.kind) {
    case 'PTR':
    case 'FLOAT':
      return true
    case 'FWD':
    case 'ENUM':
    case 'ENUM64': {
      const names = [essentialName(a.type.name), essentialName(b.type.name)]
      return names.includes('') || names[0] === names[1]
    }
    case 'INT':
      return a.type.bitOffset === 0 && (b.type as BtfInt).bitOffset === 0
    case 'ARRAY':
      return fieldsCompatible(local, a.type.type, target, (b.type as { type: number }).type)
    default:
      return false
  }
}

/** `bpf_core_type_exists`: names were matched by the caller, here shapes are compared loosely. */
export function typesCompatible(
  local: TypeTable,
  localId: number,
  target: TypeTable,
  targetId: number,
  level = MAX_DEPTH,
): boolean {
  if (level <= 0) throw new RelocationError(`compare types: type ${localId} is nested too deep`)
  const a = skipModifiers(local, localId).type
  const b = skipModifiers(target, targetId).type
  if (!sameKind(a, b)) return false
  switch (a.kind) {
    case 'VOID':
    case 'STRUCT':
    case 'UNION':
    case 'ENUM':
    case 'ENUM64':
    case 'FWD':
      return true
    case 'INT':
      return a.bitOffset === 0 && (b as BtfInt).bitOffset === 0
    case 'PTR':
    case 'ARRAY':
      return typesCompatible(local, a.type, target, (b as { type: number }).type, level - 1)
    case 'FUNC_PROTO': {
      const other = b as typeof a
      if (a.params.length !== other.params.length) return false
      return (
        a.params.every((p, i) => typesCompatible(local, p.type, target, other.params[i]!.type, level - 1)) &&
        typesCompatible(local, a.returnType, target, other.returnType, level - 1)
      )
    }
    default:
      return false
  }
}

function namesMatch(a: string, b: string): boolean {
  return b === '' ? a === '' : essentialName(a) === essentialName(b)
}

function enumsMatch(a: BtfEnum, b: BtfEnum): boolean {
  if (a.size !== b.size || a.values.length > b.values.length) return false
  return a.values.every((value) => b.values.some((other) => namesMatch(value.name, other.name)))
}

/** Both ids, whether a pointer has been passed, and how deep the comparison may still go. */
interface Pair {
  readonly local: TypeTable
  readonly target: TypeTable
  readonly behindPointer: boolean
  readonly level: number
}

/** `bpf_core_type_matches`: every local member must exist in the target with a matching type. */
export function typesMatch(local: TypeTable, localId: number, target: TypeTable, targetId: number): boolean {
  return match({ local, target, behindPointer: false, level: MAX_DEPTH }, localId, targetId)
}

function match(pair: Pair, localId: number, targetId: number): boolean {
  if (pair.level <= 0) throw new RelocationError(`match types: type ${localId} is nested too deep`)
  const a = skipModifiers(pair.local, localId).type
  const b = skipModifiers(pair.target, targetId).type
  if (!namesMatch(a.name, b.name)) return false
  const deeper = { ...pair, level: pair.level - 1 }
  switch (a.kind) {
    case 'VOID':
      return b.kind === 'VOID'
    case 'FWD':
      if (b.kind === 'FWD') return a.union === b.union
      return pair.behindPointer && b.kind === (a.union ? 'UNION' : 'STRUCT')
    case 'ENUM':
    case 'ENUM64':
      return isEnum(b) && enumsMatch(a, b)
    case 'STRUCT':
    case 'UNION':
      return matchComposite(deeper, a, b)
    case 'INT':
      return b.kind === 'INT' && a.size === b.size && (a.encoding & INT_SIGNED) === (b.encoding & INT_SIGNED)
    case 'PTR':
      return b.kind === 'PTR' && match({ ...deeper, behindPointer: true }, a.type, b.type)
    case 'ARRAY':
      return b.kind === 'ARRAY' && a.count === b.count && match(deeper, a.type, b.type)
    case 'FUNC_PROTO':
      return (
        b.kind === 'FUNC_PROTO' &&
        a.params.length === b.params.length &&
        a.params.every((p, i) => match(deeper, p.type, b.params[i]!.type)) &&
        match(deeper, a.returnType, b.returnType)
      )
    default:
      return false
  }
}

function matchComposite(pair: Pair, a: Extract<BtfType, { kind: 'STRUCT' | 'UNION' }>, b: BtfType): boolean {
  if (pair.behindPointer) return a.kind === b.kind || (b.kind === 'FWD' && b.union === (a.kind === 'UNION'))
  if (b.kind !== a.kind) return false
  const other = b as typeof a
  if (a.members.length > other.members.length) return false
  return a.members.every((member) =>
    other.members.some((m) => namesMatch(member.name, m.name) && match(pair, member.type, m.type)),
  )
}

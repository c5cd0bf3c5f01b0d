// SPDX-License-Identifier: BSD-2-Clause
/**
 * The access that a CO-RE relocation records, spelled out on one side's types.
 *
 * `&s->a[3]` in `struct { int x; struct { int y; int a[7]; }; } *s` has the access string `0:1:1:3`. Its accessors are the
 * points that mean something: index 0 of the pointer, field `a`, index 3; anonymous members are passed through.
 */
import { RelocationError } from '../errors/index.ts'
import { isComposite, isEnum, isEnumvalKind, isTypeKind, skipModifiers, type TypeTable } from './core-types.ts'

/** Deepest access that libbpf follows. */
export const MAX_SPEC_LENGTH = 64

export interface Accessor {
  /** Struct, union or enum of the member; for an index the element type. */
  readonly typeId: number
  /** Member number or array index. */
  readonly index: number
  /** Name of the member or enumerator; undefined for an index. */
  readonly name: string | undefined
}

export interface AccessSpec {
  readonly table: TypeTable
  readonly rootTypeId: number
  readonly kind: number
  readonly accessors: Accessor[]
  /** Low-level steps taken, anonymous members counted. */
  rawLength: number
  bitOffset: number
}

/** A relocation with its access string read. */
export interface CoreReloSpec {
  /** Slot in the function. */
  readonly slot: number
  readonly typeId: number
  /** Such as `0:1:1:3`; `0` for types; the enumerator's index for enums. */
  readonly access: string
  /** enum bpf_core_relo_kind. */
  readonly kind: number
}

export function emptySpec(table: TypeTable, rootTypeId: number, kind: number): AccessSpec {
  return { table, rootTypeId, kind, accessors: [], rawLength: 0, bitOffset: 0 }
}

function parseAccess(access: string): number[] {
  if (!/^\d+(:\d+)*$/.test(access))
    throw new RelocationError(`parse access string: '${access}' is not numbers and colons`)
  const steps = access.split(':').map(Number)
  if (steps.length > MAX_SPEC_LENGTH) {
    throw new RelocationError(`parse access string: ${steps.length} steps, at most ${MAX_SPEC_LENGTH} are followed`)
  }
  return steps
}

/** Whether an array is the flexible last member of its struct, in which any index is in bounds. */
export function isFlexibleArray(table: TypeTable, holder: Accessor | undefined, count: number): boolean {
  if (holder?.name === undefined || count > 0) return false
  const type = table.type(holder.typeId)
  return isComposite(type) && holder.index === type.members.length - 1
}

/** The local side's access; raises RelocationError where the string and the types do not fit. */
export function parseSpec(table: TypeTable, relo: CoreReloSpec): AccessSpec {
  const spec = emptySpec(table, relo.typeId, relo.kind)
  if (isTypeKind(relo.kind)) {
    if (relo.access !== '0') throw new RelocationError(`parse access string: '${relo.access}' for a type, expected '0'`)
    return spec
  }
  const steps = parseAccess(relo.access)
  const { id, type } = skipModifiers(table, relo.typeId)
  const first = steps[0]!
  if (isEnumvalKind(relo.kind)) {
    const enumerator = isEnum(type) && steps.length === 1 ? type.values[first] : undefined
    if (!enumerator)
      throw new RelocationError(`parse access string: '${relo.access}' names no enumerator of type ${id}`)
    spec.accessors.push({ typeId: id, index: first, name: enumerator.name })
    spec.rawLength = 1
    return spec
  }
  spec.accessors.push({ typeId: id, index: first, name: undefined })
  spec.rawLength = steps.length
  spec.bitOffset = first * table.sizeOf(id) * 8
  let at = id
  for (const step of steps.slice(1)) at = stepInto(spec, at, step)
  return spec
}

function stepInto(spec: AccessSpec, typeId: number, step: number): number {
  const { table } = spec
  const { id, type } = skipModifiers(table, typeId)
  if (isComposite(type)) {
    const member = type.members[step]
    if (!member) throw new RelocationError(`parse access string: type ${id} has no member ${step}`)
    spec.bitOffset += member.bitOffset
    if (member.name) spec.accessors.push({ typeId: id, index: step, name: member.name })
    return member.type
  }
  if (type.kind === 'ARRAY') {
    const element = skipModifiers(table, type.type)
    if (step >= type.count && !isFlexibleArray(table, spec.accessors.at(-1), type.count)) {
      throw new RelocationError(`parse access string: index ${step} of an array of ${type.count}`)
    }
    spec.accessors.push({ typeId: element.id, index: step, name: undefined })
    spec.bitOffset += step * table.sizeOf(element.id) * 8
    return element.id
  }
  throw new RelocationError(`parse access string: type ${id} of kind ${type.kind} has no parts`)
}

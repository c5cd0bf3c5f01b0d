// SPDX-License-Identifier: BSD-2-Clause
/** Finds in a candidate type what the local access names. */
import { RelocationError } from '../errors/index.ts'
import { fieldsCompatible, typesCompatible, typesMatch } from './core-compat.ts'
import { type Accessor, type AccessSpec, emptySpec, isFlexibleArray, MAX_SPEC_LENGTH } from './core-spec.ts'
import {
  CoreKind,
  essentialName,
  isComposite,
  isEnum,
  isEnumvalKind,
  isTypeKind,
  skipModifiers,
  type TypeTable,
} from './core-types.ts'

/** The access on the candidate, undefined if the candidate does not have it. */
export function matchSpec(local: AccessSpec, target: TypeTable, candidate: number): AccessSpec | undefined {
  const spec = emptySpec(target, candidate, local.kind)
  if (isTypeKind(local.kind)) {
    const fits = local.kind === CoreKind.typeMatches ? typesMatch : typesCompatible
    return fits(local.table, local.rootTypeId, target, candidate) ? spec : undefined
  }
  if (isEnumvalKind(local.kind)) return matchEnumerator(local, spec)
  let typeId = candidate
  for (const [i, accessor] of local.accessors.entries()) {
    const next =
      accessor.name === undefined ? matchIndex(spec, accessor, typeId, i) : matchMember(local, accessor, spec, typeId)
    if (next === undefined) return undefined
    typeId = next
  }
  return spec
}

function matchEnumerator(local: AccessSpec, spec: AccessSpec): AccessSpec | undefined {
  const { id, type } = skipModifiers(spec.table, spec.rootTypeId)
  if (!isEnum(type)) return undefined
  const wanted = essentialName(local.accessors[0]!.name ?? '')
  const index = type.values.findIndex((value) => essentialName(value.name) === wanted)
  if (index < 0) return undefined
  spec.accessors.push({ typeId: id, index, name: type.values[index]!.name })
  spec.rawLength = 1
  return spec
}

function countStep(spec: AccessSpec): void {
  if (spec.rawLength === MAX_SPEC_LENGTH) {
    throw new RelocationError(`match type ${spec.rootTypeId}: nested deeper than ${MAX_SPEC_LENGTH} steps`)
  }
  spec.rawLength++
}

/** An index: into the root (an array behind the pointer) or into an array member. */
function matchIndex(spec: AccessSpec, accessor: Accessor, typeId: number, position: number): number | undefined {
  let { id, type } = skipModifiers(spec.table, typeId)
  if (position > 0) {
    if (type.kind !== 'ARRAY') return undefined
    const flexible = isFlexibleArray(spec.table, spec.accessors.at(-1), type.count)
    if (!flexible && accessor.index >= type.count) return undefined
    ;({ id, type } = skipModifiers(spec.table, type.type))
  }
  countStep(spec)
  spec.accessors.push({ typeId: id, index: accessor.index, name: undefined })
  spec.bitOffset += accessor.index * spec.table.sizeOf(id) * 8
  return id
}

/** A named field, looked for through anonymous members in order; an incompatible namesake ends the search. */
function matchMember(local: AccessSpec, accessor: Accessor, spec: AccessSpec, typeId: number): number | undefined {
  const holder = local.table.type(accessor.typeId)
  const localMember = isComposite(holder) ? holder.members[accessor.index] : undefined
  if (!localMember) return undefined
  const found = searchMember(spec, accessor.name!, typeId)
  if (!found) return undefined
  return fieldsCompatible(local.table, localMember.type, spec.table, found) ? found : undefined
}

/** Type of the member, having moved the spec to it; undefined with the spec as it was. */
function searchMember(spec: AccessSpec, name: string, typeId: number): number | undefined {
  const { id, type } = skipModifiers(spec.table, typeId)
  if (!isComposite(type)) return undefined
  for (const [index, member] of type.members.entries()) {
    countStep(spec)
    spec.bitOffset += member.bitOffset
    if (member.name === '') {
      const found = searchMember(spec, name, member.type)
      if (found !== undefined) return found
    } else if (member.name === name) {
      spec.accessors.push({ typeId: id, index, name })
      return member.type
    }
    spec.bitOffset -= member.bitOffset
    spec.rawLength--
  }
  return undefined
}

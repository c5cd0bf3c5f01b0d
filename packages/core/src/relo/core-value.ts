// SPDX-License-Identifier: BSD-2-Clause
/** What a relocation's answer is on one side, and what both sides together do to the instruction. */
import { RelocationError } from '../errors/index.ts'
import type { AccessSpec, CoreReloSpec } from './core-spec.ts'
import {
  CoreKind,
  coreKindName,
  isComposite,
  isEnum,
  isEnumvalKind,
  isFieldKind,
  isTypeKind,
  skipModifiers,
} from './core-types.ts'

const INT_SIGNED = 1

/** One side's answer. */
interface SideValue {
  readonly value: bigint
  /** Size and type of the field for loads and stores; size 0 where it is not to be adjusted. */
  readonly size: number
  readonly typeId: number
  /** Whether the instruction must hold the local value before it is patched. */
  readonly validate: boolean
}

/** The decision about an instruction. */
export interface CoreResult {
  readonly original: bigint
  readonly value: bigint
  readonly originalSize: number
  readonly size: number
  /** The target has no answer: the instruction becomes an invalid call. */
  readonly poison: boolean
  readonly validate: boolean
  /** The sizes differ and a load or store cannot be adjusted without changing what it reads. */
  readonly failMemorySize: boolean
}

const side = (value: number | bigint, validate = true, size = 0, typeId = 0): SideValue => ({
  value: BigInt(value),
  size,
  typeId,
  validate,
})

/** Where and how wide the smallest aligned load is that holds the field. */
function fieldPlace(
  spec: AccessSpec,
  bitSize: number,
  typeId: number,
): { byteOffset: number; byteSize: number; bits: number } {
  const bitOffset = spec.bitOffset
  let byteSize = spec.table.sizeOf(typeId)
  if (bitSize === 0) return { byteOffset: Math.floor(bitOffset / 8), byteSize, bits: byteSize * 8 }
  let byteOffset = Math.floor(Math.floor(bitOffset / 8) / byteSize) * byteSize
  while (bitOffset + bitSize - byteOffset * 8 > byteSize * 8) {
    if (byteSize >= 8) throw new RelocationError('relocate bit field: no aligned 64-bit load holds it')
    byteSize *= 2
    byteOffset = Math.floor(Math.floor(bitOffset / 8) / byteSize) * byteSize
  }
  return { byteOffset, byteSize, bits: bitSize }
}

function indexValue(kind: number, spec: AccessSpec, typeId: number): SideValue {
  const size = spec.table.sizeOf(typeId)
  if (kind === CoreKind.fieldByteOffset) return side(Math.floor(spec.bitOffset / 8), true, size, typeId)
  if (kind === CoreKind.fieldByteSize) return side(size)
  throw new RelocationError(`relocate ${coreKindName(kind)}: not possible for an array element`)
}

function fieldValue(kind: number, spec: AccessSpec | undefined, little: boolean): SideValue | undefined {
  if (kind === CoreKind.fieldExists) return side(spec ? 1 : 0)
  if (!spec) return undefined
  const last = spec.accessors.at(-1)!
  if (last.name === undefined) return indexValue(kind, spec, last.typeId)
  const holder = spec.table.type(last.typeId)
  const member = isComposite(holder) ? holder.members[last.index] : undefined
  if (!member) throw new RelocationError(`relocate field: type ${last.typeId} has no member ${last.index}`)
  const { id, type } = skipModifiers(spec.table, member.type)
  const bitfield = member.bitSize > 0
  const { byteOffset, byteSize, bits } = fieldPlace(spec, member.bitSize, id)
  switch (kind) {
    case CoreKind.fieldByteOffset:
      return bitfield ? side(byteOffset, false) : side(byteOffset, true, byteSize, id)
    case CoreKind.fieldByteSize:
      return side(byteSize, !bitfield)
    case CoreKind.fieldSigned:
      return side((isEnum(type) && type.signed) || (type.kind === 'INT' && type.encoding & INT_SIGNED) ? 1 : 0)
    case CoreKind.fieldLshiftU64: {
      const lead = spec.bitOffset - byteOffset * 8
      return side(little ? 64 - (lead + bits) : (8 - byteSize) * 8 + lead, !bitfield)
    }
    default:
      return side(64 - bits)
  }
}

function typeValue(kind: number, spec: AccessSpec | undefined): SideValue {
  if (!spec) return side(0)
  if (kind === CoreKind.typeIdTarget) return side(spec.rootTypeId, false)
  if (kind === CoreKind.typeSize) return side(spec.table.sizeOf(spec.rootTypeId))
  return side(1)
}

function enumValue(kind: number, spec: AccessSpec | undefined): SideValue | undefined {
  if (kind === CoreKind.enumvalExists) return side(spec ? 1 : 0)
  if (!spec) return undefined
  const accessor = spec.accessors[0]!
  const type = spec.table.type(accessor.typeId)
  return isEnum(type) ? side(type.values[accessor.index]!.value) : undefined
}

function sideValue(kind: number, spec: AccessSpec | undefined, little: boolean): SideValue | undefined {
  if (isFieldKind(kind)) return fieldValue(kind, spec, little)
  if (isTypeKind(kind)) return typeValue(kind, spec)
  if (isEnumvalKind(kind)) return enumValue(kind, spec)
  throw new RelocationError(`relocate: ${coreKindName(kind)} is not a relocation kind`)
}

/** Loads may change width for pointers and for unsigned integers: both zero-extend. */
function sizeAdjustable(local: AccessSpec, localType: number, target: AccessSpec, targetType: number): boolean {
  const a = local.table.type(localType)
  const b = target.table.type(targetType)
  if (a.kind === 'PTR' && b.kind === 'PTR') return true
  return a.kind === 'INT' && b.kind === 'INT' && a.encoding !== INT_SIGNED && b.encoding !== INT_SIGNED
}

/** Decision for a local access and its match in the target, undefined if there is none. */
export function coreResult(
  relo: CoreReloSpec,
  local: AccessSpec,
  target: AccessSpec | undefined,
  little: boolean,
): CoreResult {
  const a = sideValue(relo.kind, local, little)
  const b = sideValue(relo.kind, target, little)
  const poisoned = { original: a?.value ?? 0n, value: 0n, originalSize: 0, size: 0, validate: a?.validate ?? true }
  if (!a || !b) return { ...poisoned, poison: true, failMemorySize: false }
  const failMemorySize = a.size !== b.size && !(target && sizeAdjustable(local, a.typeId, target, b.typeId))
  return {
    original: a.value,
    value: b.value,
    originalSize: a.size,
    size: b.size,
    poison: false,
    validate: a.validate,
    failMemorySize,
  }
}

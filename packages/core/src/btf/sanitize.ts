// SPDX-License-Identifier: BSD-2-Clause
import type { Btf } from './btf.ts'
import { BtfBuilder } from './builder.ts'
import type { BtfComposite, BtfDatasec, BtfType } from './types.ts'

/** What the kernel that shall take the BTF knows, beyond the kinds of the first version (Linux 4.18). */
export interface BtfFeatures {
  /** FUNC and FUNC_PROTO, Linux 5.0. */
  readonly func: boolean
  /** FUNC with linkage global, Linux 5.6. */
  readonly funcGlobal: boolean
  /** VAR and DATASEC, Linux 5.2. */
  readonly datasec: boolean
  /** Linux 5.13. */
  readonly float: boolean
  /** Linux 5.16. */
  readonly declTag: boolean
  /** Linux 5.17. */
  readonly typeTag: boolean
  /** Linux 6.0, which also brought signed ENUMs (kind_flag). */
  readonly enum64: boolean
  /** DATASEC names that start with `?`, Linux 6.9. */
  readonly questionMarkInDatasec: boolean
}

/** A kernel that knows everything. */
export const ALL_BTF_FEATURES: BtfFeatures = {
  func: true,
  funcGlobal: true,
  datasec: true,
  float: true,
  declTag: true,
  typeTag: true,
  enum64: true,
  questionMarkInDatasec: true,
}

/** Replaces what an older kernel does not know by something of the same size. Ids stay the same. */
export function sanitizeBtf(btf: Btf, features: BtfFeatures): Uint8Array {
  const builder = BtfBuilder.from(btf)
  let placeholder: number | undefined
  // A one-byte stand-in for enumerations wider than 4 bytes, added once at the end so that no id moves.
  const byteType = () => {
    placeholder ??= builder.add({ kind: 'INT', name: 'char', size: 1, bits: 8, bitOffset: 0, encoding: 0 })
    return placeholder
  }
  for (const id of btf.ownIds()) builder.set(id, sanitizeType(btf, btf.type(id), features, byteType))
  return builder.finish()
}

function sanitizeType(btf: Btf, type: BtfType, features: BtfFeatures, byteType: () => number): BtfType {
  switch (type.kind) {
    case 'VAR':
    case 'DECL_TAG':
      if (type.kind === 'VAR' ? features.datasec : features.declTag) return type
      // The kinds point to a type but are not pointed to as types, so any named INT stands in well.
      return { kind: 'INT', name: type.name, size: 1, bits: 8, bitOffset: 0, encoding: 0 }
    case 'DATASEC':
      return sanitizeDatasec(btf, type, features)
    case 'FUNC_PROTO':
      if (features.func) return type
      return {
        kind: 'ENUM',
        name: '',
        size: 4,
        signed: false,
        values: type.params.map((param, index) => ({ name: param.name || `_${index}`, value: 0n })),
      }
    case 'FUNC':
      if (!features.func) return { kind: 'TYPEDEF', name: type.name, type: type.type }
      return features.funcGlobal ? type : { ...type, linkage: 0 }
    case 'FLOAT':
      return features.float ? type : emptyStruct(type.size)
    case 'TYPE_TAG':
      return features.typeTag ? type : { kind: 'CONST', name: '', type: type.type }
    case 'ENUM':
      return features.enum64 ? type : unsignedEnum(type)
    case 'ENUM64': {
      if (features.enum64) return type
      const member = byteType()
      const members = type.values.map(({ name }) => ({ name, type: member, bitOffset: 0, bitSize: 0 }))
      return { kind: 'UNION', name: type.name, size: type.size, kindFlag: false, members }
    }
    default:
      return type
  }
}

/** Before ENUM64 an ENUM had no kind_flag; the values' bits stay. */
function unsignedEnum(type: Extract<BtfType, { kind: 'ENUM' | 'ENUM64' }>): BtfType {
  if (!type.signed) return type
  return {
    ...type,
    signed: false,
    values: type.values.map(({ name, value }) => ({ name, value: BigInt.asUintN(32, value) })),
  }
}

function emptyStruct(size: number): BtfComposite {
  return { kind: 'STRUCT', name: '', size, kindFlag: false, members: [] }
}

function sanitizeDatasec(btf: Btf, type: BtfDatasec, features: BtfFeatures): BtfType {
  if (features.datasec) {
    return features.questionMarkInDatasec ? type : { ...type, name: type.name.replace(/^\?/, '_') }
  }
  return {
    kind: 'STRUCT',
    // Struct names must be C identifiers.
    name: type.name.replaceAll(/[^A-Za-z0-9_]/g, '_'),
    size: type.size,
    kindFlag: false,
    members: type.vars.map((info) => ({
      name: btf.nameOf(info.type),
      type: info.type,
      bitOffset: info.offset * 8,
      bitSize: 0,
    })),
  }
}

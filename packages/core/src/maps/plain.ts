// SPDX-License-Identifier: BSD-2-Clause
/**
 * Values of C types as plain JavaScript, by BTF.
 *
 *   integers up to 4 bytes, enums   number            structs, unions   object by member name
 *   larger integers, pointers       bigint            arrays            array; char arrays: string where it is text
 *   bool                            boolean           float, double     number
 *
 * Anonymous members are merged into the object around them. Anything may also be given as bytes of the right length.
 */
import type { Btf, BtfComposite, BtfInt, BtfMember, BtfType } from '../btf/index.ts'
import {
  bitField,
  bitPlace,
  INT_BOOL,
  INT_SIGNED,
  isChar,
  loadUnsigned,
  loadWord,
  memberEnd,
  viewOf,
} from './layout.ts'

/** What a C value is in JavaScript. */
export type PlainValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | PlainValue[]
  | { [member: string]: PlainValue }

/** Small integers as number, others as bigint: which one depends on the type alone. */
function readInteger(bytes: Uint8Array, size: number, signed: boolean, little: boolean): number | bigint {
  if (size > 4 || size > bytes.length) {
    const value = loadUnsigned(bytes.length === size ? bytes : bytes.subarray(0, size), little)
    const exact = signed ? BigInt.asIntN(size * 8, value) : value
    return size > 4 ? exact : Number(exact)
  }
  const value = loadWord(bytes, 0, size, little)
  const above = 32 - size * 8
  return signed ? (value << above) >> above : value
}

/** The value of that type in the bytes. */
export function readPlain(btf: Btf, typeId: number, bytes: Uint8Array): PlainValue {
  const id = btf.resolve(typeId)
  const type = btf.type(id)
  const little = btf.littleEndian
  switch (type.kind) {
    case 'INT':
      return readInt(type, bytes, little)
    case 'ENUM':
    case 'ENUM64':
      return readInteger(bytes, type.size, type.signed, little)
    case 'PTR':
      return loadUnsigned(bytes.subarray(0, 8), little)
    case 'FLOAT':
      return readFloat(type.size, bytes, little)
    case 'ARRAY':
      return readArray(btf, type, bytes)
    case 'STRUCT':
    case 'UNION':
      return readComposite(btf, type, bytes)
    case 'DATASEC':
      return Object.fromEntries(
        type.vars.map((info) => [
          btf.nameOf(info.type),
          readVar(btf, info.type, bytes.subarray(info.offset, info.offset + info.size)),
        ]),
      )
    default:
      return bytes.slice()
  }
}

function readVar(btf: Btf, id: number, bytes: Uint8Array): PlainValue {
  const variable = btf.typeAs(id, 'VAR')
  return variable ? readPlain(btf, variable.type, bytes) : bytes.slice()
}

function readInt(type: BtfInt, bytes: Uint8Array, little: boolean): PlainValue {
  const value = readInteger(bytes, type.size, (type.encoding & INT_SIGNED) !== 0, little)
  // biome-ignore lint/suspicious/noDoubleEquals: zero is zero, as number and as bigint
  return type.encoding & INT_BOOL ? value != 0 : value
}

function readFloat(size: number, bytes: Uint8Array, little: boolean): PlainValue {
  if (bytes.length < size) return bytes.slice()
  if (size === 4) return viewOf(bytes).getFloat32(0, little)
  if (size === 8) return viewOf(bytes).getFloat64(0, little)
  return bytes.slice(0, size)
}

const strictText = new TextDecoder('utf-8', { fatal: true })

/** Text of a char array whose rest is zeros; undefined where it holds something else. */
function readText(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(0)
  const text = end < 0 ? bytes : bytes.subarray(0, end)
  if (end >= 0 && bytes.subarray(end).some((byte) => byte !== 0)) return undefined
  if (text.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a)) return undefined
  try {
    return strictText.decode(text)
  } catch {
    return undefined
  }
}

function readArray(btf: Btf, type: Extract<BtfType, { kind: 'ARRAY' }>, bytes: Uint8Array): PlainValue {
  const size = btf.sizeOf(type.type)
  // A flexible array takes what the bytes have, and no array has more.
  const fits = size ? Math.floor(bytes.length / size) : 0
  const count = type.count ? Math.min(type.count, fits) : fits
  if (isChar(btf, type.type)) {
    const text = readText(bytes.subarray(0, count))
    return text ?? bytes.slice(0, count)
  }
  return Array.from({ length: count }, (_, i) => readPlain(btf, type.type, bytes.subarray(i * size, (i + 1) * size)))
}

function readComposite(btf: Btf, type: BtfComposite, bytes: Uint8Array): PlainValue {
  const result: Record<string, PlainValue> = {}
  for (const member of type.members) {
    const value = readMember(btf, member, bytes)
    if (member.name) result[member.name] = value
    else if (isPlainObject(value)) Object.assign(result, value)
  }
  return result
}

function readMember(btf: Btf, member: BtfMember, bytes: Uint8Array): PlainValue {
  const field = bitField(btf, member)
  if (!field) {
    const at = member.bitOffset / 8
    return readPlain(btf, member.type, bytes.subarray(at, memberEnd(btf, member, bytes)))
  }
  const { at, size, shift, mask } = bitPlace(btf, field)
  const raw = (loadUnsigned(bytes.subarray(at, at + size), btf.littleEndian) >> shift) & mask
  const type = btf.type(btf.resolve(member.type))
  if (type.kind === 'INT' && type.encoding & INT_BOOL) return raw !== 0n
  const signed = type.kind === 'INT' ? (type.encoding & INT_SIGNED) !== 0 : type.kind === 'ENUM' && type.signed
  const value = signed ? BigInt.asIntN(field.bitSize, raw) : raw
  return btf.sizeOf(member.type) <= 4 ? Number(value) : value
}

/** Whether it is an object of members, not a list and not bytes. */
export function isPlainObject(value: PlainValue): value is { [member: string]: PlainValue } {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)
}

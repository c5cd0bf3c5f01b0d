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
import { RuleError } from '../errors/index.ts'

/** What a C value is in JavaScript. */
export type PlainValue =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | PlainValue[]
  | { [member: string]: PlainValue }

const INT_SIGNED = 1
const INT_CHAR = 2
const INT_BOOL = 4

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** An integer of 1 to 16 bytes as unsigned bigint. */
function loadUnsigned(bytes: Uint8Array, little: boolean): bigint {
  let value = 0n
  for (let i = 0; i < bytes.length; i++) value = (value << 8n) | BigInt(bytes[little ? bytes.length - 1 - i : i]!)
  return value
}

function storeUnsigned(bytes: Uint8Array, value: bigint, little: boolean): void {
  for (let i = 0; i < bytes.length; i++) {
    bytes[little ? i : bytes.length - 1 - i] = Number(value & 0xffn)
    value >>= 8n
  }
}

/** Small integers as number, others as bigint: which one depends on the type alone. */
function toPlainInteger(value: bigint, bits: number, signed: boolean): number | bigint {
  const exact = signed ? BigInt.asIntN(bits, value) : value
  return bits <= 32 ? Number(exact) : exact
}

function isChar(btf: Btf, id: number): boolean {
  const type = btf.type(btf.resolve(id))
  const named = type.kind === 'INT' && (type.name === 'char' || (type.encoding & INT_CHAR) !== 0)
  return named && (type as BtfInt).size === 1
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
      return toPlainInteger(loadUnsigned(bytes.subarray(0, type.size), little), type.size * 8, type.signed)
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
  const value = loadUnsigned(bytes.subarray(0, type.size), little)
  if (type.encoding & INT_BOOL) return value !== 0n
  return toPlainInteger(value, type.size * 8, (type.encoding & INT_SIGNED) !== 0)
}

function readFloat(size: number, bytes: Uint8Array, little: boolean): PlainValue {
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
  // A flexible array takes what the bytes have.
  const count = type.count || (size ? Math.floor(bytes.length / size) : 0)
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

function isPlainObject(value: PlainValue): value is { [member: string]: PlainValue } {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)
}

/** Bits of a bit field, counted from the least significant bit. */
function bitPlace(btf: Btf, member: BtfMember): { at: number; size: number; shift: bigint; mask: bigint } {
  const at = Math.floor(member.bitOffset / 8)
  const lead = member.bitOffset % 8
  const size = Math.ceil((lead + member.bitSize) / 8)
  const shift = btf.littleEndian ? lead : size * 8 - lead - member.bitSize
  return { at, size, shift: BigInt(shift), mask: (1n << BigInt(member.bitSize)) - 1n }
}

function readMember(btf: Btf, member: BtfMember, bytes: Uint8Array): PlainValue {
  if (member.bitSize === 0) {
    const at = member.bitOffset / 8
    return readPlain(btf, member.type, bytes.subarray(at, memberEnd(btf, member, bytes)))
  }
  const { at, size, shift, mask } = bitPlace(btf, member)
  const raw = (loadUnsigned(bytes.subarray(at, at + size), btf.littleEndian) >> shift) & mask
  const type = btf.type(btf.resolve(member.type))
  if (type.kind === 'INT' && type.encoding & INT_BOOL) return raw !== 0n
  const signed = type.kind === 'INT' ? (type.encoding & INT_SIGNED) !== 0 : type.kind === 'ENUM' && type.signed
  const value = signed ? BigInt.asIntN(member.bitSize, raw) : raw
  return btf.sizeOf(member.type) <= 4 ? Number(value) : value
}

/** End of a member: a flexible array reaches to the end of the value. */
function memberEnd(btf: Btf, member: BtfMember, bytes: Uint8Array): number {
  const type = btf.type(btf.resolve(member.type))
  if (type.kind === 'ARRAY' && type.count === 0) return bytes.length
  return member.bitOffset / 8 + btf.sizeOf(member.type)
}

/**
 * Writes a value of that type.
 * @param what names the thing in errors, such as `key of 'counters'`
 * @throws RuleError where the value does not fit; nothing outside of `bytes` is touched
 */
export function writePlain(btf: Btf, typeId: number, bytes: Uint8Array, value: PlainValue, what: string): void {
  const id = btf.resolve(typeId)
  const type = btf.type(id)
  if (value instanceof Uint8Array) {
    if (value.length !== bytes.length)
      throw new RuleError(`set ${what}: ${value.length} bytes, expected ${bytes.length}`)
    bytes.set(value)
    return
  }
  switch (type.kind) {
    case 'INT':
      writeInteger(
        bytes.subarray(0, type.size),
        value,
        (type.encoding & INT_SIGNED) !== 0,
        btf.littleEndian,
        what,
        type,
      )
      return
    case 'ENUM':
    case 'ENUM64':
      writeInteger(
        bytes.subarray(0, type.size),
        enumValue(type, value, what),
        type.signed,
        btf.littleEndian,
        what,
        type,
      )
      return
    case 'PTR':
      writeInteger(bytes.subarray(0, 8), value, false, btf.littleEndian, what, type)
      return
    case 'FLOAT':
      writeFloat(type.size, bytes, value, btf.littleEndian, what)
      return
    case 'ARRAY':
      writeArray(btf, type, bytes, value, what)
      return
    case 'STRUCT':
    case 'UNION':
      writeComposite(btf, type, bytes, value, what)
      return
    case 'DATASEC':
      writeDatasec(btf, type, bytes, value, what)
      return
    default:
      throw new RuleError(`set ${what}: a ${type.kind} takes bytes only`)
  }
}

function describe(value: PlainValue): string {
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function writeInteger(
  bytes: Uint8Array,
  value: PlainValue,
  signed: boolean,
  little: boolean,
  what: string,
  type: BtfType,
): void {
  storeUnsigned(bytes, checkInteger(value, bytes.length * 8, signed, what, type), little)
}

/** The integer, if it fits in `bits`: negative numbers in signed types only. */
function checkInteger(value: PlainValue, bits: number, signed: boolean, what: string, type: BtfType): bigint {
  const isBool = type.kind === 'INT' && (type.encoding & INT_BOOL) !== 0
  const whole =
    typeof value === 'bigint' || typeof value === 'boolean' || (typeof value === 'number' && Number.isInteger(value))
  if (!whole) throw new RuleError(`set ${what}: ${describe(value)} is no integer, ${bits} bits are expected`)
  const number = BigInt(value)
  const min = signed && !isBool ? -(1n << BigInt(bits - 1)) : 0n
  const max = isBool ? 1n : signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n
  if (number < min || number > max) throw new RuleError(`set ${what}: ${number} is not in ${min} to ${max}`)
  return BigInt.asUintN(bits, number)
}

/** Enumerators may be given by name. */
function enumValue(type: Extract<BtfType, { kind: 'ENUM' | 'ENUM64' }>, value: PlainValue, what: string): PlainValue {
  if (typeof value !== 'string') return value
  const found = type.values.find((v) => v.name === value)
  if (!found) throw new RuleError(`set ${what}: '${value}' is none of ${type.values.map((v) => v.name).join(', ')}`)
  return found.value
}

function writeFloat(size: number, bytes: Uint8Array, value: PlainValue, little: boolean, what: string): void {
  if (typeof value !== 'number' || (size !== 4 && size !== 8)) {
    throw new RuleError(`set ${what}: ${describe(value)} is no number of ${size} bytes`)
  }
  if (size === 4) viewOf(bytes).setFloat32(0, value, little)
  else viewOf(bytes).setFloat64(0, value, little)
}

function writeArray(
  btf: Btf,
  type: Extract<BtfType, { kind: 'ARRAY' }>,
  bytes: Uint8Array,
  value: PlainValue,
  what: string,
): void {
  const size = btf.sizeOf(type.type)
  const count = type.count || (size ? Math.floor(bytes.length / size) : 0)
  if (typeof value === 'string' && isChar(btf, type.type)) {
    const text = new TextEncoder().encode(value)
    if (text.length > count) throw new RuleError(`set ${what}: '${value}' has ${text.length} bytes, ${count} fit`)
    bytes.subarray(0, count).fill(0)
    bytes.set(text)
    return
  }
  if (!Array.isArray(value) || value.length !== count) {
    throw new RuleError(`set ${what}: ${describe(value)}, expected an array of ${count}`)
  }
  value.forEach((element, i) => {
    writePlain(btf, type.type, bytes.subarray(i * size, (i + 1) * size), element, `${what}[${i}]`)
  })
}

/** Member by name, also in anonymous members. */
function findMember(btf: Btf, type: BtfComposite, name: string, base = 0): BtfMember | undefined {
  for (const member of type.members) {
    const place = { ...member, bitOffset: base + member.bitOffset }
    if (member.name === name) return place
    const inner = member.name ? undefined : btf.type(btf.resolve(member.type))
    const found = inner && 'members' in inner ? findMember(btf, inner, name, place.bitOffset) : undefined
    if (found) return found
  }
  return undefined
}

/** What is not named keeps the bytes that are there. */
function writeComposite(btf: Btf, type: BtfComposite, bytes: Uint8Array, value: PlainValue, what: string): void {
  if (!isPlainObject(value)) {
    throw new RuleError(
      `set ${what}: ${describe(value)}, expected an object with ${type.members.map((m) => m.name).join(', ')}`,
    )
  }
  for (const [name, part] of Object.entries(value)) {
    const member = findMember(btf, type, name)
    if (!member) {
      throw new RuleError(`set ${what}: no member '${name}', there is ${type.members.map((m) => m.name).join(', ')}`)
    }
    writeMember(btf, member, bytes, part, `${what}.${name}`)
  }
}

function writeMember(btf: Btf, member: BtfMember, bytes: Uint8Array, value: PlainValue, what: string): void {
  if (member.bitSize === 0) {
    writePlain(btf, member.type, bytes.subarray(member.bitOffset / 8, memberEnd(btf, member, bytes)), value, what)
    return
  }
  const type = btf.type(btf.resolve(member.type))
  const signed = type.kind === 'INT' ? (type.encoding & INT_SIGNED) !== 0 : type.kind === 'ENUM' && type.signed
  const bits = checkInteger(value, member.bitSize, signed, what, type)
  const { at, size, shift, mask } = bitPlace(btf, member)
  const unit = bytes.subarray(at, at + size)
  const kept = loadUnsigned(unit, btf.littleEndian) & ~(mask << shift)
  storeUnsigned(unit, kept | (bits << shift), btf.littleEndian)
}

function writeDatasec(
  btf: Btf,
  type: Extract<BtfType, { kind: 'DATASEC' }>,
  bytes: Uint8Array,
  value: PlainValue,
  what: string,
): void {
  if (!isPlainObject(value)) throw new RuleError(`set ${what}: ${describe(value)}, expected an object of variables`)
  for (const [name, part] of Object.entries(value)) {
    const info = type.vars.find((v) => btf.nameOf(v.type) === name)
    const variable = info && btf.typeAs(info.type, 'VAR')
    if (!variable) throw new RuleError(`set ${what}: no variable '${name}'`)
    writePlain(btf, variable.type, bytes.subarray(info.offset, info.offset + info.size), part, `${what}.${name}`)
  }
}

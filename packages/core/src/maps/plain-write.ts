// SPDX-License-Identifier: BSD-2-Clause
/** JavaScript values into bytes, by BTF; see plain.ts for the shapes. */
import type { Btf, BtfComposite, BtfMember, BtfType } from '../btf/index.ts'
import { RuleError } from '../errors/index.ts'
import {
  bitField,
  bitPlace,
  INT_BOOL,
  INT_SIGNED,
  isChar,
  loadUnsigned,
  memberEnd,
  storeSmall,
  storeUnsigned,
  viewOf,
} from './layout.ts'
import { isPlainObject, type PlainValue } from './plain.ts'

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
      writeInteger(first(bytes, type.size), value, (type.encoding & INT_SIGNED) !== 0, btf.littleEndian, what, type)
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

function first(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.length === size ? bytes : bytes.subarray(0, size)
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
  const isBool = type.kind === 'INT' && (type.encoding & INT_BOOL) !== 0
  if (storeSmall(bytes, value, isBool ? 1 : bytes.length * 8 - Number(signed), little)) return
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
  const fits = size ? Math.floor(bytes.length / size) : 0
  const count = type.count ? Math.min(type.count, fits) : fits
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
  const field = bitField(btf, member)
  if (!field) {
    writePlain(btf, member.type, bytes.subarray(member.bitOffset / 8, memberEnd(btf, member, bytes)), value, what)
    return
  }
  const type = btf.type(btf.resolve(member.type))
  const signed = type.kind === 'INT' ? (type.encoding & INT_SIGNED) !== 0 : type.kind === 'ENUM' && type.signed
  const bits = checkInteger(value, field.bitSize, signed, what, type)
  const { at, size, shift, mask } = bitPlace(btf, field)
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

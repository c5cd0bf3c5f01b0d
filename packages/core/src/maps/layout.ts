// SPDX-License-Identifier: BSD-2-Clause
/** Places of values in bytes, which reading and writing share. */
import type { Btf, BtfMember } from '../btf/index.ts'

export const INT_SIGNED = 1
export const INT_CHAR = 2
export const INT_BOOL = 4

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Largest part above 32 bits with which an integer is still exact as a number: 2^21 - 1. */
const EXACT_HIGH = 0x1fffff

/** Up to 4 bytes as unsigned number. */
export function loadWord(bytes: Uint8Array, from: number, size: number, little: boolean): number {
  let value = 0
  for (let i = 0; i < size; i++) value = (value << 8) | bytes[from + (little ? size - 1 - i : i)]!
  return value >>> 0
}

/** The lowest 1 to 4 bytes of a number. */
export function storeWord(bytes: Uint8Array, from: number, size: number, value: number, little: boolean): void {
  for (let i = 0; i < size; i++) {
    bytes[from + (little ? i : size - 1 - i)] = value & 0xff
    value >>>= 8
  }
}

/** An integer of 1 to 16 bytes as unsigned bigint. */
export function loadUnsigned(bytes: Uint8Array, little: boolean): bigint {
  if (bytes.length <= 4) return BigInt(loadWord(bytes, 0, bytes.length, little))
  if (bytes.length === 8) {
    const low = loadWord(bytes, little ? 0 : 4, 4, little)
    const high = loadWord(bytes, little ? 4 : 0, 4, little)
    return high <= EXACT_HIGH ? BigInt(high * 0x1_0000_0000 + low) : (BigInt(high) << 32n) | BigInt(low)
  }
  let value = 0n
  for (let i = 0; i < bytes.length; i++) value = (value << 8n) | BigInt(bytes[little ? bytes.length - 1 - i : i]!)
  return value
}

/** The lowest bytes of an integer. */
export function storeUnsigned(bytes: Uint8Array, value: bigint, little: boolean): void {
  if (bytes.length <= 4) {
    storeWord(bytes, 0, bytes.length, Number(value & 0xffff_ffffn), little)
    return
  }
  for (let i = 0; i < bytes.length; i++) {
    bytes[little ? i : bytes.length - 1 - i] = Number(value & 0xffn)
    value >>= 8n
  }
}

/**
 * Stores a number of at least 0 that surely fits; false, and nothing is stored, for any other value. Most keys and
 * counters are such numbers: they need no arithmetic of large integers.
 */
export function storeSmall(bytes: Uint8Array, value: unknown, bits: number, little: boolean): boolean {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) return false
  const size = bytes.length
  if (size > 8 || value >= 2 ** Math.min(bits, 53)) return false
  if (size <= 4) storeWord(bytes, 0, size, value, little)
  else {
    storeWord(bytes, little ? 0 : size - 4, 4, value % 0x1_0000_0000, little)
    storeWord(bytes, little ? 4 : 0, size - 4, Math.floor(value / 0x1_0000_0000), little)
  }
  return true
}

/** Whether elements of an array are text. */
export function isChar(btf: Btf, id: number): boolean {
  const type = btf.type(btf.resolve(id))
  const named = type.kind === 'INT' && (type.name === 'char' || (type.encoding & INT_CHAR) !== 0)
  return named && type.kind === 'INT' && type.size === 1
}

/**
 * A member's bits where it is a bit field: its own, or in files without kind_flag those of its integer type.
 * Undefined where it is none.
 */
export function bitField(btf: Btf, member: BtfMember): { bitOffset: number; bitSize: number } | undefined {
  if (member.bitSize > 0) return member
  const type = btf.type(btf.resolve(member.type))
  if (type.kind !== 'INT' || (type.bits === type.size * 8 && type.bitOffset === 0)) return undefined
  return { bitOffset: member.bitOffset + type.bitOffset, bitSize: type.bits }
}

/** Bits of a bit field, counted from the least significant bit. */
export function bitPlace(
  btf: Btf,
  member: { bitOffset: number; bitSize: number },
): { at: number; size: number; shift: bigint; mask: bigint } {
  const at = Math.floor(member.bitOffset / 8)
  const lead = member.bitOffset % 8
  const size = Math.ceil((lead + member.bitSize) / 8)
  const shift = btf.littleEndian ? lead : size * 8 - lead - member.bitSize
  return { at, size, shift: BigInt(shift), mask: (1n << BigInt(member.bitSize)) - 1n }
}

/** End of a member: a flexible array reaches to the end of the value. */
export function memberEnd(btf: Btf, member: BtfMember, bytes: Uint8Array): number {
  const type = btf.type(btf.resolve(member.type))
  if (type.kind === 'ARRAY' && type.count === 0) return bytes.length
  return member.bitOffset / 8 + btf.sizeOf(member.type)
}

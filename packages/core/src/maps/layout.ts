// SPDX-License-Identifier: BSD-2-Clause
/** Places of values in bytes, which reading and writing share. */
import type { Btf, BtfMember } from '../btf/index.ts'

export const INT_SIGNED = 1
export const INT_CHAR = 2
export const INT_BOOL = 4

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** An integer of 1 to 16 bytes as unsigned bigint. */
export function loadUnsigned(bytes: Uint8Array, little: boolean): bigint {
  let value = 0n
  for (let i = 0; i < bytes.length; i++) value = (value << 8n) | BigInt(bytes[little ? bytes.length - 1 - i : i]!)
  return value
}

/** The lowest bytes of an integer. */
export function storeUnsigned(bytes: Uint8Array, value: bigint, little: boolean): void {
  for (let i = 0; i < bytes.length; i++) {
    bytes[little ? i : bytes.length - 1 - i] = Number(value & 0xffn)
    value >>= 8n
  }
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

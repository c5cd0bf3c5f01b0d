// SPDX-License-Identifier: BSD-2-Clause
/** Writes a CO-RE decision into the instruction. */
import { RelocationError } from '../errors/index.ts'
import { CODE_CALL, isLoad64, type Slot } from '../object/slots.ts'
import type { CoreResult } from './core-value.ts'

/** Helper number that no kernel has (0xbad2310): what libbpf puts in the place of what cannot be relocated. */
export const POISON_HELPER = 195896080

const CLASS_LD = 0
const CLASS_LDX = 1
const CLASS_ST = 2
const CLASS_STX = 3
const CLASS_ALU = 4
const CLASS_ALU64 = 7
const SIZE_BITS: ReadonlyMap<number, number> = new Map([
  [4, 0x00],
  [2, 0x08],
  [1, 0x10],
  [8, 0x18],
])
const SIZE_MASK = 0x18
const SOURCE_REGISTER = 0x08
const MAX_OFFSET = 0x7fff

function bytesOf(code: number): number {
  for (const [bytes, bits] of SIZE_BITS) if ((code & SIZE_MASK) === bits) return bytes
  return 0
}

/** Replaces the instruction by a call of a helper that does not exist: the verifier prunes it or complains about it. */
export function poison(slots: Slot[], index: number, helper = POISON_HELPER): void {
  const count = isLoad64(slots[index]) ? 2 : 1
  for (let i = index; i < index + count; i++) slots[i] = { code: CODE_CALL, dst: 0, src: 0, off: 0, imm: helper }
}

function mismatch(index: number, found: bigint | number, result: CoreResult): RelocationError {
  return new RelocationError(
    `relocate instruction ${index}: it holds ${found} where the local type says ${result.original}, target ${result.value}`,
  )
}

function patchLoad64(slots: Slot[], index: number, result: CoreResult): void {
  const low = slots[index]!
  const high = slots[index + 1]
  if (!isLoad64(low) || low.src !== 0 || low.off !== 0 || !high || high.code !== 0 || high.off !== 0) {
    throw new RelocationError(`relocate instruction ${index}: malformed 64-bit load`)
  }
  const held = (BigInt(high.imm >>> 0) << 32n) | BigInt(low.imm >>> 0)
  if (result.validate && held !== BigInt.asUintN(64, result.original)) throw mismatch(index, held, result)
  low.imm = Number(BigInt.asIntN(32, result.value))
  high.imm = Number(BigInt.asIntN(32, BigInt.asUintN(64, result.value) >> 32n))
}

function patchMemory(slots: Slot[], index: number, result: CoreResult): void {
  const slot = slots[index]!
  if (result.validate && BigInt(slot.off) !== result.original) throw mismatch(index, slot.off, result)
  if (result.value > MAX_OFFSET) {
    throw new RelocationError(`relocate instruction ${index}: offset ${result.value} does not fit in 16 bits`)
  }
  if (result.failMemorySize) {
    poison(slots, index)
    return
  }
  slot.off = Number(result.value)
  if (result.size === result.originalSize) return
  const bits = SIZE_BITS.get(result.size)
  if (bytesOf(slot.code) !== result.originalSize || bits === undefined) {
    throw new RelocationError(
      `relocate instruction ${index}: ${bytesOf(slot.code)} bytes accessed, local field ${result.originalSize}, target ${result.size}`,
    )
  }
  slot.code = (slot.code & ~SIZE_MASK) | bits
}

/** Patches the instruction at `index`, or poisons it. */
export function patchCore(slots: Slot[], index: number, result: CoreResult): void {
  const slot = slots[index]
  if (!slot) throw new RelocationError(`relocate instruction ${index}: the function has ${slots.length}`)
  if (result.poison) {
    poison(slots, index)
    return
  }
  switch (slot.code & 7) {
    case CLASS_ALU:
    case CLASS_ALU64:
      if (slot.code & SOURCE_REGISTER) {
        throw new RelocationError(`relocate instruction ${index}: arithmetic with a register has no immediate`)
      }
      if (result.validate && BigInt(slot.imm >>> 0) !== BigInt.asUintN(32, result.original)) {
        throw mismatch(index, slot.imm, result)
      }
      slot.imm = Number(BigInt.asIntN(32, result.value))
      return
    case CLASS_LDX:
    case CLASS_ST:
    case CLASS_STX:
      patchMemory(slots, index, result)
      return
    case CLASS_LD:
      patchLoad64(slots, index, result)
      return
    default:
      throw new RelocationError(
        `relocate instruction ${index}: opcode 0x${slot.code.toString(16)} has nothing to patch`,
      )
  }
}

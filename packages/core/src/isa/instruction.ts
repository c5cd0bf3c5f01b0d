// SPDX-License-Identifier: BSD-2-Clause
import { AsmError } from '../errors/index.ts'
import * as I from '../gen/isa.gen.ts'

/**
 * One instruction. Eight bytes in memory, a 64-bit immediate load sixteen (two *slots*):
 *
 *     byte  0     1           2..3   4..7
 *           code  src | dst   off    imm        little endian: dst is the low half of byte 1
 *                                               big endian: dst is the high half
 */
export interface Instruction {
  /** Opcode byte. */
  readonly code: number
  /** Destination register, 0 to 15. */
  readonly dst: number
  /** Source register, or the kind of a pseudo load or call, 0 to 15. */
  readonly src: number
  /** Signed 16 bits. */
  readonly off: number
  /** Signed 32 bits; of a two-slot load the low half. */
  readonly imm: number
  /** Only of a two-slot load: the whole immediate, unsigned. */
  readonly imm64?: bigint
}

/** Opcode of the only instruction with two slots. */
export const LD_IMM64 = I.BPF_LD | I.BPF_IMM | I.BPF_DW

/** Makes an instruction; fields left out are 0. */
export function instruction(fields: Partial<Omit<Instruction, 'imm64'>> & { readonly code: number }): Instruction {
  return { code: fields.code, dst: fields.dst ?? 0, src: fields.src ?? 0, off: fields.off ?? 0, imm: fields.imm ?? 0 }
}

/** Makes a 64-bit immediate load; `src` is BPF_PSEUDO_* or 0. */
export function loadImm64(dst: number, imm64: bigint, src = 0): Instruction {
  const value = BigInt.asUintN(64, imm64)
  return { code: LD_IMM64, dst, src, off: 0, imm: Number(BigInt.asIntN(32, value)), imm64: value }
}

/** Whether it takes two slots. */
export function isWide(insn: Instruction): insn is Instruction & { readonly imm64: bigint } {
  return insn.imm64 !== undefined
}

/** Slots of 8 bytes that it takes: jump distances count slots. */
export function slotCount(insn: Instruction): number {
  return insn.imm64 === undefined ? 1 : 2
}

/** Slot at which each instruction starts; one more element holds the total. */
export function slotOffsets(instructions: readonly Instruction[]): number[] {
  const offsets: number[] = []
  let slot = 0
  for (const insn of instructions) {
    offsets.push(slot)
    slot += slotCount(insn)
  }
  offsets.push(slot)
  return offsets
}

export function classOf(insn: Instruction): number {
  return insn.code & 0x07
}

/** Operation bits of ALU and JMP classes. */
export function operationOf(insn: Instruction): number {
  return insn.code & 0xf0
}

export function isAlu(insn: Instruction): boolean {
  const cls = classOf(insn)
  return cls === I.BPF_ALU || cls === I.BPF_ALU64
}

export function isJump(insn: Instruction): boolean {
  const cls = classOf(insn)
  return cls === I.BPF_JMP || cls === I.BPF_JMP32
}

/** A call of a function in the same program. */
export function isPseudoCall(insn: Instruction): boolean {
  return insn.code === (I.BPF_JMP | I.BPF_CALL) && insn.src === I.BPF_PSEUDO_CALL
}

/** A load of a function's address, for callbacks. */
export function isPseudoFunc(insn: Instruction): boolean {
  return insn.code === LD_IMM64 && insn.src === I.BPF_PSEUDO_FUNC
}

export function isExit(insn: Instruction): boolean {
  return insn.code === (I.BPF_JMP | I.BPF_EXIT)
}

/** A call of a helper by number. */
export function isHelperCall(insn: Instruction): boolean {
  return insn.code === (I.BPF_JMP | I.BPF_CALL) && insn.src === 0
}

/** A call of a kernel function by BTF id. */
export function isKfuncCall(insn: Instruction): boolean {
  return insn.code === (I.BPF_JMP | I.BPF_CALL) && insn.src === I.BPF_PSEUDO_KFUNC_CALL
}

/** The unconditional jump with a 32-bit distance, `gotol`. */
export const JA32 = I.BPF_JMP32 | I.BPF_JA

/** Slots from the next slot to the target of a jump within a function; undefined for calls, exit and other classes. */
export function jumpDistance(insn: Instruction): number | undefined {
  if (!isJump(insn)) return undefined
  const operation = operationOf(insn)
  if (operation === I.BPF_CALL || operation === I.BPF_EXIT) return undefined
  return insn.code === JA32 ? insn.imm : insn.off
}

/** Slots from the next slot to the function that is called or whose address is loaded; undefined for others. */
export function functionDistance(insn: Instruction): number | undefined {
  return isPseudoCall(insn) || isPseudoFunc(insn) ? insn.imm : undefined
}

const FORMS: readonly (readonly I.InstructionForm[])[] = Array.from({ length: 256 }, (_, code) =>
  I.INSTRUCTIONS.filter((form) => form.opcode === code),
)

function fieldMatches(expected: string | number, value: number): boolean {
  return typeof expected === 'string' || expected === value
}

/** The row of the instruction table that it matches, reserved fields included; undefined if there is none. */
export function formOf(insn: Instruction): I.InstructionForm | undefined {
  return FORMS[insn.code]?.find(
    (form) =>
      fieldMatches(form.dst, insn.dst) &&
      fieldMatches(form.src, insn.src) &&
      fieldMatches(form.off, insn.off) &&
      fieldMatches(form.imm, insn.imm) &&
      (form.imm === 'imm64') === isWide(insn),
  )
}

/**
 * Decodes instructions. Nothing is lost: a 64-bit load whose second slot is missing or not blank stays an instruction of
 * one slot, as the two slots then do not form one.
 * @throws AsmError if the length is not a multiple of 8
 */
export function decodeInstructions(bytes: Uint8Array, littleEndian = true): Instruction[] {
  if (bytes.length % 8 !== 0) {
    throw new AsmError(`decode instructions: ${bytes.length} bytes are not a multiple of 8`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const instructions: Instruction[] = []
  for (let at = 0; at < bytes.length; at += 8) {
    const code = bytes[at]!
    const registers = bytes[at + 1]!
    const low = registers & 0xf
    const high = registers >> 4
    const insn = {
      code,
      dst: littleEndian ? low : high,
      src: littleEndian ? high : low,
      off: view.getInt16(at + 2, littleEndian),
      imm: view.getInt32(at + 4, littleEndian),
    }
    if (code === LD_IMM64 && at + 16 <= bytes.length && view.getUint32(at + 8) === 0) {
      const upper = BigInt(view.getUint32(at + 12, littleEndian))
      instructions.push({ ...insn, imm64: (upper << 32n) | BigInt(insn.imm >>> 0) })
      at += 8
    } else {
      instructions.push(insn)
    }
  }
  return instructions
}

function inRange(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}

/** Problem with the fields' ranges, undefined if they fit. */
export function rangeProblem(insn: Instruction): string | undefined {
  if (!inRange(insn.code, 0, 0xff)) return `opcode ${insn.code} does not fit in 8 bits`
  if (!inRange(insn.dst, 0, 15)) return `destination register ${insn.dst} does not fit in 4 bits`
  if (!inRange(insn.src, 0, 15)) return `source register ${insn.src} does not fit in 4 bits`
  if (!inRange(insn.off, -0x8000, 0x7fff)) return `offset ${insn.off} does not fit in 16 bits`
  if (!inRange(insn.imm, -0x80000000, 0x7fffffff)) return `immediate ${insn.imm} does not fit in 32 bits`
  if (insn.imm64 !== undefined) {
    if (insn.code !== LD_IMM64) return `opcode 0x${insn.code.toString(16)} has no 64-bit immediate`
    if (BigInt.asUintN(64, insn.imm64) !== insn.imm64) return `immediate ${insn.imm64} does not fit in 64 bits`
    if (Number(BigInt.asIntN(32, insn.imm64)) !== insn.imm) return 'imm and imm64 differ'
  }
  return undefined
}

/** Encodes instructions. @throws AsmError if a field does not fit */
export function encodeInstructions(instructions: readonly Instruction[], littleEndian = true): Uint8Array {
  const slots = instructions.reduce((sum, insn) => sum + slotCount(insn), 0)
  const bytes = new Uint8Array(slots * 8)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [index, insn] of instructions.entries()) {
    const problem = rangeProblem(insn)
    if (problem) throw new AsmError(`encode instruction ${index}: ${problem}`)
    bytes[at] = insn.code
    bytes[at + 1] = littleEndian ? (insn.src << 4) | insn.dst : (insn.dst << 4) | insn.src
    view.setInt16(at + 2, insn.off, littleEndian)
    view.setInt32(at + 4, insn.imm, littleEndian)
    at += 8
    if (insn.imm64 !== undefined) {
      view.setUint32(at + 4, Number(insn.imm64 >> 32n), littleEndian)
      at += 8
    }
  }
  return bytes
}

// SPDX-License-Identifier: BSD-2-Clause
import * as I from '../gen/isa.gen.ts'
import { BPF_ADDR_SPACE_CAST } from '../gen/uapi-enums.gen.ts'
import {
  classOf,
  formOf,
  functionDistance,
  type Instruction,
  isPseudoFunc,
  JA32,
  jumpDistance,
  LD_IMM64,
  operationOf,
  slotCount,
  slotOffsets,
} from './instruction.ts'
import { ALU_SIGNS, ATOMIC_NAMES, JUMP_SIGNS, MOVSX_WIDTHS, SIGNED_SIZE_TYPES, SIZE_TYPES } from './text.ts'

export interface LlvmFormatOptions {
  /** Names registers of loads and stores of up to 32 bits `w3`, as with `--mattr=+alu32`. Default true. */
  readonly alu32?: boolean
}

interface Style {
  readonly alu32: boolean
  /** Everything in the instruction shows in the text, at the price of differing from llvm-objdump. */
  readonly exact: boolean
  /** Text of a distance in slots: a label or a number. */
  readonly target: (distance: number) => string
}

/** `0x5`, `-0x5` */
function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

/** `+0x5`, `-0x5` */
function signedHex(value: number): string {
  return value < 0 ? hex(value) : `+${hex(value)}`
}

/**
 * The text of an instruction as llvm-objdump prints it, without the address and symbol of a target. llvm-objdump does not
 * show all: kinds of calls, the upper half of pseudo loads and the offset of indirect packet loads get lost; use
 * {@link formatAssembly} for text that assembles to the same bytes. Unknown instructions are `<unknown>`.
 */
export function formatLlvm(insn: Instruction, options: LlvmFormatOptions = {}): string {
  const style = { alu32: options.alu32 ?? true, exact: false, target: signedHex }
  return (hasNamedRegisters(insn) ? formatInstruction(insn, style) : undefined) ?? '<unknown>'
}

/**
 * Assembly text of a program in LLVM's style, one instruction a line, with labels `L<slot>` at targets. Assembling it
 * gives the same instructions, whatever they are: what has no text is a `.insn` directive with the fields.
 */
export function formatAssembly(instructions: readonly Instruction[]): string {
  const offsets = slotOffsets(instructions)
  const starts = new Set(offsets)
  const targetOf = (index: number, distance: number) => offsets[index]! + slotCount(instructions[index]!) + distance
  const labelled = new Set<number>()
  for (const [index, insn] of instructions.entries()) {
    const distance = jumpDistance(insn) ?? functionDistance(insn)
    // A function's address is counted from the next slot, also where the load has two.
    const at = isPseudoFunc(insn) ? offsets[index]! + 1 + insn.imm : targetOf(index, distance ?? 0)
    if (distance !== undefined && starts.has(at)) labelled.add(at)
  }
  let text = ''
  for (const [index, insn] of instructions.entries()) {
    if (labelled.has(offsets[index]!)) text += `L${offsets[index]}:\n`
    const base = isPseudoFunc(insn) ? offsets[index]! + 1 : targetOf(index, 0)
    const target = (distance: number) => (labelled.has(base + distance) ? `L${base + distance}` : signedHex(distance))
    const line = isWritable(insn) ? formatInstruction(insn, { alu32: true, exact: true, target }) : undefined
    text += `\t${line ?? formatFields(insn)}\n`
  }
  const end = offsets[instructions.length]!
  return labelled.has(end) ? `${text}L${end}:\n` : text
}

/** The last register that has a name; the fields could hold more. */
const LAST_REGISTER = 11

/** Whether the instruction exists, so that text in place of its fields loses nothing. */
function isWritable(insn: Instruction): boolean {
  return formOf(insn) !== undefined && hasNamedRegisters(insn)
}

function hasNamedRegisters(insn: Instruction): boolean {
  const form = formOf(insn)
  const dst = form?.dst === 0 ? 0 : insn.dst
  const src = form && form.src !== 'reg' ? 0 : insn.src
  return dst <= LAST_REGISTER && src <= LAST_REGISTER
}

function formatFields(insn: Instruction): string {
  const imm = insn.imm64 === undefined ? hex(insn.imm) : `${hex(insn.imm64)} ll`
  return `.insn ${hex(insn.code)}, ${insn.dst}, ${insn.src}, ${insn.off}, ${imm}`
}

function formatInstruction(insn: Instruction, style: Style): string | undefined {
  switch (classOf(insn)) {
    case I.BPF_ALU:
    case I.BPF_ALU64:
      return formatAlu(insn)
    case I.BPF_LD:
      return formatLd(insn, style)
    case I.BPF_LDX:
      return formatLdx(insn, style)
    case I.BPF_ST:
      if (modeOf(insn) !== I.BPF_MEM) return undefined
      return `*(${sizeType(insn)} *)${place(insn.dst, insn.off)} = ${hex(insn.imm)}`
    case I.BPF_STX:
      return formatStx(insn, style)
    default:
      return formatJump(insn, style)
  }
}

function formatAlu(insn: Instruction): string | undefined {
  const wide = classOf(insn) === I.BPF_ALU64
  const operation = operationOf(insn)
  const dst = `${wide ? 'r' : 'w'}${insn.dst}`
  const fromRegister = (insn.code & I.BPF_X) !== 0
  if (operation === I.BPF_END) {
    const name = wide ? 'bswap' : fromRegister ? 'be' : 'le'
    if (![16, 32, 64].includes(insn.imm) || (wide && fromRegister)) return undefined
    return `r${insn.dst} = ${name}${insn.imm} r${insn.dst}`
  }
  if (operation === I.BPF_NEG) return fromRegister ? undefined : `${dst} = -${dst}`
  const sign = ALU_SIGNS.get(operation)
  if (!sign) return undefined
  const src = `${wide ? 'r' : 'w'}${insn.src}`
  const isMove = operation === I.BPF_MOV
  if (isMove && fromRegister && insn.off !== 0) {
    if (wide && insn.off === BPF_ADDR_SPACE_CAST) {
      return `${dst} = addr_space_cast(${src}, ${hex(insn.imm >>> 16)}, ${hex(insn.imm & 0xffff)})`
    }
    const fits = MOVSX_WIDTHS.includes(insn.off) && (wide || insn.off < 32)
    return fits ? `${dst} = (s${insn.off})${src}` : undefined
  }
  const divides = operation === I.BPF_DIV || operation === I.BPF_MOD
  if (insn.off !== 0 && !(divides && insn.off === 1)) return undefined
  return `${dst} ${insn.off === 1 ? 's' : ''}${sign} ${fromRegister ? src : hex(insn.imm)}`
}

function modeOf(insn: Instruction): number {
  return insn.code & 0xe0
}

function sizeType(insn: Instruction): string {
  return SIZE_TYPES.get(insn.code & I.BPF_DW)!
}

/** `(r3 - 0x2)` */
function place(register: number, offset: number): string {
  return `(r${register} ${offset < 0 ? '-' : '+'} ${hex(Math.abs(offset))})`
}

/** Register of an access: `w` where 32 bits and fewer are moved. */
function valueRegister(insn: Instruction, register: number, style: Style): string {
  return `${style.alu32 && (insn.code & I.BPF_DW) !== I.BPF_DW ? 'w' : 'r'}${register}`
}

function formatLd(insn: Instruction, style: Style): string | undefined {
  if (insn.code === LD_IMM64) return formatLoadImm64(insn, style)
  if ((insn.code & I.BPF_DW) === I.BPF_DW) return undefined
  const type = sizeType(insn)
  if (modeOf(insn) === I.BPF_ABS) return `r0 = *(${type} *)skb[${hex(insn.imm)}]`
  if (modeOf(insn) !== I.BPF_IND) return undefined
  const offset = style.exact && insn.imm !== 0 ? ` ${insn.imm < 0 ? '-' : '+'} ${hex(Math.abs(insn.imm))}` : ''
  return `r0 = *(${type} *)skb[r${insn.src}${offset}]`
}

function formatLoadImm64(insn: Instruction, style: Style): string | undefined {
  if (insn.imm64 === undefined) return undefined
  if (insn.src === 0) return `r${insn.dst} = ${hex(BigInt.asIntN(64, insn.imm64))} ll`
  if (style.exact && insn.src === I.BPF_PSEUDO_FUNC && insn.imm64 >> 32n === 0n) {
    const target = style.target(insn.imm)
    if (target.startsWith('L')) return `r${insn.dst} = ${target} ll`
  }
  return `ld_pseudo\tr${insn.dst}, ${hex(insn.src)}, ${hex(style.exact ? insn.imm64 : insn.imm >>> 0)}`
}

function formatLdx(insn: Instruction, style: Style): string | undefined {
  const mode = modeOf(insn)
  const source = place(insn.src, insn.off)
  if (mode === I.BPF_MEM) return `${valueRegister(insn, insn.dst, style)} = *(${sizeType(insn)} *)${source}`
  const type = mode === I.BPF_MEMSX ? SIGNED_SIZE_TYPES.get(insn.code & I.BPF_DW) : undefined
  return type && `r${insn.dst} = *(${type} *)${source}`
}

function formatStx(insn: Instruction, style: Style): string | undefined {
  const src = valueRegister(insn, insn.src, style)
  const type = sizeType(insn)
  if (modeOf(insn) === I.BPF_MEM) return `*(${type} *)${place(insn.dst, insn.off)} = ${src}`
  if (modeOf(insn) !== I.BPF_ATOMIC) return undefined
  if (insn.imm === I.BPF_LOAD_ACQ) {
    return `${valueRegister(insn, insn.dst, style)} = load_acquire((${type} *)${place(insn.src, insn.off)})`
  }
  if (insn.imm === I.BPF_STORE_REL) return `store_release((${type} *)${place(insn.dst, insn.off)}, ${src})`
  const size = insn.code & I.BPF_DW
  if (size !== I.BPF_W && size !== I.BPF_DW) return undefined
  return formatAtomic(insn, type, src)
}

function formatAtomic(insn: Instruction, type: string, src: string): string | undefined {
  const at = place(insn.dst, insn.off)
  if (ATOMIC_NAMES.has(insn.imm)) return `lock *(${type} *)${at} ${ALU_SIGNS.get(insn.imm)} ${src}`
  const fetched = insn.imm & I.BPF_FETCH ? ATOMIC_NAMES.get(insn.imm & ~I.BPF_FETCH) : undefined
  if (fetched) return `${src} = atomic_fetch_${fetched}((${type} *)${at}, ${src})`
  const width = type === 'u64' ? '_64' : '32_32'
  const inner = at.slice(1, -1)
  if (insn.imm === I.BPF_XCHG) return `${src} = xchg${width}(${inner}, ${src})`
  if (insn.imm !== I.BPF_CMPXCHG) return undefined
  const result = `${src[0]}0`
  return `${result} = cmpxchg${width}(${inner}, ${result}, ${src})`
}

function formatJump(insn: Instruction, style: Style): string | undefined {
  const operation = operationOf(insn)
  const wide = classOf(insn) === I.BPF_JMP
  switch (insn.code) {
    case I.BPF_JMP | I.BPF_JA:
      return `goto ${style.target(insn.off)}`
    case JA32:
      return `gotol ${style.target(insn.imm)}`
    case I.BPF_JMP | I.BPF_JCOND:
      return `may_goto ${style.target(insn.off)}`
    case I.BPF_JMP | I.BPF_EXIT:
      return 'exit'
    case I.BPF_JMP | I.BPF_CALL:
      return style.exact ? formatExactCall(insn, style) : `call ${hex(insn.imm)}`
    case I.BPF_JMP | I.BPF_CALL | I.BPF_X:
      return `callx r${insn.dst}`
  }
  const sign = JUMP_SIGNS.get(operation)
  if (!sign) return undefined
  const register = wide ? 'r' : 'w'
  const right = (insn.code & I.BPF_X) !== 0 ? `${register}${insn.src}` : hex(insn.imm)
  return `if ${register}${insn.dst} ${sign} ${right} goto ${style.target(insn.off)}`
}

function formatExactCall(insn: Instruction, style: Style): string | undefined {
  switch (insn.src) {
    case 0:
      return `call ${hex(insn.imm)}`
    case I.BPF_PSEUDO_CALL:
      return `call local ${style.target(insn.imm)}`
    case I.BPF_PSEUDO_KFUNC_CALL:
      return `call kfunc ${hex(insn.imm)}${insn.off === 0 ? '' : `, ${hex(insn.off)}`}`
    default:
      return undefined
  }
}

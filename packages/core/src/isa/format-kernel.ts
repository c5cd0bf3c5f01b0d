// SPDX-License-Identifier: BSD-2-Clause
import * as I from '../gen/isa.gen.ts'
import { BPF_ADDR_SPACE_CAST, BPF_MAY_GOTO, FUNC_ID_NAMES } from '../gen/uapi-enums.gen.ts'
import { classOf, type Instruction, JA32, operationOf } from './instruction.ts'
import { ALU_SIGNS, ATOMIC_NAMES, JUMP_SIGNS, MOVSX_WIDTHS, SIGNED_SIZE_TYPES, SIZE_TYPES } from './text.ts'

export interface KernelFormatOptions {
  /** Starts with the opcode in brackets, as the verifier's log and bpftool do: `(b7) r0 = 0`. Default false. */
  readonly opcode?: boolean
  /** Name of what a call calls where the instruction alone does not tell; undefined for the default text. */
  readonly callName?: (insn: Instruction) => string | undefined
  /** Text of a 64-bit immediate; undefined for the default, hexadecimal. */
  readonly immediate?: (insn: Instruction, value: bigint) => string | undefined
  /** Print pointers in pseudo loads as 0, as the kernel does for a reader that may not see them. Default false. */
  readonly hidePointers?: boolean
}

/**
 * The text of an instruction as the kernel prints it (kernel/bpf/disasm.c of Linux 6.18): the verifier's log and bpftool.
 * Instructions that do not exist come out as the kernel's `BUG_…`.
 */
export function formatKernel(insn: Instruction, options: KernelFormatOptions = {}): string {
  const text = formatByClass(insn, options)
  if (text.startsWith('BUG_')) return text
  return options.opcode ? `(${hexByte(insn.code)}) ${text}` : text
}

function hexByte(code: number): string {
  return code.toString(16).padStart(2, '0')
}

/** `%+d` */
function signed(value: number): string {
  return value < 0 ? `${value}` : `+${value}`
}

function formatByClass(insn: Instruction, options: KernelFormatOptions): string {
  switch (classOf(insn)) {
    case I.BPF_ALU:
    case I.BPF_ALU64:
      return formatAlu(insn)
    case I.BPF_LD:
      return formatLd(insn, options)
    case I.BPF_LDX:
      return formatLdx(insn)
    case I.BPF_ST:
      return formatSt(insn)
    case I.BPF_STX:
      return formatStx(insn)
    default:
      return formatJump(insn, options)
  }
}

function formatAlu(insn: Instruction): string {
  const wide = classOf(insn) === I.BPF_ALU64
  const operation = operationOf(insn)
  const dst = `${wide ? 'r' : 'w'}${insn.dst}`
  if (operation === I.BPF_END) {
    const name = wide ? 'bswap' : (insn.code & I.BPF_X) === I.BPF_TO_BE ? 'be' : 'le'
    return `r${insn.dst} = ${name}${insn.imm} r${insn.dst}`
  }
  if (operation === I.BPF_NEG) return `${dst} = -${dst}`
  const isMove = operation === I.BPF_MOV
  if (insn.code === (I.BPF_ALU64 | I.BPF_MOV | I.BPF_X)) {
    if (insn.off === BPF_ADDR_SPACE_CAST) {
      return `r${insn.dst} = addr_space_cast(r${insn.src}, ${insn.imm >>> 16}, ${insn.imm & 0xffff})`
    }
    // A form that only the kernel's own rewriting makes.
    if (insn.off === -1) return `r${insn.dst} = &(void __percpu *)(r${insn.src})`
  }
  const divides = operation === I.BPF_DIV || operation === I.BPF_MOD
  const sign = `${divides && insn.off === 1 ? 's' : ''}${ALU_SIGNS.get(operation) ?? '(null)'}`
  if ((insn.code & I.BPF_X) === 0) return `${dst} ${sign} ${insn.imm}`
  const cast = isMove && MOVSX_WIDTHS.includes(insn.off) ? `(s${insn.off})` : ''
  return `${dst} ${sign} ${cast}${wide ? 'r' : 'w'}${insn.src}`
}

function sizeType(insn: Instruction): string {
  return SIZE_TYPES.get(insn.code & I.BPF_DW)!
}

function modeOf(insn: Instruction): number {
  return insn.code & 0xe0
}

function formatStx(insn: Instruction): string {
  const type = sizeType(insn)
  const place = `(r${insn.dst} ${signed(insn.off)})`
  if (modeOf(insn) === I.BPF_MEM) return `*(${type} *)${place} = r${insn.src}`
  if (modeOf(insn) !== I.BPF_ATOMIC) return `BUG_${hexByte(insn.code)}`
  const width = (insn.code & I.BPF_DW) === I.BPF_DW ? '64' : ''
  if (ATOMIC_NAMES.has(insn.imm)) return `lock *(${type} *)${place} ${ALU_SIGNS.get(insn.imm)} r${insn.src}`
  const fetched = insn.imm & I.BPF_FETCH ? ATOMIC_NAMES.get(insn.imm & ~I.BPF_FETCH) : undefined
  if (fetched) return `r${insn.src} = atomic${width}_fetch_${fetched}((${type} *)${place}, r${insn.src})`
  switch (insn.imm) {
    case I.BPF_CMPXCHG:
      return `r0 = atomic${width}_cmpxchg((${type} *)${place}, r0, r${insn.src})`
    case I.BPF_XCHG:
      return `r${insn.src} = atomic${width}_xchg((${type} *)${place}, r${insn.src})`
    case I.BPF_LOAD_ACQ:
      return `r${insn.dst} = load_acquire((${type} *)(r${insn.src} ${signed(insn.off)}))`
    case I.BPF_STORE_REL:
      return `store_release((${type} *)${place}, r${insn.src})`
    default:
      return `BUG_${hexByte(insn.code)}`
  }
}

function formatSt(insn: Instruction): string {
  if (modeOf(insn) === I.BPF_MEM) {
    return `*(${sizeType(insn)} *)(r${insn.dst} ${signed(insn.off)}) = ${insn.imm}`
  }
  return modeOf(insn) === I.BPF_NOSPEC ? 'nospec' : `BUG_st_${hexByte(insn.code)}`
}

function formatLdx(insn: Instruction): string {
  const mode = modeOf(insn)
  if (mode !== I.BPF_MEM && mode !== I.BPF_MEMSX) return `BUG_ldx_${hexByte(insn.code)}`
  const types = mode === I.BPF_MEM ? SIZE_TYPES : SIGNED_SIZE_TYPES
  const type = types.get(insn.code & I.BPF_DW) ?? '(null)'
  return `r${insn.dst} = *(${type} *)(r${insn.src} ${signed(insn.off)})`
}

/** Kinds of 64-bit loads whose immediate the kernel replaces by an address. */
const POINTER_LOADS: readonly number[] = [
  I.BPF_PSEUDO_MAP_FD,
  I.BPF_PSEUDO_MAP_VALUE,
  I.BPF_PSEUDO_MAP_IDX,
  I.BPF_PSEUDO_MAP_IDX_VALUE,
  I.BPF_PSEUDO_BTF_ID,
]

function formatLd(insn: Instruction, options: KernelFormatOptions): string {
  const mode = modeOf(insn)
  if (mode === I.BPF_ABS) return `r0 = *(${sizeType(insn)} *)skb[${insn.imm}]`
  if (mode === I.BPF_IND) return `r0 = *(${sizeType(insn)} *)skb[r${insn.src} + ${insn.imm}]`
  if (mode !== I.BPF_IMM || (insn.code & I.BPF_DW) !== I.BPF_DW) return `BUG_ld_${hexByte(insn.code)}`
  let value = insn.imm64 ?? BigInt(insn.imm >>> 0)
  if (options.hidePointers && POINTER_LOADS.includes(insn.src)) value = 0n
  return `r${insn.dst} = ${options.immediate?.(insn, value) ?? `0x${value.toString(16)}`}`
}

/** What a call calls, as far as the instruction tells. */
function callName(insn: Instruction, options: KernelFormatOptions): string {
  const helper = insn.src === 0 ? FUNC_ID_NAMES[insn.imm] : undefined
  if (helper !== undefined) return helper
  const given = options.callName?.(insn)
  if (given !== undefined) return given
  if (insn.src === I.BPF_PSEUDO_CALL) return signed(insn.imm)
  return insn.src === I.BPF_PSEUDO_KFUNC_CALL ? 'kernel-function' : 'unknown'
}

function formatJump(insn: Instruction, options: KernelFormatOptions): string {
  const operation = operationOf(insn)
  if (operation === I.BPF_CALL) {
    const name = callName(insn, options)
    return insn.src === I.BPF_PSEUDO_CALL ? `call pc${name}` : `call ${name}#${insn.imm}`
  }
  switch (insn.code) {
    case I.BPF_JMP | I.BPF_JA:
      return `goto pc${signed(insn.off)}`
    case JA32:
      return `gotol pc${signed(insn.imm)}`
    case I.BPF_JMP | I.BPF_EXIT:
      return 'exit'
    case I.BPF_JMP | I.BPF_JCOND:
      if (insn.src === BPF_MAY_GOTO) return `may_goto pc${signed(insn.off)}`
  }
  const register = classOf(insn) === I.BPF_JMP32 ? 'w' : 'r'
  const sign = OTHER_JUMP_WORDS.get(operation) ?? JUMP_SIGNS.get(operation) ?? '(null)'
  const right = (insn.code & I.BPF_X) === I.BPF_X ? `${register}${insn.src}` : `0x${(insn.imm >>> 0).toString(16)}`
  return `if ${register}${insn.dst} ${sign} ${right} goto pc${signed(insn.off)}`
}

/** What stands for a comparison when the opcode is none: the kernel's table has these words. */
const OTHER_JUMP_WORDS: ReadonlyMap<number, string> = new Map([
  [I.BPF_JA, 'jmp'],
  [I.BPF_EXIT, 'exit'],
])

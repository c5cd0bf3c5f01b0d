// SPDX-License-Identifier: BSD-2-Clause
/** Signs and names that the textual forms of instructions share, by the bits of the opcode. */
import * as I from '../gen/isa.gen.ts'

/** Assignment operators of ALU operations. */
export const ALU_SIGNS: ReadonlyMap<number, string> = new Map([
  [I.BPF_ADD, '+='],
  [I.BPF_SUB, '-='],
  [I.BPF_MUL, '*='],
  [I.BPF_DIV, '/='],
  [I.BPF_OR, '|='],
  [I.BPF_AND, '&='],
  [I.BPF_LSH, '<<='],
  [I.BPF_RSH, '>>='],
  [I.BPF_MOD, '%='],
  [I.BPF_XOR, '^='],
  [I.BPF_MOV, '='],
  [I.BPF_ARSH, 's>>='],
])

/** Comparison operators of conditional jumps. */
export const JUMP_SIGNS: ReadonlyMap<number, string> = new Map([
  [I.BPF_JEQ, '=='],
  [I.BPF_JGT, '>'],
  [I.BPF_JLT, '<'],
  [I.BPF_JGE, '>='],
  [I.BPF_JLE, '<='],
  [I.BPF_JSET, '&'],
  [I.BPF_JNE, '!='],
  [I.BPF_JSGT, 's>'],
  [I.BPF_JSLT, 's<'],
  [I.BPF_JSGE, 's>='],
  [I.BPF_JSLE, 's<='],
])

/** C types of zero-extending accesses. */
export const SIZE_TYPES: ReadonlyMap<number, string> = new Map([
  [I.BPF_B, 'u8'],
  [I.BPF_H, 'u16'],
  [I.BPF_W, 'u32'],
  [I.BPF_DW, 'u64'],
])

/** C types of sign-extending loads. */
export const SIGNED_SIZE_TYPES: ReadonlyMap<number, string> = new Map([
  [I.BPF_B, 's8'],
  [I.BPF_H, 's16'],
  [I.BPF_W, 's32'],
])

/** Operations of atomic instructions that also exist without fetching. */
export const ATOMIC_NAMES: ReadonlyMap<number, string> = new Map([
  [I.BPF_ADD, 'add'],
  [I.BPF_OR, 'or'],
  [I.BPF_AND, 'and'],
  [I.BPF_XOR, 'xor'],
])

/** The same table from text to bits. */
export function inverse(table: ReadonlyMap<number, string>): ReadonlyMap<string, number> {
  return new Map([...table].map(([bits, text]) => [text, bits]))
}

/** Distances of sign-extending moves: the offset field holds the width of the source. */
export const MOVSX_WIDTHS: readonly number[] = [8, 16, 32]

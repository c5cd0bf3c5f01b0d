// SPDX-License-Identifier: GPL-2.0-only

/** Registers of struct pt_regs on x86-64, in its order. */
export const REGISTERS = [
  'r15',
  'r14',
  'r13',
  'r12',
  'bp',
  'bx',
  'r11',
  'r10',
  'r9',
  'r8',
  'ax',
  'cx',
  'dx',
  'si',
  'di',
  'orig_ax',
  'ip',
  'cs',
  'flags',
  'sp',
  'ss',
] as const

export type Registers = Partial<Record<(typeof REGISTERS)[number], bigint | number>>

/** struct pt_regs with these registers; the others are 0. */
export function registerBytes(registers: Registers): Uint8Array {
  const words = new BigUint64Array(REGISTERS.length)
  REGISTERS.forEach((name, i) => {
    words[i] = BigInt.asUintN(64, BigInt(registers[name] ?? 0))
  })
  return new Uint8Array(words.buffer)
}

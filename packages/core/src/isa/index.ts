// SPDX-License-Identifier: BSD-2-Clause
export type { AsmPosition } from './asm-lexer.ts'
export { AsmSyntaxError } from './asm-lexer.ts'
export { MNEMONIC_NAMES } from './asm-mnemonic.ts'
export { type AssembledCode, assemble } from './assemble.ts'
export * from './conformance-case.ts'
export * from './format-kernel.ts'
export * from './format-llvm.ts'
export * from './instruction.ts'

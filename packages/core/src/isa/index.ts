// SPDX-License-Identifier: BSD-2-Clause
export * from './format-kernel.ts'
export * from './format-llvm.ts'
export * from './instruction.ts'

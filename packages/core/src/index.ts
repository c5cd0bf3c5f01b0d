// SPDX-License-Identifier: BSD-2-Clause
export * from './errors/index.ts'
export * from './load/kernel.ts'

// SPDX-License-Identifier: BSD-2-Clause
export * from './errors/index.ts'
export * from './load/index.ts'
export * from './maps/index.ts'
export * from './object/index.ts'
export * from './rules/index.ts'

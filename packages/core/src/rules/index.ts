// SPDX-License-Identifier: BSD-2-Clause
export * from './attach.ts'
export * from './helpers.ts'
export * from './license.ts'
export * from './program.ts'
export * from './section.ts'

// SPDX-License-Identifier: BSD-2-Clause
export * from './constants.ts'
export * from './file.ts'
export type * from './types.ts'
export * from './writer.ts'

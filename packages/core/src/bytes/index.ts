// SPDX-License-Identifier: BSD-2-Clause
export * from './cursor.ts'
export * from './string-table.ts'
export * from './view.ts'
export * from './writer.ts'

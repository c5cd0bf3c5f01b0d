// SPDX-License-Identifier: BSD-2-Clause
export * from './btf.ts'
export * from './builder.ts'
export * from './ext.ts'
export * from './format-c.ts'
export * from './format-raw.ts'
export * from './sanitize.ts'
export * from './types.ts'

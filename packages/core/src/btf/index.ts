// SPDX-License-Identifier: BSD-2-Clause
export * from './btf.ts'
export * from './ext.ts'
export * from './types.ts'

// SPDX-License-Identifier: BSD-2-Clause
export * from './errno.ts'
export * from './errors.ts'

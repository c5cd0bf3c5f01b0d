// SPDX-License-Identifier: BSD-2-Clause
/** The kernel's names and numbers, and the layouts of its structures, as generated from `spec/`. */
export * from './gen/commands.gen.ts'
export * from './gen/isa.gen.ts'
export * from './gen/system.gen.ts'
export * from './gen/uapi-defines.gen.ts'
export * from './gen/uapi-enums.gen.ts'
export * from './gen/uapi-layouts.gen.ts'

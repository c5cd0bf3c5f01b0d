// SPDX-License-Identifier: GPL-2.0-only
/** The virtual BPF kernel. */
export { createVirtualKernel, instantiateKernel } from './create.ts'
export { type KernelExports, OPTION } from './exports.ts'
export { type InstructionsOutcome, type RunInstructionsOptions, runInstructions } from './isa.ts'
export { formatWat, type WatOptions } from './jit/wat.ts'
export { RELEASE, VirtualKernel } from './kernel.ts'
export { packagedKernelTypes } from './kernel-types.ts'
export { packagedModule } from './module.ts'
export * from './options.ts'
export type { KernelSnapshot } from './snapshot.ts'
export type { HostServices, WasiFunctions, WasiHost } from './wasi/host.ts'
export * from './world/index.ts'

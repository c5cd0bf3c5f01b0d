// SPDX-License-Identifier: GPL-2.0-only
import { loadRaw, type Program } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { BPF_PROG_TYPE_SOCKET_FILTER } from '@skep/core/uapi'
import { createVirtualKernel } from '../create.ts'
import { OPTION } from '../exports.ts'
import type { VirtualKernel } from '../kernel.ts'
import type { VirtualKernelOptions } from '../options.ts'

/** Run.jitAfter: see assembly/interp/run-state.ts. */
const JIT_AT_LOAD = -1n

/** A kernel that compiles every program when it is loaded. */
export async function compilingKernel(options: VirtualKernelOptions = {}): Promise<VirtualKernel> {
  const kernel = await createVirtualKernel({ engine: 'jit', randomSeed: 1n, ...options })
  kernel.exports.set_option(OPTION.jitThreshold, JIT_AT_LOAD)
  return kernel
}

/** Loads a socket filter written in assembly. */
export function loadText(kernel: VirtualKernel, text: string, type: number = BPF_PROG_TYPE_SOCKET_FILTER): Program {
  return loadRaw(kernel, { type, insns: encodeInstructions(assemble(text).instructions) })
}

// SPDX-License-Identifier: BSD-2-Clause
import { type Kernel, traceKernel } from '@skep/core'
import type { EngineName } from '@skep/wasm-vm'
import { Option } from 'commander'
import type { Io } from './io.ts'

export type KernelName = 'virtual' | 'linux'

/** `--kernel` with the choices of a command. */
export function kernelOption(choices: readonly string[], standard: string): Option {
  return new Option('--kernel <kernel>', 'which kernel answers').choices([...choices]).default(standard)
}

export const traceOption = new Option('--trace', 'print each system call on standard error, as strace does')
export const engineOption = new Option('--engine <engine>', 'how the virtual kernel runs programs').choices([
  'interp',
  'jit',
  'checked',
])

export interface KernelOptions {
  readonly trace?: boolean | undefined
  readonly engine?: EngineName | undefined
}

/** Opens a kernel; each is loaded only where it is asked for. Raises an error that says what is missing. */
export async function openKernel(name: KernelName, io: Io, options: KernelOptions = {}): Promise<Kernel> {
  const kernel = name === 'virtual' ? await openVirtual(options) : await openLinux()
  return options.trace ? traceKernel(kernel, (line) => io.err(line)) : kernel
}

async function openVirtual({ engine }: KernelOptions): Promise<Kernel> {
  const { createVirtualKernel } = await import('@skep/wasm-vm')
  return createVirtualKernel(engine ? { engine } : {})
}

async function openLinux(): Promise<Kernel> {
  const { createLinuxKernel, linuxAvailability } = await import('@skep/native-loader')
  const { available, reason } = linuxAvailability()
  if (!available) throw new Error(`the Linux kernel cannot be used: ${reason}`)
  return createLinuxKernel()
}

/** The kernels that `--kernel` names, `both` in the order virtual, linux. */
export function kernelNames(option: string): KernelName[] {
  return option === 'both' ? ['virtual', 'linux'] : [option as KernelName]
}

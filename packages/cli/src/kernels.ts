// SPDX-License-Identifier: BSD-2-Clause
import { type Kernel, readFile, traceKernel } from '@skep/core'
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
  /** A Linux with which the virtual kernel is compared: it gets as many CPUs and the same types. */
  readonly like?: Kernel | undefined
}

/** Opens a kernel; each is loaded only where it is asked for. Raises an error that says what is missing. */
export async function openKernel(name: KernelName, io: Io, options: KernelOptions = {}): Promise<Kernel> {
  const kernel = name === 'virtual' ? await openVirtual(options) : await openLinux()
  return options.trace ? traceKernel(kernel, (line) => io.err(line)) : kernel
}

async function openVirtual({ engine, like }: KernelOptions): Promise<Kernel> {
  const { createVirtualKernel } = await import('@skep/wasm-vm')
  const kernelBtf = like && readFile(like, '/sys/kernel/btf/vmlinux')
  return createVirtualKernel({
    ...(engine ? { engine } : {}),
    ...(like ? { cpus: like.facts.possibleCpus } : {}),
    ...(kernelBtf ? { kernelBtf } : {}),
  })
}

async function openLinux(): Promise<Kernel> {
  const { createLinuxKernel, linuxAvailability } = await import('@skep/native-loader')
  const { available, reason } = linuxAvailability()
  if (!available) throw new Error(`the Linux kernel cannot be used: ${reason}`)
  return createLinuxKernel()
}

/** The kernels that `--kernel` names, in the order virtual, linux; with both the virtual one is set up like Linux. */
export async function openKernels(option: string, io: Io, options: KernelOptions): Promise<Map<KernelName, Kernel>> {
  if (option !== 'both') return new Map([[option as KernelName, await openKernel(option as KernelName, io, options)]])
  const linux = await openKernel('linux', io, options)
  return new Map<KernelName, Kernel>([
    ['virtual', await openKernel('virtual', io, { ...options, like: linux })],
    ['linux', linux],
  ])
}

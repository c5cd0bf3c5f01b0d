// SPDX-License-Identifier: GPL-2.0-only
import type { WasiHost } from './wasi/host.ts'

/** How programs run: interpreted, compiled to WebAssembly, or with every access checked. */
export type EngineName = 'interp' | 'jit' | 'checked'

/** Numbers of the engines inside the kernel. */
export const ENGINES: Readonly<Record<EngineName, number>> = { interp: 0, jit: 1, checked: 2 }

/** Bits of capability(7) that the kernel asks for. */
export const CAP_NET_ADMIN = 1n << 12n
export const CAP_SYS_ADMIN = 1n << 21n
export const CAP_PERFMON = 1n << 38n
export const CAP_BPF = 1n << 39n
export const ALL_CAPABILITIES = (1n << 41n) - 1n

export interface VirtualKernelOptions {
  /** Default `interp`. */
  readonly engine?: EngineName
  /** Capabilities of the caller as a bit mask, such as `CAP_BPF | CAP_NET_ADMIN`. Default: all. */
  readonly capabilities?: bigint
  /** sysctl kernel.unprivileged_bpf_disabled: 0, 1 or 2. Default 2. */
  readonly unprivilegedDisabled?: number
  /** Number of CPUs, 1 to 64. Default 1. */
  readonly cpus?: number
  /** Seed of a pseudo-random sequence in the place of the host's randomness: runs repeat exactly. Not 0. */
  readonly randomSeed?: bigint
  /** Nanoseconds that the clocks show; they stand still until they are moved. Default: the host's clocks. */
  readonly virtualTime?: bigint
  /** Most bytes that the kernel and the caller's buffers may take together. Default: what WebAssembly has, 4 GiB. */
  readonly memoryLimit?: number
  /**
   * BTF that the kernel gives as its own (`/sys/kernel/btf/vmlinux`). Default: the types that this package holds
   * ({@link packagedKernelTypes}); false: none, as a kernel that was built without CONFIG_DEBUG_INFO_BTF.
   */
  readonly kernelBtf?: Uint8Array | false
  /** The module, compiled or as bytes. Default: the one that this package holds. */
  readonly module?: WebAssembly.Module | BufferSource
  /** Who answers the module's WASI calls. Default: the three that it makes, built in. */
  readonly wasi?: WasiHost
  /** Called with what the kernel writes to its console. Default: dropped. */
  readonly console?: (text: string) => void
}

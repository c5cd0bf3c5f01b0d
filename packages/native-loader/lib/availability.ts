// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs'
import { type Addon, loadAddon } from './addon.ts'

export interface LinuxOptions {
  /** Path of another build of the addon, instead of the one that the package holds. */
  readonly addon?: string
}

export interface LinuxAvailability {
  /** Whether this process may create BPF maps and load programs. */
  readonly available: boolean
  /** What is missing, as a sentence; empty where nothing is. */
  readonly reason: string
}

const BPF_MAP_CREATE = 0
const BPF_MAP_TYPE_ARRAY = 2
export const CAP_SYS_ADMIN = 21n
const CAP_BPF = 39n

/** Whether the running kernel's bpf(2) can be used from here, and if not, what is missing. */
export function linuxAvailability(options: LinuxOptions = {}): LinuxAvailability {
  const loaded = loadAddon(options.addon)
  if ('reason' in loaded) return { available: false, reason: loaded.reason }
  const errno = probe(loaded.addon)
  if (errno === 0) return { available: true, reason: '' }
  const setting = readNumber('/proc/sys/kernel/unprivileged_bpf_disabled')
  return { available: false, reason: refusal(errno, effectiveCapabilities(), setting) }
}

/** Creates a small map and closes it: positive errno, 0 if that worked. */
function probe(addon: Addon): number {
  // map_type, key_size, value_size, max_entries, in the machine's byte order.
  const words = new Uint32Array([BPF_MAP_TYPE_ARRAY, 4, 4, 1])
  const fd = addon.bpf(BPF_MAP_CREATE, new Uint8Array(words.buffer))
  if (fd < 0) return -fd
  addon.close(fd)
  return 0
}

/** What a refused map means; `setting` is kernel.unprivileged_bpf_disabled. */
export function refusal(errno: number, capabilities: bigint | undefined, setting: number): string {
  if (errno === 38) return 'bpf(2) answers ENOSYS: the kernel was built without CONFIG_BPF_SYSCALL'
  if (errno !== 1) return `bpf(2) answers errno ${errno} when a map is created`
  if (capabilities === undefined) return 'bpf(2) answers EPERM'
  if (((capabilities >> CAP_BPF) | (capabilities >> CAP_SYS_ADMIN)) & 1n) {
    return 'bpf(2) answers EPERM although the process has CAP_BPF or CAP_SYS_ADMIN: a seccomp filter, an LSM or the limit of locked memory refuses it'
  }
  const unprivileged = setting ? ` (kernel.unprivileged_bpf_disabled is ${setting})` : ''
  return `bpf(2) answers EPERM: the process has neither CAP_BPF nor CAP_SYS_ADMIN${unprivileged}`
}

/** Mask of the calling thread's effective capabilities. */
export function effectiveCapabilities(): bigint | undefined {
  try {
    const hex = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/thread-self/status', 'latin1'))?.[1]
    return hex === undefined ? undefined : BigInt(`0x${hex}`)
  } catch {
    return undefined
  }
}

function readNumber(path: string): number {
  try {
    return Number(readFileSync(path, 'latin1'))
  } catch {
    return 0
  }
}

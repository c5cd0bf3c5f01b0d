// SPDX-License-Identifier: BSD-2-Clause
/** bpf(2) of the running Linux as a `Kernel` of `@skep/core`. */
import { UnsupportedError } from '@skep/core'
import { loadAddon } from './addon.ts'
import type { LinuxOptions } from './availability.ts'
import { LinuxKernel } from './kernel.ts'

export { type LinuxAvailability, type LinuxOptions, linuxAvailability } from './availability.ts'
export { LinuxKernel } from './kernel.ts'
export type { LinuxThread } from './thread.ts'

/**
 * The running Linux. Rejects with an {@link UnsupportedError} whose cause says what is missing, where the addon cannot
 * be loaded; a process without the right to call bpf(2) gets a kernel that answers -EPERM (see
 * {@link linuxAvailability}).
 */
export async function createLinuxKernel(options: LinuxOptions = {}): Promise<LinuxKernel> {
  const loaded = loadAddon(options.addon)
  if ('reason' in loaded) throw new UnsupportedError(`the Linux kernel (${loaded.reason})`)
  return new LinuxKernel(loaded.addon)
}

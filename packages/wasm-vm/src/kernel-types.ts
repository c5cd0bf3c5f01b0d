// SPDX-License-Identifier: GPL-2.0-only
import { packagedFile } from './module.ts'

let fetched: Promise<Uint8Array> | undefined

/**
 * The types that the virtual kernel has by default: cut out of Linux 6.18's for x86-64, with names, sizes and offsets as
 * there. Structures that the simulated world does not hold are only declared.
 */
export function packagedKernelTypes(): Promise<Uint8Array> {
  fetched ??= packagedFile(new URL('../types/linux.btf', import.meta.url)).catch((error) => {
    fetched = undefined
    throw error
  })
  return fetched
}

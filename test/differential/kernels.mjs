// SPDX-License-Identifier: BSD-2-Clause
// The two kernels for scripts: each undefined with a reason when this machine lacks it.

import { existsSync, readFileSync } from 'node:fs'
import { expectFresh } from '../../tools/bundle/packages.mjs'

expectFresh()

const VMLINUX_BTF = '/sys/kernel/btf/vmlinux'

const POSSIBLE_CPUS = '/sys/devices/system/cpu/possible'

/** CPUs of the running Linux, from a list such as `0-1`: bounds of CPU numbers depend on them. */
function possibleCpus() {
  if (!existsSync(POSSIBLE_CPUS)) return 1
  const last = /(\d+)\s*$/.exec(readFileSync(POSSIBLE_CPUS, 'utf8'))
  return Math.min(Number(last?.[1] ?? 0) + 1, 64)
}

/**
 * The virtual kernel, with the number of CPUs and the BTF of the running Linux, so that bounds and type ids mean the
 * same in both. SKEP_MODULE names another build.
 */
export async function virtualKernel(options = {}) {
  const { createVirtualKernel } = await import('@skep/wasm-vm')
  const kernelBtf = existsSync(VMLINUX_BTF) ? readFileSync(VMLINUX_BTF) : undefined
  const module = process.env.SKEP_MODULE ? readFileSync(process.env.SKEP_MODULE) : undefined
  return await createVirtualKernel({ cpus: possibleCpus(), kernelBtf, ...(module && { module }), ...options })
}

export async function linuxKernel() {
  try {
    const { createLinuxKernel } = await import('@skep/native-loader')
    return { kernel: await createLinuxKernel() }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

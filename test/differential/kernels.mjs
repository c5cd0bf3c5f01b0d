// SPDX-License-Identifier: BSD-2-Clause
// The two kernels for scripts: each undefined with a reason when this machine lacks it.

import { existsSync, readFileSync } from 'node:fs'

const VMLINUX_BTF = '/sys/kernel/btf/vmlinux'

/** The virtual kernel; its own BTF is the running Linux's, so that type ids mean the same in both. SKEP_MODULE names another build. */
export async function virtualKernel(options = {}) {
  const { createVirtualKernel } = await import('@skep/wasm-vm')
  const kernelBtf = existsSync(VMLINUX_BTF) ? readFileSync(VMLINUX_BTF) : undefined
  const module = process.env.SKEP_MODULE ? readFileSync(process.env.SKEP_MODULE) : undefined
  return await createVirtualKernel({ kernelBtf, ...(module && { module }), ...options })
}

export async function linuxKernel() {
  try {
    const { createLinuxKernel } = await import('@skep/native-loader')
    return { kernel: await createLinuxKernel() }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

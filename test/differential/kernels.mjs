// SPDX-License-Identifier: BSD-2-Clause
// The two kernels for scripts: each undefined with a reason when this machine lacks it.

export async function virtualKernel(options = {}) {
  const { createVirtualKernel } = await import('@skep/wasm-vm')
  return await createVirtualKernel(options)
}

export async function linuxKernel() {
  try {
    const { createLinuxKernel } = await import('@skep/native-loader')
    return { kernel: await createLinuxKernel() }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

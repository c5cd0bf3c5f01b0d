// SPDX-License-Identifier: GPL-2.0-only
import { init, WASI } from '@wasmer/wasi'
import { kernelCalls, type WasiFunctions, type WasiHost } from './host.ts'

/**
 * Hosts the kernel under `@wasmer/wasi`, in Node and in browsers: every WASI call is there, and the clock, the randomness
 * and the console are the kernel's own. Starting it takes some tens of milliseconds.
 */
export async function wasmerWasi(): Promise<WasiHost> {
  await init()
  const wasi = new WASI({})
  return {
    imports(module, services) {
      const all = wasi.getImports(module) as { wasi_snapshot_preview1?: WasiFunctions }
      return { ...all.wasi_snapshot_preview1, ...kernelCalls(services) }
    },
    started: (instance) => void wasi.instantiate(instance),
  }
}

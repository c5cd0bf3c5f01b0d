// SPDX-License-Identifier: GPL-2.0-only
import { type KernelExports, OPTION } from './exports.ts'
import { JitHost } from './jit/host.ts'
import { VirtualKernel } from './kernel.ts'
import { packagedKernelTypes } from './kernel-types.ts'
import { resolveModule } from './module.ts'
import { ENGINES, type VirtualKernelOptions } from './options.ts'
import { builtinWasi } from './wasi/builtin.ts'
import type { HostServices } from './wasi/host.ts'

const decoder = new TextDecoder()

/** Less does not hold the kernel itself. */
const MIN_MEMORY = 4 << 20

/** Checks what TypeScript cannot, and gives each setting its number. */
function settings(options: VirtualKernelOptions): Map<number, bigint> {
  const { cpus = 1, randomSeed, virtualTime, unprivilegedDisabled, capabilities, engine, memoryLimit } = options
  if (!(Number.isInteger(cpus) && cpus >= 1 && cpus <= 64)) throw new RangeError(`cpus: ${cpus} is not from 1 to 64`)
  if (randomSeed === 0n) throw new RangeError('randomSeed: 0 is no seed')
  const values = new Map<number, bigint>([[OPTION.cpus, BigInt(cpus)]])
  if (engine !== undefined) {
    if (!(engine in ENGINES)) throw new RangeError(`engine: '${engine}' is none of ${Object.keys(ENGINES).join(', ')}`)
    values.set(OPTION.engine, BigInt(ENGINES[engine]))
  }
  if (capabilities !== undefined) values.set(OPTION.capabilities, capabilities)
  if (unprivilegedDisabled !== undefined) values.set(OPTION.unprivilegedDisabled, BigInt(unprivilegedDisabled))
  if (randomSeed !== undefined) values.set(OPTION.randomSeed, randomSeed)
  if (memoryLimit !== undefined) {
    if (!(Number.isInteger(memoryLimit) && memoryLimit >= MIN_MEMORY))
      throw new RangeError(`memoryLimit: ${memoryLimit} is too little`)
    values.set(OPTION.memoryPages, BigInt(Math.min(65535, Math.floor(memoryLimit / 65536))))
  }
  if (virtualTime !== undefined) values.set(OPTION.virtualClock, 1n).set(OPTION.now, virtualTime)
  return values
}

/** A bare instance of the module with its host's services. */
export async function instantiateKernel(options: VirtualKernelOptions = {}): Promise<KernelExports> {
  const module = await resolveModule(options.module)
  const wasi = options.wasi ?? builtinWasi
  let exports: KernelExports | undefined
  const jit = new JitHost(() => exports!)
  const services: HostServices = {
    memory: () => exports!.memory,
    console: (bytes) => options.console?.(decoder.decode(bytes)),
    jit: (request) => jit.handle(request),
  }
  const imports = { wasi_snapshot_preview1: wasi.imports(module, services) }
  const instance = await WebAssembly.instantiate(module, imports as WebAssembly.Imports)
  exports = instance.exports as unknown as KernelExports
  wasi.started?.(instance)
  exports.kernel_init()
  return exports
}

/**
 * A virtual kernel of its own, sharing nothing with others.
 *
 * ```ts
 * using kernel = await createVirtualKernel({ cpus: 4, randomSeed: 1n })
 * ```
 */
export async function createVirtualKernel(options: VirtualKernelOptions = {}): Promise<VirtualKernel> {
  const values = settings(options)
  const types = options.kernelBtf ?? packagedKernelTypes()
  const [exports, kernelBtf] = await Promise.all([instantiateKernel(options), types])
  for (const [option, value] of values) exports.set_option(option, value)
  return new VirtualKernel(exports, kernelBtf || undefined, () => createVirtualKernel(options))
}

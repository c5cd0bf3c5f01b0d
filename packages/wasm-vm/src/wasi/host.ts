// SPDX-License-Identifier: GPL-2.0-only

/** Functions of `wasi_snapshot_preview1`, by name. */
export type WasiFunctions = Record<string, (...args: never[]) => number>

/** What the host's side of the module may do for the kernel. */
export interface HostServices {
  /** Memory of the instance; there once it is instantiated. */
  memory(): WebAssembly.Memory
  /** Bytes written to the console. */
  console(bytes: Uint8Array): void
  /** A request of the JIT (descriptor 1000): see assembly/jit/host.ts. 0, or a WASI errno. */
  jit(request: number): number
}

/** Gives the imports with which the module is instantiated. */
export interface WasiHost {
  imports(module: WebAssembly.Module, services: HostServices): WasiFunctions
  /** Called with the new instance, before the kernel starts. */
  started?(instance: WebAssembly.Instance): void
}

/** Descriptor by which the kernel asks for modules to be instantiated. */
export const JIT_FD = 1000
export const WASI_OK = 0
export const WASI_EBADF = 8

const CLOCK_REALTIME = 0

/**
 * Nanoseconds of a clock. The monotonic one of some WASI hosts shows milliseconds of the wall clock, so all hosts here
 * use this one.
 */
function clockNs(id: number): bigint {
  const milliseconds = id === CLOCK_REALTIME ? performance.timeOrigin + performance.now() : performance.now()
  return BigInt(Math.round(milliseconds * 1e6))
}

/** The three calls that the kernel makes: clock, randomness, console (and through it the JIT). */
export function kernelCalls(services: HostServices) {
  return {
    clock_time_get(id: number, _precision: bigint, out: number): number {
      new DataView(services.memory().buffer).setBigUint64(out >>> 0, clockNs(id), true)
      return WASI_OK
    },
    random_get(buffer: number, length: number): number {
      const bytes = new Uint8Array(services.memory().buffer, buffer >>> 0, length >>> 0)
      // getRandomValues takes 64 KiB at the most.
      for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536))
      return WASI_OK
    },
    fd_write(fd: number, vectors: number, count: number, written: number): number {
      const { buffer } = services.memory()
      const view = new DataView(buffer)
      if (fd === JIT_FD) return services.jit(view.getUint32(vectors >>> 0, true))
      if (fd !== 1 && fd !== 2) return WASI_EBADF
      let total = 0
      for (let i = 0; i < count; i++) {
        const start = view.getUint32((vectors >>> 0) + 8 * i, true)
        const length = view.getUint32((vectors >>> 0) + 8 * i + 4, true)
        services.console(new Uint8Array(buffer, start, length).slice())
        total += length
      }
      view.setUint32(written >>> 0, total, true)
      return WASI_OK
    },
  } satisfies Record<string, (...args: never[]) => number>
}

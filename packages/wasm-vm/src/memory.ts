// SPDX-License-Identifier: GPL-2.0-only
import type { Mapping, UserBuffer, UserMemory } from '@skep/core'
import type { KernelExports } from './exports.ts'

/** A part of linear memory; its view is made anew, since memory that grows detaches views. */
class Region {
  readonly #exports: KernelExports
  readonly #at: number
  readonly length: number

  constructor(exports: KernelExports, at: number, length: number) {
    this.#exports = exports
    this.#at = at
    this.length = length
  }

  get address(): bigint {
    return BigInt(this.#at)
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer, this.#at, this.length)
  }
}

class VirtualBuffer extends Region implements UserBuffer {
  #free: (() => void) | undefined

  constructor(exports: KernelExports, at: number, length: number) {
    super(exports, at, length)
    this.#free = () => exports.user_free(at)
  }

  [Symbol.dispose](): void {
    this.#free?.()
    this.#free = undefined
  }
}

/** A mapping is where the kernel has the data: nothing is copied. */
export class VirtualMapping extends Region implements Mapping {
  #unmap: (() => void) | undefined

  constructor(exports: KernelExports, at: number, length: number) {
    super(exports, at, length)
    this.#unmap = () => void exports.sys_munmap(at)
  }

  [Symbol.dispose](): void {
    this.#unmap?.()
    this.#unmap = undefined
  }
}

/** Largest block that wasm32 can have at all. */
const MAX_SIZE = 0xffff_0000

/** Memory of the caller: linear memory, shared with the kernel as the address space of a process is. */
export class VirtualMemory implements UserMemory {
  readonly #exports: KernelExports

  constructor(exports: KernelExports) {
    this.#exports = exports
  }

  /** @throws RangeError where there is no memory left */
  alloc(length: number): UserBuffer {
    if (!(Number.isInteger(length) && length >= 0 && length <= MAX_SIZE))
      throw new RangeError(`alloc: ${length} is no size in bytes`)
    const at = this.#exports.user_alloc(Math.max(length, 1)) >>> 0
    if (at === 0) throw new RangeError(`alloc: no memory for ${length} bytes in the virtual kernel`)
    return new VirtualBuffer(this.#exports, at, length)
  }
}

// SPDX-License-Identifier: GPL-2.0-only
import type { Mapping, UserBuffer, UserMemory } from '@skep/core'
import type { KernelExports } from './exports.ts'

/** A part of linear memory; its view is made anew, since memory that grows detaches views. */
class Region {
  readonly #exports: KernelExports
  readonly #at: number
  readonly length: number
  readonly address: bigint

  constructor(exports: KernelExports, at: number, length: number, address = BigInt(at)) {
    this.#exports = exports
    this.#at = at
    this.length = length
    this.address = address
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
  readonly #touch: (offset: number, length: number) => number
  #unmap: (() => void) | undefined

  constructor(exports: KernelExports, at: number, length: number) {
    super(exports, at, length, BigInt.asUintN(64, exports.mapping_address(at)))
    this.#touch = (offset, length) => exports.mapping_touch(at, offset, length)
    this.#unmap = () => void exports.sys_munmap(at)
  }

  /** @throws RangeError outside of it, and for a page that only programs make (BPF_F_SEGV_ON_FAULT) */
  touch(offset: number, length: number): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.length))
      throw new RangeError(`touch: ${length} bytes at ${offset} are not in a mapping of ${this.length}`)
    if (this.#touch(offset, length) < 0)
      throw new RangeError(`touch: segmentation fault at ${this.address + BigInt(offset)}`)
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

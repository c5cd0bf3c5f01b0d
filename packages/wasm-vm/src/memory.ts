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
  readonly #exports: KernelExports
  readonly #at: number
  /** Whether its bytes lie side by side: those of an arena that is larger than memory do not. */
  readonly #plain: boolean
  #mapped = true

  constructor(exports: KernelExports, at: number, length: number) {
    super(exports, at, length, BigInt.asUintN(64, exports.mapping_address(at)))
    this.#exports = exports
    this.#at = at
    this.#plain = exports.mapping_plain(at) !== 0
  }

  /** @throws RangeError for an arena that is larger than linear memory: `read` and `write` it */
  override get bytes(): Uint8Array {
    if (!this.#plain) throw new RangeError(`view a mapping of ${this.length} bytes: memory has not that many`)
    return super.bytes
  }

  read(offset: number, length: number): Uint8Array {
    return this.#copy(offset, length, undefined)
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#copy(offset, bytes.length, bytes)
  }

  #copy(offset: number, length: number, written: Uint8Array | undefined): Uint8Array {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.length))
      throw new RangeError(`access ${length} bytes at ${offset}: they are not in a mapping of ${this.length}`)
    const { user_alloc, user_free, mapping_copy, memory } = this.#exports
    const at = user_alloc(Math.max(length, 1)) >>> 0
    if (at === 0) throw new RangeError(`access ${length} bytes: no memory for them in the virtual kernel`)
    try {
      if (written) new Uint8Array(memory.buffer, at, length).set(written)
      if (mapping_copy(this.#at, BigInt(offset), at, length, written ? 1 : 0) < 0)
        throw new RangeError(`access ${length} bytes at ${offset}: segmentation fault`)
      return new Uint8Array(memory.buffer, at, length).slice()
    } finally {
      user_free(at)
    }
  }

  [Symbol.dispose](): void {
    if (this.#mapped) this.#exports.sys_munmap(this.#at)
    this.#mapped = false
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

// SPDX-License-Identifier: BSD-2-Clause
import type { Mapping, UserBuffer, UserMemory } from '@skep/core'
import type { Addon } from './addon.ts'
import { checkSize } from './arguments.ts'

const GONE = new Uint8Array(0)

class LinuxBuffer implements UserBuffer {
  readonly address: bigint
  readonly length: number
  bytes: Uint8Array
  readonly #addon: Addon

  constructor(addon: Addon, length: number) {
    // An ArrayBuffer of any size has an address; one of zero bytes has none.
    const buffer = new ArrayBuffer(Math.max(length, 8))
    this.#addon = addon
    this.address = addon.address(buffer)
    this.length = length
    this.bytes = new Uint8Array(buffer, 0, length)
  }

  [Symbol.dispose](): void {
    if (this.bytes === GONE) return
    const { buffer } = this.bytes
    this.bytes = GONE
    this.#addon.detach(buffer as ArrayBuffer)
  }
}

/** Memory of this process. The garbage collector frees what is not disposed. */
export class LinuxMemory implements UserMemory {
  readonly #addon: Addon

  constructor(addon: Addon) {
    this.#addon = addon
  }

  alloc(length: number): UserBuffer {
    return new LinuxBuffer(this.#addon, checkSize(length, 'length'))
  }
}

/** A mapping of mmap(2); the garbage collector unmaps what is not disposed. */
export class LinuxMapping implements Mapping {
  readonly address: bigint
  readonly length: number
  bytes: Uint8Array
  readonly #addon: Addon

  constructor(addon: Addon, buffer: ArrayBuffer) {
    this.#addon = addon
    this.address = addon.address(buffer)
    this.length = buffer.byteLength
    this.bytes = new Uint8Array(buffer)
  }

  read(offset: number, length: number): Uint8Array {
    return this.#part(offset, length).slice()
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#part(offset, bytes.length).set(bytes)
  }

  #part(offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.length))
      throw new RangeError(`access ${length} bytes at ${offset}: they are not in a mapping of ${this.length}`)
    return this.bytes.subarray(offset, offset + length)
  }

  [Symbol.dispose](): void {
    if (this.bytes === GONE) return
    const { buffer } = this.bytes
    this.bytes = GONE
    this.#addon.munmap(buffer as ArrayBuffer)
  }
}

// SPDX-License-Identifier: GPL-2.0-only

const HEADER_SIZE = 8

/** Reads numbers and names out of a WebAssembly module, and finds its sections. */
export class ModuleReader {
  readonly #bytes: Uint8Array
  #at = 0
  #end = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get position(): number {
    return this.#at
  }

  /** Whether the section has more. */
  more(): boolean {
    return this.#at < this.#end
  }

  /** Goes to the content of the first section with this id; false if there is none. */
  section(id: number): boolean {
    this.#at = HEADER_SIZE
    this.#end = this.#bytes.length
    while (this.#at < this.#bytes.length) {
      const found = this.byte()
      const length = this.uleb()
      if (found === id) {
        this.#end = this.#at + length
        return true
      }
      this.#at += length
    }
    return false
  }

  byte(): number {
    const value = this.#bytes[this.#at++]
    if (value === undefined) throw new RangeError(`read module: it ends at ${this.#at - 1}`)
    return value
  }

  uleb(): number {
    return Number(BigInt.asUintN(32, this.#leb().value))
  }

  sleb(): bigint {
    const { value, bits } = this.#leb()
    return BigInt.asIntN(Math.min(bits, 64), value)
  }

  name(): string {
    const length = this.uleb()
    this.#at += length
    return new TextDecoder().decode(this.#bytes.subarray(this.#at - length, this.#at))
  }

  #leb(): { readonly value: bigint; readonly bits: number } {
    let value = 0n
    for (let bits = 0; ; ) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << BigInt(bits)
      bits += 7
      if (byte < 0x80) return { value, bits }
    }
  }
}

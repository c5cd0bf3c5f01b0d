// SPDX-License-Identifier: BSD-2-Clause

const encoder = new TextEncoder()

/** Text to UTF-8. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Bytes appended to a growing buffer in one byte order; values written may be patched later. */
export class ByteWriter {
  readonly littleEndian: boolean
  private buffer: Uint8Array
  private view: DataView
  private used = 0

  constructor(littleEndian: boolean, capacity = 256) {
    this.littleEndian = littleEndian
    this.buffer = new Uint8Array(capacity)
    this.view = new DataView(this.buffer.buffer)
  }

  /** Bytes written so far: the offset of the next value. */
  get length(): number {
    return this.used
  }

  private grow(length: number): number {
    const at = this.used
    const end = at + length
    if (end > this.buffer.length) {
      const larger = new Uint8Array(Math.max(end, this.buffer.length * 2))
      larger.set(this.buffer)
      this.buffer = larger
      this.view = new DataView(larger.buffer)
    }
    this.used = end
    return at
  }

  u8(value: number): this {
    // Growing replaces the view: it must not be looked up before.
    const at = this.grow(1)
    this.view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    const at = this.grow(2)
    this.view.setUint16(at, value, this.littleEndian)
    return this
  }

  u32(value: number): this {
    const at = this.grow(4)
    this.view.setUint32(at, value, this.littleEndian)
    return this
  }

  u64(value: bigint | number): this {
    const at = this.grow(8)
    this.view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), this.littleEndian)
    return this
  }

  put(bytes: Uint8Array): this {
    const at = this.grow(bytes.length)
    this.buffer.set(bytes, at)
    return this
  }

  zeros(length: number): this {
    this.grow(length)
    return this
  }

  /** Zero bytes up to the next multiple of `alignment`. */
  align(alignment: number): this {
    const rest = this.used % alignment
    return rest === 0 ? this : this.zeros(alignment - rest)
  }

  text(text: string): this {
    return this.put(encodeText(text))
  }

  /** Overwrites a value written before. */
  patchU16(at: number, value: number): void {
    this.view.setUint16(at, value, this.littleEndian)
  }

  patchU32(at: number, value: number): void {
    this.view.setUint32(at, value, this.littleEndian)
  }

  patchU64(at: number, value: bigint | number): void {
    this.view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), this.littleEndian)
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.buffer.slice(0, this.used)
  }
}

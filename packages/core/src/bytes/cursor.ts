// SPDX-License-Identifier: BSD-2-Clause
import { ByteView } from './view.ts'

/** A {@link ByteView} with a position: reads in sequence. */
export class ByteCursor extends ByteView {
  offset = 0

  /** Bytes from the position to the end. */
  get left(): number {
    return this.length - this.offset
  }

  /** The position counted from the start of the file. */
  get absoluteOffset(): number {
    return this.base + this.offset
  }

  private advance(length: number): number {
    const at = this.offset
    this.offset = at + length
    return at
  }

  nextU8(what?: string): number {
    const value = this.u8(this.offset, what)
    this.advance(1)
    return value
  }

  nextU16(what?: string): number {
    const value = this.u16(this.offset, what)
    this.advance(2)
    return value
  }

  nextU32(what?: string): number {
    const value = this.u32(this.offset, what)
    this.advance(4)
    return value
  }

  nextU64(what?: string): bigint {
    const value = this.u64(this.offset, what)
    this.advance(8)
    return value
  }

  nextSize64(what?: string): number {
    const value = this.size64(this.offset, what)
    this.advance(8)
    return value
  }

  nextSlice(length: number, what?: string): Uint8Array {
    const value = this.slice(this.offset, length, what)
    this.advance(length)
    return value
  }

  skip(length: number, what?: string): void {
    this.need(this.offset, length, what)
    this.advance(length)
  }
}

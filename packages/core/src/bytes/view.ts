// SPDX-License-Identifier: BSD-2-Clause
import type { BpfError } from '../errors/index.ts'

/** Constructor of the error that a reader raises: each format has its own. */
export type ErrorType = new (message: string) => BpfError

/** How the bytes are to be read. */
export interface ByteViewOptions {
  readonly littleEndian: boolean
  /** Class of the error raised for a read outside of the bytes. */
  readonly error: ErrorType
  /** What is being read, as it starts an error message: `parse ELF`. */
  readonly act: string
  /** Offset of the first byte in the file that it came from, added to offsets in messages. Default 0. */
  readonly base?: number
}

/** `0x40`: how offsets stand in messages. */
export function formatOffset(offset: number): string {
  return `0x${offset.toString(16)}`
}

const decoder = new TextDecoder('utf-8')

/**
 * Bytes with a byte order, read at explicit offsets. Every read is checked: outside of the bytes it raises the error of
 * the format with the absolute offset, so no caller repeats the check to stay safe. Nothing is copied.
 */
export class ByteView {
  readonly bytes: Uint8Array
  readonly littleEndian: boolean
  readonly base: number
  protected readonly view: DataView
  private readonly error: ErrorType
  private readonly act: string

  constructor(bytes: Uint8Array, options: ByteViewOptions) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.littleEndian = options.littleEndian
    this.base = options.base ?? 0
    this.error = options.error
    this.act = options.act
  }

  get length(): number {
    return this.bytes.length
  }

  /** The error of this format: `act: message`. */
  fail(message: string): BpfError {
    return new this.error(`${this.act}: ${message}`)
  }

  /** Raises unless `length` bytes stand at `offset`. `what` names the thing in the message. */
  need(offset: number, length: number, what = 'data'): void {
    // One comparison for NaN, negative and too large: all of them fail it.
    if (offset >= 0 && length >= 0 && offset + length <= this.bytes.length) return
    throw this.fail(
      `${what} at ${formatOffset(this.base + offset)}: ${length} bytes wanted, ${Math.max(0, this.bytes.length - offset)} left`,
    )
  }

  u8(offset: number, what?: string): number {
    this.need(offset, 1, what)
    return this.view.getUint8(offset)
  }

  u16(offset: number, what?: string): number {
    this.need(offset, 2, what)
    return this.view.getUint16(offset, this.littleEndian)
  }

  i16(offset: number, what?: string): number {
    this.need(offset, 2, what)
    return this.view.getInt16(offset, this.littleEndian)
  }

  u32(offset: number, what?: string): number {
    this.need(offset, 4, what)
    return this.view.getUint32(offset, this.littleEndian)
  }

  i32(offset: number, what?: string): number {
    this.need(offset, 4, what)
    return this.view.getInt32(offset, this.littleEndian)
  }

  u64(offset: number, what?: string): bigint {
    this.need(offset, 8, what)
    return this.view.getBigUint64(offset, this.littleEndian)
  }

  i64(offset: number, what?: string): bigint {
    this.need(offset, 8, what)
    return this.view.getBigInt64(offset, this.littleEndian)
  }

  /** A 64-bit size or offset as a number: above 2^53 - 1 it cannot be real and is refused. */
  size64(offset: number, what = 'value'): number {
    const value = this.u64(offset, what)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.fail(`${what} at ${formatOffset(this.base + offset)}: 0x${value.toString(16)} is out of range`)
    }
    return Number(value)
  }

  /** A live view of `length` bytes at `offset`. */
  slice(offset: number, length: number, what?: string): Uint8Array {
    this.need(offset, length, what)
    return this.bytes.subarray(offset, offset + length)
  }

  /** Text up to, and without, the zero byte that must follow. */
  cstring(offset: number, what = 'string'): string {
    const end = offset >= 0 && offset < this.bytes.length ? this.bytes.indexOf(0, offset) : -1
    if (end < 0) throw this.fail(`${what} at ${formatOffset(this.base + offset)}: not terminated`)
    return decodeText(this.bytes.subarray(offset, end))
  }
}

/** UTF-8 to text. Short names in ASCII, nearly all there are, avoid the decoder's call overhead. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length > 32) return decoder.decode(bytes)
  let text = ''
  for (const byte of bytes) {
    if (byte >= 0x80) return decoder.decode(bytes)
    text += String.fromCharCode(byte)
  }
  return text
}

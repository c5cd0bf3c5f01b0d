// SPDX-License-Identifier: BSD-2-Clause
/** Encodes `union bpf_attr` and other kernel structs from the generated layouts, and owns the memory that they point to. */
import { SyscallError } from '../errors/index.ts'
import type { Kernel, UserBuffer } from './kernel.ts'
import { Piece, type Scratch, scratchOf } from './scratch.ts'

/** Where a field lies inside a struct, in bytes. */
export interface FieldLayout {
  readonly offset: number
  readonly size: number
}

/** A struct as the generated layouts describe it. */
export interface StructLayout {
  readonly size: number
  readonly fields: Readonly<Record<string, FieldLayout>>
}

/** What a field may be set to: an integer, the address of a buffer, or raw bytes (`char[]`, cut to leave nothing over). */
export type FieldValue = number | bigint | UserBuffer | Uint8Array | undefined

/** Values by field name; what is not named stays zero. */
export type FieldValues<L extends StructLayout> = { readonly [K in keyof L['fields']]?: FieldValue }

/** A number of at least 0 as 64 bits: exact up to 2^53, and far quicker than through a bigint. */
export function putLong(view: DataView, offset: number, value: number, little: boolean): void {
  view.setUint32(offset + (little ? 0 : 4), value, little)
  view.setUint32(offset + (little ? 4 : 0), value / 0x1_0000_0000, little)
}

function isBuffer(value: object): value is UserBuffer {
  return 'address' in value
}

function putNumber(view: DataView, { offset, size }: FieldLayout, value: number | bigint, little: boolean): void {
  switch (size) {
    case 1:
      view.setUint8(offset, Number(value) & 0xff)
      return
    case 2:
      view.setUint16(offset, Number(value) & 0xffff, little)
      return
    case 4:
      // DataView keeps the low 32 bits of a number, negative ones included.
      view.setUint32(offset, typeof value === 'number' ? value : Number(BigInt.asUintN(32, value)), little)
      return
    case 8:
      if (typeof value === 'number' && value >= 0) putLong(view, offset, value, little)
      else view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), little)
      return
    default:
      throw new RangeError(`encode struct: a field of ${size} bytes takes bytes, not a number`)
  }
}

/** Bytes of the struct with the given fields set. */
export function encodeStruct<L extends StructLayout>(layout: L, values: FieldValues<L>, little: boolean): Uint8Array {
  const buffer = new ArrayBuffer(layout.size)
  const bytes = new Uint8Array(buffer)
  const view = new DataView(buffer)
  for (const name in values) {
    const value: FieldValue = values[name]
    const field = layout.fields[name]
    if (!field) throw new RangeError(`encode struct: no field ${name}`)
    if (value === undefined || value === 0) continue
    if (typeof value === 'number' || typeof value === 'bigint') putNumber(view, field, value, little)
    else if (value instanceof Piece) putLong(view, field.offset, value.at, little)
    else if (isBuffer(value)) view.setBigUint64(field.offset, value.address, little)
    else bytes.set(value.subarray(0, field.size), field.offset)
  }
  return bytes
}

/** An unsigned field as a number; 64-bit fields above 2^53 lose bits, see {@link getBigField}. */
export function getField<L extends StructLayout>(
  layout: L,
  bytes: Uint8Array,
  name: keyof L['fields'] & string,
  little: boolean,
): number {
  return Number(getBigField(layout, bytes, name, little))
}

/** An unsigned field as a bigint. A field that lies beyond the end of `bytes` (an older kernel's struct) reads as 0. */
export function getBigField<L extends StructLayout>(
  layout: L,
  bytes: Uint8Array,
  name: keyof L['fields'] & string,
  little: boolean,
): bigint {
  const field = layout.fields[name]
  if (!field) throw new RangeError(`decode struct: no field ${name}`)
  if (field.offset + field.size > bytes.length) return 0n
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (field.size) {
    case 1:
      return BigInt(view.getUint8(field.offset))
    case 2:
      return BigInt(view.getUint16(field.offset, little))
    case 4:
      return BigInt(view.getUint32(field.offset, little))
    case 8:
      return view.getBigUint64(field.offset, little)
    default:
      throw new RangeError(`decode struct: field ${name} of ${field.size} bytes is not a number`)
  }
}

/** The bytes of a field, such as a name or a tag. */
export function getFieldBytes<L extends StructLayout>(
  layout: L,
  bytes: Uint8Array,
  name: keyof L['fields'] & string,
): Uint8Array {
  const field = layout.fields[name]
  if (!field) throw new RangeError(`decode struct: no field ${name}`)
  return bytes.slice(field.offset, field.offset + field.size)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Text up to the first NUL. */
export function decodeCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** Bytes of the text with a NUL behind. */
export function encodeCString(text: string): Uint8Array {
  return encoder.encode(`${text}\0`)
}

/**
 * One system call: buffers allocated through it live until it is disposed.
 *
 * ```ts
 * using call = new BpfCall(kernel)
 * call.run('BPF_OBJ_GET', BPF_OBJ_GET, ATTR_OBJ_GET, { pathname: call.text('/sys/fs/bpf/x') })
 * ```
 */
export class BpfCall implements Disposable {
  readonly kernel: Kernel
  readonly #scratch: Scratch
  #own: UserBuffer[] | undefined
  #open = true

  constructor(kernel: Kernel) {
    this.kernel = kernel
    this.#scratch = scratchOf(kernel)
    this.#scratch.enter()
  }

  #allocOwn(length: number): UserBuffer {
    const buffer = this.kernel.memory.alloc(length)
    this.#own ??= []
    this.#own.push(buffer)
    return buffer
  }

  /** A zeroed buffer. */
  alloc(length: number): UserBuffer {
    const buffer = this.#scratch.cut(length)
    if (!buffer) return this.#allocOwn(length)
    buffer.bytes.fill(0)
    return buffer
  }

  /** A copy of the bytes in the kernel's view of user memory. */
  copy(bytes: Uint8Array): UserBuffer {
    const buffer = this.#scratch.cut(bytes.length) ?? this.#allocOwn(bytes.length)
    buffer.bytes.set(bytes)
    return buffer
  }

  /** The text with a NUL behind. */
  text(text: string): UserBuffer {
    return this.copy(encodeCString(text))
  }

  /** Unsigned 32-bit numbers in the kernel's byte order. */
  words(numbers: readonly number[]): UserBuffer {
    const bytes = new Uint8Array(numbers.length * 4)
    const view = new DataView(bytes.buffer)
    numbers.forEach((n, i) => {
      view.setUint32(i * 4, n, this.kernel.facts.littleEndian)
    })
    return this.copy(bytes)
  }

  /** Unsigned 64-bit numbers in the kernel's byte order. */
  longs(numbers: readonly (number | bigint)[]): UserBuffer {
    const bytes = new Uint8Array(numbers.length * 8)
    const view = new DataView(bytes.buffer)
    numbers.forEach((n, i) => {
      view.setBigUint64(i * 8, BigInt.asUintN(64, BigInt(n)), this.kernel.facts.littleEndian)
    })
    return this.copy(bytes)
  }

  /** Encodes, calls, and returns the answer as it is with the attr as the kernel left it. */
  attempt<L extends StructLayout>(
    cmd: number,
    layout: L,
    values: FieldValues<L>,
  ): { result: number; attr: Uint8Array } {
    const attr = encodeStruct(layout, values, this.kernel.facts.littleEndian)
    return { result: this.kernel.bpf(cmd, attr), attr }
  }

  /** Encodes and calls; raises SyscallError where the kernel refuses. `detail` says about what in the error. */
  run<L extends StructLayout>(name: string, cmd: number, layout: L, values: FieldValues<L>, detail?: string): number {
    const { result } = this.attempt(cmd, layout, values)
    if (result < 0) throw new SyscallError(name, -result, detail)
    return result
  }

  [Symbol.dispose](): void {
    if (!this.#open) return
    this.#open = false
    this.#scratch.leave()
    if (this.#own) for (const buffer of this.#own) buffer[Symbol.dispose]()
  }
}

// SPDX-License-Identifier: BSD-2-Clause
import { ByteWriter, encodeText } from '../bytes/index.ts'
import { BtfError } from '../errors/index.ts'
import { BTF_MAGIC, type Btf, parseBtf } from './btf.ts'
import { BTF_KINDS, type BtfComposite, type BtfEnum, type BtfKind, type BtfMember, type BtfType } from './types.ts'

const HEADER_SIZE = 24

export interface BtfBuilderOptions {
  /** Default true. */
  readonly littleEndian?: boolean
  /** To make split BTF that extends this. */
  readonly base?: Btf | undefined
}

/** The string section under construction: each string once. */
class StringPool {
  private readonly writer: ByteWriter
  private readonly offsets = new Map<string, number>()
  private readonly start: number

  constructor(littleEndian: boolean, start: number) {
    this.writer = new ByteWriter(littleEndian)
    this.start = start
    this.offsets.set('', 0)
    // Split BTF uses the empty string of its base.
    if (start === 0) this.writer.u8(0)
  }

  offset(text: string): number {
    const known = this.offsets.get(text)
    if (known !== undefined) return known
    if (text.includes('\0')) throw new BtfError(`encode .BTF: string ${JSON.stringify(text)}: has a zero byte`)
    const offset = this.start + this.writer.length
    this.writer.put(encodeText(text)).u8(0)
    this.offsets.set(text, offset)
    return offset
  }

  finish(): Uint8Array {
    return this.writer.finish()
  }
}

/**
 * Makes BTF: types are added as plain data and refer to each other by id, also to ids that are added later. Types can be
 * replaced until the bytes are made.
 */
export class BtfBuilder {
  readonly littleEndian: boolean
  readonly base: Btf | undefined
  readonly startId: number
  private readonly types: BtfType[] = []
  private readonly strings: StringPool

  constructor(options: BtfBuilderOptions = {}) {
    this.base = options.base
    this.littleEndian = options.littleEndian ?? options.base?.littleEndian ?? true
    this.startId = options.base ? options.base.nextId : 1
    this.strings = new StringPool(this.littleEndian, options.base ? options.base.stringEnd : 0)
  }

  /** A builder that starts with the own types of `btf`, under the same ids. String offsets change. */
  static from(btf: Btf): BtfBuilder {
    const builder = new BtfBuilder({ littleEndian: btf.littleEndian, base: btf.base })
    for (const id of btf.ownIds()) builder.add(btf.type(id))
    return builder
  }

  /** Id that the next added type gets. */
  get nextId(): number {
    return this.startId + this.types.length
  }

  /** Adds a type and returns its id. */
  add(type: BtfType): number {
    if (type.kind === 'VOID') throw new BtfError('encode .BTF: void has no record')
    this.types.push(type)
    return this.startId + this.types.length - 1
  }

  private indexOf(id: number): number {
    const index = id - this.startId
    if (!(index >= 0 && index < this.types.length)) throw new BtfError(`encode .BTF: type ${id} does not exist`)
    return index
  }

  /** The type added under this id. */
  type(id: number): BtfType {
    return this.types[this.indexOf(id)]!
  }

  /** Replaces a type. */
  set(id: number, type: BtfType): void {
    this.types[this.indexOf(id)] = type
  }

  /** Offset of a string in the string section, added if it is not there: for records of `.BTF.ext`. */
  string(text: string): number {
    return this.strings.offset(text)
  }

  /** The encoded BTF. */
  finish(): Uint8Array {
    const types = new ByteWriter(this.littleEndian, 4096)
    const encoder = new TypeEncoder(types, this.strings)
    for (const [index, type] of this.types.entries()) encoder.put(type, this.startId + index)
    const typeBytes = types.finish()
    const stringBytes = this.strings.finish()
    return new ByteWriter(this.littleEndian, HEADER_SIZE + typeBytes.length + stringBytes.length)
      .u16(BTF_MAGIC)
      .u8(1)
      .u8(0)
      .u32(HEADER_SIZE)
      .u32(0)
      .u32(typeBytes.length)
      .u32(typeBytes.length)
      .u32(stringBytes.length)
      .put(typeBytes)
      .put(stringBytes)
      .finish()
  }

  /** The encoded BTF, parsed. */
  build(): Btf {
    return parseBtf(this.finish(), { base: this.base })
  }
}

const KIND_NUMBERS = new Map<BtfKind, number>(BTF_KINDS.map((kind, number) => [kind, number]))

class TypeEncoder {
  private readonly writer: ByteWriter
  private readonly strings: StringPool
  private where = ''

  constructor(writer: ByteWriter, strings: StringPool) {
    this.writer = writer
    this.strings = strings
  }

  private fail(message: string): BtfError {
    return new BtfError(`encode .BTF: ${this.where}: ${message}`)
  }

  /** A value of an unsigned field. */
  private field(value: number, max: number, what: string): number {
    if (!Number.isInteger(value) || value < 0 || value > max) throw this.fail(`${what} ${value} is out of range`)
    return value
  }

  private head(type: BtfType, vlen: number, kindFlag: boolean, sizeOrType: number): ByteWriter {
    this.field(vlen, 0xffff, 'number of elements')
    this.field(sizeOrType, 0xffffffff, 'size or type')
    const info = ((kindFlag ? 0x80000000 : 0) | (KIND_NUMBERS.get(type.kind)! << 24) | vlen) >>> 0
    return this.writer.u32(this.strings.offset(type.name)).u32(info).u32(sizeOrType)
  }

  put(type: BtfType, id: number): void {
    this.where = `type ${id}`
    switch (type.kind) {
      case 'VOID':
        throw this.fail('void has no record')
      case 'INT':
        this.head(type, 0, false, type.size).u32(
          (this.field(type.encoding, 0xf, 'encoding') << 24) |
            (this.field(type.bitOffset, 0xff, 'bit offset') << 16) |
            this.field(type.bits, 0xff, 'bits'),
        )
        break
      case 'ARRAY':
        this.head(type, 0, false, 0)
          .u32(type.type)
          .u32(type.indexType)
          .u32(this.field(type.count, 0xffffffff, 'count'))
        break
      case 'STRUCT':
      case 'UNION':
        this.putComposite(type)
        break
      case 'ENUM':
      case 'ENUM64':
        this.putEnum(type)
        break
      case 'FUNC_PROTO':
        this.head(type, type.params.length, false, type.returnType)
        for (const param of type.params) this.writer.u32(this.strings.offset(param.name)).u32(param.type)
        break
      case 'DATASEC':
        this.head(type, type.vars.length, false, type.size)
        for (const info of type.vars) this.writer.u32(info.type).u32(info.offset).u32(info.size)
        break
      default:
        this.putSimple(type)
    }
  }

  private putSimple(type: Exclude<BtfType, { kind: 'VOID' | 'INT' | 'ARRAY' | 'FUNC_PROTO' | 'DATASEC' }>): void {
    switch (type.kind) {
      case 'FWD':
        this.head(type, 0, type.union, 0)
        break
      case 'FUNC':
        this.head(type, type.linkage, false, type.type)
        break
      case 'VAR':
        this.head(type, 0, false, type.type).u32(type.linkage)
        break
      case 'FLOAT':
        this.head(type, 0, false, type.size)
        break
      case 'DECL_TAG':
        this.head(type, 0, type.kindFlag, type.type).u32(type.componentIndex)
        break
      case 'TYPE_TAG':
        this.head(type, 0, type.kindFlag, type.type)
        break
      case 'PTR':
      case 'CONST':
      case 'VOLATILE':
      case 'RESTRICT':
      case 'TYPEDEF':
        this.head(type, 0, false, type.type)
    }
  }

  private memberOffset(member: BtfMember, kindFlag: boolean): number {
    const max = kindFlag ? 0xffffff : 0xffffffff
    const offset = this.field(member.bitOffset, max, `member ${JSON.stringify(member.name)}: bit offset`)
    const bits = this.field(member.bitSize, kindFlag ? 0xff : 0, `member ${JSON.stringify(member.name)}: bit size`)
    return ((bits << 24) | offset) >>> 0
  }

  private putComposite(type: BtfComposite): void {
    this.head(type, type.members.length, type.kindFlag, type.size)
    for (const member of type.members) {
      this.writer.u32(this.strings.offset(member.name)).u32(member.type).u32(this.memberOffset(member, type.kindFlag))
    }
  }

  private putEnum(type: BtfEnum): void {
    this.head(type, type.values.length, type.signed, type.size)
    const bits = type.kind === 'ENUM' ? 32 : 64
    for (const { name, value } of type.values) {
      const wrapped = type.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
      if (wrapped !== value) throw this.fail(`enumerator ${JSON.stringify(name)}: ${value} does not fit`)
      this.writer.u32(this.strings.offset(name)).u32(Number(BigInt.asUintN(32, value)))
      if (type.kind === 'ENUM64') this.writer.u32(Number(BigInt.asUintN(32, value >> 32n)))
    }
  }
}

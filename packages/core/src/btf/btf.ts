// SPDX-License-Identifier: BSD-2-Clause
import { ByteView, formatOffset, StringTable } from '../bytes/index.ts'
import { BtfError } from '../errors/index.ts'
import { decodeType, trailingBytes } from './decode.ts'
import { alignOf, resolveType, sizeOf } from './layout.ts'
import { type FoundMember, findMember } from './members.ts'
import { BTF_KINDS, type BtfKind, type BtfType, type BtfVoid } from './types.ts'

export const BTF_MAGIC = 0xeb9f
const HEADER_SIZE = 24
const TYPE_SIZE = 12

export interface ParseBtfOptions {
  /** For split BTF: what it extends. Types and strings continue the base's numbering. */
  readonly base?: Btf | undefined
  /** Name of the thing in errors, default `.BTF`. */
  readonly what?: string
}

const VOID: BtfVoid = { kind: 'VOID', name: '' }

/**
 * Type information, parsed. Parsing makes an index of offsets only; type objects and names are made when they are asked
 * for, so the 6 MB of a kernel cost milliseconds.
 */
export class Btf {
  readonly bytes: Uint8Array
  readonly littleEndian: boolean
  readonly base: Btf | undefined
  /** Id of the first own type: 1, or the base's {@link nextId}. */
  readonly startId: number
  /** Number of own types, void not counted. */
  readonly count: number
  /** Size of a pointer in the described program. */
  readonly pointerSize = 8
  private readonly view: ByteView
  /** Offset in {@link bytes} of each own type. */
  private readonly offsets: Uint32Array
  private readonly strings: StringTable
  private readonly stringBase: number
  private readonly types = new Map<number, BtfType>()
  private nameIndex: Map<string, number[]> | undefined

  constructor(view: ByteView, base: Btf | undefined) {
    this.view = view
    this.bytes = view.bytes
    this.littleEndian = view.littleEndian
    this.base = base
    this.startId = base ? base.nextId : 1
    this.stringBase = base ? base.stringEnd : 0
    const header = parseHeader(view, base !== undefined)
    this.strings = new StringTable(header.strings)
    this.offsets = indexTypes(view, header.typeStart, header.typeEnd, this.startId, this.stringEnd)
    this.count = this.offsets.length
  }

  /** One past the last id. */
  get nextId(): number {
    return this.startId + this.count
  }

  /** One past the last valid string offset, the base's strings included. */
  get stringEnd(): number {
    return this.stringBase + this.strings.length
  }

  /** The error of this format: `parse .BTF: message`. */
  fail(message: string): BtfError {
    return this.view.fail(message)
  }

  /** Whether the id is void or a type of this BTF or its base. */
  has(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.nextId
  }

  private offsetOf(id: number): number {
    const offset = this.offsets[id - this.startId]
    if (offset === undefined) throw this.fail(`type ${id} does not exist, the last is ${this.nextId - 1}`)
    return offset
  }

  /** Whether the id belongs to the base. */
  private isBaseId(id: number): this is { readonly base: Btf } {
    return this.base !== undefined && id < this.startId && id >= 0
  }

  /** The type with this id. @throws BtfError if there is none. */
  type(id: number): BtfType {
    if (id === 0) return VOID
    if (this.isBaseId(id)) return this.base.type(id)
    let type = this.types.get(id)
    if (!type) {
      type = decodeType(this, this.view, id, this.offsetOf(id))
      this.types.set(id, type)
    }
    return type
  }

  /** The type with this id if it is of that kind. */
  typeAs<K extends BtfKind>(id: number, kind: K): (BtfType & { readonly kind: K }) | undefined {
    const type = this.type(id)
    return type.kind === kind ? (type as BtfType & { readonly kind: K }) : undefined
  }

  kindOf(id: number): BtfKind {
    if (id === 0) return 'VOID'
    if (this.isBaseId(id)) return this.base.kindOf(id)
    return BTF_KINDS[(this.view.u32(this.offsetOf(id) + 4) >>> 24) & 0x1f]!
  }

  /** Name of a type, empty for those without one. */
  nameOf(id: number): string {
    if (id === 0) return ''
    if (this.isBaseId(id)) return this.base.nameOf(id)
    return this.string(this.view.u32(this.offsetOf(id)))
  }

  /** The string at an offset of the (joined) string section. */
  string(offset: number): string {
    if (offset < this.stringBase) return this.base!.string(offset)
    return this.strings.at(offset - this.stringBase, 'string')
  }

  /** Encoded form of one own type: a live view. */
  rawType(id: number): Uint8Array {
    const offset = this.offsetOf(id)
    const info = this.view.u32(offset + 4)
    return this.view.slice(offset, TYPE_SIZE + trailingBytes((info >>> 24) & 0x1f, info & 0xffff))
  }

  /** All ids but void's: the base's first. */
  *ids(): IterableIterator<number> {
    for (let id = 1; id < this.nextId; id++) yield id
  }

  /** The own ids. */
  *ownIds(): IterableIterator<number> {
    for (let id = this.startId; id < this.nextId; id++) yield id
  }

  private ownNames(): Map<string, number[]> {
    if (this.nameIndex) return this.nameIndex
    const index = new Map<string, number[]>()
    for (let id = this.startId; id < this.nextId; id++) {
      const name = this.nameOf(id)
      if (name === '') continue
      const known = index.get(name)
      if (known) known.push(id)
      else index.set(name, [id])
    }
    this.nameIndex = index
    return index
  }

  /** Ids of all types with this name, the base's first, in ascending order. */
  findAll(name: string, kind?: BtfKind): number[] {
    const found = this.base ? this.base.findAll(name, kind) : []
    for (const id of this.ownNames().get(name) ?? []) if (!kind || this.kindOf(id) === kind) found.push(id)
    return found
  }

  /** Id of the first type with this name (and kind), undefined if there is none. */
  find(name: string, kind?: BtfKind): number | undefined {
    return this.findAll(name, kind)[0]
  }

  /** The own names, for searches other than by equality. */
  names(): IterableIterator<string> {
    return this.ownNames().keys()
  }

  /** Size in bytes. @throws BtfError for what has none (void, functions, forward declarations) and for endless types. */
  sizeOf(id: number): number {
    return sizeOf(this, id)
  }

  /** Natural alignment in bytes, 1 for packed structs. */
  alignOf(id: number): number {
    return alignOf(this, id)
  }

  /** The id behind typedefs, const, volatile, restrict and type tags. */
  resolve(id: number): number {
    return resolveType(this, id, true)
  }

  /** The id behind const, volatile, restrict and type tags; stops at a typedef. */
  skipModifiers(id: number): number {
    return resolveType(this, id, false)
  }

  /** A member by name, also in anonymous structs and unions inside. */
  member(id: number, name: string): FoundMember | undefined {
    return findMember(this, id, name)
  }
}

interface Header {
  readonly typeStart: number
  readonly typeEnd: number
  readonly strings: ByteView
}

function parseHeader(view: ByteView, split: boolean): Header {
  const version = view.u8(2, 'header')
  if (version !== 1) throw view.fail(`header at 0x2: unknown version ${version}`)
  const headerSize = view.u32(4, 'header')
  if (headerSize < HEADER_SIZE) throw view.fail(`header at 0x4: header size ${headerSize}, expected at least 24`)
  view.need(0, headerSize, 'header')
  const typeOffset = view.u32(8)
  const typeSize = view.u32(12)
  const stringOffset = view.u32(16)
  const stringSize = view.u32(20)
  if (typeOffset % 4 !== 0) throw view.fail(`header at 0x8: type section offset ${typeOffset} is not a multiple of 4`)
  const typeStart = headerSize + typeOffset
  const stringStart = headerSize + stringOffset
  view.need(typeStart, typeSize, 'type section')
  const bytes = view.slice(stringStart, stringSize, 'string section')
  if (typeOffset < stringOffset + stringSize && stringOffset < typeOffset + typeSize) {
    throw view.fail('header at 0x8: type section and string section overlap')
  }
  if (stringSize === 0 ? !split : bytes[stringSize - 1] !== 0) {
    throw view.fail(`string section at ${formatOffset(stringStart)}: not terminated`)
  }
  if (!split && bytes[0] !== 0) {
    throw view.fail(`string section at ${formatOffset(stringStart)}: does not start with the empty string`)
  }
  const strings = new ByteView(bytes, {
    littleEndian: view.littleEndian,
    error: BtfError,
    act: 'parse .BTF',
    base: stringStart,
  })
  return { typeStart, typeEnd: typeStart + typeSize, strings }
}

/** Offsets of the types; checks what can be checked without looking at another type. */
function indexTypes(view: ByteView, start: number, end: number, startId: number, stringEnd: number): Uint32Array {
  const offsets = new Uint32Array(Math.floor((end - start) / TYPE_SIZE))
  let count = 0
  let at = start
  while (at < end) {
    const fail = (message: string) => view.fail(`type ${startId + count} at ${formatOffset(at)}: ${message}`)
    if (end - at < TYPE_SIZE) throw fail(`${TYPE_SIZE} bytes wanted, ${end - at} left`)
    const info = view.u32(at + 4)
    const kind = (info >>> 24) & 0x1f
    if (kind === 0 || kind >= BTF_KINDS.length) throw fail(`unknown kind ${kind}`)
    const size = TYPE_SIZE + trailingBytes(kind, info & 0xffff)
    if (size > end - at) throw fail(`${size} bytes wanted, ${end - at} left`)
    const name = view.u32(at)
    if (name >= stringEnd) throw fail(`name offset ${formatOffset(name)} is outside of the string section`)
    offsets[count++] = at
    at += size
  }
  return offsets.slice(0, count)
}

/**
 * Parses a `.BTF` section or a file such as /sys/kernel/btf/vmlinux, of either byte order. Not copied: the bytes must
 * not change while it is in use.
 * @throws BtfError with the place
 */
export function parseBtf(bytes: Uint8Array, options: ParseBtfOptions = {}): Btf {
  const act = `parse ${options.what ?? '.BTF'}`
  if (bytes.length < HEADER_SIZE) {
    throw new BtfError(`${act}: header at 0x0: ${HEADER_SIZE} bytes wanted, ${bytes.length} left`)
  }
  const littleEndian = bytes[0] === 0x9f && bytes[1] === 0xeb
  if (!littleEndian && !(bytes[0] === 0xeb && bytes[1] === 0x9f)) {
    throw new BtfError(`${act}: header at 0x0: no BTF magic`)
  }
  if (options.base && options.base.littleEndian !== littleEndian) {
    throw new BtfError(`${act}: header at 0x0: byte order differs from the base's`)
  }
  return new Btf(new ByteView(bytes, { littleEndian, error: BtfError, act }), options.base)
}

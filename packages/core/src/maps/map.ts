// SPDX-License-Identifier: BSD-2-Clause
import { type Btf, parseBtf } from '../btf/index.ts'
import { EBUSY, RuleError, SyscallError } from '../errors/index.ts'
import {
  BPF_F_LINK,
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY,
  BPF_STRUCT_OPS,
  MAP_TYPE_NAMES,
} from '../gen/uapi-enums.gen.ts'
import { btfInfo, type MapInfo, mapInfo } from '../load/info.ts'
import { type Kernel, type Mapping, PROT_READ, PROT_WRITE } from '../load/kernel.ts'
import { BpfLink, CallLink, type Link } from '../load/links/link.ts'
import type { StructOpsTable } from '../load/struct-ops.ts'
import { linkCreate } from '../load/syscalls/link.ts'
import * as sys from '../load/syscalls/map.ts'
import { getFdById, objGet, objPin } from '../load/syscalls/object.ts'
import type { MapSpec } from '../object/spec.ts'
import { ArenaMemory } from './arena.ts'
import { MapCodec, type MapShape } from './codec.ts'
import type { PlainValue } from './plain.ts'

/** A key and its value. */
export type MapEntry = [key: PlainValue, value: PlainValue]

/** Answer of a batch. */
export interface MapBatch {
  readonly entries: MapEntry[]
  /** Give it to the next call; undefined at the end of the map. */
  readonly cursor: Uint8Array | undefined
}

/**
 * A map in a kernel. Keys and values are JavaScript values by their BTF types, or bytes: see `PlainValue`. Per-CPU
 * values are lists with a value for every possible CPU.
 *
 * Every method raises SyscallError where the kernel refuses and RuleError where a value does not fit its type.
 */
export class BpfMap implements Disposable {
  readonly kernel: Kernel
  readonly codec: MapCodec
  #fd: number
  readonly #owned: boolean
  readonly #table: StructOpsTable | undefined
  #arena: ArenaMemory | undefined

  /** `owned`: whether disposing it closes the fd. */
  constructor(kernel: Kernel, fd: number, shape: MapShape, owned = true, table?: StructOpsTable) {
    this.kernel = kernel
    this.#fd = fd
    this.#owned = owned
    this.codec = new MapCodec(shape, kernel.facts)
    this.#table = table
  }

  /** The map that a Spec describes. */
  static ofSpec(
    kernel: Kernel,
    fd: number,
    spec: MapSpec,
    btf: Btf | undefined,
    owned: boolean,
    made: { readonly table?: StructOpsTable | undefined; readonly mapping?: Mapping | undefined } = {},
  ): BpfMap {
    const { name, type, keySize, maxEntries, flags, keyTypeId, valueTypeId } = spec
    // The kernel may have rounded; what it says about sizes counts.
    const info = mapInfo(kernel, fd)
    const shape = {
      name,
      type,
      keySize,
      valueSize: info.valueSize,
      maxEntries: info.maxEntries || maxEntries,
      flags: info.flags || flags,
      btf,
      keyTypeId,
      valueTypeId: spec.origin === 'struct_ops' ? 0 : valueTypeId,
    }
    const map = new BpfMap(kernel, fd, shape, owned, made.table)
    if (made.mapping) map.#arena = new ArenaMemory(name, made.mapping, spec.variables, btf)
    return map
  }

  /** A map by an fd that stays the caller's unless `owned`; its types are fetched from the kernel. */
  static fromFd(kernel: Kernel, fd: number, owned = false): BpfMap {
    const info = mapInfo(kernel, fd)
    const {
      name,
      type,
      keySize,
      valueSize,
      maxEntries,
      flags,
      btfKeyTypeId: keyTypeId,
      btfValueTypeId: valueTypeId,
    } = info
    const btf = info.btfId ? fetchBtf(kernel, info.btfId) : undefined
    return new BpfMap(
      kernel,
      fd,
      { name, type, keySize, valueSize, maxEntries, flags, btf, keyTypeId, valueTypeId },
      owned,
    )
  }

  /** A new map without types. */
  static create(kernel: Kernel, params: sys.MapCreateParams): BpfMap {
    return BpfMap.fromFd(kernel, sys.mapCreate(kernel, params), true)
  }

  /** The map pinned at a path. */
  static fromPin(kernel: Kernel, path: string): BpfMap {
    return BpfMap.fromFd(kernel, objGet(kernel, path), true)
  }

  /** The map with an id. */
  static fromId(kernel: Kernel, id: number): BpfMap {
    return BpfMap.fromFd(kernel, getFdById(kernel, 'map', id), true)
  }

  /** Its file descriptor. @throws RuleError after it was closed */
  get fd(): number {
    if (this.#fd < 0) throw new RuleError(`use map '${this.name}': it was closed`)
    return this.#fd
  }

  get name(): string {
    return this.codec.shape.name
  }

  /** BPF_MAP_TYPE_*. */
  get type(): number {
    return this.codec.shape.type
  }

  get keySize(): number {
    return this.codec.shape.keySize
  }

  /** Bytes of a value, of one CPU's in per-CPU maps. */
  get valueSize(): number {
    return this.codec.shape.valueSize
  }

  get maxEntries(): number {
    return this.codec.shape.maxEntries
  }

  /** What the kernel knows about it. */
  info(): MapInfo {
    return mapInfo(this.kernel, this.fd)
  }

  /** The value at a key, undefined if there is none. */
  lookup(key: PlainValue, flags = 0): PlainValue | undefined {
    const bytes = this.lookupBytes(key, flags)
    return bytes && this.codec.decodeValue(bytes)
  }

  /** The value at a key as bytes, of all CPUs in per-CPU maps. */
  lookupBytes(key: PlainValue, flags = 0): Uint8Array | undefined {
    const value = new Uint8Array(this.codec.userValueSize)
    return sys.mapLookupElem(this.kernel, this.fd, this.codec.encodeKey(key), value, flags) ? value : undefined
  }

  /** Stores a value; `flags`: BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2, BPF_F_LOCK 4. */
  update(key: PlainValue, value: PlainValue, flags = 0): void {
    sys.mapUpdateElem(this.kernel, this.fd, this.codec.encodeKey(key), this.codec.encodeValue(value), flags)
  }

  /** Deletes; whether there was something. */
  delete(key: PlainValue): boolean {
    return sys.mapDeleteElem(this.kernel, this.fd, this.codec.encodeKey(key))
  }

  /** Takes a value out, undefined if there is none. */
  lookupAndDelete(key: PlainValue, flags = 0): PlainValue | undefined {
    return this.#take(this.codec.encodeKey(key), flags)
  }

  #take(key: Uint8Array, flags = 0): PlainValue | undefined {
    const value = new Uint8Array(this.codec.userValueSize)
    return sys.mapLookupAndDeleteElem(this.kernel, this.fd, key, value, flags)
      ? this.codec.decodeValue(value)
      : undefined
  }

  /** Adds to a queue, a stack or a bloom filter. */
  push(value: PlainValue, flags = 0): void {
    sys.mapUpdateElem(this.kernel, this.fd, new Uint8Array(), this.codec.encodeValue(value), flags)
  }

  /** Takes from a queue or a stack, undefined if it is empty. */
  pop(): PlainValue | undefined {
    return this.#take(new Uint8Array())
  }

  /** What `pop` would take; of a bloom filter, whether `value` may have been added (then it is returned). */
  peek(value?: PlainValue): PlainValue | undefined {
    const bytes = value === undefined ? new Uint8Array(this.codec.userValueSize) : this.codec.encodeValue(value).slice()
    return sys.mapLookupElem(this.kernel, this.fd, new Uint8Array(), bytes) ? this.codec.decodeValue(bytes) : undefined
  }

  /** The key after `key`, the first without one; undefined at the end. */
  nextKey(key?: PlainValue): PlainValue | undefined {
    const next = new Uint8Array(this.keySize)
    const after = key === undefined ? undefined : this.codec.encodeKey(key)
    return sys.mapGetNextKey(this.kernel, this.fd, after, next) ? this.codec.decodeKey(next) : undefined
  }

  *#keyBytes(): Generator<Uint8Array> {
    let key: Uint8Array | undefined
    for (;;) {
      const next = new Uint8Array(this.keySize)
      if (!sys.mapGetNextKey(this.kernel, this.fd, key, next)) return
      key = next
      yield next
    }
  }

  /** All keys. A map that changes meanwhile may show keys twice or not at all. */
  *keys(): Generator<PlainValue> {
    for (const key of this.#keyBytes()) yield this.codec.decodeKey(key)
  }

  /** All keys and values; what vanishes between the two calls is left out. */
  *entries(): Generator<MapEntry> {
    const value = new Uint8Array(this.codec.userValueSize)
    for (const key of this.#keyBytes()) {
      if (sys.mapLookupElem(this.kernel, this.fd, key, value))
        yield [this.codec.decodeKey(key), this.codec.decodeValue(value)]
    }
  }

  [Symbol.iterator](): Generator<MapEntry> {
    return this.entries()
  }

  #batchShape(): sys.BatchShape {
    const { keySize } = this
    return { fd: this.fd, keySize, valueSize: this.codec.userValueSize, cursorSize: Math.max(keySize, 4) }
  }

  /** Up to `count` elements in one call; `remove` takes them out. Goes on from the cursor of the answer before. */
  lookupBatch(count: number, cursor?: Uint8Array, remove = false): MapBatch {
    const { keySize } = this
    const { userValueSize } = this.codec
    const batch = sys.mapLookupBatch(this.kernel, this.#batchShape(), count, cursor, remove)
    const entries = Array.from(
      { length: batch.count },
      (_, i): MapEntry => [
        this.codec.decodeKey(batch.keys.subarray(i * keySize, (i + 1) * keySize)),
        this.codec.decodeValue(batch.values.subarray(i * userValueSize, (i + 1) * userValueSize)),
      ],
    )
    return { entries, cursor: batch.cursor }
  }

  #join(parts: readonly Uint8Array[], size: number): Uint8Array {
    const bytes = new Uint8Array(parts.length * size)
    parts.forEach((part, i) => {
      bytes.set(part, i * size)
    })
    return bytes
  }

  /** Stores elements in one call; the number stored. */
  updateBatch(entries: readonly MapEntry[], elemFlags = 0): number {
    const keys = this.#join(
      entries.map(([key]) => this.codec.encodeKey(key)),
      this.keySize,
    )
    const values = this.#join(
      entries.map(([, value]) => this.codec.encodeValue(value)),
      this.codec.userValueSize,
    )
    return sys.mapUpdateBatch(this.kernel, this.fd, keys, values, entries.length, elemFlags)
  }

  /** Deletes elements in one call; the number deleted. */
  deleteBatch(keys: readonly PlainValue[], elemFlags = 0): number {
    const bytes = this.#join(
      keys.map((key) => this.codec.encodeKey(key)),
      this.keySize,
    )
    return sys.mapDeleteBatch(this.kernel, this.fd, bytes, keys.length, elemFlags)
  }

  /** Makes it read-only for user space, for ever. */
  freeze(): void {
    sys.mapFreeze(this.kernel, this.fd)
  }

  /** The memory of an arena, as its object's loader mapped it. @throws RuleError for a map without */
  get arena(): ArenaMemory {
    if (!this.#arena) throw new RuleError(`map memory of '${this.name}': it is no arena that an object's loader mapped`)
    return this.#arena
  }

  /** Its memory, for array maps with BPF_F_MMAPABLE and arenas: elements lie 8-byte aligned one behind the other. */
  mmap(writable = true): Mapping {
    const { pageSize } = this.kernel.facts
    const bytes =
      this.type === BPF_MAP_TYPE_ARRAY
        ? this.codec.stride * this.maxEntries
        : this.type === BPF_MAP_TYPE_ARENA
          ? this.maxEntries * pageSize
          : 0
    if (bytes === 0)
      throw new RuleError(`map memory of '${this.name}': ${MAP_TYPE_NAMES[this.type]} has none, arrays do`)
    const length = Math.ceil(bytes / pageSize) * pageSize
    const prot = writable ? PROT_READ | PROT_WRITE : PROT_READ
    const mapping = this.kernel.mmap(this.fd, length, 0, prot, this.info().mapExtra)
    if (typeof mapping === 'number') throw new SyscallError('mmap', -mapping, `map '${this.name}'`)
    return mapping
  }

  /**
   * Registers the programs of a struct_ops map: `programs` gives the fd for each name. Without BPF_F_LINK (section
   * `.struct_ops`) the element itself registers them, and they stay until the link is detached or the element deleted.
   */
  registerStructOps(programs: ReadonlyMap<string, { readonly fd: number }>): Link {
    if (!this.#table) throw new RuleError(`register '${this.name}': it is no struct_ops map`)
    const value = this.#table.value.slice()
    const view = new DataView(value.buffer)
    for (const { program, offset } of this.#table.members) {
      const loaded = programs.get(program)
      if (loaded) view.setBigUint64(offset, BigInt(loaded.fd), this.kernel.facts.littleEndian)
    }
    const key = new Uint8Array(4)
    if (!(this.codec.shape.flags & BPF_F_LINK)) {
      sys.mapUpdateElem(this.kernel, this.fd, key, value)
      return new CallLink(this.kernel, `struct_ops ${this.name}`, this.#unregister(key))
    }
    try {
      sys.mapUpdateElem(this.kernel, this.fd, key, value)
    } catch (error) {
      // A value that was there before cannot have changed since: links can be made of it again.
      if (!(error instanceof SyscallError) || error.errno !== EBUSY) throw error
    }
    const fd = linkCreate(this.kernel, () => ({ map_fd: this.fd, attach_type: BPF_STRUCT_OPS }), `'${this.name}'`)
    return new BpfLink(this.kernel, fd, `struct_ops ${this.name}`)
  }

  /** What is registered holds the map, which may have been closed here before. */
  #unregister(key: Uint8Array): () => void {
    const { kernel } = this
    const { id } = this.info()
    return () => {
      const again = this.#fd < 0 ? getFdById(kernel, 'map', id) : undefined
      try {
        sys.mapDeleteElem(kernel, again ?? this.#fd, key)
      } finally {
        if (again !== undefined) kernel.close(again)
      }
    }
  }

  /** Keeps it in bpffs beyond the life of this process. */
  pin(path: string): void {
    objPin(this.kernel, this.fd, path)
  }

  [Symbol.dispose](): void {
    if (this.#owned && this.#fd >= 0) this.kernel.close(this.#fd)
    this.#fd = -1
  }
}

function fetchBtf(kernel: Kernel, id: number): Btf {
  const fd = getFdById(kernel, 'btf', id)
  try {
    return parseBtf(btfInfo(kernel, fd, true).bytes)
  } finally {
    kernel.close(fd)
  }
}

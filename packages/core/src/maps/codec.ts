// SPDX-License-Identifier: BSD-2-Clause
/** Keys and values of one map: bytes to JavaScript and back. */
import type { Btf } from '../btf/index.ts'
import { RuleError } from '../errors/index.ts'
import * as U from '../gen/uapi-enums.gen.ts'
import type { KernelFacts } from '../load/kernel.ts'
import { isPerCpu, userValueSize } from '../load/map-create.ts'
import { loadWord, storeSmall } from './layout.ts'
import { type PlainValue, readPlain } from './plain.ts'
import { writePlain } from './plain-write.ts'

/** What a map is made of. */
export interface MapShape {
  readonly name: string
  /** BPF_MAP_TYPE_*. */
  readonly type: number
  readonly keySize: number
  /** Bytes of a value; of one CPU's in per-CPU maps. */
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  readonly btf?: Btf | undefined
  readonly keyTypeId?: number
  readonly valueTypeId?: number
}

/** Maps whose keys are indexes. */
const INDEXED: ReadonlySet<number> = new Set([
  U.BPF_MAP_TYPE_ARRAY,
  U.BPF_MAP_TYPE_PERCPU_ARRAY,
  U.BPF_MAP_TYPE_PROG_ARRAY,
  U.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  U.BPF_MAP_TYPE_CGROUP_ARRAY,
  U.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  U.BPF_MAP_TYPE_DEVMAP,
  U.BPF_MAP_TYPE_CPUMAP,
  U.BPF_MAP_TYPE_XSKMAP,
  U.BPF_MAP_TYPE_SOCKMAP,
  U.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  U.BPF_MAP_TYPE_STRUCT_OPS,
])

/** Maps whose values user space gives as fds and reads as ids. */
const REFERENCES: ReadonlySet<number> = new Set([
  U.BPF_MAP_TYPE_PROG_ARRAY,
  U.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  U.BPF_MAP_TYPE_CGROUP_ARRAY,
  U.BPF_MAP_TYPE_ARRAY_OF_MAPS,
  U.BPF_MAP_TYPE_HASH_OF_MAPS,
])

export class MapCodec {
  readonly shape: MapShape
  readonly facts: KernelFacts
  readonly perCpu: boolean
  /** Bytes of a value as the system call takes it. */
  readonly userValueSize: number
  /** Bytes between the CPUs' slots. */
  readonly stride: number
  /** How errors name the two. */
  readonly #keyName: string
  readonly #valueName: string

  constructor(shape: MapShape, facts: KernelFacts) {
    this.shape = shape
    this.facts = facts
    this.perCpu = isPerCpu(shape.type)
    this.userValueSize = userValueSize(shape.type, shape.valueSize, facts)
    this.stride = Math.ceil(shape.valueSize / 8) * 8
    this.#keyName = `key of '${shape.name}'`
    this.#valueName = `value of '${shape.name}'`
  }

  /** Integers of 1, 2, 4 or 8 bytes, for maps without types. */
  #integer(bytes: Uint8Array, value: PlainValue, what: string): boolean {
    if (![1, 2, 4, 8].includes(bytes.length)) return false
    if (storeSmall(bytes, value, bytes.length * 8, this.facts.littleEndian)) return true
    if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isInteger(value))) return false
    const bits = bytes.length * 8
    const number = BigInt(value)
    if (number >= 1n << BigInt(bits) || number < -(1n << BigInt(bits - 1))) {
      throw new RuleError(`set ${what}: ${number} does not fit in ${bytes.length} bytes`)
    }
    let rest = BigInt.asUintN(bits, number)
    for (let i = 0; i < bytes.length; i++) {
      bytes[this.facts.littleEndian ? i : bytes.length - 1 - i] = Number(rest & 0xffn)
      rest >>= 8n
    }
    return true
  }

  #encode(size: number, typeId: number | undefined, value: PlainValue, what: string): Uint8Array {
    if (value instanceof Uint8Array) {
      if (value.length !== size) throw new RuleError(`set ${what}: ${value.length} bytes, expected ${size}`)
      return value
    }
    const bytes = new Uint8Array(size)
    const { btf } = this.shape
    if (btf && typeId) writePlain(btf, typeId, bytes, value, what)
    else if (!this.#integer(bytes, value, what))
      throw new RuleError(`set ${what}: it has no type, ${size} bytes are expected`)
    return bytes
  }

  /** Bytes of a key; the bytes themselves where it is given so. */
  encodeKey(key: PlainValue): Uint8Array {
    const { keySize, keyTypeId } = this.shape
    return this.#encode(keySize, keyTypeId, key, this.#keyName)
  }

  /** A key as JavaScript: by its type, as number where it is an index, as bytes otherwise. */
  decodeKey(bytes: Uint8Array): PlainValue {
    const { btf, keyTypeId, type } = this.shape
    if (btf && keyTypeId) return readPlain(btf, keyTypeId, bytes)
    return INDEXED.has(type) && bytes.length === 4 ? this.#word(bytes) : bytes.slice()
  }

  #word(bytes: Uint8Array): number {
    return loadWord(bytes, 0, 4, this.facts.littleEndian)
  }

  /** Bytes of a value; per-CPU maps take a list with a value for every possible CPU. */
  encodeValue(value: PlainValue): Uint8Array {
    const { valueSize, valueTypeId } = this.shape
    const what = this.#valueName
    if (value instanceof Uint8Array && value.length === this.userValueSize) return value
    if (!this.perCpu) return this.#encode(valueSize, valueTypeId, value, what)
    const cpus = this.facts.possibleCpus
    if (!Array.isArray(value) || value.length !== cpus) {
      throw new RuleError(`set ${what}: a list with a value for each of ${cpus} CPUs is expected`)
    }
    const bytes = new Uint8Array(this.userValueSize)
    value.forEach((part, cpu) => {
      bytes.set(this.#encode(valueSize, valueTypeId, part, `${what} on CPU ${cpu}`), cpu * this.stride)
    })
    return bytes
  }

  #decodeOne(bytes: Uint8Array): PlainValue {
    const { btf, valueTypeId, type } = this.shape
    if (btf && valueTypeId) return readPlain(btf, valueTypeId, bytes)
    return REFERENCES.has(type) && bytes.length === 4 ? this.#word(bytes) : bytes.slice()
  }

  /** A value as JavaScript; of per-CPU maps a list by CPU. */
  decodeValue(bytes: Uint8Array): PlainValue {
    if (!this.perCpu) return this.#decodeOne(bytes)
    const { valueSize } = this.shape
    return Array.from({ length: this.facts.possibleCpus }, (_, cpu) =>
      this.#decodeOne(bytes.subarray(cpu * this.stride, cpu * this.stride + valueSize)),
    )
  }
}

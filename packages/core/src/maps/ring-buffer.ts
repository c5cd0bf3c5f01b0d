// SPDX-License-Identifier: BSD-2-Clause
/**
 * Ring buffers between programs and user space.
 *
 *   page 0   consumer position (u64)          BPF_MAP_TYPE_RINGBUF: user space writes page 0 and reads the rest;
 *   page 1   producer position (u64)          BPF_MAP_TYPE_USER_RINGBUF: the other way round
 *   page 2…  data, mapped twice so that no record wraps
 *
 * A record: u32 length with BUSY in bit 31 and DISCARD in bit 30, u32 page offset, data, padded to 8 bytes.
 */
import { RuleError, SyscallError } from '../errors/index.ts'
import {
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_USER_RINGBUF,
  BPF_RINGBUF_DISCARD_BIT,
  BPF_RINGBUF_HDR_SZ,
  MAP_TYPE_NAMES,
} from '../gen/uapi-enums.gen.ts'
import { type Kernel, type Mapping, PROT_READ, PROT_WRITE } from '../load/kernel.ts'
import type { BpfMap } from './map.ts'
import { loadLong, loadWord, storeLong, storeWord } from './shared.ts'

const BUSY_BIT = 0x80000000
const LENGTH_MASK = 0x3fffffff

/** Both mappings of a ring buffer. */
class RingMappings implements Disposable {
  readonly kernel: Kernel
  readonly fd: number
  readonly size: number
  readonly consumer: Mapping
  readonly producer: Mapping

  constructor(map: BpfMap, type: number, writable: 'consumer' | 'producer') {
    if (map.type !== type)
      throw new RuleError(
        `open ring buffer '${map.name}': it is ${MAP_TYPE_NAMES[map.type]}, expected ${MAP_TYPE_NAMES[type]}`,
      )
    const { pageSize } = map.kernel.facts
    this.kernel = map.kernel
    this.fd = map.fd
    this.size = map.maxEntries
    const rights = (side: string) => (side === writable ? PROT_READ | PROT_WRITE : PROT_READ)
    this.consumer = this.#map(pageSize, 0, rights('consumer'))
    try {
      this.producer = this.#map(pageSize + 2 * this.size, pageSize, rights('producer'))
    } catch (error) {
      this.consumer[Symbol.dispose]()
      throw error
    }
  }

  #map(length: number, offset: number, prot: number): Mapping {
    const mapping = this.kernel.mmap(this.fd, length, offset, prot)
    if (typeof mapping === 'number') throw new SyscallError('mmap', -mapping, 'ring buffer')
    return mapping
  }

  get little(): boolean {
    return this.kernel.facts.littleEndian
  }

  get consumerPosition(): bigint {
    return loadLong(this.consumer.bytes, 0, this.little)
  }

  set consumerPosition(position: bigint) {
    storeLong(this.consumer.bytes, 0, position, this.little)
  }

  get producerPosition(): bigint {
    return loadLong(this.producer.bytes, 0, this.little)
  }

  set producerPosition(position: bigint) {
    storeLong(this.producer.bytes, 0, position, this.little)
  }

  /** Offset in the producer's mapping of the record at a position. */
  place(position: bigint): number {
    return this.kernel.facts.pageSize + Number(position & BigInt(this.size - 1))
  }

  [Symbol.dispose](): void {
    this.consumer[Symbol.dispose]()
    this.producer[Symbol.dispose]()
  }
}

/** Bytes that a record takes. */
function recordSize(length: number): number {
  return Math.ceil((length + BPF_RINGBUF_HDR_SZ) / 8) * 8
}

/** Called with a copy of each record. */
export type RecordHandler = (data: Uint8Array) => void

/** Reads what programs write into a BPF_MAP_TYPE_RINGBUF. */
export class RingBuffer implements Disposable {
  readonly #ring: RingMappings

  constructor(map: BpfMap) {
    this.#ring = new RingMappings(map, BPF_MAP_TYPE_RINGBUF, 'consumer')
  }

  /** Hands on what is there now; the number of records. Discarded ones are passed over. */
  consume(handler: RecordHandler): number {
    const ring = this.#ring
    let count = 0
    let position = ring.consumerPosition
    while (position < ring.producerPosition) {
      const at = ring.place(position)
      const header = loadWord(ring.producer.bytes, at, ring.little)
      // Reserved and not yet submitted: everything behind it waits.
      if (header & BUSY_BIT) break
      const length = header & LENGTH_MASK
      const start = at + BPF_RINGBUF_HDR_SZ
      const discarded = (header & BPF_RINGBUF_DISCARD_BIT) !== 0
      const data = discarded ? undefined : ring.producer.bytes.slice(start, start + length)
      position += BigInt(recordSize(length))
      ring.consumerPosition = position
      if (!data) continue
      count++
      handler(data)
    }
    return count
  }

  /** Waits until there is something, at most `timeoutMs` (-1: for ever), and hands it on; the number of records. */
  async poll(handler: RecordHandler, timeoutMs = -1): Promise<number> {
    const count = this.consume(handler)
    if (count > 0) return count
    await this.#ring.kernel.wait([this.#ring.fd], timeoutMs)
    return this.consume(handler)
  }

  /** Records as they come, until the loop is left. */
  async *records(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const records: Uint8Array[] = []
      await this.poll((data) => records.push(data))
      yield* records
    }
  }

  [Symbol.dispose](): void {
    this.#ring[Symbol.dispose]()
  }
}

/** A place in a user ring buffer that is being filled. */
export interface UserRecord {
  /** Live view; fetch it again after a system call. */
  readonly bytes: Uint8Array
  /** Hands it to the programs. */
  submit(): void
  /** Takes it back: programs pass over it. */
  discard(): void
}

/** Writes into a BPF_MAP_TYPE_USER_RINGBUF, from which programs drain. */
export class UserRingBuffer implements Disposable {
  readonly #ring: RingMappings

  constructor(map: BpfMap) {
    this.#ring = new RingMappings(map, BPF_MAP_TYPE_USER_RINGBUF, 'producer')
  }

  /** Room for a record, undefined while the buffer is too full. @throws RuleError for one that never fits */
  reserve(length: number): UserRecord | undefined {
    const ring = this.#ring
    const total = recordSize(length)
    if (length < 0 || total > ring.size) {
      throw new RuleError(
        `reserve ${length} bytes: the ring buffer has ${ring.size}, ${BPF_RINGBUF_HDR_SZ} go to the header`,
      )
    }
    const position = ring.producerPosition
    const free = BigInt(ring.size) - (position - ring.consumerPosition)
    if (free < BigInt(total)) return undefined
    const at = ring.place(position)
    storeWord(ring.producer.bytes, at + 4, 0, ring.little)
    storeWord(ring.producer.bytes, at, (length | BUSY_BIT) >>> 0, ring.little)
    ring.producerPosition = position + BigInt(total)
    const finish = (header: number) => storeWord(ring.producer.bytes, at, header, ring.little)
    return {
      get bytes() {
        const start = at + BPF_RINGBUF_HDR_SZ
        return ring.producer.bytes.subarray(start, start + length)
      },
      submit: () => finish(length),
      discard: () => finish(length | BPF_RINGBUF_DISCARD_BIT),
    }
  }

  /** Writes a record; false while the buffer is too full. */
  write(data: Uint8Array): boolean {
    const record = this.reserve(data.length)
    if (!record) return false
    record.bytes.set(data)
    record.submit()
    return true
  }

  [Symbol.dispose](): void {
    this.#ring[Symbol.dispose]()
  }
}

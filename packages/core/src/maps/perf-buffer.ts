// SPDX-License-Identifier: BSD-2-Clause
/**
 * Perf rings, one per CPU, into which programs write with bpf_perf_event_output.
 *
 *   page 0   struct perf_event_mmap_page: data_head (kernel), data_tail (user space)
 *   page 1…  records: { u32 type, u16 misc, u16 size, … }, wrapping at the end
 */
import { RuleError, SyscallError } from '../errors/index.ts'
import { PERF_EVENT_IOC_ENABLE, PERF_FLAG_FD_CLOEXEC } from '../gen/system.gen.ts'
import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  PERF_COUNT_SW_BPF_OUTPUT,
  PERF_RECORD_LOST,
  PERF_RECORD_SAMPLE,
  PERF_SAMPLE_RAW,
  PERF_TYPE_SOFTWARE,
} from '../gen/uapi-enums.gen.ts'
import { perf_event_attr, perf_event_mmap_page } from '../gen/uapi-layouts.gen.ts'
import { encodeStruct } from '../load/attr.ts'
import { type Kernel, type Mapping, PROT_READ, PROT_WRITE } from '../load/kernel.ts'
import type { BpfMap } from './map.ts'
import { loadLong, storeLong } from './shared.ts'

const HEAD = perf_event_mmap_page.fields.data_head.offset
const TAIL = perf_event_mmap_page.fields.data_tail.offset
const HEADER_SIZE = 8

/** What a perf buffer hands on. */
export interface PerfHandlers {
  /** A record that a program wrote: a copy. */
  readonly sample: (data: Uint8Array, cpu: number) => void
  /** Records that found no room. */
  readonly lost?: (count: bigint, cpu: number) => void
}

class CpuRing implements Disposable {
  readonly kernel: Kernel
  readonly cpu: number
  readonly fd: number
  readonly #mapping: Mapping
  readonly #size: number

  constructor(kernel: Kernel, cpu: number, fd: number, pages: number) {
    this.kernel = kernel
    this.cpu = cpu
    this.fd = fd
    const { pageSize } = kernel.facts
    this.#size = pages * pageSize
    const mapping = kernel.mmap(fd, pageSize + this.#size, 0, PROT_READ | PROT_WRITE)
    if (typeof mapping === 'number') throw new SyscallError('mmap', -mapping, `perf ring of CPU ${cpu}`)
    this.#mapping = mapping
  }

  /** Bytes at a position, put together where they wrap. */
  #read(position: bigint, length: number): Uint8Array {
    const data = this.#mapping.bytes.subarray(this.kernel.facts.pageSize)
    const at = Number(position % BigInt(this.#size))
    const first = Math.min(length, this.#size - at)
    const bytes = new Uint8Array(length)
    bytes.set(data.subarray(at, at + first))
    bytes.set(data.subarray(0, length - first), first)
    return bytes
  }

  consume(handlers: PerfHandlers): number {
    const little = this.kernel.facts.littleEndian
    let count = 0
    const head = loadLong(this.#mapping.bytes, HEAD, little)
    let tail = loadLong(this.#mapping.bytes, TAIL, little)
    while (tail < head) {
      const header = new DataView(this.#read(tail, HEADER_SIZE).buffer)
      const size = header.getUint16(6, little)
      if (size < HEADER_SIZE) break
      const record = this.#read(tail, size)
      tail += BigInt(size)
      storeLong(this.#mapping.bytes, TAIL, tail, little)
      const view = new DataView(record.buffer)
      const type = header.getUint32(0, little)
      if (type === PERF_RECORD_SAMPLE) {
        const length = view.getUint32(HEADER_SIZE, little)
        handlers.sample(record.slice(HEADER_SIZE + 4, HEADER_SIZE + 4 + length), this.cpu)
        count++
      } else if (type === PERF_RECORD_LOST) handlers.lost?.(view.getBigUint64(HEADER_SIZE + 8, little), this.cpu)
    }
    return count
  }

  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]()
    this.kernel.close(this.fd)
  }
}

/** Reads what programs write into a BPF_MAP_TYPE_PERF_EVENT_ARRAY. */
export class PerfBuffer implements Disposable {
  readonly #kernel: Kernel
  readonly #rings: CpuRing[] = []

  /** `pages` of each CPU's ring: a power of two. */
  constructor(map: BpfMap, pages = 8) {
    if (map.type !== BPF_MAP_TYPE_PERF_EVENT_ARRAY)
      throw new RuleError(`open perf buffer '${map.name}': it is no perf event array`)
    if (pages < 1 || (pages & (pages - 1)) !== 0)
      throw new RuleError(`open perf buffer: ${pages} pages are no power of two`)
    this.#kernel = map.kernel
    try {
      const cpus = Math.min(map.kernel.facts.onlineCpus, map.maxEntries)
      for (let cpu = 0; cpu < cpus; cpu++) this.#open(map, cpu, pages)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  #open(map: BpfMap, cpu: number, pages: number): void {
    const kernel = this.#kernel
    const fields = {
      type: PERF_TYPE_SOFTWARE,
      size: perf_event_attr.size,
      config: PERF_COUNT_SW_BPF_OUTPUT,
      sample_period: 1,
      sample_type: PERF_SAMPLE_RAW,
      wakeup_events: 1,
    }
    const attr = encodeStruct(perf_event_attr, fields, kernel.facts.littleEndian)
    const fd = kernel.perfEventOpen(attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)
    if (fd < 0) throw new SyscallError('perf_event_open', -fd, `CPU ${cpu}`)
    let ring: CpuRing
    try {
      ring = new CpuRing(kernel, cpu, fd, pages)
    } catch (error) {
      kernel.close(fd)
      throw error
    }
    this.#rings.push(ring)
    map.update(cpu, fd)
    const enabled = kernel.ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)
    if (enabled < 0) throw new SyscallError('ioctl', -enabled, 'PERF_EVENT_IOC_ENABLE')
  }

  /** Hands on what is there now; the number of records. */
  consume(handlers: PerfHandlers): number {
    return this.#rings.reduce((count, ring) => count + ring.consume(handlers), 0)
  }

  /** Waits until there is something, at most `timeoutMs` (-1: for ever), and hands it on; the number of records. */
  async poll(handlers: PerfHandlers, timeoutMs = -1): Promise<number> {
    const count = this.consume(handlers)
    if (count > 0) return count
    await this.#kernel.wait(
      this.#rings.map((ring) => ring.fd),
      timeoutMs,
    )
    return this.consume(handlers)
  }

  [Symbol.dispose](): void {
    for (const ring of this.#rings.splice(0)) ring[Symbol.dispose]()
  }
}

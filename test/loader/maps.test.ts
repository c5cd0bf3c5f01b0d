// SPDX-License-Identifier: BSD-2-Clause
/** Maps of the running kernel as JavaScript sees them. */
import { BpfMap, ids, mapInfo, PerfBuffer, progInfo, RingBuffer, RuleError, UserRingBuffer } from '@skep/core'
import * as U from '@skep/core/uapi'
import { isolated } from '@skep/native-loader/testing'
import { describe, expect, test } from 'vitest'
import { eachKernel, fixture, ipv4Frame, needIsolation } from './fixtures.ts'

const at = eachKernel()
const frame = ipv4Frame(6)
const array = { type: U.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 4 }
const hash = { type: U.BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 4, maxEntries: 64 }

/** Keys and values of 4 bytes. */
function word(value: number): Uint8Array {
  return Uint8Array.from([value, value >> 8, value >> 16, value >> 24])
}

describe('by type information', () => {
  test('structs, bit fields, enums, text, unions', () => {
    using loaded = fixture('world').load(at.kernel)
    const flows = loaded.maps.get('flows')!
    const key = { source: 0xc0a80001, port: 443, protocol: 6, flags: 5, version: 17 }
    const value = { packets: 2n ** 40n, delta: -7, color: 'BLUE', name: 'eth0', whole: 0x01020304 }
    flows.update(key, value)
    expect(flows.lookup(key)).toEqual({
      packets: 2n ** 40n,
      delta: -7,
      color: 7,
      name: 'eth0',
      whole: 0x01020304,
      halves: [0x0304, 0x0102],
    })
    expect([...flows.keys()]).toEqual([key])
    expect(flows.lookupBytes(key)?.subarray(0, 8)).toEqual(Uint8Array.from([0, 0, 0, 0, 0, 1, 0, 0]))
    expect(flows.lookup({ ...key, port: 80 })).toBeUndefined()
    expect(flows.delete(key)).toBe(true)
    expect(flows.delete(key)).toBe(false)
    expect(() => flows.update({ port: 65536 }, {})).toThrow("set key of 'flows'.port: 65536 is not in 0 to 65535")
    expect(() => flows.update({ flags: 8 }, {})).toThrow(RuleError)
    expect(() => flows.update({ nonsense: 1 }, {})).toThrow("no member 'nonsense'")
  })

  test('types come back from the kernel', () => {
    using loaded = fixture('world').load(at.kernel)
    const own = loaded.maps.get('flows')!
    own.update({ source: 1 }, { packets: 3n })
    using other = BpfMap.fromId(at.kernel, own.info().id)
    expect(other.lookup({ source: 1 })).toMatchObject({ packets: 3n })
  })

  test('per-CPU values are lists', () => {
    using loaded = fixture('world').load(at.kernel)
    const map = loaded.maps.get('per_cpu')!
    const cpus = at.kernel.facts.possibleCpus
    const values = Array.from({ length: cpus }, (_, cpu) => cpu + 1)
    map.update(1, values)
    expect(map.lookup(1)).toEqual(values)
    expect(map.lookupBytes(1)).toHaveLength(8 * cpus)
    expect(() => map.update(1, 5)).toThrow('a list with a value for each of')
  })

  test('queues', () => {
    using loaded = fixture('world').load(at.kernel)
    const queue = loaded.maps.get('queue')!
    for (const value of [3, 1, 2]) queue.push(value)
    expect(queue.peek()).toBe(3)
    expect([queue.pop(), queue.pop(), queue.pop(), queue.pop()]).toEqual([3, 1, 2, undefined])
  })
})

describe('without types', () => {
  test('flags, iteration, lookup and delete', () => {
    using map = BpfMap.create(at.kernel, hash)
    map.update(1, 10, U.BPF_NOEXIST)
    expect(() => map.update(1, 11, U.BPF_NOEXIST)).toThrow('EEXIST')
    expect(() => map.update(2, 11, U.BPF_EXIST)).toThrow('ENOENT')
    map.update(2, 20)
    expect([...map].map(([key]) => (key as Uint8Array)[0]).sort()).toEqual([1, 2])
    expect(map.lookupAndDelete(1)).toEqual(word(10))
    expect(map.lookup(1)).toBeUndefined()
    expect(map.nextKey()).toEqual(word(2))
    expect(map.nextKey(2)).toBeUndefined()
    expect(() => map.update(2 ** 33, 1)).toThrow('does not fit in 4 bytes')
  })

  test('batches', () => {
    using map = BpfMap.create(at.kernel, hash)
    const entries = Array.from({ length: 50 }, (_, i): [number, number] => [i, i * i])
    expect(map.updateBatch(entries)).toBe(50)
    const seen = new Map<number, number>()
    let cursor: Uint8Array | undefined
    do {
      const batch = map.lookupBatch(32, cursor)
      for (const [key, value] of batch.entries as [Uint8Array, Uint8Array][]) {
        seen.set(new DataView(key.buffer).getUint32(0, true), new DataView(value.buffer).getUint32(0, true))
      }
      cursor = batch.cursor
    } while (cursor)
    expect([...seen].sort((a, b) => a[0] - b[0])).toEqual(entries)
    expect(map.deleteBatch([1, 2, 3])).toBe(3)
    expect(map.lookup(2)).toBeUndefined()
    expect(map.lookupBatch(64, undefined, true).entries).toHaveLength(47)
    expect([...map]).toHaveLength(0)
  })

  test('memory of an array', () => {
    using map = BpfMap.create(at.kernel, { ...array, flags: U.BPF_F_MMAPABLE })
    using memory = map.mmap()
    map.update(2, 0x0102030405060708n)
    expect([...memory.bytes.subarray(16, 24)]).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
    memory.bytes[16] = 0xff
    expect(map.lookupBytes(2)?.[0]).toBe(0xff)
  })

  test('freezing', () => {
    using map = BpfMap.create(at.kernel, array)
    map.freeze()
    expect(() => map.update(0, 1n)).toThrow('EPERM')
    expect(map.lookup(0)).toHaveLength(8)
  })

  test('ids and facts', () => {
    using map = BpfMap.create(at.kernel, { ...array, name: 'found_by_id' })
    const { id } = map.info()
    expect([...ids(at.kernel, 'map')]).toContain(id)
    expect(mapInfo(at.kernel, map.fd)).toMatchObject({ name: 'found_by_id', keySize: 4, valueSize: 8, maxEntries: 4 })
  })

  test('pinning', async (context) => {
    needIsolation(context)
    await isolated({ mounts: true }, ({ kernel, bpffs }) => {
      using map = BpfMap.create(kernel, array)
      map.update(3, 33n)
      map.pin(`${bpffs}/numbers`)
      using again = BpfMap.fromPin(kernel, `${bpffs}/numbers`)
      expect(again.lookupBytes(3)?.[0]).toBe(33)
      expect(kernel.unlink(`${bpffs}/numbers`)).toBe(0)
      expect(() => BpfMap.fromPin(kernel, `${bpffs}/numbers`)).toThrow('ENOENT')
    })
  })
})

describe('rings', () => {
  test('ring buffer: records in order, discarded ones passed over', async () => {
    using loaded = fixture('world').load(at.kernel)
    using ring = new RingBuffer(loaded.maps.get('events')!)
    const emit = loaded.programs.get('emit')!
    expect(emit.testRun({ dataIn: frame }).retval).toBe(0)
    const records: Uint8Array[] = []
    expect(await ring.poll((data) => records.push(data), 1000)).toBe(2)
    expect(records).toEqual([Uint8Array.from([5, 0, 0, 0, 0, 0, 0, 0]), new TextEncoder().encode('hello\0\0\0')])
    expect(ring.consume(() => {})).toBe(0)
    // More than the buffer holds at once: 8192 bytes, 48 a run.
    for (let i = 0; i < 400; i++) {
      expect(emit.testRun({ dataIn: frame }).retval).toBe(0)
      expect(ring.consume((data) => expect(data).toHaveLength(8))).toBe(2)
    }
  })

  test('user ring buffer: programs drain what is written', () => {
    using loaded = fixture('world').load(at.kernel)
    using ring = new UserRingBuffer(loaded.maps.get('commands')!)
    const number = (value: number) => Uint8Array.from([value, 0, 0, 0, 0, 0, 0, 0])
    expect(ring.write(number(7))).toBe(true)
    expect(ring.write(number(8))).toBe(true)
    const dropped = ring.reserve(8)!
    dropped.bytes.set(number(100))
    dropped.discard()
    expect(loaded.programs.get('drain')!.testRun({ dataIn: frame }).retval).toBe(2)
    expect(loaded.maps.get('.data')!.lookup(0)).toMatchObject({ total: 5n + 7n + 8n })
    let written = 0
    while (ring.write(number(1))) written++
    expect(written).toBe(4096 / 16)
    expect(() => ring.reserve(5000)).toThrow(RuleError)
  })

  test('perf buffer: a sample from the CPU that ran', async () => {
    using loaded = fixture('world').load(at.kernel)
    using buffer = new PerfBuffer(loaded.maps.get('samples')!)
    expect(loaded.programs.get('sample')!.testRun({ dataIn: frame }).retval).toBe(0)
    const samples: bigint[][] = []
    const sample = (data: Uint8Array) => {
      const view = new DataView(data.buffer)
      samples.push([view.getBigUint64(0, true), view.getBigUint64(8, true)])
    }
    expect(await buffer.poll({ sample }, 1000)).toBe(1)
    expect(samples).toEqual([[5n, 64n]])
  })
})

test('what the kernel says about a program', () => {
  using loaded = fixture('world').load(at.kernel)
  const run = loaded.programs.get('run')!
  const info = run.info({ xlated: true })
  expect(info).toMatchObject({ name: 'run', typeName: 'BPF_PROG_TYPE_SOCKET_FILTER', gplCompatible: true })
  expect(info.tag).toMatch(/^[0-9a-f]{16}$/)
  expect(info.xlated).toHaveLength(info.xlatedLength)
  expect(info.mapIds).toContain(loaded.maps.get('per_cpu')!.info().id)
  expect(info.verifiedInsns).toBeGreaterThan(0)
  expect([...ids(at.kernel, 'prog')]).toContain(info.id)
  expect(progInfo(at.kernel, run.fd).xlated).toHaveLength(0)
})

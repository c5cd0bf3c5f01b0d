// SPDX-License-Identifier: GPL-2.0-only
/** What Linux documents of its map types (bpf(2), Documentation/bpf/map_*.rst), on the virtual kernel. */
import {
  mapDeleteElem,
  mapFreeze,
  mapGetNextKey,
  mapLookupAndDeleteElem,
  mapLookupElem,
  mapUpdateElem,
} from '@skep/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { createVirtualKernel, type VirtualKernel } from '../src/index.ts'
import * as C from './calls.ts'

const EPERM = 1
const ENOENT = 2
const E2BIG = 7
const EBUSY = 16
const EEXIST = 17
const EINVAL = 22

let kernel: VirtualKernel
beforeEach(async () => {
  kernel = await createVirtualKernel({ cpus: 2, randomSeed: 7n })
})

function get(fd: number, key: Uint8Array, size = 8): bigint | undefined {
  const value = new Uint8Array(size)
  return mapLookupElem(kernel, fd, key, value) ? C.longAt(value) : undefined
}
function put(fd: number, key: Uint8Array, value: bigint, flags = 0): number {
  return C.errnoOf(() => mapUpdateElem(kernel, fd, key, C.long(value), flags))
}
function keys(fd: number): number[] {
  const all: number[] = []
  const next = new Uint8Array(4)
  let key: Uint8Array | undefined
  while (mapGetNextKey(kernel, fd, key, next)) {
    key = next.slice()
    all.push(new DataView(key.buffer).getUint32(0, true))
  }
  return all
}

describe.each([
  ['preallocated', 0],
  ['allocated on demand', C.NO_PREALLOC],
])('hash, %s', (_name, flags) => {
  it('tells apart what is there and what is not', () => {
    const fd = C.map(kernel, C.HASH, 4, 8, 2, flags)
    expect(put(fd, C.words(1), 10n, C.EXIST)).toBe(ENOENT)
    expect(put(fd, C.words(1), 10n, C.NOEXIST)).toBe(0)
    expect(put(fd, C.words(1), 11n, C.NOEXIST)).toBe(EEXIST)
    expect(put(fd, C.words(1), 12n, C.EXIST)).toBe(0)
    expect(get(fd, C.words(1))).toBe(12n)
    expect(get(fd, C.words(2))).toBeUndefined()
    expect(put(fd, C.words(2), 1n, 8)).toBe(EINVAL)
  })

  it('is full with its entries, but replaces', () => {
    const fd = C.map(kernel, C.HASH, 4, 8, 2, flags)
    expect([1, 2, 3].map((key) => put(fd, C.words(key), 5n))).toEqual([0, 0, E2BIG])
    expect(put(fd, C.words(2), 6n)).toBe(0)
    expect(mapDeleteElem(kernel, fd, C.words(1))).toBe(true)
    expect(mapDeleteElem(kernel, fd, C.words(1))).toBe(false)
    expect(put(fd, C.words(3), 7n)).toBe(0)
    expect(keys(fd).sort()).toEqual([2, 3])
  })

  it('gives a value up when it is looked up and deleted', () => {
    const fd = C.map(kernel, C.HASH, 4, 8, 2, flags)
    put(fd, C.words(1), 10n)
    const value = new Uint8Array(8)
    expect(mapLookupAndDeleteElem(kernel, fd, C.words(1), value)).toBe(true)
    expect(C.longAt(value)).toBe(10n)
    expect(get(fd, C.words(1))).toBeUndefined()
  })
})

describe('array', () => {
  it('has all its elements from the start and keeps them', () => {
    const fd = C.map(kernel, C.ARRAY, 4, 8, 3)
    expect(keys(fd)).toEqual([0, 1, 2])
    expect(get(fd, C.words(2))).toBe(0n)
    expect(put(fd, C.words(2), 9n, C.NOEXIST)).toBe(EEXIST)
    expect(put(fd, C.words(3), 9n)).toBe(E2BIG)
    expect(C.errnoOf(() => mapDeleteElem(kernel, fd, C.words(0)))).toBe(EINVAL)
  })

  it('keeps a value for each CPU, padded to eight bytes', () => {
    const fd = C.map(kernel, C.PERCPU_ARRAY, 4, 4, 1)
    mapUpdateElem(kernel, fd, C.words(0), C.words(1, 0, 2, 0))
    const both = new Uint8Array(16)
    mapLookupElem(kernel, fd, C.words(0), both)
    expect(both).toEqual(C.words(1, 0, 2, 0))
  })

  it('is written by nobody once it is frozen', () => {
    const fd = C.map(kernel, C.ARRAY, 4, 8, 1)
    mapFreeze(kernel, fd)
    expect(put(fd, C.words(0), 1n)).toBe(EPERM)
    expect(get(fd, C.words(0))).toBe(0n)
    expect(C.errnoOf(() => mapFreeze(kernel, fd))).toBe(EPERM)
    const mapped = C.map(kernel, C.ARRAY, 4, 8, 1, 1 << 10)
    using mapping = mmap(mapped)
    mapping.bytes[0] = 5
    expect(get(mapped, C.words(0))).toBe(5n)
    expect(C.errnoOf(() => mapFreeze(kernel, mapped))).toBe(EBUSY)
  })

  function mmap(fd: number) {
    const mapping = kernel.mmap(fd, 4096, 0, 3)
    if (typeof mapping === 'number') throw new Error(`mmap: ${mapping}`)
    return mapping
  }
})

describe('least recently used', () => {
  it('evicts what was not looked at by programs', () => {
    const fd = C.map(kernel, C.LRU_HASH, 4, 8, 4)
    for (let key = 0; key < 40; key++) expect(put(fd, C.words(key), BigInt(key))).toBe(0)
    const left = keys(fd)
    expect(left.length).toBeLessThanOrEqual(4)
    expect(left).toContain(39)
  })
})

describe('longest prefix match', () => {
  const address = (prefix: number, ...bytes: number[]) => Uint8Array.from([...C.words(prefix), ...bytes])

  it('finds the most specific route', () => {
    const fd = C.map(kernel, C.LPM_TRIE, 8, 8, 4, C.NO_PREALLOC)
    put(fd, address(8, 10, 0, 0, 0), 8n)
    put(fd, address(16, 10, 1, 0, 0), 16n)
    put(fd, address(24, 10, 1, 2, 0), 24n)
    expect(get(fd, address(32, 10, 1, 2, 3))).toBe(24n)
    expect(get(fd, address(32, 10, 1, 3, 3))).toBe(16n)
    expect(get(fd, address(32, 10, 9, 9, 9))).toBe(8n)
    expect(get(fd, address(32, 11, 0, 0, 0))).toBeUndefined()
    expect(put(fd, address(33, 10, 0, 0, 0), 1n)).toBe(EINVAL)
  })
})

describe('maps of programs and of maps', () => {
  it('take fds and show ids', () => {
    const prog = C.load(kernel, C.returns(0))
    const jump = C.map(kernel, C.PROG_ARRAY, 4, 4, 2)
    mapUpdateElem(kernel, jump, C.words(1), C.words(prog))
    const id = new Uint8Array(4)
    expect(mapLookupElem(kernel, jump, C.words(1), id)).toBe(true)
    expect(mapLookupElem(kernel, jump, C.words(0), id)).toBe(false)
    const xdp = C.load(kernel, C.returns(2), C.XDP)
    expect(C.errnoOf(() => mapUpdateElem(kernel, jump, C.words(0), C.words(xdp)))).toBe(EINVAL)
  })

  it('take only inner maps like the first', () => {
    const inner = C.map(kernel, C.ARRAY, 4, 8, 2)
    const other = C.map(kernel, C.ARRAY, 4, 8, 3)
    const outer = C.errnoOf(() => C.map(kernel, C.ARRAY_OF_MAPS, 4, 4, 1))
    expect(outer).toBe(EINVAL)
    const fd = outerMap(inner)
    expect(C.errnoOf(() => mapUpdateElem(kernel, fd, C.words(0), C.words(other)))).toBe(EINVAL)
    mapUpdateElem(kernel, fd, C.words(0), C.words(inner))
  })

  function outerMap(inner: number): number {
    const attr = C.words(C.ARRAY_OF_MAPS, 4, 4, 1, 0, inner)
    return kernel.bpf(0, attr)
  }
})

describe('per-CPU and order', () => {
  it('walks a hash of zero seed in the order of Linux 6.18', () => {
    const fd = C.map(kernel, C.HASH, 4, 8, 8, C.ZERO_SEED)
    for (let key = 0; key < 8; key++) put(fd, C.words(key), 0n)
    // recorded with the same calls on Linux 6.18
    expect(keys(fd)).toEqual(ORDER_OF_LINUX)
  })
})

const ORDER_OF_LINUX = [0, 4, 7, 2, 1, 6, 5, 3]

// SPDX-License-Identifier: GPL-2.0-only
/** Everything that was taken is given back, hostile callers get errnos, and a snapshot is the whole kernel. */
import { mapLookupElem, mapUpdateElem, progTestRun, tryBtfLoad } from '@skep/core'
import { describe, expect, it } from 'vitest'
import { createVirtualKernel, type VirtualKernel } from '../src/index.ts'
import * as C from './calls.ts'

/** Type, key size, value size, entries, flags of a map of each type that needs no other object. */
const MAPS: [number, number, number, number, number][] = [
  [1, 4, 8, 10, 0],
  [1, 4, 8, 10, 1],
  [2, 4, 8, 10, 0],
  [3, 4, 4, 10, 0],
  [4, 4, 4, 10, 0],
  [5, 4, 8, 10, 0],
  [6, 4, 8, 10, 0],
  [7, 4, 80, 10, 0],
  [8, 4, 4, 10, 0],
  [9, 4, 8, 10, 0],
  [10, 4, 8, 10, 0],
  [11, 8, 8, 10, 1],
  [14, 4, 4, 10, 0],
  [15, 4, 4, 10, 0],
  [16, 4, 4, 10, 0],
  [17, 4, 4, 10, 0],
  [18, 4, 8, 10, 0],
  [19, 16, 8, 0, 0],
  [20, 4, 8, 10, 0],
  [21, 8, 8, 0, 0],
  [22, 0, 8, 10, 0],
  [23, 0, 8, 10, 0],
  [25, 4, 8, 10, 0],
  [27, 0, 0, 4096, 0],
  [30, 0, 8, 10, 0],
  [31, 0, 0, 4096, 0],
  [33, 0, 0, 2, 1024],
]

describe('memory', () => {
  it('is given back: 10,000 maps, programs and blobs of types', async () => {
    const kernel = await createVirtualKernel()
    const round = (n: number) => {
      const [type, key, value, max, flags] = MAPS[n % MAPS.length]!
      const map = C.map(kernel, type, key, value, max, flags)
      if (type === C.HASH) for (let i = 0; i < 5; i++) mapUpdateElem(kernel, map, C.words(i), C.long(1n))
      const prog = C.load(kernel, C.returns(n))
      expect(prog).toBeGreaterThan(0)
      const btf = tryBtfLoad(kernel, BLOB)
      for (const fd of [map, prog, btf.result]) expect(kernel.close(fd)).toBe(0)
    }
    for (let n = 0; n < 100; n++) round(n)
    const before = C.memoryUsed(kernel)
    for (let n = 0; n < 10_000 / 3; n++) round(n)
    expect(C.memoryUsed(kernel)).toBe(before)
  })

  it('is given back after refusals', async () => {
    const kernel = await createVirtualKernel()
    const refused = () => {
      expect(C.load(kernel, Uint8Array.from(C.insn(0xb7, 0, 0, 0, 0)))).toBeLessThan(0)
      expect(C.errnoOf(() => C.map(kernel, C.HASH, 4, 8, 0))).toBeGreaterThan(0)
      expect(tryBtfLoad(kernel, BLOB.subarray(0, 30), 1).result).toBeLessThan(0)
    }
    refused()
    const before = C.memoryUsed(kernel)
    for (let n = 0; n < 1000; n++) refused()
    expect(C.memoryUsed(kernel)).toBe(before)
  })

  it('has an end, which is ENOMEM', async () => {
    const kernel = await createVirtualKernel({ memoryLimit: 16 << 20 })
    expect(C.errnoOf(() => C.map(kernel, C.ARRAY, 4, 1 << 20, 1 << 10))).toBe(12)
    expect(C.errnoOf(() => C.map(kernel, C.ARRAY, 4, 1 << 30, 1 << 30))).toBe(12)
    expect(C.map(kernel, C.ARRAY, 4, 1 << 10, 1 << 10)).toBeGreaterThan(0)
  })
})

describe('hostile callers', () => {
  it('never bring the kernel down: 30,000 random attrs', async () => {
    const kernel = await createVirtualKernel()
    for (const row of MAPS) C.map(kernel, ...row)
    for (const type of [1, 3, 6, 17]) C.load(kernel, C.returns(0), type)
    using memory = kernel.memory.alloc(1 << 16)
    const random = generator(1)
    const word = () => [0, 0, 0, random(40), 0xffffffff, 0x7fffffff, Number(memory.address) + random(65536)][random(7)]!
    for (let i = 0; i < 30_000; i++) {
      const attr = C.words(...Array.from({ length: random(45) }, word))
      kernel.bpf(random(40) - 1, attr)
    }
    expect(C.load(kernel, C.returns(0))).toBeGreaterThan(0)
  })
})

/** Numbers below n, the same ones for the same seed. */
function generator(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

describe('snapshots', () => {
  const value = (kernel: VirtualKernel, fd: number) => {
    const bytes = new Uint8Array(8)
    mapLookupElem(kernel, fd, C.words(0), bytes)
    return C.longAt(bytes)
  }

  it.each(['interp', 'jit'] as const)('bring everything back (%s)', async (engine) => {
    const kernel = await createVirtualKernel({ engine })
    const map = C.map(kernel, C.ARRAY, 4, 8, 1)
    const prog = C.load(kernel, C.returns(42))
    mapUpdateElem(kernel, map, C.words(0), C.long(1n))
    const snapshot = kernel.snapshot()
    mapUpdateElem(kernel, map, C.words(0), C.long(2n))
    kernel.close(prog)
    const later = C.load(kernel, C.returns(7))
    expect(later).toBe(prog)
    kernel.restore(snapshot)
    expect(value(kernel, map)).toBe(1n)
    expect(progTestRun(kernel, prog, { dataIn: new Uint8Array(64) }).retval).toBe(42)
  })

  it('make kernels that go their own ways', async () => {
    const kernel = await createVirtualKernel()
    const map = C.map(kernel, C.ARRAY, 4, 8, 1)
    mapUpdateElem(kernel, map, C.words(0), C.long(1n))
    const other = await kernel.fork()
    mapUpdateElem(other, map, C.words(0), C.long(2n))
    expect([value(kernel, map), value(other, map)]).toEqual([1n, 2n])
  })
})

const BLOB = Uint8Array.from([
  ...[0x9f, 0xeb, 1, 0],
  ...C.words(24, 0, 16, 16, 5),
  ...C.words(1, 1 << 24, 4, 32 | (1 << 24)),
  ...[0, 105, 110, 116, 0],
])

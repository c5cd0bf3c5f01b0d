// SPDX-License-Identifier: GPL-2.0-only
/** A kernel goes back to what it was, whatever was called in between. */
import { BpfMap } from '@skep/core'
import { expect, it } from 'vitest'
import { createVirtualKernel } from '../src/index.ts'
import * as C from './calls.ts'

const SHAPE = { type: C.HASH, keySize: 4, valueSize: 8, maxEntries: 64 }

it('a snapshot of a kernel that was never called is restored under maps in use', async () => {
  using kernel = await createVirtualKernel({ kernelBtf: false })
  const fresh = kernel.snapshot()
  for (let round = 0; round < 3; round++) {
    // What the map's calls need must not lie where the kernel puts the map.
    using map = BpfMap.create(kernel, SHAPE)
    for (let i = 0; i < 64; i++) map.update(i, BigInt(i) << 40n)
    expect(
      [...map.entries()].map(([, value]) => C.longAt(value as Uint8Array) >> 40n).sort((a, b) => Number(a - b)),
    ).toEqual(Array.from({ length: 64 }, (_, i) => BigInt(i)))
    kernel.restore(fresh)
    expect(C.memoryUsed(kernel)).toBeLessThan(64 * 1024)
  }
})

it('a snapshot of another kernel is taken over, and a fork goes its own way', async () => {
  using first = await createVirtualKernel()
  const map = BpfMap.create(first, SHAPE)
  map.update(1, 10n)
  using second = await createVirtualKernel()
  // Give the other kernel a history, so that its memory is laid out otherwise.
  for (let i = 0; i < 20; i++) BpfMap.create(second, { ...SHAPE, valueSize: 100 }).update(1, new Uint8Array(100))
  second.restore(first.snapshot())
  const seen = BpfMap.fromFd(second, map.fd)
  expect(C.longAt(seen.lookup(1) as Uint8Array)).toBe(10n)
  using third = await second.fork()
  BpfMap.fromFd(third, map.fd).update(1, 11n)
  expect(C.longAt(seen.lookup(1) as Uint8Array)).toBe(10n)
  expect(C.longAt(map.lookup(1) as Uint8Array)).toBe(10n)
})

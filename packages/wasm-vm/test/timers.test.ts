// SPDX-License-Identifier: GPL-2.0-only
/** Timers of programs: fired by the clock that the caller moves, or by the host's. */
import { readFile } from 'node:fs/promises'
import { loadObject, mapLookupElem, openObject, progTestRun } from '@skep/core'
import { describe, expect, it } from 'vitest'
import { createVirtualKernel, type VirtualKernel } from '../src/index.ts'
import * as C from './calls.ts'

const MS = 1_000_000n

async function started(kernel: VirtualKernel): Promise<() => [fired: bigint, key: bigint]> {
  const spec = openObject(await readFile(new URL('./fixtures/timer.bpf.o', import.meta.url)))
  const object = loadObject(spec, kernel)
  const run = progTestRun(kernel, object.program('start').fd, { dataIn: new Uint8Array(64) })
  expect(run.retval).toBe(0)
  return () => {
    const value = new Uint8Array(32)
    mapLookupElem(kernel, object.map('timers').fd, C.words(2), value)
    return [C.longAt(value), C.longAt(value, 8)]
  }
}

describe('timers', () => {
  it('fire when the virtual clock passes their time, and again when they start themselves', async () => {
    const kernel = await createVirtualKernel({ virtualTime: 1000n * MS })
    const value = await started(kernel)
    kernel.advance(4n * MS)
    expect(value()).toEqual([0n, 0n])
    kernel.advance(1n * MS)
    expect(value()).toEqual([1n, 2n])
    kernel.advance(9n * MS)
    expect(value()).toEqual([1n, 2n])
    kernel.advance(100n * MS)
    expect(value()).toEqual([3n, 2n])
  })

  it('fire by the clock of the host', async () => {
    using kernel = await createVirtualKernel()
    const value = await started(kernel)
    const end = performance.now() + 5000
    while (value()[0] < 3n && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(value()).toEqual([3n, 2n])
  })

  it('end with their map', async () => {
    const kernel = await createVirtualKernel({ virtualTime: 1000n * MS })
    const before = C.memoryUsed(kernel)
    const spec = openObject(await readFile(new URL('./fixtures/timer.bpf.o', import.meta.url)))
    const run = () => {
      const object = loadObject(spec, kernel)
      progTestRun(kernel, object.program('start').fd, { dataIn: new Uint8Array(64) })
      object[Symbol.dispose]()
      kernel.advance(50n * MS)
    }
    run()
    const after = C.memoryUsed(kernel)
    expect(after).toBeGreaterThan(before)
    for (let i = 0; i < 20; i++) run()
    expect(C.memoryUsed(kernel)).toBe(after)
  })
})

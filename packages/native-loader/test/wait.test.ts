// SPDX-License-Identifier: BSD-2-Clause
import { SyscallError } from '@skep/core'
import { expect, test } from 'vitest'
import * as bpf from './calls.ts'

const at = bpf.eachKernel()

test('a ring buffer that a program writes to wakes the waiter, and the event loop runs meanwhile', async () => {
  const { kernel } = at
  const ring = bpf.createMap(kernel, bpf.BPF_MAP_TYPE_RINGBUF, 0, 0, 4096)
  const program = bpf.loadFilter(kernel, bpf.ringbufWriter(ring))
  let ticks = 0
  const timer = setInterval(() => ticks++, 5)
  setTimeout(() => bpf.testRun(kernel, program), 60)
  expect(await kernel.wait([ring], 5000)).toEqual([ring])
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(3)
  // The record: length 8 in the header, then the value; consumer page, producer page, data.
  const mapping = kernel.mmap(ring, 4096 + 4096, 4096, 1)
  if (typeof mapping === 'number') throw new Error(`mmap: ${mapping}`)
  expect(bpf.word(mapping.bytes, 0)).toBe(16)
  expect(bpf.word(mapping.bytes, 1024)).toBe(8)
  expect(bpf.word(mapping.bytes, 1026)).toBe(42)
  mapping[Symbol.dispose]()
})

test('only the fds that are ready are named', async () => {
  const { kernel } = at
  const [a, b] = kernel.socketpair(1, 1, 0) as [number, number]
  const [c, d] = kernel.socketpair(1, 1, 0) as [number, number]
  expect(await kernel.wait([a, b, c, d, a], 0)).toEqual([])
  kernel.send(a, new Uint8Array(1), 0)
  expect(await kernel.wait([a, b, c, d], -1)).toEqual([b])
  kernel.send(d, new Uint8Array(1), 0)
  expect((await kernel.wait([a, b, c, d], 1000)).sort()).toEqual([b, c].sort())
  // A peer that hung up counts as readable.
  kernel.close(a)
  expect(kernel.recv(b, new Uint8Array(1), 0)).toBe(1)
  expect(await kernel.wait([b], 1000)).toEqual([b])
})

test('a timeout ends a wait with nothing, not earlier', async () => {
  const { kernel } = at
  const [a] = kernel.socketpair(1, 1, 0) as [number, number]
  const start = performance.now()
  expect(await kernel.wait([a], 80)).toEqual([])
  expect(performance.now() - start).toBeGreaterThan(75)
  expect(await kernel.wait([], 5)).toEqual([])
})

test('many waits at once need no threads', async () => {
  const { kernel } = at
  const pairs = Array.from({ length: 64 }, () => kernel.socketpair(1, 1, 0) as [number, number])
  const waits = pairs.map(([, b]) => kernel.wait([b], -1))
  for (const [a] of pairs) kernel.send(a, new Uint8Array(1), 0)
  expect(await Promise.all(waits)).toEqual(pairs.map(([, b]) => [b]))
})

test('files that never block are ready; fds that are none are refused', async () => {
  const { kernel } = at
  const file = kernel.open('/proc/self/stat', 0)
  const regular = kernel.open(process.execPath, 0)
  expect(await kernel.wait([regular], 1000)).toEqual([regular])
  expect(file).toBeGreaterThan(0)
  await expect(kernel.wait([0x7fffffff], 0)).rejects.toThrow(SyscallError)
  await expect(kernel.wait([0x7fffffff], 0)).rejects.toMatchObject({ errno: 9 })
  await expect(kernel.wait('x' as unknown as number[], 0)).rejects.toThrow(TypeError)
  await expect(kernel.wait([1.5], 0)).rejects.toThrow(RangeError)
  await expect(kernel.wait([], Number.NaN)).rejects.toThrow(TypeError)
})

test('disposing the kernel ends what still waits', async () => {
  const { kernel } = at
  const [a] = kernel.socketpair(1, 1, 0) as [number, number]
  const wait = kernel.wait([a], -1)
  // The wait starts in a microtask at the latest.
  await Promise.resolve()
  kernel[Symbol.dispose]()
  expect(await wait).toEqual([])
  await expect(kernel.wait([a], 0)).rejects.toThrow('disposed')
})

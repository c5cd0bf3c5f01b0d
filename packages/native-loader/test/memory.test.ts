// SPDX-License-Identifier: BSD-2-Clause
import { fileURLToPath } from 'node:url'
import { runInChild } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import * as bpf from './calls.ts'

const at = bpf.eachKernel()
const PROT_READ = 1
const PROT_WRITE = 2

test('memory is zeroed, aligned and stays where it is', () => {
  const { kernel } = at
  const buffers = Array.from({ length: 100 }, (_, i) => kernel.memory.alloc(i))
  for (const [i, buffer] of buffers.entries()) {
    expect(buffer.length).toBe(i)
    expect(buffer.bytes.length).toBe(i)
    expect(buffer.address % 8n).toBe(0n)
    expect(buffer.address).not.toBe(0n)
    expect(buffer.bytes.every((byte) => byte === 0)).toBe(true)
  }
  expect(new Set(buffers.map(({ address }) => address)).size).toBe(100)
  for (const buffer of buffers) buffer[Symbol.dispose]()
})

test('a disposed buffer has no bytes, and old views of it are empty', () => {
  const { kernel } = at
  const buffer = kernel.memory.alloc(32)
  const view = buffer.bytes
  buffer[Symbol.dispose]()
  buffer[Symbol.dispose]()
  expect(buffer.bytes.length).toBe(0)
  expect(view.length).toBe(0)
  expect(() => kernel.bpf(0, view)).toThrow('the bytes are gone')
})

test('sizes that are none are refused', () => {
  const { kernel } = at
  for (const length of [-1, 1.5, Number.NaN, 2 ** 60, '8' as unknown as number]) {
    expect(() => kernel.memory.alloc(length)).toThrow()
  }
  // As many bytes as no machine has: a RangeError of the engine, not a crash.
  expect(() => kernel.memory.alloc(2 ** 52)).toThrow(RangeError)
})

test('an mmapable array map is shared with its mapping', () => {
  const { kernel } = at
  const map = bpf.createMap(kernel, bpf.BPF_MAP_TYPE_ARRAY, 4, 8, 4, bpf.BPF_F_MMAPABLE)
  const mapping = kernel.mmap(map, 4096, 0, PROT_READ | PROT_WRITE)
  if (typeof mapping === 'number') throw new Error(`mmap: ${mapping}`)
  expect(mapping.length).toBe(4096)
  expect(mapping.address % 4096n).toBe(0n)
  mapping.bytes[8] = 99
  using key = kernel.memory.alloc(4)
  using value = kernel.memory.alloc(8)
  key.bytes[0] = 1
  const attr = bpf.words(map, 0, ...bpf.halves(key.address), ...bpf.halves(value.address))
  expect(kernel.bpf(bpf.BPF_MAP_LOOKUP_ELEM, attr)).toBe(0)
  expect(value.bytes[0]).toBe(99)
  value.bytes[0] = 55
  expect(kernel.bpf(bpf.BPF_MAP_UPDATE_ELEM, bpf.words(...new Uint32Array(attr.buffer), 0, 0))).toBe(0)
  expect(mapping.bytes[8]).toBe(55)
  const view = mapping.bytes
  mapping[Symbol.dispose]()
  mapping[Symbol.dispose]()
  expect(view.length).toBe(0)
  expect(mapping.bytes.length).toBe(0)
})

test('mmap answers as Linux does', () => {
  const { kernel } = at
  const plain = bpf.createMap(kernel, bpf.BPF_MAP_TYPE_ARRAY, 4, 8, 4)
  const mmapable = bpf.createMap(kernel, bpf.BPF_MAP_TYPE_ARRAY, 4, 8, 4, bpf.BPF_F_MMAPABLE)
  // ENOTSUPP: the kernel-internal number, which leaks to user space here.
  expect(kernel.mmap(bpf.createMap(kernel, bpf.BPF_MAP_TYPE_HASH, 4, 8, 4), 4096, 0, PROT_READ)).toBe(-524)
  expect(kernel.mmap(plain, 4096, 0, PROT_READ)).toBe(bpf.EINVAL)
  expect(kernel.mmap(mmapable, 8192, 0, PROT_READ)).toBe(bpf.EINVAL)
  expect(kernel.mmap(mmapable, 4096, 1, PROT_READ)).toBe(bpf.EINVAL)
  expect(kernel.mmap(mmapable, 0, 0, PROT_READ)).toBe(bpf.EINVAL)
  expect(kernel.mmap(-1, 4096, 0, PROT_READ)).toBe(bpf.EBADF)
  expect(kernel.mmap(mmapable, 2 ** 40, 0, PROT_READ)).toBe(-12)
  expect(() => kernel.mmap(mmapable, -4096, 0, PROT_READ)).toThrow(RangeError)
  // Behind the end of a file there is nothing that could be touched.
  const file = kernel.open(process.execPath, 0)
  expect(kernel.mmap(file, 4096, 2 ** 40, PROT_READ)).toBe(bpf.EINVAL)
})

test('a mapping cannot be transferred away: what arrives elsewhere is a copy', () => {
  const { kernel } = at
  const map = bpf.createMap(kernel, bpf.BPF_MAP_TYPE_ARRAY, 4, 8, 4, bpf.BPF_F_MMAPABLE)
  using mapping = kernel.mmap(map, 4096, 0, PROT_READ | PROT_WRITE) as Exclude<ReturnType<typeof kernel.mmap>, number>
  const buffer = mapping.bytes.buffer as ArrayBuffer
  let copy: ArrayBuffer | undefined
  try {
    copy = structuredClone(buffer, { transfer: [buffer] })
  } catch (error) {
    // Later versions of Node refuse.
    expect((error as Error).name).toBe('DataCloneError')
  }
  expect(mapping.bytes.length).toBe(4096)
  mapping.bytes[0] = 7
  if (copy) expect(new Uint8Array(copy)[0]).toBe(0)
})

test('an arena is mapped where its map_extra says', (context) => {
  const { kernel } = at
  const base = 1n << 44n
  const attr = new Uint8Array(72)
  // BPF_MAP_TYPE_ARENA, key 0, value 0, 16 pages, BPF_F_MMAPABLE; map_extra at byte 64.
  attr.set(bpf.words(33, 0, 0, 16, bpf.BPF_F_MMAPABLE))
  attr.set(bpf.words(...bpf.halves(base)), 64)
  const arena = kernel.bpf(bpf.BPF_MAP_CREATE, attr)
  if (arena < 0) context.skip(`no arena maps here: errno ${-arena}`)
  expect(kernel.mmap(arena, 16 * 4096, 0, PROT_READ | PROT_WRITE)).toBe(bpf.EINVAL)
  const mapping = kernel.mmap(arena, 16 * 4096, 0, PROT_READ | PROT_WRITE, base)
  if (typeof mapping === 'number') throw new Error(`mmap: ${mapping}`)
  expect(mapping.address).toBe(base)
  mapping.bytes[5] = 1
  expect(mapping.bytes[5]).toBe(1)
  mapping[Symbol.dispose]()
})

test('the garbage collector unmaps what nobody disposed', async () => {
  const addon = fileURLToPath(new URL('../build/Release/skep.node', import.meta.url))
  const module = new URL('./children/collected.mjs', import.meta.url)
  const { value } = await runInChild(module, 'collected', { args: [addon], execArgv: ['--expose-gc'] })
  // A mapping outlives the fd that it was made with.
  expect(value).toEqual({ before: 50, after: 0 })
})

// SPDX-License-Identifier: GPL-2.0-only
/** How bpf(2) treats its attr, objects of the wrong kind and callers without rights. */
import { getFdById, ids, mapUpdateElem, objGet, objPin, tryBtfLoad } from '@skep/core'
import { describe, expect, it } from 'vitest'
import { CAP_BPF, CAP_NET_ADMIN, createVirtualKernel } from '../src/index.ts'
import * as C from './calls.ts'

const EPERM = -1
const ENOENT = -2
const E2BIG = -7
const EBADF = -9
const EACCES = -13
const EFAULT = -14
const EEXIST = -17
const EINVAL = -22
const MAP_CREATE = 0
const MAP_LOOKUP = 1
const PROG_LOAD = 5

const kernel = await createVirtualKernel()

function attr(length: number, ...fields: [number, number][]): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  for (const [at, value] of fields) view.setUint32(at, value, true)
  return bytes
}

describe('attr', () => {
  it('may be shorter than the kernel knows, or longer if the rest is zero', () => {
    expect(kernel.bpf(MAP_CREATE, C.words(C.ARRAY, 4, 8, 1))).toBeGreaterThan(0)
    expect(kernel.bpf(MAP_CREATE, attr(1000, [0, C.ARRAY], [4, 4], [8, 8], [12, 1]))).toBeGreaterThan(0)
    expect(kernel.bpf(MAP_CREATE, attr(1000, [0, C.ARRAY], [4, 4], [8, 8], [12, 1], [900, 1]))).toBe(E2BIG)
    expect(kernel.bpf(MAP_CREATE, attr(4100, [0, C.ARRAY]))).toBe(E2BIG)
  })

  it('has nothing behind the last field of the command', () => {
    expect(kernel.bpf(MAP_CREATE, attr(168, [0, C.ARRAY], [4, 4], [8, 8], [12, 1], [120, 1]))).toBe(EINVAL)
    expect(kernel.bpf(38, attr(168))).toBe(EINVAL)
    expect(kernel.bpf(-1, attr(168))).toBe(EINVAL)
  })

  it('points to memory that is there', () => {
    const fd = C.map(kernel, C.ARRAY, 4, 8, 1)
    expect(kernel.bpf(MAP_LOOKUP, attr(32, [0, fd], [8, 16], [16, 4096]))).toBe(EFAULT)
    expect(kernel.bpf(MAP_LOOKUP, attr(32, [0, fd], [12, 0xffff0000]))).toBe(EFAULT)
    expect(kernel.bpf(PROG_LOAD, attr(72, [0, 1], [4, 2], [8, 8], [16, 8]))).toBe(EFAULT)
  })
})

describe('fds', () => {
  it('are taken from the lowest number on and are of one kind', async () => {
    const fresh = await createVirtualKernel()
    const map = C.map(fresh, C.ARRAY, 4, 8, 1)
    const prog = C.load(fresh, C.returns(0))
    expect([map, prog]).toEqual([3, 4])
    expect(fresh.bpf(MAP_LOOKUP, attr(32, [0, prog]))).toBe(EINVAL)
    expect(fresh.bpf(MAP_LOOKUP, attr(32, [0, 77]))).toBe(EBADF)
    expect(fresh.close(map)).toBe(0)
    expect(fresh.close(map)).toBe(EBADF)
    expect(C.map(fresh, C.ARRAY, 4, 8, 1)).toBe(map)
  })
})

describe('names', () => {
  it.each([
    ['abc.DEF_1', true],
    ['a-b', false],
    ['a b', false],
    ['fifteen_letters', true],
    ['sixteen__letters', false],
  ])('%s', (name, good) => {
    const bytes = attr(72, [0, C.ARRAY], [4, 4], [8, 8], [12, 1])
    bytes.set(new TextEncoder().encode(name), 28)
    const result = kernel.bpf(MAP_CREATE, bytes)
    if (good) expect(result).toBeGreaterThan(0)
    else expect(result).toBe(EINVAL)
  })
})

describe('callers without rights', () => {
  it('are refused as bpf(2) says', async () => {
    const none = await createVirtualKernel({ capabilities: 0n })
    expect(C.load(none, C.returns(0))).toBe(EPERM)
    expect(C.errnoOf(() => C.map(none, C.HASH, 4, 8, 1))).toBe(-EPERM)
    const open = await createVirtualKernel({ capabilities: 0n, unprivilegedDisabled: 0 })
    expect(C.load(open, C.returns(0))).toBeGreaterThan(0)
    expect(C.load(open, C.returns(0), C.XDP)).toBe(EPERM)
    expect(C.errnoOf(() => C.map(open, C.HASH, 4, 8, 1))).toBe(0)
    expect(C.errnoOf(() => C.map(open, C.LRU_HASH, 4, 8, 1))).toBe(-EPERM)
    const bpf = await createVirtualKernel({ capabilities: CAP_BPF })
    expect(C.load(bpf, C.returns(0), C.XDP)).toBe(EPERM)
    const net = await createVirtualKernel({ capabilities: CAP_BPF | CAP_NET_ADMIN })
    expect(C.load(net, C.returns(2), C.XDP)).toBeGreaterThan(0)
    expect(C.errnoOf(() => [...ids(net, 'prog')])).toBe(-EPERM)
  })
})

describe('pins', () => {
  it('keep objects, in directories, under names without dots', async () => {
    const fresh = await createVirtualKernel()
    const fd = C.map(fresh, C.ARRAY, 4, 8, 1)
    mapUpdateElem(fresh, fd, C.words(0), C.long(5n))
    expect(fresh.mkdir('/sys/fs/bpf/dir', 0o700)).toBe(0)
    expect(fresh.mkdir('/sys/fs/bpf/dir', 0o700)).toBe(EEXIST)
    objPin(fresh, fd, '/sys/fs/bpf/dir/map')
    expect(C.errnoOf(() => objPin(fresh, fd, '/sys/fs/bpf/dir/map'))).toBe(-EEXIST)
    expect(C.errnoOf(() => objPin(fresh, fd, '/sys/fs/bpf/a.b'))).toBe(-EPERM)
    expect(C.errnoOf(() => objPin(fresh, fd, '/sys/fs/bpf/no/map'))).toBe(-ENOENT)
    expect(C.errnoOf(() => objGet(fresh, '/sys/fs/bpf/dir'))).toBe(-EACCES)
    fresh.close(fd)
    const again = objGet(fresh, '/sys/fs/bpf/dir/map')
    expect(again).toBe(fd)
    fresh.close(again)
    expect([...ids(fresh, 'map')].length).toBe(1)
    expect(fresh.unlink('/sys/fs/bpf/dir/map')).toBe(0)
    expect([...ids(fresh, 'map')].length).toBe(0)
  })
})

describe('numbers', () => {
  it('go on and lead to objects while they live', async () => {
    const fresh = await createVirtualKernel()
    const first = C.map(fresh, C.ARRAY, 4, 8, 1)
    const [id] = [...ids(fresh, 'map')]
    const second = getFdById(fresh, 'map', id!)
    fresh.close(first)
    expect([...ids(fresh, 'map')]).toEqual([id])
    fresh.close(second)
    expect([...ids(fresh, 'map')]).toEqual([])
    expect(C.errnoOf(() => getFdById(fresh, 'map', id!))).toBe(-ENOENT)
    C.map(fresh, C.ARRAY, 4, 8, 1)
    expect([...ids(fresh, 'map')]).toEqual([id! + 1])
  })
})

describe('type information', () => {
  it('is checked, with the words of Linux', () => {
    const header = (typeLength: number, stringLength: number) => [
      ...[0x9f, 0xeb, 1, 0],
      ...C.words(24, 0, typeLength, typeLength, stringLength),
    ]
    const int = (size: number, bits: number) => C.words(1, 1 << 24, size, bits | (1 << 24))
    const strings = [0, ...new TextEncoder().encode('int\0')]
    const blob = (type: Uint8Array) => Uint8Array.from([...header(type.length, 5), ...type, ...strings])
    const good = tryBtfLoad(kernel, blob(int(4, 32)), 1)
    expect(good.result).toBeGreaterThan(0)
    expect(good.log).toContain('magic: 0xeb9f\nversion: 1\nflags: 0x0\nhdr_len: 24\n')
    expect(good.log).toContain('[1] INT int size=4 bits_offset=0 nr_bits=32 encoding=SIGNED\n')
    const wide = tryBtfLoad(kernel, blob(int(4, 33)), 1)
    expect(wide.result).toBe(EINVAL)
    expect(wide.log).toContain(
      '[1] INT int size=4 bits_offset=0 nr_bits=33 encoding=SIGNED nr_bits exceeds type_size\n',
    )
  })
})

// SPDX-License-Identifier: BSD-2-Clause
import { expect, test } from 'vitest'
import * as bpf from './calls.ts'

const at = bpf.eachKernel()

test('a hash map takes a value and gives it back', () => {
  const { kernel } = at
  const map = bpf.createMap(kernel, bpf.BPF_MAP_TYPE_HASH, 4, 8, 16)
  using key = kernel.memory.alloc(4)
  using value = kernel.memory.alloc(8)
  key.bytes.set([1, 2, 3, 4])
  value.bytes.set([8, 7, 6, 5, 4, 3, 2, 1])
  const attr = (flags: number) => bpf.words(map, 0, ...bpf.halves(key.address), ...bpf.halves(value.address), flags, 0)
  expect(kernel.bpf(bpf.BPF_MAP_LOOKUP_ELEM, attr(0))).toBe(bpf.ENOENT)
  expect(kernel.bpf(bpf.BPF_MAP_UPDATE_ELEM, attr(0))).toBe(0)
  expect(kernel.bpf(bpf.BPF_MAP_UPDATE_ELEM, attr(1))).toBe(bpf.EEXIST)
  value.bytes.fill(0)
  expect(kernel.bpf(bpf.BPF_MAP_LOOKUP_ELEM, attr(0))).toBe(0)
  expect([...value.bytes]).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
})

test('unknown commands, unknown trailing bytes and bad pointers get the errno of Linux', () => {
  const { kernel } = at
  expect(kernel.bpf(99, bpf.words(0))).toBe(bpf.EINVAL)
  const trailing = new Uint8Array(512)
  trailing.set(bpf.words(bpf.BPF_MAP_TYPE_ARRAY, 4, 4, 1))
  const created = kernel.bpf(bpf.BPF_MAP_CREATE, trailing)
  expect(created).toBeGreaterThan(0)
  trailing[511] = 1
  expect(kernel.bpf(bpf.BPF_MAP_CREATE, trailing)).toBe(bpf.E2BIG)
  // Larger than a page is refused before it is read.
  expect(kernel.bpf(bpf.BPF_MAP_CREATE, new Uint8Array(kernel.facts.pageSize + 1))).toBe(bpf.E2BIG)
  // Bytes between the command's last field and the end of the union must be zero.
  const behind = new Uint8Array(120)
  behind.set(bpf.words(created, 0))
  behind[119] = 1
  expect(kernel.bpf(bpf.BPF_MAP_LOOKUP_ELEM, behind)).toBe(bpf.EINVAL)
  expect(kernel.bpf(bpf.BPF_MAP_LOOKUP_ELEM, bpf.words(created, 0, 8, 0, 8, 0))).toBe(bpf.EFAULT)
  expect(kernel.bpf(bpf.BPF_MAP_LOOKUP_ELEM, bpf.words(0x7fffffff, 0, 8, 0, 8, 0))).toBe(bpf.EBADF)
  expect(kernel.bpf(bpf.BPF_MAP_CREATE, new Uint8Array(0))).toBe(bpf.EINVAL)
})

test('attr need not be aligned, and what the kernel writes arrives in it', () => {
  const { kernel } = at
  const program = bpf.loadFilter(kernel, bpf.returns(77))
  using packet = kernel.memory.alloc(14)
  const room = new Uint8Array(101)
  const attr = room.subarray(1, 1 + 36)
  attr.set(bpf.words(program, 0, 14, 0, ...bpf.halves(packet.address), 0, 0, 1))
  expect(kernel.bpf(bpf.BPF_PROG_TEST_RUN, attr)).toBe(0)
  expect(bpf.word(attr, 1)).toBe(77)
  expect(room[0]).toBe(0)
  expect([...room.subarray(37)].every((byte) => byte === 0)).toBe(true)
})

test('a kernel that writes behind a short attr overwrites nothing', () => {
  const { kernel } = at
  const room = new Uint8Array(256).fill(0xee)
  // prog_query writes prog_cnt at byte 24, whatever size it is told.
  const attr = room.subarray(0, 12)
  const [left, right] = kernel.socketpair(1, 1, 0) as [number, number]
  attr.set(bpf.words(left, 26, 0))
  for (const type of [0, 2, 11, 26, 38]) {
    attr.set(bpf.words(right, type, 0))
    kernel.bpf(bpf.BPF_PROG_QUERY, attr)
  }
  expect([...room.subarray(12)].every((byte) => byte === 0xee)).toBe(true)
})

test('the verifier refuses with a log that the caller reads', () => {
  const { kernel } = at
  using insns = kernel.memory.alloc(8)
  insns.bytes.set(bpf.words(...bpf.insn(0x95, 0, 0, 0, 0)))
  using license = kernel.memory.alloc(4)
  using log = kernel.memory.alloc(4096)
  const pointers = [insns, license].flatMap(({ address }) => bpf.halves(address))
  const attr = bpf.words(1, 1, ...pointers, 1, log.length, ...bpf.halves(log.address))
  expect(kernel.bpf(bpf.BPF_PROG_LOAD, attr)).toBe(-13)
  expect(new TextDecoder().decode(log.bytes)).toContain('R0 !read_ok')
})

test('fds are closed once, by their owner, and all of them at the end', () => {
  const { kernel } = at
  const map = bpf.createMap(kernel, bpf.BPF_MAP_TYPE_ARRAY, 4, 4, 1)
  expect(kernel.close(map)).toBe(0)
  expect(kernel.close(map)).toBe(bpf.EBADF)
  expect(kernel.close(0)).toBe(bpf.EBADF)
  expect(kernel.close(-1)).toBe(bpf.EBADF)
  const kept = bpf.createMap(kernel, bpf.BPF_MAP_TYPE_ARRAY, 4, 4, 1)
  expect(kernel.release(kept)).toBe(true)
  expect(kernel.close(kept)).toBe(bpf.EBADF)
  expect(kernel.adopt(kept)).toBe(kept)
  kernel[Symbol.dispose]()
  expect(() => kernel.bpf(0, bpf.words(0))).toThrow('disposed')
  expect(kernel.close(kept)).toBe(bpf.EBADF)
})

// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, test } from 'vitest'
import { fakeKernel } from '../../test-fixtures/fake-kernel.ts'
import { ATTR_MAP_CREATE, ATTR_PROG_LOAD } from '../gen/uapi-layouts.gen.ts'
import { BpfCall, decodeCString, encodeCString, encodeStruct, getBigField, getField } from './attr.ts'

describe('structs', () => {
  // union bpf_attr of include/uapi/linux/bpf.h: map_type at 0, max_entries at 12, map_name at 28, map_extra at 64.
  test('fields stand where the kernel reads them', () => {
    const fields = {
      map_type: 2,
      max_entries: 0x01020304,
      map_name: encodeCString('ab'),
      map_extra: 0x1122334455667788n,
    }
    const little = encodeStruct(ATTR_MAP_CREATE, fields, true)
    expect([...little.subarray(0, 16)]).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1])
    expect([...little.subarray(28, 32)]).toEqual([0x61, 0x62, 0, 0])
    expect([...little.subarray(64, 72)]).toEqual([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
    const big = encodeStruct(ATTR_MAP_CREATE, fields, false)
    expect([...big.subarray(0, 4)]).toEqual([0, 0, 0, 2])
    expect([...big.subarray(64, 72)]).toEqual([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88])
    expect(getField(ATTR_MAP_CREATE, big, 'max_entries', false)).toBe(0x01020304)
  })

  test('negative numbers are two-complement, unknown fields are refused', () => {
    const bytes = encodeStruct(ATTR_PROG_LOAD, { attach_prog_fd: -1 }, true)
    expect(getField(ATTR_PROG_LOAD, bytes, 'attach_prog_fd', true)).toBe(0xffffffff)
    expect(() => encodeStruct(ATTR_MAP_CREATE, { nothing: 1 } as never, true)).toThrow('no field nothing')
  })

  test('a struct of an older kernel ends early: what it lacks is 0', () => {
    expect(getBigField(ATTR_PROG_LOAD, new Uint8Array(48), 'log_true_size', true)).toBe(0n)
  })

  test('text up to the first zero', () => {
    expect(decodeCString(Uint8Array.from([0x61, 0, 0x62]))).toBe('a')
    expect(decodeCString(Uint8Array.from([0x61, 0x62]))).toBe('ab')
  })
})

describe('memory of calls', () => {
  test('buffers hold what was given, are aligned to 8 and do not overlap', () => {
    const kernel = fakeKernel(() => 0)
    using call = new BpfCall(kernel)
    const text = call.text('xy')
    const words = call.words([1, 2])
    expect([...kernel.userMemory.at(text.address).subarray(0, 3)]).toEqual([0x78, 0x79, 0])
    expect([...words.bytes]).toEqual([1, 0, 0, 0, 2, 0, 0, 0])
    expect(text.address % 8n).toBe(0n)
    expect(words.address - text.address).toBe(8n)
  })

  test('a call finds zeros where another has written', () => {
    const kernel = fakeKernel(() => 0)
    {
      using call = new BpfCall(kernel)
      call.alloc(16).bytes.fill(0xff)
    }
    using call = new BpfCall(kernel)
    expect([...call.alloc(16).bytes]).toEqual(Array(16).fill(0))
  })

  test('a nested call leaves the buffers of the outer one alone', () => {
    const kernel = fakeKernel(() => 0)
    using outer = new BpfCall(kernel)
    const text = outer.text('outer')
    for (let i = 0; i < 3; i++) {
      using inner = new BpfCall(kernel)
      inner.alloc(64).bytes.fill(0xff)
    }
    expect(new TextDecoder().decode(text.bytes)).toBe('outer\0')
  })

  test('small calls share one block, large buffers are freed with their call', () => {
    const kernel = fakeKernel(() => 0)
    for (let i = 0; i < 100; i++) {
      using call = new BpfCall(kernel)
      call.alloc(1000)
    }
    expect(kernel.userMemory.buffers.size).toBe(1)
    {
      using call = new BpfCall(kernel)
      call.alloc(1_000_000)
      expect(kernel.userMemory.buffers.size).toBe(2)
      call[Symbol.dispose]()
      expect(kernel.userMemory.buffers.size).toBe(1)
    }
  })

  test('more than the block holds is taken from the kernel', () => {
    const kernel = fakeKernel(() => 0)
    using call = new BpfCall(kernel)
    const buffers = Array.from({ length: 20 }, (_, i) => call.copy(new Uint8Array(8000).fill(i)))
    expect(kernel.userMemory.buffers.size).toBeGreaterThan(1)
    expect(buffers.map(({ bytes }) => bytes[7999])).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })
})

test('a refusal names the command, the thing and the errno', () => {
  const kernel = fakeKernel(() => -13)
  using call = new BpfCall(kernel)
  expect(() => call.run('BPF_MAP_CREATE', 0, ATTR_MAP_CREATE, {}, "'counts'")).toThrow(
    "BPF_MAP_CREATE 'counts': permission denied (EACCES)",
  )
})

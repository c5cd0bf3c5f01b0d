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

test('memory lives as long as the call', () => {
  const kernel = fakeKernel(() => 0)
  {
    using call = new BpfCall(kernel)
    const text = call.text('xy')
    expect([...kernel.userMemory.at(text.address)]).toEqual([0x78, 0x79, 0])
    expect([...call.words([1, 2]).bytes]).toEqual([1, 0, 0, 0, 2, 0, 0, 0])
    expect(kernel.userMemory.buffers.size).toBe(2)
  }
  expect(kernel.userMemory.buffers.size).toBe(0)
})

test('a refusal names the command, the thing and the errno', () => {
  const kernel = fakeKernel(() => -13)
  using call = new BpfCall(kernel)
  expect(() => call.run('BPF_MAP_CREATE', 0, ATTR_MAP_CREATE, {}, "'counts'")).toThrow(
    "BPF_MAP_CREATE 'counts': permission denied (EACCES)",
  )
})

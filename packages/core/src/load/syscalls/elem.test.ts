// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, test } from 'vitest'
import { type FakeKernel, fakeKernel } from '../../../test-fixtures/fake-kernel.ts'
import * as U from '../../gen/uapi-enums.gen.ts'
import { ATTR_MAP_ELEM } from '../../gen/uapi-layouts.gen.ts'
import { getBigField } from '../attr.ts'
import { mapDeleteElem, mapGetNextKey, mapLookupElem, mapUpdateElem } from './map.ts'

const ENOENT = -2
const text = (bytes: Uint8Array) => bytes.join()

/** A hash map of 4-byte keys, on the other side of bpf(2). */
function hashKernel(valueSize: number, little = true): FakeKernel {
  const elements = new Map<string, Uint8Array>()
  return fakeKernel(
    ({ cmd }, memory, attr) => {
      const pointer = (name: 'key' | 'value') => getBigField(ATTR_MAP_ELEM, attr, name, little)
      const key = pointer('key') ? text(memory.at(pointer('key')).subarray(0, 4)) : undefined
      const value = pointer('value') ? memory.at(pointer('value')) : undefined
      if (cmd === U.BPF_MAP_UPDATE_ELEM) elements.set(key!, value!.slice(0, valueSize))
      else if (cmd === U.BPF_MAP_DELETE_ELEM) return elements.delete(key!) ? 0 : ENOENT
      else if (cmd === U.BPF_MAP_GET_NEXT_KEY) {
        const keys = [...elements.keys()]
        const next = keys[key === undefined ? 0 : keys.indexOf(key) + 1]
        if (next === undefined) return ENOENT
        value!.set(next.split(',').map(Number))
      } else if (!elements.has(key!)) return ENOENT
      else value!.set(elements.get(key!)!)
      return 0
    },
    { littleEndian: little },
  )
}

describe.each([
  ['a few bytes', 8],
  ['hundreds of bytes', 700],
  ['more than the kept memory takes', 20_000],
])('elements of %s', (_name, valueSize) => {
  const key = Uint8Array.of(1, 2, 3, 4)
  const other = Uint8Array.of(5, 6, 7, 8)
  const filled = Uint8Array.from({ length: valueSize }, (_, i) => (i * 7) & 255)

  test.each([true, false])('come back as they went in (little endian: %s)', (little) => {
    const kernel = hashKernel(valueSize, little)
    mapUpdateElem(kernel, 3, key, filled)
    mapUpdateElem(kernel, 3, other, filled.slice().reverse())
    const value = new Uint8Array(valueSize)
    expect(mapLookupElem(kernel, 3, key, value)).toBe(true)
    expect(value).toEqual(filled)
    expect(mapDeleteElem(kernel, 3, key)).toBe(true)
    expect(mapDeleteElem(kernel, 3, key)).toBe(false)
    // What is not there leaves the caller's bytes alone.
    expect(mapLookupElem(kernel, 3, key, value)).toBe(false)
    expect(value).toEqual(filled)
    expect(kernel.userMemory.buffers.size).toBe(1)
  })

  test('are walked by key', () => {
    const kernel = hashKernel(valueSize)
    for (const each of [key, other]) mapUpdateElem(kernel, 3, each, filled)
    const next = new Uint8Array(4)
    expect(mapGetNextKey(kernel, 3, undefined, next)).toBe(true)
    expect(next).toEqual(key)
    expect(mapGetNextKey(kernel, 3, next.slice(), next)).toBe(true)
    expect(next).toEqual(other)
    expect(mapGetNextKey(kernel, 3, other, next)).toBe(false)
  })
})

test('refusals are raised with the command', () => {
  const kernel = fakeKernel(() => -1)
  const bytes = new Uint8Array(4)
  expect(() => mapLookupElem(kernel, 3, bytes, bytes)).toThrow('BPF_MAP_LOOKUP_ELEM')
  expect(() => mapUpdateElem(kernel, 3, bytes, bytes)).toThrow('BPF_MAP_UPDATE_ELEM')
  expect(() => mapDeleteElem(kernel, 3, bytes)).toThrow('BPF_MAP_DELETE_ELEM')
  expect(() => mapGetNextKey(kernel, 3, bytes, bytes)).toThrow('BPF_MAP_GET_NEXT_KEY')
})

test('queues take no key: a null pointer', () => {
  const kernel = fakeKernel(() => 0)
  mapUpdateElem(kernel, 3, new Uint8Array(), Uint8Array.of(1), 2)
  const { attr } = kernel.calls[0]!
  expect(getBigField(ATTR_MAP_ELEM, attr, 'key', true)).toBe(0n)
  expect(getBigField(ATTR_MAP_ELEM, attr, 'flags', true)).toBe(2n)
  expect(attr).toHaveLength(ATTR_MAP_ELEM.size)
})

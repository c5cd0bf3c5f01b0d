// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BtfBuilder, type BtfMember } from '../btf/index.ts'
import { readPlain } from './plain.ts'
import { writePlain } from './plain-write.ts'

const member = (name: string, type: number, bitOffset: number, bitSize = 0): BtfMember => ({
  name,
  type,
  bitOffset,
  bitSize,
})

function integers(builder: BtfBuilder) {
  const add = (name: string, size: number, encoding: number) =>
    builder.add({ kind: 'INT', name, size, bits: size * 8, bitOffset: 0, encoding })
  return {
    s8: add('char', 1, 1),
    u8: add('u8', 1, 0),
    u16: add('u16', 2, 0),
    s32: add('int', 4, 1),
    u64: add('u64', 8, 0),
    bool: add('_Bool', 1, 4),
  }
}

describe('integers', () => {
  const builder = new BtfBuilder()
  const types = integers(builder)
  const btf = builder.build()
  const write = (id: number, value: number | bigint | boolean) => {
    const bytes = new Uint8Array(btf.sizeOf(id))
    writePlain(btf, id, bytes, value, 'x')
    return [...bytes]
  }

  test('little endian, two-complement, limits', () => {
    expect(write(types.s32, -2)).toEqual([0xfe, 0xff, 0xff, 0xff])
    expect(write(types.u64, 2n ** 64n - 1n)).toEqual(Array(8).fill(0xff))
    expect(readPlain(btf, types.s32, Uint8Array.from([0xfe, 0xff, 0xff, 0xff]))).toBe(-2)
    expect(readPlain(btf, types.u64, Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0x80]))).toBe(0x8000000000000001n)
    expect(readPlain(btf, types.bool, Uint8Array.from([2]))).toBe(true)
    for (const [id, value] of [
      [types.u8, 256],
      [types.u8, -1],
      [types.s8, 128],
      [types.bool, 2],
      [types.s32, 1.5],
    ] as const) {
      expect(() => write(id, value), String(value)).toThrow('set x: ')
    }
  })

  test('big endian files', () => {
    const big = new BtfBuilder({ littleEndian: false })
    const { s32 } = integers(big)
    const bytes = new Uint8Array(4)
    writePlain(big.build(), s32, bytes, 0x01020304, 'x')
    expect([...bytes]).toEqual([1, 2, 3, 4])
  })
})

describe('structs', () => {
  const make = (littleEndian: boolean) => {
    const builder = new BtfBuilder({ littleEndian })
    const t = integers(builder)
    const text = builder.add({ kind: 'ARRAY', name: '', type: t.s8, indexType: t.s32, count: 6 })
    const numbers = builder.add({ kind: 'ARRAY', name: '', type: t.u16, indexType: t.s32, count: 2 })
    const color = builder.add({
      kind: 'ENUM',
      name: 'color',
      size: 4,
      signed: false,
      values: [{ name: 'RED', value: 3n }],
    })
    const inner = builder.add({
      kind: 'UNION',
      name: '',
      size: 4,
      kindFlag: false,
      members: [member('whole', t.s32, 0), member('parts', numbers, 0)],
    })
    const members = [
      member('low', t.u16, 0, 3),
      member('high', t.s32, 3, 5),
      member('text', text, 16),
      member('color', color, 64),
      member('', inner, 96),
    ]
    return {
      btf: builder.build(),
      id: builder.add({ kind: 'STRUCT', name: 's', size: 16, kindFlag: true, members }),
      builder,
    }
  }

  function both(littleEndian: boolean) {
    const { builder, id } = make(littleEndian)
    return { btf: builder.build(), id }
  }

  test('bit fields lie where C puts them', () => {
    for (const [little, expected] of [
      [true, 0b10011_101],
      [false, 0b101_10011],
    ] as const) {
      const { btf, id } = both(little)
      const bytes = new Uint8Array(16)
      writePlain(btf, id, bytes, { low: 5, high: -13 }, 's')
      expect(bytes[0]).toBe(expected)
      expect(readPlain(btf, id, bytes)).toMatchObject({ low: 5, high: -13 })
    }
  })

  test('members that are not named keep their bytes', () => {
    const { btf, id } = both(true)
    const bytes = new Uint8Array(16).fill(0xff)
    writePlain(btf, id, bytes, { text: 'ab', parts: [1, 2] }, 's')
    expect([...bytes]).toEqual([0xff, 0xff, 0x61, 0x62, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 2, 0])
    expect(readPlain(btf, id, bytes)).toMatchObject({ text: 'ab', whole: 0x20001, parts: [1, 2] })
  })

  test('enumerators by name or number, bytes for anything', () => {
    const { btf, id } = both(true)
    const bytes = new Uint8Array(16)
    writePlain(btf, id, bytes, { color: 'RED' }, 's')
    expect(readPlain(btf, id, bytes)).toMatchObject({ color: 3 })
    writePlain(btf, id, bytes, { text: Uint8Array.from([0xff, 1, 2, 3, 4, 5]) }, 's')
    expect(readPlain(btf, id, bytes)).toMatchObject({ text: Uint8Array.from([0xff, 1, 2, 3, 4, 5]) })
    expect(() => writePlain(btf, id, bytes, { color: 'BLUE' }, 's')).toThrow("set s.color: 'BLUE' is none of RED")
    expect(() => writePlain(btf, id, bytes, { parts: [1] }, 's')).toThrow(
      'set s.parts: an array of 1, expected an array of 2',
    )
    expect(() => writePlain(btf, id, bytes, { text: 'seven!!' }, 's')).toThrow('7 bytes, 6 fit')
    expect(() => writePlain(btf, id, bytes, 5, 's')).toThrow('expected an object with low, high, text, color')
  })

  test('what is read can be written back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.boolean(), (bytes, little) => {
        const { btf, id } = both(little)
        const copy = Uint8Array.from(bytes)
        writePlain(btf, id, copy, readPlain(btf, id, copy), 's')
        expect(copy).toEqual(Uint8Array.from(bytes))
      }),
    )
  })
})

test('bit fields of files without kind_flag have their place in the integer type', () => {
  const builder = new BtfBuilder()
  const bits = builder.add({ kind: 'INT', name: 'unsigned int', size: 4, bits: 4, bitOffset: 2, encoding: 0 })
  const id = builder.add({ kind: 'STRUCT', name: 's', size: 4, kindFlag: false, members: [member('f', bits, 8)] })
  const bytes = Uint8Array.from([0, 0b101100, 0, 0])
  expect(readPlain(builder.build(), id, bytes)).toEqual({ f: 0b1011 })
})

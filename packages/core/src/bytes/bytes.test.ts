// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest'
import { ElfError } from '../errors/index.ts'
import { ByteCursor, ByteView, ByteWriter, StringTable } from './index.ts'

const options = (littleEndian: boolean, base = 0) => ({ littleEndian, base, error: ElfError, act: 'parse ELF' })

describe('ByteView', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0x88)

  it('reads both byte orders', () => {
    const little = new ByteView(bytes, options(true))
    const big = new ByteView(bytes, options(false))
    expect(little.u16(0)).toBe(0x0201)
    expect(big.u16(0)).toBe(0x0102)
    expect(little.u32(4)).toBe(0x88070605)
    expect(little.i32(4)).toBe(0x88070605 | 0)
    expect(big.u64(0)).toBe(0x0102030405060788n)
    expect(little.i64(0)).toBe(BigInt.asIntN(64, 0x8807060504030201n))
  })

  it('refuses to read outside, with the absolute offset', () => {
    const view = new ByteView(bytes, options(true, 0x40))
    expect(() => view.u32(6)).toThrow(new ElfError('parse ELF: data at 0x46: 4 bytes wanted, 2 left'))
    expect(() => view.u8(-1)).toThrow(ElfError)
    expect(() => view.u8(Number.NaN)).toThrow(ElfError)
    expect(() => view.slice(4, Number.POSITIVE_INFINITY)).toThrow(ElfError)
    expect(() => view.size64(0, 'size')).toThrow('parse ELF: size at 0x40: 0x8807060504030201 is out of range')
    expect(() => view.cstring(2, 'name')).toThrow('parse ELF: name at 0x42: not terminated')
  })

  it('gives live views of a part of a larger buffer', () => {
    const inner = new ByteView(bytes.subarray(2, 6), options(true))
    expect(inner.u16(0)).toBe(0x0403)
    expect(inner.slice(0, 2).buffer).toBe(bytes.buffer)
    expect(() => inner.u32(1)).toThrow(ElfError)
  })
})

describe('ByteCursor', () => {
  it('stays where it is when a read fails', () => {
    const cursor = new ByteCursor(Uint8Array.of(1, 0, 2), options(true))
    expect(cursor.nextU16()).toBe(1)
    expect(() => cursor.nextU32()).toThrow(ElfError)
    expect(cursor.offset).toBe(2)
    expect(cursor.nextU8()).toBe(2)
    expect(cursor.left).toBe(0)
  })
})

describe('ByteWriter', () => {
  it('writes, aligns and patches', () => {
    const writer = new ByteWriter(false, 1)
    writer.u8(1).align(4).u32(0xdeadbeef).u64(-1).text('é')
    writer.patchU32(4, 5)
    expect([...writer.finish()]).toEqual([1, 0, 0, 0, 0, 0, 0, 5, ...Array(8).fill(255), 0xc3, 0xa9])
  })
})

describe('StringTable', () => {
  it('decodes UTF-8 and refuses offsets outside', () => {
    const table = new StringTable(new ByteView(new TextEncoder().encode('\0héllo\0'), options(true)))
    expect(table.at(1, 'symbol 3')).toBe('héllo')
    expect(() => table.at(99, 'symbol 3')).toThrow(
      'parse ELF: symbol 3: name offset 0x63 is outside of the string table',
    )
  })

  it('bounds the total of overlapping names', () => {
    const bytes = new Uint8Array(100_000).fill(0x61)
    bytes[bytes.length - 1] = 0
    const table = new StringTable(new ByteView(bytes, options(true)))
    const all = () => {
      for (let i = 0; i < bytes.length; i++) table.at(i, 'section header')
    }
    expect(all).toThrow('names overlap too often')
  })
})

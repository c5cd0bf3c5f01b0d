// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixtureObject } from '../../test-fixtures/fixtures.ts'
import { parseElf } from '../elf/index.ts'
import { AsmError } from '../errors/index.ts'
import { INSTRUCTIONS } from '../gen/isa.gen.ts'
import { decodeInstructions, encodeInstructions, formOf, LD_IMM64, loadImm64, slotOffsets } from './index.ts'

describe('decodeInstructions', () => {
  it('reads fields of both byte orders', () => {
    // r1 = *(u32 *)(r6 - 2), as in RFC 9669's layout.
    const expected = [{ code: 0x61, dst: 1, src: 6, off: -2, imm: 0x01020304 }]
    expect(decodeInstructions(Uint8Array.of(0x61, 0x61, 0xfe, 0xff, 4, 3, 2, 1))).toEqual(expected)
    expect(decodeInstructions(Uint8Array.of(0x61, 0x16, 0xff, 0xfe, 1, 2, 3, 4), false)).toEqual(expected)
  })

  it('joins the slots of a 64-bit load', () => {
    const bytes = Uint8Array.of(0x18, 0x13, 0, 0, 0xfb, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 0, 0, 0)
    const [insn] = decodeInstructions(bytes)
    expect(insn).toEqual({ code: LD_IMM64, dst: 3, src: 1, off: 0, imm: -5, imm64: 0x1fffffffbn })
    expect(slotOffsets([insn!, insn!])).toEqual([0, 2, 4])
  })

  it('keeps slots apart that form no instruction', () => {
    const bytes = Uint8Array.of(0x18, 3, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0x18, 0, 0, 0, 0, 0, 0, 0)
    expect(decodeInstructions(bytes).map(({ imm64 }) => imm64)).toEqual([undefined, undefined, undefined])
    expect(encodeInstructions(decodeInstructions(bytes))).toEqual(bytes)
  })

  it('refuses parts of an instruction', () => {
    expect(() => decodeInstructions(new Uint8Array(12))).toThrow(
      'decode instructions: 12 bytes are not a multiple of 8',
    )
  })

  it('is undone by encoding, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 })), fc.boolean(), (slots, littleEndian) => {
        const bytes = Uint8Array.from(slots.flatMap((slot) => [...slot]))
        expect(encodeInstructions(decodeInstructions(bytes, littleEndian), littleEndian)).toEqual(bytes)
      }),
      { verbose: true },
    )
  })

  it('knows every instruction of compiled programs, the same in both byte orders', () => {
    const programs = (name: string) => {
      const elf = parseElf(fixtureObject(name))
      return elf.sections
        .filter((section) => section.flags & 4)
        .map((section) => decodeInstructions(section.data, elf.littleEndian))
    }
    const little = programs('code-v4.o')
    // Byte swaps and addends differ between the byte orders; the number of instructions does not.
    expect(programs('code-v4-big.o').map((insns) => insns.length)).toEqual(little.map((insns) => insns.length))
    for (const name of ['code-v1.o', 'code-v2.o', 'code-v3.o', 'code-v4.o', 'code-v4-big.o']) {
      for (const insn of programs(name).flat()) expect(formOf(insn), JSON.stringify(insn, replaceBigint)).toBeDefined()
    }
  })
})

function replaceBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

describe('encodeInstructions', () => {
  it('refuses what does not fit', () => {
    const encode = (fields: object) => () =>
      encodeInstructions([{ code: 0x07, dst: 0, src: 0, off: 0, imm: 0, ...fields }])
    expect(encode({ dst: 16 })).toThrow(
      new AsmError('encode instruction 0: destination register 16 does not fit in 4 bits'),
    )
    expect(encode({ off: 0x8000 })).toThrow('offset 32768 does not fit in 16 bits')
    expect(encode({ imm: 0x80000000 })).toThrow('immediate 2147483648 does not fit in 32 bits')
    expect(encode({ imm: 0.5 })).toThrow(AsmError)
    expect(encode({ imm64: 0n })).toThrow('opcode 0x7 has no 64-bit immediate')
    expect(() => encodeInstructions([{ ...loadImm64(1, 5n), imm: 6 }])).toThrow('imm and imm64 differ')
  })
})

describe('formOf', () => {
  it('finds each row of the table by an instruction made from it', () => {
    for (const form of INSTRUCTIONS) {
      const field = (value: string | number, free: number) => (typeof value === 'number' ? value : free)
      const base = {
        code: form.opcode,
        dst: form.dst === 0 ? 0 : 3,
        src: field(form.src, 4),
        off: field(form.off, 5),
        imm: field(form.imm, 6),
      }
      const insn = form.imm === 'imm64' ? loadImm64(base.dst, 6n, base.src) : base
      expect(formOf(insn)?.name).toBe(form.name)
    }
  })

  it('knows reserved fields', () => {
    expect(formOf({ code: 0x95, dst: 0, src: 0, off: 0, imm: 1 })).toBeUndefined()
    expect(formOf({ code: 0x0f, dst: 1, src: 2, off: 0, imm: 5 })).toBeUndefined()
    expect(formOf({ code: 0xff, dst: 1, src: 2, off: 0, imm: 5 })).toBeUndefined()
  })
})

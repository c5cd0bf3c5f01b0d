// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixtureObject, fixtureText, root } from '../../test-fixtures/fixtures.ts'
import { type ElfFile, type ElfSymbol, parseElf } from '../elf/index.ts'
import { INSTRUCTIONS } from '../gen/isa.gen.ts'
import {
  AsmSyntaxError,
  assemble,
  assembleObject,
  decodeInstructions,
  encodeInstructions,
  formatAssembly,
  formatKernel,
  formOf,
  type Instruction,
  parseConformanceCase,
} from './index.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const encoded = (source: string) => hex(encodeInstructions(assemble(source).instructions))

describe('assemble', () => {
  it('gives the bytes that llvm-mc gives, in every style', () => {
    // Encodings from llvm/test/MC/BPF and RFC 9669.
    expect(encoded('r1 = *(u64 *)(r2 + 3)')).toBe('7921030000000000')
    expect(encoded('ldxdw %r1, [%r2+3]')).toBe('7921030000000000')
    expect(encoded('r1 = *(u64 *)(r2 +3)')).toBe('7921030000000000')
    expect(encoded('if r0 s>= -1 goto +2')).toBe('75000200ffffffff')
    expect(encoded('jsge %r0, -1, +2')).toBe('75000200ffffffff')
    expect(encoded('if r0 s>= 0xffffffff goto pc+2')).toBe('75000200ffffffff')
    expect(encoded('lock *(u32 *)(r2 - 4) += w1')).toBe('c312fcff00000000')
    expect(encoded('lock add32 [%r2-4], %r1')).toBe('c312fcff00000000')
    expect(encoded('r3 = atomic_fetch_xor((u64 *)(r1 + 0), r3)')).toBe('db310000a1000000')
    expect(encoded('r3 = atomic64_fetch_xor((u64 *)(r1 +0), r3)')).toBe('db310000a1000000')
    expect(encoded('w0 = cmpxchg32_32(r1 + 8, w0, w2)')).toBe('c3210800f1000000')
    expect(encoded('lock cmpxchg32 [%r1+8], %r2')).toBe('c3210800f1000000')
    expect(encoded('r1 = 0x123456789 ll')).toBe('18010000896745230000000001000000')
    expect(encoded('lddw %r1, 0x123456789')).toBe('18010000896745230000000001000000')
    expect(encoded('ld_pseudo r2, 2, 0x500000003')).toBe('18220000030000000000000005000000')
    expect(encoded('r2 = (s16)r3')).toBe('bf32100000000000')
    expect(encoded('movsx1664 %r2, %r3')).toBe('bf32100000000000')
    expect(encoded('w2 s/= w3')).toBe('3c32010000000000')
    expect(encoded('r4 = bswap32 r4')).toBe('d704000020000000')
    expect(encoded('r0 = *(u16 *)skb[r2]')).toBe('4820000000000000')
    expect(encoded('r0 = *(u8 *)skb[0x1b]')).toBe('300000001b000000')
    expect(encoded('r5 = -r5')).toBe('8705000000000000')
    expect(encoded('r1 = addr_space_cast(r2, 0x0, 0x1)')).toBe('bf21010001000000')
    expect(encoded('w1 = load_acquire((u8 *)(r2 + 0))')).toBe('d321000000010000')
    expect(encoded('store_release((u64 *)(r2 - 8), r1)')).toBe('db12f8ff10010000')
    expect(encoded('callx r3')).toBe('8d03000000000000')
    expect(encoded('call bpf_ktime_get_ns')).toBe('8500000005000000')
    expect(encoded('may_goto +1')).toBe('e500010000000000')
    expect(encoded('gotol -2')).toBe('06000000feffffff')
    // clang's spelling of a move that clears the upper half.
    expect(encoded('r1 = w2')).toBe(encoded('w1 = w2'))
  })

  it('resolves labels over slots, not instructions', () => {
    const { instructions, labels } = assemble(`
      start: r1 = 5 ll
      if r1 == 0 goto end   # forward over a wide instruction
      r2 = function ll
      call function; goto start // two on a line
      end: exit
      /* a comment
         over lines */ function: r0 = 0
      exit`)
    expect([...labels]).toEqual([
      ['start', 0],
      ['end', 7],
      ['function', 8],
    ])
    expect(instructions.map((insn) => formatKernel(insn))).toEqual([
      'r1 = 0x5',
      'if r1 == 0x0 goto pc+4',
      'r2 = 0x4',
      'call pc+2',
      'goto pc-7',
      'exit',
      'r0 = 0',
      'exit',
    ])
    expect(instructions[2]).toMatchObject({ src: 4, imm: 4 })
  })

  const errors: [string, number, number, string][] = [
    ['r0 = 0\nfoo r1', 2, 1, 'unknown instruction "foo"'],
    ['  r0 += w1', 1, 9, 'registers of different width'],
    ['r12 = 0', 1, 1, 'no such register "r12"'],
    ['goto nowhere', 1, 6, 'undefined label "nowhere"'],
    ['r0 = 0x1ffffffff', 1, 6, 'a number 8589934591 does not fit in 32 bits'],
    ['r0 = *(u32 *)(r1 + 0x8000)', 1, 18, 'offset 32768 does not fit in 16 bits'],
    ['add %r0 1', 1, 9, 'expected ",", found "1"'],
    ['exit exit', 1, 6, 'expected end of statement, found "exit"'],
    ['a:\na: exit', 2, 1, 'label "a" is defined twice'],
    ['r0 = be16 r1', 1, 11, 'bytes are swapped in place: both registers must be the same'],
    ['w0 = *(u64 *)(r1 + 0)', 1, 8, '"u64" is loaded into a 64-bit register'],
    ['r0 = 1 ; ?', 1, 10, 'unknown instruction "?"'],
    ['r0 = 12ab', 1, 6, 'bad number "12ab"'],
    ['.bogus 1', 1, 1, 'unknown directive ".bogus"'],
    ['lock sub [%r1], %r2', 1, 6, 'unknown atomic operation "sub"'],
  ]
  it.each(errors)('refuses %j', (source, line, column, message) => {
    const error = (() => {
      try {
        assemble(source)
      } catch (caught) {
        return caught as AsmSyntaxError
      }
      throw new Error('was not refused')
    })()
    expect(error).toBeInstanceOf(AsmSyntaxError)
    expect([error.line, error.column, error.message]).toEqual([
      line,
      column,
      `assemble: line ${line} column ${column}: ${message}`,
    ])
  })

  it('refuses a jump that is too far for 16 bits', () => {
    const far = `goto end\n${'r0 = 0\n'.repeat(40_000)}end: exit`
    expect(() => assemble(far)).toThrow('target is 40000 slots away')
    expect(assemble(far.replace('goto', 'gotol')).instructions[0]).toMatchObject({ imm: 40_000 })
  })

  it('never fails but with its error, on any text', () => {
    const words = [
      'r1',
      'w2',
      '%r3',
      '=',
      '+=',
      '*',
      '(',
      ')',
      '[',
      ']',
      'u32',
      '5',
      '-',
      ',',
      'goto',
      'if',
      'll',
      'lock',
    ]
    const noise = fc.array(fc.oneof(fc.constantFrom(...words, '.quad', '"', ':', ';', '\n', '#'), fc.string()))
    fc.assert(
      fc.property(noise, (parts) => {
        try {
          assemble(parts.join(' '))
        } catch (error) {
          expect((error as { code?: string }).code).toBe('asm')
        }
      }),
      { numRuns: 2000 },
    )
  })
})

/** Any instruction, half of them from the table so that text exists for them. */
const anyInstruction: fc.Arbitrary<Instruction> = fc
  .tuple(
    fc.boolean(),
    fc.constantFrom(...INSTRUCTIONS),
    fc.uint8Array({ minLength: 8, maxLength: 8 }),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  )
  .map(([fromTable, form, bytes, imm64]) => {
    const [random] = decodeInstructions(bytes)
    if (!fromTable) return random!
    const pick = (field: string | number, value: number) => (typeof field === 'number' ? field : value)
    const insn = {
      code: form.opcode,
      dst: form.dst === 0 ? 0 : random!.dst,
      src: pick(form.src, random!.src),
      off: pick(form.off, random!.off),
      imm: pick(form.imm, random!.imm),
    }
    return form.imm === 'imm64' ? { ...insn, imm: Number(BigInt.asIntN(32, imm64)), imm64 } : insn
  })

describe('formatAssembly', () => {
  it('assembles to the same instructions, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(anyInstruction, { maxLength: 30 }), (instructions) => {
        expect(assemble(formatAssembly(instructions)).instructions).toEqual(instructions)
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps compiled programs as they are', () => {
    for (const name of ['code-v1.o', 'code-v4.o', 'forms.o']) {
      for (const section of parseElf(fixtureObject(name)).sections.filter(({ flags }) => flags & 4)) {
        const text = formatAssembly(decodeInstructions(section.data))
        expect(encoded(text)).toBe(hex(section.data))
      }
    }
  })
})

describe('assembleObject', () => {
  const symbolKey = ({ name, type, binding, section, value, size }: ElfSymbol) => ({
    name,
    type,
    binding,
    section: section?.name,
    value,
    size,
  })
  const sections = (elf: ElfFile) =>
    elf.sections
      .filter(({ name }) => !['', '.symtab', '.strtab', '.shstrtab', '.llvm_addrsig'].includes(name))
      .map((section) => ({
        name: section.name,
        type: section.type,
        flags: section.flags,
        size: section.size,
        alignment: section.alignment,
        data: section.type === 9 ? '' : hex(section.data),
        relocations: elf.relocationsFor(section).map(({ offset, type, symbol }) => ({
          offset,
          type,
          symbol: symbol.name,
          section: symbol.section?.name,
        })),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))

  for (const version of ['v1', 'v2', 'v3', 'v4']) {
    it(`makes of clang's assembly text for ${version} what llvm-mc makes`, () => {
      const mine = parseElf(assembleObject(fixtureText(`objects/code-${version}.s`)))
      const expected = parseElf(fixtureObject(`code-${version}.mc.o`))
      expect(sections(mine)).toEqual(sections(expected))
      const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
      // Section symbols have no names to compare, and stripping took the file's name from the expected ones.
      const symbols = (elf: ElfFile) =>
        elf.symbols
          .filter(({ type }) => type < 3)
          .map(symbolKey)
          .sort(byName)
      expect(symbols(mine)).toEqual(symbols(expected))
      expect(mine.symbols.filter(({ type }) => type === 4)).toMatchObject([{ name: 'code.c', section: undefined }])
    })
  }

  it('writes big endian', () => {
    const elf = parseElf(assembleObject('r1 = *(u32 *)(r6 + 1)\n.data\n.long 0x01020304', { littleEndian: false }))
    expect(hex(elf.section('.text')!.data)).toBe('6116000100000000')
    expect(hex(elf.section('.data')!.data)).toBe('01020304')
  })
})

describe('the conformance suite', () => {
  const folder = `${root}../shared/conformance/bpf_conformance`
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.data')) : []
  if (files.length === 0) console.warn(`skipped: the conformance suite is not at ${folder}`)

  it.skipIf(files.length === 0)('assembles, into instructions that exist', () => {
    expect(files.length).toBeGreaterThanOrEqual(225)
    for (const name of files) {
      const test = parseConformanceCase(readFileSync(`${folder}/${name}`, 'utf8'))
      const { instructions } = assemble(test.asm!)
      for (const insn of instructions) expect(formOf(insn), name).toBeDefined()
      if (test.raw) expect(hex(encodeInstructions(instructions)), name).toBe(hex(test.raw))
      expect(test.result !== undefined || test.error !== undefined, name).toBe(true)
      expect(assemble(formatAssembly(instructions)).instructions, name).toEqual(instructions)
    }
  })
})

describe('parseConformanceCase', () => {
  it('reads the sections', () => {
    const test = parseConformanceCase(
      '# licence\n-- asm\nmov %r0, 1 # one\nexit\n-- mem\n11 22\n33\n-- result\n0xffffffffffffffff\n-- raw\n0x0000000100000018\n',
    )
    expect(test.asm).toBe('mov %r0, 1 # one\nexit')
    expect(test.asmLine).toBe(3)
    expect(test.memory).toEqual(Uint8Array.of(0x11, 0x22, 0x33))
    expect(test.result).toBe(0xffffffffffffffffn)
    expect(test.raw).toEqual(Uint8Array.of(0x18, 0, 0, 0, 1, 0, 0, 0))
    expect(test.error).toBeUndefined()
  })

  it('refuses what is no case', () => {
    expect(() => parseConformanceCase('nothing')).toThrow('neither an "asm" nor a "raw" section')
    expect(() => parseConformanceCase('-- asm\n-- mem\n1 2 3')).toThrow('not pairs of hexadecimal digits')
    expect(() => parseConformanceCase('-- asm\n-- result\nfive')).toThrow('result "five" is not a number')
  })
})

// SPDX-License-Identifier: BSD-2-Clause
import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { expectRobust, fixtureObject, fixtureText, toolOutput } from '../../test-fixtures/fixtures.ts'
import { ElfError } from '../errors/index.ts'
import * as C from './constants.ts'
import { type ElfFile, type ElfSection, ElfWriter, parseElf, relocationTypeName } from './index.ts'

const FLAGS: readonly (readonly [number, string])[] = [
  [0x1, 'W'],
  [0x2, 'A'],
  [0x4, 'X'],
  [0x10, 'M'],
  [0x20, 'S'],
  [0x40, 'I'],
  [0x80000000, 'E'],
]
const TYPES: Record<number, string> = {
  0: 'NULL',
  1: 'PROGBITS',
  2: 'SYMTAB',
  3: 'STRTAB',
  8: 'NOBITS',
  9: 'REL',
  1879002115: 'LLVM_ADDRSIG',
}
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')

/** A row of `llvm-readelf -S --wide` without its blanks. */
function sectionRow(section: ElfSection): string {
  const flags = FLAGS.filter(([bit]) => section.flags & bit)
  return [
    section.index,
    section.name,
    TYPES[section.type] ?? section.type,
    hex(section.address, 16),
    hex(section.offset, 6),
    hex(section.size, 6),
    hex(section.entrySize, 2),
    flags.map(([, letter]) => letter).join(''),
    section.link,
    section.info,
    section.alignment,
  ]
    .filter((cell) => cell !== '')
    .join(' ')
}

function expectedSections(text: string): string[] {
  const rows = text.matchAll(/^\s*\[\s*(\d+)\]\s*(.*)$/gm)
  return [...rows]
    .map(([, index, rest]) => `${index} ${rest!.trim().split(/\s+/).join(' ')}`)
    .filter((row) => !row.startsWith('0 ') || row.includes('NULL'))
}

const SYMBOL_TYPES = ['NOTYPE', 'OBJECT', 'FUNC', 'SECTION', 'FILE']
const BINDINGS = ['LOCAL', 'GLOBAL', 'WEAK']

/** Rows of `llvm-readelf -s --wide`; sections stand there under their own name. */
function symbolRows(elf: ElfFile): string[] {
  return elf.symbols.map((symbol) => {
    const special = symbol.sectionIndex === C.SHN_ABS ? 'ABS' : 'UND'
    const name = symbol.type === C.STT_SECTION ? symbol.section!.name : symbol.name
    const visibility = ['DEFAULT', 'INTERNAL', 'HIDDEN', 'PROTECTED'][symbol.visibility]
    return [
      `${symbol.index}:`,
      hex(symbol.value, 16),
      symbol.size,
      SYMBOL_TYPES[symbol.type],
      BINDINGS[symbol.binding],
      visibility,
      symbol.section ? symbol.section.index : special,
      name,
    ]
      .join(' ')
      .trim()
  })
}

function expectedSymbols(text: string): string[] {
  return [...text.matchAll(/^\s+(\d+: [0-9a-f]{16}.*)$/gm)].map(([, row]) => row!.trim().split(/\s+/).join(' '))
}

/** Rows of `llvm-readelf -r --wide`. */
function relocationRows(elf: ElfFile): string[] {
  return elf.sections
    .filter((section) => section.type === C.SHT_REL)
    .flatMap((section) => elf.relocationsIn(section))
    .map(({ offset, type, symbol }) => {
      const info = hex(symbol.index, 8) + hex(type, 8)
      const name = symbol.type === C.STT_SECTION ? symbol.section!.name : symbol.name
      return `${hex(offset, 16)} ${info} ${relocationTypeName(type)} ${hex(symbol.value, 16)} ${name}`
    })
}

function expectedRelocations(text: string): string[] {
  return [...text.matchAll(/^([0-9a-f]{16}\s.*)$/gm)].map(([, row]) => row!.trim().split(/\s+/).join(' '))
}

describe('parseElf', () => {
  for (const name of ['code-v1', 'code-v3', 'code-v4', 'code-v4-big', 'kinds', 'kinds-big', 'forms']) {
    it(`reads ${name}.o as llvm-readelf does`, () => {
      const elf = parseElf(fixtureObject(`${name}.o`))
      const text = fixtureText(`expected/${name}.readelf`)
      expect(elf.sections.map(sectionRow)).toEqual(expectedSections(text))
      expect(symbolRows(elf)).toEqual(expectedSymbols(text))
      expect(relocationRows(elf)).toEqual(expectedRelocations(text))
      expect(elf.littleEndian).toBe(!name.endsWith('big'))
      expect(elf.header.machine).toBe(C.EM_BPF)
    })
  }

  it('gives contents without copying', () => {
    const bytes = fixtureObject('code-v4.o')
    const elf = parseElf(bytes)
    expect(new TextDecoder().decode(elf.section('license')!.data)).toBe('GPL\0')
    expect(elf.section('license')!.data.buffer).toBe(bytes.buffer)
    expect(elf.section('.bss')).toMatchObject({ size: 4, data: new Uint8Array(0) })
    expect(elf.symbolsOf(elf.section('xdp')!).map(({ name }) => name)).toContain('program')
    expect(elf.relocationsFor(elf.section('xdp')!).some(({ type }) => type === C.R_BPF_64_32)).toBe(true)
  })

  it('says what is wrong and where', () => {
    const damage = (change: (view: DataView, bytes: Uint8Array) => void) => {
      const bytes = fixtureObject('code-v4.o')
      change(new DataView(bytes.buffer), bytes)
      return () => {
        const elf = parseElf(bytes)
        for (const section of elf.sections) elf.relocationsFor(section)
      }
    }
    const headers = Number(new DataView(fixtureObject('code-v4.o').buffer).getBigUint64(40, true))
    const index = (name: string) => parseElf(fixtureObject('code-v4.o')).section(name)!.index
    const header = (name: string, field: number) => headers + index(name) * 64 + field
    expect(() => parseElf(new Uint8Array(3))).toThrow('parse ELF: header at 0x0: 16 bytes wanted, 3 left')
    expect(damage((_, bytes) => bytes.fill(0, 0, 4))).toThrow('parse ELF: header at 0x0: no ELF magic')
    expect(damage((_, bytes) => bytes.fill(1, 4, 5))).toThrow('header at 0x4: class 1, expected 2 (64-bit)')
    expect(damage((view) => view.setUint16(58, 40, true))).toThrow(
      'header at 0x3a: section header size 40, expected 64',
    )
    expect(damage((view) => view.setBigUint64(40, 1n << 60n, true))).toThrow(ElfError)
    expect(damage((view) => view.setUint16(62, 999, true))).toThrow('section name index 999')
    expect(damage((view) => view.setBigUint64(header('xdp', 32), 1n << 40n, true))).toThrow(
      /section \d+ "xdp" at 0x[0-9a-f]+: 1099511627776 bytes wanted, \d+ left in the file/,
    )
    expect(damage((view) => view.setBigUint64(header('xdp', 48), 3n, true))).toThrow(
      'alignment 3 is not a power of two',
    )
    expect(damage((view) => view.setBigUint64(header('.symtab', 56), 23n, true))).toThrow('entry size 23, expected 24')
    expect(damage((view) => view.setUint32(header('.symtab', 40), 0, true))).toThrow('link 0 is not a string table')
    expect(damage((view) => view.setUint32(header('.relxdp', 44), 77, true))).toThrow('patches section 77')
    expect(damage((view) => view.setUint32(header('.relxdp', 40), 1, true))).toThrow('link 1 is not the symbol table')
  })

  it('checks symbols and relocations against the sections', () => {
    const elf = (value: number, offset: number, symbol = 0) => {
      const writer = new ElfWriter()
      const section = writer.addSection({ name: 'code', data: new Uint8Array(16) })
      writer.addSymbol({ name: 'f', section, value, size: 8 })
      writer.addRelocation(section, { offset, type: C.R_BPF_64_32, symbol })
      const parsed = parseElf(writer.finish())
      return parsed.relocationsFor(parsed.section('code')!)
    }
    expect(elf(8, 8)).toMatchObject([{ offset: 8, type: C.R_BPF_64_32, symbol: { name: 'f', value: 8 } }])
    expect(() => elf(12, 8)).toThrow('"f" of 8 bytes at 0xc is outside of section 1 "code" of 16 bytes')
    expect(() => elf(8, 9)).toThrow('relocation 0: offset 0x9 is outside of section 1 "code"')
  })

  it('survives damaged files', { timeout: 120_000 }, () => {
    const inputs = ['code-v4.o', 'code-v4-big.o', 'kinds.o', 'forms.o'].map(fixtureObject)
    expectRobust(inputs, (bytes) => {
      const elf = parseElf(bytes)
      for (const section of elf.sections) {
        expect(section.data.length).toBeLessThanOrEqual(bytes.length)
        elf.relocationsFor(section)
      }
    })
  })
})

describe('ElfWriter', () => {
  it('is read back, in both byte orders, with RELA', () => {
    for (const littleEndian of [true, false]) {
      const writer = new ElfWriter({ littleEndian })
      const data = writer.addSection({ name: '.data', data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), alignment: 8 })
      writer.addSection({ name: '.bss', type: C.SHT_NOBITS, size: 100 })
      const global = writer.addSymbol({ name: 'global', binding: C.STB_GLOBAL, section: 'undefined' })
      writer.addSymbol({ name: 'local', section: data, value: 4 })
      writer.addRelocation(data, { offset: 0, type: C.R_BPF_64_ABS64, symbol: global, addend: -5n })
      const elf = parseElf(writer.finish())
      expect(elf.littleEndian).toBe(littleEndian)
      expect(elf.symbols.map(({ name }) => name)).toEqual(['', 'local', 'global'])
      expect(elf.section('.symtab')!.info).toBe(2)
      expect(elf.section('.bss')!.size).toBe(100)
      expect(elf.relocationsFor(elf.section('.data')!)).toMatchObject([{ symbol: { name: 'global' }, addend: -5n }])
    }
  })

  it('numbers more than 65,280 sections, as llvm-readelf reads them', { timeout: 120_000 }, () => {
    const writer = new ElfWriter()
    const many = 65_530
    for (let i = 1; i <= many; i++) writer.addSection({ name: 's', data: Uint8Array.of(i & 0xff) })
    writer.addSymbol({ name: 'last', section: many })
    writer.addSymbol({ name: 'at-a-special-number', section: C.SHN_ABS })
    writer.addSymbol({ name: 'absolute', section: 'absolute' })
    const bytes = writer.finish()
    const elf = parseElf(bytes)
    expect(elf.header.sectionCount).toBe(many + 5)
    expect(elf.sections[many]!.data).toEqual(Uint8Array.of(many & 0xff))
    expect(elf.symbols[1]).toMatchObject({ name: 'last', sectionIndex: many })
    expect(elf.symbols[1]!.section).toBe(elf.sections[many])
    expect(elf.symbols[2]!.section).toBe(elf.sections[C.SHN_ABS])
    expect(elf.symbols[3]).toMatchObject({ name: 'absolute', sectionIndex: C.SHN_ABS, section: undefined })
    const path = `${process.env.TMPDIR ?? '/tmp'}/skep-many-sections-${process.pid}.o`
    writeAndRemove(path, bytes, () => {
      const header = toolOutput('llvm-readelf-19', '-h', path)
      if (header !== undefined) expect(header).toMatch(/Number of section headers:\s+0 \(65535\)/)
      const symbols = toolOutput('llvm-readelf-19', '-s', '--wide', path)
      if (symbols !== undefined) expect(symbols).toMatch(/1: 0+ +0 NOTYPE +LOCAL +DEFAULT +65530 last/)
    })
  })
})

function writeAndRemove(path: string, bytes: Uint8Array, use: () => void): void {
  writeFileSync(path, bytes)
  try {
    use()
  } finally {
    rmSync(path)
  }
}

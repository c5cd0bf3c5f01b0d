// SPDX-License-Identifier: BSD-2-Clause
import { ByteWriter, encodeText } from '../bytes/index.ts'
import { ElfError } from '../errors/index.ts'
import * as C from './constants.ts'

export interface ElfWriterOptions {
  /** Default true. */
  readonly littleEndian?: boolean
  /** ET_*, default relocatable. */
  readonly type?: number
  /** EM_*, default BPF. */
  readonly machine?: number
  readonly flags?: number
}

export interface NewSection {
  readonly name: string
  /** SHT_*, default PROGBITS. */
  readonly type?: number
  /** SHF_* bits, default 0. */
  readonly flags?: number
  readonly data?: Uint8Array
  /** Of SHT_NOBITS, which has no data. */
  readonly size?: number
  readonly link?: number
  readonly info?: number
  /** Default 1. */
  readonly alignment?: number
  readonly entrySize?: number
}

export interface NewSymbol {
  readonly name: string
  /** STB_*, default local. */
  readonly binding?: number
  /** STT_*, default none. */
  readonly type?: number
  /** STV_*, default default. */
  readonly visibility?: number
  /** Index from {@link ElfWriter.addSection}, or a special index. */
  readonly section: number | 'undefined' | 'absolute' | 'common'
  readonly value?: number
  readonly size?: number
}

export interface NewRelocation {
  readonly offset: number
  /** R_BPF_*. */
  readonly type: number
  /** Number from {@link ElfWriter.addSymbol}. */
  readonly symbol: number
  /** Makes the section one of SHT_RELA; all relocations of a section must agree. */
  readonly addend?: bigint
}

const SPECIAL_SECTIONS = { undefined: C.SHN_UNDEF, absolute: C.SHN_ABS, common: C.SHN_COMMON }

/** A string table under construction: each string once. */
class Strings {
  private readonly writer = new ByteWriter(true).u8(0)
  private readonly offsets = new Map<string, number>([['', 0]])

  offset(text: string): number {
    let offset = this.offsets.get(text)
    if (offset === undefined) {
      if (text.includes('\0')) throw new ElfError(`write ELF: name ${JSON.stringify(text)}: has a zero byte`)
      offset = this.writer.length
      this.writer.put(encodeText(text)).u8(0)
      this.offsets.set(text, offset)
    }
    return offset
  }

  finish(): Uint8Array {
    return this.writer.finish()
  }
}

/**
 * Writes an ELF64 file: sections in the order in which they are added, then relocations, symbols and names. Section and
 * symbol counts above what 16 bits hold use extended numbering.
 */
export class ElfWriter {
  private readonly littleEndian: boolean
  private readonly options: ElfWriterOptions
  private readonly sections: NewSection[] = []
  private readonly symbols: NewSymbol[] = []
  private readonly relocations = new Map<number, NewRelocation[]>()

  constructor(options: ElfWriterOptions = {}) {
    this.options = options
    this.littleEndian = options.littleEndian ?? true
  }

  /** Adds a section and returns its index. */
  addSection(section: NewSection): number {
    this.sections.push(section)
    return this.sections.length
  }

  /** Adds a symbol and returns a number for {@link addRelocation}; the index in the file may differ. */
  addSymbol(symbol: NewSymbol): number {
    this.symbols.push(symbol)
    return this.symbols.length - 1
  }

  addRelocation(section: number, relocation: NewRelocation): void {
    const list = this.relocations.get(section)
    if (list) list.push(relocation)
    else this.relocations.set(section, [relocation])
  }

  /** The file's bytes. */
  finish(): Uint8Array {
    const sections: NewSection[] = [...this.sections]
    // Local symbols come first; the table says where they end.
    const order = [...this.symbols.keys()].sort((a, b) => Number(this.isGlobal(a)) - Number(this.isGlobal(b)) || a - b)
    const symbolIndex = new Map(order.map((symbol, index) => [symbol, index + 1]))
    const symtabIndex = sections.length + this.relocations.size + 1
    for (const [target, list] of this.relocations) {
      sections.push(this.relocationSection(target, list, symtabIndex, symbolIndex))
    }
    const strings = new Strings()
    const extended = this.symbols.some(({ section }) => typeof section === 'number' && section >= C.SHN_LORESERVE)
    sections.push({
      name: '.symtab',
      type: C.SHT_SYMTAB,
      data: this.symbolTable(order, strings),
      link: symtabIndex + 1,
      info: 1 + order.filter((symbol) => !this.isGlobal(symbol)).length,
      alignment: 8,
      entrySize: C.SYMBOL_SIZE,
    })
    sections.push({ name: '.strtab', type: C.SHT_STRTAB, data: strings.finish() })
    if (extended) sections.push(this.extendedIndexes(order, symtabIndex))
    return this.writeFile(sections)
  }

  private isGlobal(symbol: number): boolean {
    return (this.symbols[symbol]!.binding ?? C.STB_LOCAL) !== C.STB_LOCAL
  }

  private relocationSection(
    target: number,
    list: readonly NewRelocation[],
    symtabIndex: number,
    symbolIndex: ReadonlyMap<number, number>,
  ): NewSection {
    const withAddend = list[0]?.addend !== undefined
    const writer = new ByteWriter(this.littleEndian, list.length * C.RELA_SIZE)
    for (const { offset, type, symbol, addend } of list) {
      const index = symbolIndex.get(symbol)
      if (index === undefined) throw new ElfError(`write ELF: relocation against symbol ${symbol}: there is none`)
      if ((addend !== undefined) !== withAddend) {
        throw new ElfError(`write ELF: relocations of section ${target} with and without addend`)
      }
      writer.u64(offset).u64((BigInt(index) << 32n) | BigInt(type))
      if (addend !== undefined) writer.u64(addend)
    }
    const name = this.sections[target - 1]?.name
    if (name === undefined) throw new ElfError(`write ELF: relocations of section ${target}: there is none`)
    return {
      name: `${withAddend ? '.rela' : '.rel'}${name}`,
      type: withAddend ? C.SHT_RELA : C.SHT_REL,
      flags: C.SHF_INFO_LINK,
      data: writer.finish(),
      link: symtabIndex,
      info: target,
      alignment: 8,
      entrySize: withAddend ? C.RELA_SIZE : C.REL_SIZE,
    }
  }

  private sectionIndexOf(symbol: number): number {
    const { section } = this.symbols[symbol]!
    return typeof section === 'number' ? section : SPECIAL_SECTIONS[section]
  }

  private symbolTable(order: readonly number[], strings: Strings): Uint8Array {
    const writer = new ByteWriter(this.littleEndian, (order.length + 1) * C.SYMBOL_SIZE).zeros(C.SYMBOL_SIZE)
    for (const number of order) {
      const symbol = this.symbols[number]!
      const index = this.sectionIndexOf(number)
      const isReal = typeof symbol.section === 'number'
      writer
        .u32(strings.offset(symbol.name))
        .u8(((symbol.binding ?? C.STB_LOCAL) << 4) | (symbol.type ?? C.STT_NOTYPE))
        .u8(symbol.visibility ?? C.STV_DEFAULT)
        .u16(isReal && index >= C.SHN_LORESERVE ? C.SHN_XINDEX : index)
        .u64(symbol.value ?? 0)
        .u64(symbol.size ?? 0)
    }
    return writer.finish()
  }

  private extendedIndexes(order: readonly number[], symtabIndex: number): NewSection {
    const writer = new ByteWriter(this.littleEndian, (order.length + 1) * 4).u32(0)
    for (const number of order) {
      const index = this.sectionIndexOf(number)
      const isReal = typeof this.symbols[number]!.section === 'number'
      writer.u32(isReal && index >= C.SHN_LORESERVE ? index : 0)
    }
    const data = writer.finish()
    return { name: '.symtab_shndx', type: C.SHT_SYMTAB_SHNDX, data, link: symtabIndex, alignment: 4, entrySize: 4 }
  }

  private writeFile(sections: NewSection[]): Uint8Array {
    const names = new Strings()
    for (const section of sections) names.offset(section.name)
    names.offset('.shstrtab')
    sections.push({ name: '.shstrtab', type: C.SHT_STRTAB, data: names.finish() })
    const count = sections.length + 1
    const file = new ByteWriter(this.littleEndian, 4096)
    this.writeHeader(file, count)
    const offsets = sections.map((section) => {
      file.align(section.alignment ?? 1)
      const offset = file.length
      if (section.data) file.put(section.data)
      return offset
    })
    file.align(8)
    file.patchU64(40, file.length)
    // Section 0 holds the count and the index of the names where the header's 16 bits do not.
    file
      .zeros(32)
      .u64(count >= C.SHN_LORESERVE ? count : 0)
      .u32(count > C.SHN_LORESERVE ? count - 1 : 0)
      .zeros(20)
    for (const [index, section] of sections.entries()) {
      file
        .u32(names.offset(section.name))
        .u32(section.type ?? C.SHT_PROGBITS)
        .u64(section.flags ?? 0)
        .u64(0)
        .u64(offsets[index]!)
        .u64(section.data?.length ?? section.size ?? 0)
        .u32(section.link ?? 0)
        .u32(section.info ?? 0)
        .u64(section.alignment ?? 1)
        .u64(section.entrySize ?? 0)
    }
    return file.finish()
  }

  private writeHeader(file: ByteWriter, count: number): void {
    const { littleEndian, options } = this
    file
      .put(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, C.ELFCLASS64, littleEndian ? C.ELFDATA2LSB : C.ELFDATA2MSB, 1, 0))
      .zeros(8)
      .u16(options.type ?? C.ET_REL)
      .u16(options.machine ?? C.EM_BPF)
      .u32(C.EV_CURRENT)
      .u64(0)
      .u64(0)
      .u64(0)
      .u32(options.flags ?? 0)
      .u16(C.ELF_HEADER_SIZE)
      .u16(0)
      .u16(0)
      .u16(C.SECTION_HEADER_SIZE)
      .u16(count >= C.SHN_LORESERVE ? 0 : count)
      .u16(count > C.SHN_LORESERVE ? C.SHN_XINDEX : count - 1)
  }
}

// SPDX-License-Identifier: BSD-2-Clause
import { ByteView, formatOffset, StringTable } from '../bytes/index.ts'
import { ElfError } from '../errors/index.ts'
import * as C from './constants.ts'

import type { ElfHeader, ElfSection, ElfSymbol } from './types.ts'

/** Start of a message about a section: `section 3 ".text" at 0x40`. */
export function describeSection(section: Pick<ElfSection, 'index' | 'name' | 'offset'>): string {
  return `section ${section.index} ${JSON.stringify(section.name)} at ${formatOffset(section.offset)}`
}

interface RawSection extends Omit<ElfSection, 'name' | 'data'> {
  readonly nameOffset: number
}

function parseSectionHeader(view: ByteView, index: number, at: number): RawSection {
  const what = `section header ${index}`
  const section = {
    index,
    nameOffset: view.u32(at, what),
    type: view.u32(at + 4),
    flags: Number(view.u64(at + 8)),
    address: Number(view.u64(at + 16)),
    offset: view.size64(at + 24, `${what} offset`),
    size: view.size64(at + 32, `${what} size`),
    link: view.u32(at + 40),
    info: view.u32(at + 44),
    alignment: view.size64(at + 48, `${what} alignment`),
    entrySize: view.size64(at + 56, `${what} entry size`),
  }
  return section
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value))
}

function checkExtent(view: ByteView, section: RawSection, name: string): void {
  if (section.type === C.SHT_NULL) return
  const where = () => describeSection({ ...section, name })
  if (section.alignment > 1 && !isPowerOfTwo(section.alignment)) {
    throw view.fail(`${where()}: alignment ${section.alignment} is not a power of two`)
  }
  if (section.type === C.SHT_NOBITS) return
  if (section.offset > view.length || section.size > view.length - section.offset) {
    const left = Math.max(0, view.length - section.offset)
    throw view.fail(`${where()}: ${section.size} bytes wanted, ${left} left in the file`)
  }
}

const NO_BYTES = new Uint8Array(0)

/** Keeps the view of the contents until it is asked for: most sections of an object are never looked at. */
class Section implements ElfSection {
  readonly index: number
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly address: number
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly info: number
  readonly alignment: number
  readonly entrySize: number
  readonly #file: Uint8Array
  #data: Uint8Array | undefined

  constructor(raw: RawSection, name: string, file: Uint8Array) {
    this.index = raw.index
    this.name = name
    this.type = raw.type
    this.flags = raw.flags
    this.address = raw.address
    this.offset = raw.offset
    this.size = raw.size
    this.link = raw.link
    this.info = raw.info
    this.alignment = raw.alignment
    this.entrySize = raw.entrySize
    this.#file = file
  }

  get data(): Uint8Array {
    if (this.type === C.SHT_NOBITS || this.type === C.SHT_NULL) return NO_BYTES
    this.#data ??= this.#file.subarray(this.offset, this.offset + this.size)
    return this.#data
  }
}

/** String table in a section's contents, with offsets in messages counted from the start of the file. */
function stringTable(view: ByteView, section: { readonly offset: number; readonly size: number }): StringTable {
  const bytes = view.slice(section.offset, section.size, 'string table')
  const options = { littleEndian: view.littleEndian, error: ElfError, act: 'parse ELF', base: section.offset }
  return new StringTable(new ByteView(bytes, options))
}

/** Entry sizes that the formats of these sections fix. */
const ENTRY_SIZES: ReadonlyMap<number, number> = new Map([
  [C.SHT_SYMTAB, C.SYMBOL_SIZE],
  [C.SHT_REL, C.REL_SIZE],
  [C.SHT_RELA, C.RELA_SIZE],
  [C.SHT_SYMTAB_SHNDX, 4],
])

function checkTable(view: ByteView, section: ElfSection, count: number): void {
  const entrySize = ENTRY_SIZES.get(section.type)
  if (entrySize === undefined) return
  const where = describeSection(section)
  if (section.entrySize !== entrySize) {
    throw view.fail(`${where}: entry size ${section.entrySize}, expected ${entrySize}`)
  }
  if (section.size % entrySize !== 0) {
    throw view.fail(`${where}: size ${section.size} is not a multiple of the entry size ${entrySize}`)
  }
  if (section.link >= count) throw view.fail(`${where}: link ${section.link}, but there are ${count} sections`)
  const isRelocation = section.type === C.SHT_REL || section.type === C.SHT_RELA
  if (isRelocation && section.info >= count) {
    throw view.fail(`${where}: patches section ${section.info}, but there are ${count} sections`)
  }
}

/** Reads and checks all section headers. */
export function parseSections(view: ByteView, header: ElfHeader): ElfSection[] {
  const raw: RawSection[] = []
  for (let index = 0; index < header.sectionCount; index++) {
    raw.push(parseSectionHeader(view, index, header.sectionHeaderOffset + index * C.SECTION_HEADER_SIZE))
  }
  const nameSection = raw[header.sectionNameIndex]
  let names: StringTable | undefined
  if (nameSection && header.sectionNameIndex !== C.SHN_UNDEF) {
    const where = `section ${nameSection.index} at ${formatOffset(nameSection.offset)}`
    if (nameSection.type !== C.SHT_STRTAB) {
      throw view.fail(`${where}: type ${nameSection.type} cannot hold the section names`)
    }
    checkExtent(view, nameSection, '')
    names = stringTable(view, nameSection)
  }
  const sections = raw.map((section) => {
    const name = names ? names.at(section.nameOffset, `section header ${section.index}`) : ''
    checkExtent(view, section, name)
    return new Section(section, name, view.bytes)
  })
  for (const section of sections) checkTable(view, section, sections.length)
  return sections
}

/** The table of extended section indexes that belongs to a symbol table. */
function extendedIndexes(view: ByteView, sections: readonly ElfSection[], table: ElfSection): ElfSection | undefined {
  const found = sections.find((section) => section.type === C.SHT_SYMTAB_SHNDX && section.link === table.index)
  if (found && found.size / 4 < table.size / C.SYMBOL_SIZE) {
    throw view.fail(`${describeSection(found)}: fewer entries than the symbol table`)
  }
  return found
}

function isSpecialIndex(index: number): boolean {
  return index === C.SHN_UNDEF || index >= C.SHN_LORESERVE
}

/** Reads and checks all symbols. */
export function parseSymbolTable(
  view: ByteView,
  header: ElfHeader,
  sections: readonly ElfSection[],
  table: ElfSection,
): ElfSymbol[] {
  const stringSection = sections[table.link]!
  if (stringSection.type !== C.SHT_STRTAB) {
    throw view.fail(`${describeSection(table)}: link ${table.link} is not a string table`)
  }
  const names = stringTable(view, stringSection)
  const extended = extendedIndexes(view, sections, table)
  const symbols: ElfSymbol[] = []
  const count = table.size / C.SYMBOL_SIZE
  for (let index = 0; index < count; index++) {
    const at = table.offset + index * C.SYMBOL_SIZE
    const where = `symbol ${index} at ${formatOffset(at)}`
    const info = view.u8(at + 4)
    let sectionIndex = view.u16(at + 6)
    let special = isSpecialIndex(sectionIndex)
    if (sectionIndex === C.SHN_XINDEX) {
      if (!extended) throw view.fail(`${where}: extended section index without a table of them`)
      sectionIndex = view.u32(extended.offset + index * 4)
      special = sectionIndex === C.SHN_UNDEF
    }
    const section = special ? undefined : sections[sectionIndex]
    if (!special && !section) {
      throw view.fail(`${where}: section ${sectionIndex}, but there are ${sections.length} sections`)
    }
    const symbol: ElfSymbol = {
      index,
      name: names.at(view.u32(at), where),
      binding: info >> 4,
      type: info & 0xf,
      visibility: view.u8(at + 5) & 3,
      sectionIndex,
      section,
      value: view.size64(at + 8, `${where}: value`),
      size: view.size64(at + 16, `${where}: size`),
    }
    if (section && header.type === C.ET_REL) checkSymbolExtent(view, symbol, section, where)
    symbols.push(symbol)
  }
  return symbols
}

function checkSymbolExtent(view: ByteView, symbol: ElfSymbol, section: ElfSection, where: string): void {
  if (symbol.value <= section.size && symbol.size <= section.size - symbol.value) return
  throw view.fail(
    `${where}: ${JSON.stringify(symbol.name)} of ${symbol.size} bytes at ${formatOffset(symbol.value)} is outside of section ${section.index} ${JSON.stringify(section.name)} of ${section.size} bytes`,
  )
}

// SPDX-License-Identifier: BSD-2-Clause
import { ByteView, formatOffset } from '../bytes/index.ts'
import { ElfError } from '../errors/index.ts'
import * as C from './constants.ts'
import { parseRelocations } from './relocations.ts'
import { parseSections, parseSymbolTable } from './sections.ts'
import type { ElfHeader, ElfRelocation, ElfSection, ElfSymbol } from './types.ts'

/** An ELF64 file, parsed. Sections and symbols are checked on parsing, relocations when they are first asked for. */
export class ElfFile {
  readonly bytes: Uint8Array
  readonly header: ElfHeader
  /** All sections, the null section at index 0 included. */
  readonly sections: readonly ElfSection[]
  /** All symbols of the symbol table, the null symbol at index 0 included; empty without one. */
  readonly symbols: readonly ElfSymbol[]
  private readonly symbolTable: ElfSection | undefined
  private readonly view: ByteView
  private symbolGroups: Map<number, ElfSymbol[]> | undefined
  private relocationGroups: Map<number, ElfSection[]> | undefined
  private readonly relocationCache = new Map<number, readonly ElfRelocation[]>()

  constructor(view: ByteView) {
    this.view = view
    this.bytes = view.bytes
    this.header = parseHeader(view)
    this.sections = parseSections(view, this.header)
    const tables = this.sections.filter((section) => section.type === C.SHT_SYMTAB)
    if (tables.length > 1) throw view.fail(`section ${tables[1]!.index}: second symbol table`)
    this.symbolTable = tables[0]
    this.symbols = this.symbolTable ? parseSymbolTable(view, this.header, this.sections, this.symbolTable) : []
  }

  get littleEndian(): boolean {
    return this.view.littleEndian
  }

  /** First section with this name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name)
  }

  /** Symbols defined in a section, in the order of the table. */
  symbolsOf(section: ElfSection): ElfSymbol[] {
    this.symbolGroups ??= groupBy(this.symbols, (symbol) => symbol.section?.index)
    return [...(this.symbolGroups.get(section.index) ?? [])]
  }

  /** Records of one section of relocations (SHT_REL or SHT_RELA). */
  relocationsIn(section: ElfSection): readonly ElfRelocation[] {
    const known = this.relocationCache.get(section.index)
    if (known) return known
    const relocations = parseRelocations(this.view, this.header, this.sections, this.symbols, section)
    this.relocationCache.set(section.index, relocations)
    return relocations
  }

  /** Records that patch a section, from all sections of relocations that name it. */
  relocationsFor(target: ElfSection): ElfRelocation[] {
    this.relocationGroups ??= groupBy(this.sections, (section) =>
      section.type === C.SHT_REL || section.type === C.SHT_RELA ? section.info : undefined,
    )
    return (this.relocationGroups.get(target.index) ?? []).flatMap((section) => this.relocationsIn(section))
  }
}

/** Elements by key, those without one left out. Built once: files may have tens of thousands of sections. */
function groupBy<T>(elements: readonly T[], keyOf: (element: T) => number | undefined): Map<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const element of elements) {
    const key = keyOf(element)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(element)
    else groups.set(key, [element])
  }
  return groups
}

function parseHeader(view: ByteView): ElfHeader {
  view.need(0, C.ELF_HEADER_SIZE, 'header')
  const version = view.u32(20)
  if (version !== C.EV_CURRENT) throw view.fail(`header at 0x14: unknown version ${version}`)
  const headerSize = view.u16(52)
  if (headerSize !== C.ELF_HEADER_SIZE) throw view.fail(`header at 0x34: header size ${headerSize}, expected 64`)
  const sectionHeaderOffset = view.size64(40, 'section header offset')
  const header = {
    littleEndian: view.littleEndian,
    osAbi: view.u8(7),
    type: view.u16(16),
    machine: view.u16(18),
    entry: Number(view.u64(24)),
    flags: view.u32(48),
    sectionHeaderOffset,
    sectionCount: view.u16(60),
    sectionNameIndex: view.u16(62),
  }
  if (sectionHeaderOffset === 0) {
    if (header.sectionCount !== 0) throw view.fail(`header at 0x3c: ${header.sectionCount} sections but no table`)
    return { ...header, sectionNameIndex: 0 }
  }
  const entrySize = view.u16(58)
  if (entrySize !== C.SECTION_HEADER_SIZE) {
    throw view.fail(`header at 0x3a: section header size ${entrySize}, expected 64`)
  }
  return resolveExtendedNumbers(view, header)
}

/** With 0xff00 sections and more, the real count and index stand in section 0 (gABI, "Extended section numbering"). */
function resolveExtendedNumbers(view: ByteView, header: ElfHeader): ElfHeader {
  const { sectionHeaderOffset } = header
  let { sectionCount, sectionNameIndex } = header
  if (sectionCount === 0) {
    view.need(sectionHeaderOffset, C.SECTION_HEADER_SIZE, 'section header 0')
    sectionCount = view.size64(sectionHeaderOffset + 32, 'number of sections')
    if (sectionCount === 0) throw view.fail(`section header 0 at ${formatOffset(sectionHeaderOffset)}: no sections`)
  } else if (sectionCount >= C.SHN_LORESERVE) {
    throw view.fail(`header at 0x3c: reserved number of sections 0x${sectionCount.toString(16)}`)
  }
  if (sectionCount > view.length / C.SECTION_HEADER_SIZE) {
    throw view.fail(`section headers at ${formatOffset(sectionHeaderOffset)}: ${sectionCount} do not fit in the file`)
  }
  view.need(sectionHeaderOffset, sectionCount * C.SECTION_HEADER_SIZE, 'section headers')
  if (sectionNameIndex === C.SHN_XINDEX) {
    sectionNameIndex = view.u32(sectionHeaderOffset + 40)
  } else if (sectionNameIndex >= C.SHN_LORESERVE) {
    throw view.fail(`header at 0x3e: reserved section name index 0x${sectionNameIndex.toString(16)}`)
  }
  if (sectionNameIndex >= sectionCount) {
    throw view.fail(`header at 0x3e: section name index ${sectionNameIndex}, but there are ${sectionCount} sections`)
  }
  return { ...header, sectionCount, sectionNameIndex }
}

/** Whether the bytes start as an ELF file does. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}

/**
 * Parses an ELF64 file of either byte order. The file's bytes are not copied: they must not change while it is in use.
 * @throws ElfError with the place in the file
 */
export function parseElf(bytes: Uint8Array): ElfFile {
  if (bytes.length < 16) throw new ElfError(`parse ELF: header at 0x0: 16 bytes wanted, ${bytes.length} left`)
  if (!isElf(bytes)) throw new ElfError('parse ELF: header at 0x0: no ELF magic')
  if (bytes[4] !== C.ELFCLASS64) throw new ElfError(`parse ELF: header at 0x4: class ${bytes[4]}, expected 2 (64-bit)`)
  const order = bytes[5]
  if (order !== C.ELFDATA2LSB && order !== C.ELFDATA2MSB) {
    throw new ElfError(`parse ELF: header at 0x5: unknown byte order ${order}`)
  }
  if (bytes[6] !== C.EV_CURRENT) throw new ElfError(`parse ELF: header at 0x6: unknown version ${bytes[6]}`)
  const littleEndian = order === C.ELFDATA2LSB
  return new ElfFile(new ByteView(bytes, { littleEndian, error: ElfError, act: 'parse ELF' }))
}

// SPDX-License-Identifier: BSD-2-Clause
import { ByteView, ByteWriter, formatOffset } from '../bytes/index.ts'
import { BtfError } from '../errors/index.ts'
import { BTF_MAGIC, type Btf } from './btf.ts'
import type { BtfCoreRelo, BtfExt, BtfExtSection, BtfFuncInfo, BtfLineInfo } from './types.ts'

/** Bytes of a record in the versions that the kernel and libbpf know; later ones may be longer. */
export const FUNC_INFO_SIZE = 8
export const LINE_INFO_SIZE = 16
export const CORE_RELO_SIZE = 16

/** Header with the CO-RE fields; those from before them end 8 bytes earlier. */
const HEADER_SIZE = 32
const OLD_HEADER_SIZE = 24

/** Line and column of a line record. */
export function lineOf(info: BtfLineInfo): { readonly line: number; readonly column: number } {
  return { line: info.lineColumn >>> 10, column: info.lineColumn & 0x3ff }
}

interface Part {
  readonly name: string
  readonly start: number
  readonly end: number
}

function parsePart<T>(
  view: ByteView,
  btf: Btf,
  part: Part,
  size: number,
  decode: (at: number) => T,
): BtfExtSection<T>[] {
  const { name, start, end } = part
  if (start === end) return []
  if (start % 4 !== 0) throw view.fail(`${name} at ${formatOffset(start)}: not aligned to 4 bytes`)
  if (end - start < 4) throw view.fail(`${name} at ${formatOffset(start)}: record size is missing`)
  const recordSize = view.u32(start)
  if (recordSize < size || recordSize % 4 !== 0) {
    throw view.fail(`${name} at ${formatOffset(start)}: record size ${recordSize}, expected at least ${size}`)
  }
  const sections: BtfExtSection<T>[] = []
  let at = start + 4
  while (at < end) {
    const where = `${name} section at ${formatOffset(at)}`
    if (end - at < 8) throw view.fail(`${where}: 8 bytes wanted, ${end - at} left`)
    const sectionNameOffset = view.u32(at)
    const count = view.u32(at + 4)
    at += 8
    if (count === 0) throw view.fail(`${where}: no records`)
    if (count * recordSize > end - at) {
      throw view.fail(`${where}: ${count} records of ${recordSize} bytes wanted, ${end - at} bytes left`)
    }
    if (sectionNameOffset >= btf.stringEnd) {
      throw view.fail(`${where}: name offset ${formatOffset(sectionNameOffset)} is outside of the string section`)
    }
    const records: T[] = []
    for (let i = 0; i < count; i++) records.push(decode(at + i * recordSize))
    sections.push({ sectionNameOffset, sectionName: btf.string(sectionNameOffset), records })
    at += count * recordSize
  }
  return sections
}

/**
 * Parses a `.BTF.ext` section. Records longer than known are read up to what is known.
 * @param btf the `.BTF` of the same file: its strings name the sections
 */
export function parseBtfExt(bytes: Uint8Array, btf: Btf): BtfExt {
  const { littleEndian } = btf
  const view = new ByteView(bytes, { littleEndian, error: BtfError, act: 'parse .BTF.ext' })
  const magic = view.u16(0, 'header')
  if (magic !== BTF_MAGIC) {
    const swapped = magic === 0x9feb ? 'byte order differs from that of .BTF' : 'no BTF magic'
    throw view.fail(`header at 0x0: ${swapped}`)
  }
  const version = view.u8(2, 'header')
  if (version !== 1) throw view.fail(`header at 0x2: unknown version ${version}`)
  const headerSize = view.u32(4, 'header')
  if (headerSize < OLD_HEADER_SIZE) {
    throw view.fail(`header at 0x4: header size ${headerSize}, expected at least ${OLD_HEADER_SIZE}`)
  }
  view.need(0, headerSize, 'header')
  const part = (name: string, field: number): Part => {
    if (field + 8 > headerSize) return { name, start: headerSize, end: headerSize }
    const start = headerSize + view.u32(field)
    const length = view.u32(field + 4)
    view.need(start, length, name)
    return { name, start, end: start + length }
  }
  const word = (at: number) => view.u32(at)
  return {
    littleEndian,
    version,
    funcInfo: parsePart(view, btf, part('func_info', 8), FUNC_INFO_SIZE, (at) => ({
      insnOffset: word(at),
      typeId: word(at + 4),
    })),
    lineInfo: parsePart(view, btf, part('line_info', 16), LINE_INFO_SIZE, (at) => ({
      insnOffset: word(at),
      fileNameOffset: word(at + 4),
      lineOffset: word(at + 8),
      lineColumn: word(at + 12),
    })),
    coreRelos: parsePart(view, btf, part('core_relo', 24), CORE_RELO_SIZE, (at) => ({
      insnOffset: word(at),
      typeId: word(at + 4),
      accessStringOffset: word(at + 8),
      kind: word(at + 12),
    })),
  }
}

/** Records as BPF_PROG_LOAD's `func_info` takes them ({@link FUNC_INFO_SIZE} bytes each). */
export function encodeFuncInfo(records: readonly BtfFuncInfo[], littleEndian: boolean): Uint8Array {
  const writer = new ByteWriter(littleEndian, records.length * FUNC_INFO_SIZE)
  for (const record of records) writer.u32(record.insnOffset).u32(record.typeId)
  return writer.finish()
}

/** Records as BPF_PROG_LOAD's `line_info` takes them ({@link LINE_INFO_SIZE} bytes each). */
export function encodeLineInfo(records: readonly BtfLineInfo[], littleEndian: boolean): Uint8Array {
  const writer = new ByteWriter(littleEndian, records.length * LINE_INFO_SIZE)
  for (const record of records) {
    writer.u32(record.insnOffset).u32(record.fileNameOffset).u32(record.lineOffset).u32(record.lineColumn)
  }
  return writer.finish()
}

/** Records as BPF_PROG_LOAD's `core_relos` takes them ({@link CORE_RELO_SIZE} bytes each). */
export function encodeCoreRelos(records: readonly BtfCoreRelo[], littleEndian: boolean): Uint8Array {
  const writer = new ByteWriter(littleEndian, records.length * CORE_RELO_SIZE)
  for (const record of records) {
    writer.u32(record.insnOffset).u32(record.typeId).u32(record.accessStringOffset).u32(record.kind)
  }
  return writer.finish()
}

function writePart<T>(
  writer: ByteWriter,
  sections: readonly BtfExtSection<T>[],
  size: number,
  encode: (records: readonly T[], littleEndian: boolean) => Uint8Array,
): number {
  const start = writer.length
  if (sections.length === 0) return 0
  writer.u32(size)
  for (const section of sections) {
    writer.u32(section.sectionNameOffset).u32(section.records.length).put(encode(section.records, writer.littleEndian))
  }
  return writer.length - start
}

/** Writes a `.BTF.ext` section: the inverse of {@link parseBtfExt} for records of the known sizes. */
export function encodeBtfExt(ext: BtfExt): Uint8Array {
  const writer = new ByteWriter(ext.littleEndian)
  writer
    .u16(BTF_MAGIC)
    .u8(ext.version)
    .u8(0)
    .u32(HEADER_SIZE)
    .zeros(HEADER_SIZE - 8)
  const lengths = [
    writePart(writer, ext.funcInfo, FUNC_INFO_SIZE, encodeFuncInfo),
    writePart(writer, ext.lineInfo, LINE_INFO_SIZE, encodeLineInfo),
    writePart(writer, ext.coreRelos, CORE_RELO_SIZE, encodeCoreRelos),
  ]
  let offset = 0
  lengths.forEach((length, index) => {
    writer.patchU32(8 + index * 8, offset)
    writer.patchU32(12 + index * 8, length)
    offset += length
  })
  return writer.finish()
}

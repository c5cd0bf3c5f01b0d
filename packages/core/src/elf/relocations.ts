// SPDX-License-Identifier: BSD-2-Clause
import type { ByteView } from '../bytes/index.ts'
import * as C from './constants.ts'
import { describeSection } from './sections.ts'
import type { ElfHeader, ElfRelocation, ElfSection, ElfSymbol } from './types.ts'

/** Bytes that a relocation patches, where the type is known to tell. */
function patchedSize(type: number): number {
  switch (type) {
    case C.R_BPF_64_64:
      // The whole two-slot instruction: its immediate is in two halves.
      return 16
    case C.R_BPF_64_ABS64:
    case C.R_BPF_64_32:
      return 8
    case C.R_BPF_64_ABS32:
    case C.R_BPF_64_NODYLD32:
      return 4
    default:
      return 0
  }
}

/** Reads and checks the records of one SHT_REL or SHT_RELA section. */
export function parseRelocations(
  view: ByteView,
  header: ElfHeader,
  sections: readonly ElfSection[],
  symbols: readonly ElfSymbol[],
  section: ElfSection,
): ElfRelocation[] {
  const where = describeSection(section)
  const withAddend = section.type === C.SHT_RELA
  if (!withAddend && section.type !== C.SHT_REL) throw view.fail(`${where}: type ${section.type} has no relocations`)
  if (sections[section.link]?.type !== C.SHT_SYMTAB) {
    throw view.fail(`${where}: link ${section.link} is not the symbol table`)
  }
  const target = sections[section.info]
  if (!target || section.info === 0) throw view.fail(`${where}: patches no section`)
  const entrySize = withAddend ? C.RELA_SIZE : C.REL_SIZE
  const relocations: ElfRelocation[] = []
  for (let index = 0; index * entrySize < section.size; index++) {
    const at = section.offset + index * entrySize
    const offset = view.size64(at, 'relocation offset')
    const info = view.u64(at + 8)
    const type = Number(info & 0xffffffffn)
    const symbolIndex = Number(info >> 32n)
    const symbol = symbols[symbolIndex]
    if (!symbol) throw view.fail(`${where}: relocation ${index}: symbol ${symbolIndex} of ${symbols.length}`)
    const size = header.machine === C.EM_BPF || header.machine === C.EM_NONE ? patchedSize(type) : 0
    if (offset + size > target.size) {
      throw view.fail(
        `${where}: relocation ${index}: offset 0x${offset.toString(16)} is outside of section ${target.index} ${JSON.stringify(target.name)}`,
      )
    }
    relocations.push({ index, offset, type, symbol, addend: withAddend ? view.i64(at + 16) : undefined })
  }
  return relocations
}

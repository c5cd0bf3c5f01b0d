// SPDX-License-Identifier: BSD-2-Clause
/** What an ELF64 file says, as the reader hands it out. Numbers are plain: no size in a real file reaches 2^53. */

export interface ElfHeader {
  readonly littleEndian: boolean
  /** ELFOSABI_*. */
  readonly osAbi: number
  /** ET_*: 1 relocatable, 2 executable, 3 shared. */
  readonly type: number
  /** EM_*: 247 is BPF. */
  readonly machine: number
  readonly entry: number
  readonly flags: number
  /** File offset of the section header table, 0 if there is none. */
  readonly sectionHeaderOffset: number
  /** Number of section headers, extended numbering resolved. */
  readonly sectionCount: number
  /** Index of the section with the section names, extended numbering resolved. */
  readonly sectionNameIndex: number
}

export interface ElfSection {
  readonly index: number
  readonly name: string
  /** SHT_*. */
  readonly type: number
  /** SHF_* bits. */
  readonly flags: number
  readonly address: number
  /** Offset of the contents in the file. */
  readonly offset: number
  /** Bytes of the contents; for SHT_NOBITS the size in memory, while {@link data} is empty. */
  readonly size: number
  readonly link: number
  readonly info: number
  readonly alignment: number
  readonly entrySize: number
  /** The contents: a live view of the file, not a copy. */
  readonly data: Uint8Array
}

export interface ElfSymbol {
  readonly index: number
  readonly name: string
  /** STB_*: 0 local, 1 global, 2 weak. */
  readonly binding: number
  /** STT_*: 0 none, 1 object, 2 function, 3 section, 4 file. */
  readonly type: number
  /** STV_*: 0 default, 1 internal, 2 hidden, 3 protected. */
  readonly visibility: number
  /** Section of the symbol, extended numbering resolved; `SHN_UNDEF`, `SHN_ABS` and `SHN_COMMON` stand as they are. */
  readonly sectionIndex: number
  /** The section, undefined for the special indexes above (with 65,000 sections the number alone cannot tell). */
  readonly section: ElfSection | undefined
  /** Offset in the section in relocatable files. */
  readonly value: number
  readonly size: number
}

export interface ElfRelocation {
  /** Index in its section of relocations. */
  readonly index: number
  /** Offset in the section that is patched. */
  readonly offset: number
  /** R_BPF_*. */
  readonly type: number
  readonly symbol: ElfSymbol
  /** Of SHT_RELA; undefined for SHT_REL, where the addend stands in the patched bytes. */
  readonly addend: bigint | undefined
}

// SPDX-License-Identifier: BSD-2-Clause
/** Numbers of the ELF format (System V gABI, chapter 4) and of the BPF psABI (LLVM's ELFRelocs/BPF.def) that the reader and writer use. */

export const ELF_HEADER_SIZE = 64
export const SECTION_HEADER_SIZE = 64
export const SYMBOL_SIZE = 24
export const REL_SIZE = 16
export const RELA_SIZE = 24

export const ELFCLASS64 = 2
export const ELFDATA2LSB = 1
export const ELFDATA2MSB = 2
export const EV_CURRENT = 1

export const ET_REL = 1
export const EM_NONE = 0
export const EM_BPF = 247

export const SHT_NULL = 0
export const SHT_PROGBITS = 1
export const SHT_SYMTAB = 2
export const SHT_STRTAB = 3
export const SHT_RELA = 4
export const SHT_NOBITS = 8
export const SHT_REL = 9
export const SHT_SYMTAB_SHNDX = 18

export const SHF_WRITE = 0x1
export const SHF_ALLOC = 0x2
export const SHF_EXECINSTR = 0x4
export const SHF_INFO_LINK = 0x40
export const SHF_COMPRESSED = 0x800

export const SHN_UNDEF = 0
export const SHN_LORESERVE = 0xff00
export const SHN_ABS = 0xfff1
export const SHN_COMMON = 0xfff2
export const SHN_XINDEX = 0xffff

export const STB_LOCAL = 0
export const STB_GLOBAL = 1
export const STB_WEAK = 2

export const STT_NOTYPE = 0
export const STT_OBJECT = 1
export const STT_FUNC = 2
export const STT_SECTION = 3
export const STT_FILE = 4

export const STV_DEFAULT = 0
export const STV_INTERNAL = 1
export const STV_HIDDEN = 2
export const STV_PROTECTED = 3

export const R_BPF_NONE = 0
/** 64-bit immediate of ld_imm64. */
export const R_BPF_64_64 = 1
/** 64-bit data. */
export const R_BPF_64_ABS64 = 2
/** 32-bit data. */
export const R_BPF_64_ABS32 = 3
/** 32-bit data that no loader should touch: offsets in .BTF.ext and debug sections. */
export const R_BPF_64_NODYLD32 = 4
/** 32-bit immediate of a call, counted in instructions. */
export const R_BPF_64_32 = 10

/** Name of an R_BPF_* number as llvm-readelf prints it. */
export function relocationTypeName(type: number): string {
  switch (type) {
    case R_BPF_NONE:
      return 'R_BPF_NONE'
    case R_BPF_64_64:
      return 'R_BPF_64_64'
    case R_BPF_64_ABS64:
      return 'R_BPF_64_ABS64'
    case R_BPF_64_ABS32:
      return 'R_BPF_64_ABS32'
    case R_BPF_64_NODYLD32:
      return 'R_BPF_64_NODYLD32'
    case R_BPF_64_32:
      return 'R_BPF_64_32'
    default:
      return `R_BPF_${type}`
  }
}

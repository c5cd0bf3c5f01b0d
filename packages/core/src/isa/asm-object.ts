// SPDX-License-Identifier: BSD-2-Clause
import { ByteWriter } from '../bytes/index.ts'
import * as C from '../elf/constants.ts'
import { ElfWriter } from '../elf/writer.ts'
import { AsmSyntaxError, type Token } from './asm-lexer.ts'
import type { AsmSection, AsmSymbol, AsmUnit } from './asm-unit.ts'
import { helperCall, parseAssembly, resolveTo } from './assemble.ts'
import {
  encodeInstructions,
  type Instruction,
  isPseudoCall,
  isPseudoFunc,
  loadImm64,
  slotOffsets,
} from './instruction.ts'

export interface AssembleObjectOptions {
  /** Byte order of instructions, data and the file. Default true. */
  readonly littleEndian?: boolean
}

/**
 * Assembles a text with sections, symbols and data into a relocatable ELF file, as `llvm-mc -filetype=obj` does: jumps are
 * resolved, calls and addresses of symbols become relocations. A call of a name that is neither defined nor declared but
 * is a helper's calls the helper.
 * @throws AsmSyntaxError with line and column
 */
export function assembleObject(source: string, options: AssembleObjectOptions = {}): Uint8Array {
  const littleEndian = options.littleEndian ?? true
  return new ObjectBuilder(parseAssembly(source, littleEndian), littleEndian).build()
}

/** Labels that do not go into the symbol table: LLVM's private ones, and those that `formatAssembly` makes. */
const PRIVATE_LABEL = /^(?:\.L|L\d+$)/

class ObjectBuilder {
  private readonly unit: AsmUnit
  private readonly littleEndian: boolean
  private readonly writer: ElfWriter
  private readonly sectionIndexes = new Map<AsmSection, number>()
  private readonly sectionSymbols = new Map<AsmSection, number>()
  private readonly symbolNumbers = new Map<string, number>()

  constructor(unit: AsmUnit, littleEndian: boolean) {
    this.unit = unit
    this.littleEndian = littleEndian
    this.writer = new ElfWriter({ littleEndian })
  }

  build(): Uint8Array {
    const sections = [...this.unit.sections.values()]
    const used = sections.filter((section) => section.position > 0 || section.labels.size > 0)
    // Symbols need section indexes, relocations need symbols, contents need both: indexes are fixed by the order.
    for (const [index, section] of used.entries()) this.sectionIndexes.set(section, index + 1)
    this.addDefinedSymbols()
    const relocations: (() => void)[] = []
    for (const section of used) this.writer.addSection(this.makeSection(section, relocations))
    for (const add of relocations) add()
    return this.writer.finish()
  }

  /** Offset of a label in bytes. */
  private offsetOf(section: AsmSection, label: string): number {
    return section.labels.get(label)! * (section.instructions.length > 0 ? 8 : 1)
  }

  private addDefinedSymbols(): void {
    if (this.unit.fileName !== undefined) {
      this.writer.addSymbol({ name: this.unit.fileName, type: C.STT_FILE, section: 'absolute' })
    }
    for (const [label, section] of this.unit.labelSections) {
      const declared = this.unit.symbols.get(label)
      if (!declared && PRIVATE_LABEL.test(label)) continue
      const number = this.writer.addSymbol({
        name: label,
        ...attributes(declared),
        section: this.sectionIndexes.get(section)!,
        value: this.offsetOf(section, label),
        size: declared?.size ?? 0,
      })
      this.symbolNumbers.set(label, number)
    }
  }

  /** Number of the symbol by which a name is referred to, and the offset that has to be added to it. */
  private symbolFor(label: string): { readonly symbol: number; readonly addend: number } {
    const section = this.unit.labelSections.get(label)
    const isLocal = (this.unit.symbols.get(label)?.binding ?? 'local') === 'local'
    if (section && isLocal) return { symbol: this.sectionSymbol(section), addend: this.offsetOf(section, label) }
    let symbol = this.symbolNumbers.get(label)
    if (symbol === undefined) {
      const declared = this.unit.symbols.get(label)
      const binding = declared?.binding === 'weak' ? C.STB_WEAK : C.STB_GLOBAL
      symbol = this.writer.addSymbol({ name: label, ...attributes(declared), binding, section: 'undefined' })
      this.symbolNumbers.set(label, symbol)
    }
    return { symbol, addend: 0 }
  }

  private sectionSymbol(section: AsmSection): number {
    let symbol = this.sectionSymbols.get(section)
    if (symbol === undefined) {
      symbol = this.writer.addSymbol({ name: '', type: C.STT_SECTION, section: this.sectionIndexes.get(section)! })
      this.sectionSymbols.set(section, symbol)
    }
    return symbol
  }

  private makeSection(section: AsmSection, relocations: (() => void)[]) {
    const isCode = section.instructions.length > 0
    const data = isCode ? this.code(section, relocations) : this.dataOf(section, relocations)
    const flags = section.flags === undefined ? defaultFlags(section, isCode) : parseFlags(section.flags)
    const alignment = Math.max(section.alignment, isCode ? 8 : 1)
    if (section.nobits || section.name === '.bss' || section.name.startsWith('.bss.')) {
      return { name: section.name, type: C.SHT_NOBITS, flags, size: data.length, alignment }
    }
    return { name: section.name, flags, data, alignment }
  }

  private code(section: AsmSection, relocations: (() => void)[]): Uint8Array {
    const offsets = slotOffsets(section.instructions)
    const index = this.sectionIndexes.get(section)!
    const instructions = section.instructions.map((insn, position) => {
      const label = section.references.get(position)
      if (!label) return insn
      const [resolved, relocation] = this.resolve(section, insn, offsets[position]!, label)
      if (relocation) {
        relocations.push(() => this.writer.addRelocation(index, { offset: offsets[position]! * 8, ...relocation }))
      }
      return resolved
    })
    return encodeInstructions(instructions, this.littleEndian)
  }

  private resolve(section: AsmSection, insn: Instruction, slot: number, label: Token): ResolvedReference {
    const target = this.unit.labelSections.get(label.text)
    if (isPseudoFunc(insn)) {
      const { symbol, addend } = this.symbolFor(label.text)
      return [loadImm64(insn.dst, BigInt(addend)), { type: C.R_BPF_64_64, symbol }]
    }
    if (isPseudoCall(insn)) {
      const helper = target || this.unit.symbols.has(label.text) ? undefined : helperCall(insn, label)
      if (helper) return [helper, undefined]
      const isLocal = (this.unit.symbols.get(label.text)?.binding ?? 'local') === 'local'
      if (target === section && isLocal)
        return [resolveTo(insn, target.labels.get(label.text)! - slot, label), undefined]
      // The addend of a call counts instructions from the one after it.
      const { symbol, addend } = this.symbolFor(label.text)
      return [
        { ...insn, imm: addend / 8 - 1 },
        { type: C.R_BPF_64_32, symbol },
      ]
    }
    if (target !== section) {
      const problem = target ? 'jump into another section' : 'undefined label'
      throw new AsmSyntaxError(`${problem} ${JSON.stringify(label.text)}`, label)
    }
    return [resolveTo(insn, target.labels.get(label.text)! - slot, label), undefined]
  }

  private dataOf(section: AsmSection, relocations: (() => void)[]): Uint8Array {
    const bytes = section.data.finish()
    const writer = new ByteWriter(this.littleEndian, bytes.length).put(bytes)
    const index = this.sectionIndexes.get(section)!
    for (const { offset, size, label } of section.dataReferences) {
      const { symbol, addend } = this.symbolFor(label.text)
      if (size === 8) writer.patchU64(offset, addend)
      else writer.patchU32(offset, addend)
      const type = size === 8 ? C.R_BPF_64_ABS64 : C.R_BPF_64_ABS32
      relocations.push(() => this.writer.addRelocation(index, { offset, type, symbol }))
    }
    return writer.finish()
  }
}

type ResolvedReference = [Instruction, { readonly type: number; readonly symbol: number } | undefined]

const BINDINGS = { local: C.STB_LOCAL, global: C.STB_GLOBAL, weak: C.STB_WEAK }
const TYPES = { none: C.STT_NOTYPE, function: C.STT_FUNC, object: C.STT_OBJECT }
const VISIBILITIES = {
  default: C.STV_DEFAULT,
  hidden: C.STV_HIDDEN,
  internal: C.STV_INTERNAL,
  protected: C.STV_PROTECTED,
}

function attributes(symbol: AsmSymbol | undefined) {
  return {
    binding: BINDINGS[symbol?.binding ?? 'local'],
    type: TYPES[symbol?.type ?? 'none'],
    visibility: VISIBILITIES[symbol?.visibility ?? 'default'],
  }
}

function defaultFlags(section: AsmSection, isCode: boolean): number {
  if (isCode) return C.SHF_ALLOC | C.SHF_EXECINSTR
  return section.name.startsWith('.rodata') ? C.SHF_ALLOC : C.SHF_ALLOC | C.SHF_WRITE
}

function parseFlags(text: string): number {
  let flags = 0
  if (text.includes('a')) flags |= C.SHF_ALLOC
  if (text.includes('w')) flags |= C.SHF_WRITE
  if (text.includes('x')) flags |= C.SHF_EXECINSTR
  return flags
}

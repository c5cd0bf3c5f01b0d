// SPDX-License-Identifier: BSD-2-Clause
import { ByteWriter } from '../bytes/index.ts'
import { type AsmPosition, AsmSyntaxError, type Token } from './asm-lexer.ts'
import type { Statement } from './asm-llvm.ts'
import { type Instruction, slotCount } from './instruction.ts'

/** A name in data, to be replaced by an address of `size` bytes. */
export interface DataReference {
  readonly offset: number
  readonly size: 4 | 8
  readonly label: Token
}

/** A section under construction: it holds instructions or data, not both. */
export class AsmSection {
  readonly name: string
  /** Flags as `.section` writes them; undefined for the usual ones of the name. */
  flags: string | undefined
  nobits = false
  alignment = 1
  readonly instructions: Instruction[] = []
  readonly positions: AsmPosition[] = []
  /** Names to which instructions refer, by index. */
  readonly references = new Map<number, Token>()
  readonly data: ByteWriter
  readonly dataReferences: DataReference[] = []
  /** Labels: slot in code, byte in data. */
  readonly labels = new Map<string, number>()
  private slots = 0

  constructor(name: string, littleEndian: boolean) {
    this.name = name
    this.data = new ByteWriter(littleEndian)
  }

  /** Where the next thing comes: slots in code, bytes in data. */
  get position(): number {
    return this.instructions.length > 0 ? this.slots : this.data.length
  }

  add(insn: Instruction, at: AsmPosition): void {
    if (this.data.length > 0) throw new AsmSyntaxError('instruction in a section with data', at)
    this.instructions.push(insn)
    this.positions.push({ line: at.line, column: at.column })
    this.slots += slotCount(insn)
  }

  /** The writer of the data, for a directive at this place. */
  dataAt(at: AsmPosition): ByteWriter {
    if (this.instructions.length > 0) throw new AsmSyntaxError('data in a section with instructions', at)
    return this.data
  }
}

/** Attributes of a symbol that directives give. */
export interface AsmSymbol {
  binding: 'local' | 'global' | 'weak'
  visibility: 'default' | 'hidden' | 'internal' | 'protected'
  type: 'none' | 'function' | 'object'
  /** Bytes; undefined if no directive told. */
  size: number | undefined
}

/** Everything that a text declares. */
export class AsmUnit {
  readonly sections = new Map<string, AsmSection>()
  readonly symbols = new Map<string, AsmSymbol>()
  /** Section of each label. */
  readonly labelSections = new Map<string, AsmSection>()
  /** Of `.file "name"`. */
  fileName: string | undefined
  current: AsmSection

  private readonly littleEndian: boolean

  constructor(littleEndian: boolean) {
    this.littleEndian = littleEndian
    this.current = this.section('.text')
  }

  /** The section of this name, made if it is new. */
  section(name: string): AsmSection {
    let section = this.sections.get(name)
    if (!section) {
      section = new AsmSection(name, this.littleEndian)
      this.sections.set(name, section)
    }
    return section
  }

  symbol(name: string): AsmSymbol {
    let symbol = this.symbols.get(name)
    if (!symbol) {
      symbol = { binding: 'local', visibility: 'default', type: 'none', size: undefined }
      this.symbols.set(name, symbol)
    }
    return symbol
  }

  label(token: Token): void {
    if (this.labelSections.has(token.text)) {
      throw new AsmSyntaxError(`label ${JSON.stringify(token.text)} is defined twice`, token)
    }
    this.current.labels.set(token.text, this.current.position)
    this.labelSections.set(token.text, this.current)
  }

  add(statement: Statement, at: AsmPosition): void {
    if (statement.label) this.current.references.set(this.current.instructions.length, statement.label)
    this.current.add(statement.insn, at)
  }
}

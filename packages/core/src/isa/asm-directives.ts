// SPDX-License-Identifier: BSD-2-Clause
/** Directives of GNU and LLVM assemblers that compiled BPF programs use. */
import type { Token } from './asm-lexer.ts'
import type { StatementReader } from './asm-reader.ts'
import type { AsmSection, AsmSymbol, AsmUnit } from './asm-unit.ts'
import { type Instruction, LD_IMM64 } from './instruction.ts'

type Directive = (unit: AsmUnit, reader: StatementReader, name: Token) => void

/** Carries out the directive that is next. */
export function applyDirective(unit: AsmUnit, reader: StatementReader): void {
  const name = reader.next()
  const directive = DIRECTIVES.get(name.text)
  if (!directive) throw reader.fail(`unknown directive ${JSON.stringify(name.text)}`, name)
  directive(unit, reader, name)
}

function skip(_unit: AsmUnit, reader: StatementReader): void {
  while (reader.peek().kind !== 'end') reader.next()
}

/** Names and numbers with dots, slashes and dashes in between are one word here: `license`, `cgroup/bind4`. */
function sectionName(reader: StatementReader): string {
  if (reader.peek().kind === 'string') return reader.next().text
  let text = ''
  let end: number | undefined
  while (reader.peek().kind !== 'end' && !reader.isSign(',')) {
    const token = reader.peek()
    if (end !== undefined && token.column !== end) break
    text += token.text
    end = token.column + token.text.length
    reader.next()
  }
  if (text === '') throw reader.fail('expected a section name')
  return text
}

function section(unit: AsmUnit, reader: StatementReader): void {
  unit.current = unit.section(sectionName(reader))
  if (!reader.takeSign(',')) return
  if (reader.peek().kind !== 'string') throw reader.fail('expected the flags as a string')
  unit.current.flags = reader.next().text
  if (!reader.takeSign(',')) return
  reader.expectSign('@')
  unit.current.nobits = reader.name('a section type').text === 'nobits'
  skip(unit, reader)
}

function enter(name: string): Directive {
  return (unit) => {
    unit.current = unit.section(name)
  }
}

/** A directive with a list of symbols. */
function forSymbols(apply: (unit: AsmUnit, name: string) => void): Directive {
  return (unit, reader) => {
    do apply(unit, reader.name('a symbol').text)
    while (reader.takeSign(','))
  }
}

function binding(value: AsmSymbol['binding']): Directive {
  return forSymbols((unit, name) => {
    unit.symbol(name).binding = value
  })
}

function visibility(value: AsmSymbol['visibility']): Directive {
  return forSymbols((unit, name) => {
    unit.symbol(name).visibility = value
  })
}

function type(unit: AsmUnit, reader: StatementReader): void {
  const symbol = unit.symbol(reader.name('a symbol').text)
  reader.expectSign(',')
  if (!reader.takeSign('@')) reader.takeSign('%')
  const kind = reader.name('a symbol type')
  const types = { function: 'function', object: 'object', notype: 'none' } as const
  const known = types[kind.text as keyof typeof types]
  if (!known) throw reader.fail(`unknown symbol type ${JSON.stringify(kind.text)}`, kind)
  symbol.type = known
}

/** `.size name, 16` or `.size name, .-name` or `.size name, end-name` */
function size(unit: AsmUnit, reader: StatementReader): void {
  const name = reader.name('a symbol').text
  reader.expectSign(',')
  if (reader.isNumber()) {
    unit.symbol(name).size = reader.imm32()
    return
  }
  const end = reader.name('a label')
  reader.expectSign('-')
  const start = reader.name('a label')
  const section = unit.labelSections.get(start.text)
  const from = section?.labels.get(start.text)
  const to = end.text === '.' ? section?.position : section?.labels.get(end.text)
  if (!section || from === undefined || to === undefined) throw reader.fail('labels are not defined above', start)
  unit.symbol(name).size = (to - from) * (section.instructions.length > 0 ? 8 : 1)
}

function setAlignment(section: AsmSection, alignment: number): void {
  section.alignment = Math.max(section.alignment, alignment)
  if (section.data.length > 0) section.data.align(alignment)
}

function powerAlign(unit: AsmUnit, reader: StatementReader): void {
  const start = reader.peek()
  const power = reader.imm32()
  if (power < 0 || power > 16) throw reader.fail(`alignment 2^${power} is out of range`, start)
  setAlignment(unit.current, 2 ** power)
  skip(unit, reader)
}

function byteAlign(unit: AsmUnit, reader: StatementReader): void {
  const start = reader.peek()
  const alignment = reader.imm32()
  if (alignment < 1 || alignment > 0x10000 || !Number.isInteger(Math.log2(alignment))) {
    throw reader.fail(`alignment ${alignment} is not a power of two`, start)
  }
  setAlignment(unit.current, alignment)
  skip(unit, reader)
}

/** `.byte 1, 2`, `.quad symbol` */
function values(bytes: 1 | 2 | 4 | 8): Directive {
  return (unit, reader, name) => {
    const section = unit.current
    const data = section.dataAt(name)
    do {
      if (!reader.isNumber() && bytes >= 4) {
        section.dataReferences.push({ offset: data.length, size: bytes as 4 | 8, label: reader.name('a value') })
        data.zeros(bytes)
        continue
      }
      const start = reader.peek()
      const value = reader.imm64()
      const wide = BigInt.asIntN(64, value)
      const bits = bytes * 8
      if (BigInt.asUintN(bits, value) !== value && BigInt.asIntN(bits, value) !== wide) {
        throw reader.fail(`value ${wide} does not fit in ${bits} bits`, start)
      }
      for (let i = 0; i < bytes; i++) {
        const shift = 8 * (data.littleEndian ? i : bytes - 1 - i)
        data.u8(Number((value >> BigInt(shift)) & 0xffn))
      }
    } while (reader.takeSign(','))
  }
}

function text(terminated: boolean): Directive {
  return (unit, reader, name) => {
    const data = unit.current.dataAt(name)
    do {
      if (reader.peek().kind !== 'string') throw reader.fail('expected a string')
      for (const char of reader.next().text) {
        const code = char.codePointAt(0)!
        // Escapes give bytes, other characters stand for their UTF-8.
        if (code < 0x100) data.u8(code)
        else data.text(char)
      }
      if (terminated) data.u8(0)
    } while (reader.takeSign(','))
  }
}

const MAX_ZEROS = 1 << 26

function zero(unit: AsmUnit, reader: StatementReader, name: Token): void {
  const start = reader.peek()
  const length = reader.imm32()
  if (length < 0 || length > MAX_ZEROS) throw reader.fail(`${length} zeros are out of range`, start)
  unit.current.dataAt(name).zeros(length)
}

/** `.insn code, dst, src, off, imm`: an instruction by its fields; `imm ll` makes it one of two slots. */
function insn(unit: AsmUnit, reader: StatementReader, name: Token): void {
  const field = (min: number, max: number) => {
    const start = reader.peek()
    const value = reader.imm32()
    if (value < min || value > max) throw reader.fail(`${value} is out of range`, start)
    return value
  }
  const comma = () => reader.expectSign(',')
  const code = field(0, 0xff)
  comma()
  const dst = field(0, 15)
  comma()
  const src = field(0, 15)
  comma()
  const off = field(-0x8000, 0x7fff)
  comma()
  const imm64 = reader.imm64()
  const low = Number(BigInt.asIntN(32, imm64))
  let made: Instruction = { code, dst, src, off, imm: low }
  if (reader.takeName('ll')) {
    if (code !== LD_IMM64) throw reader.fail('only opcode 0x18 has two slots', name)
    made = { ...made, imm64 }
  }
  unit.add({ insn: made }, name)
}

/** `.file "name"`; the form with a number is for debug information. */
function file(unit: AsmUnit, reader: StatementReader): void {
  if (reader.peek().kind === 'string') unit.fileName = reader.next().text
  skip(unit, reader)
}

/** `.comm name, size, alignment`: an uninitialised object; only the local and global ones of .bss are known to BPF. */
function common(unit: AsmUnit, reader: StatementReader): void {
  const name = reader.name('a symbol')
  reader.expectSign(',')
  const start = reader.peek()
  const length = reader.imm32()
  const alignment = reader.takeSign(',') ? reader.imm32() : 1
  if (length < 0 || length > MAX_ZEROS || alignment < 1 || alignment > 0x10000) throw reader.fail('out of range', start)
  const before = unit.current
  unit.current = unit.section('.bss')
  unit.current.nobits = true
  unit.current.alignment = Math.max(unit.current.alignment, alignment)
  unit.current.data.align(alignment)
  unit.label(name)
  unit.current.data.zeros(length)
  unit.current = before
  Object.assign(unit.symbol(name.text), { type: 'object', size: length })
}

const DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ['.section', section],
  ['.text', enter('.text')],
  ['.data', enter('.data')],
  ['.bss', enter('.bss')],
  ['.globl', binding('global')],
  ['.global', binding('global')],
  ['.weak', binding('weak')],
  ['.local', binding('local')],
  ['.hidden', visibility('hidden')],
  ['.internal', visibility('internal')],
  ['.protected', visibility('protected')],
  ['.type', type],
  ['.size', size],
  ['.p2align', powerAlign],
  ['.align', byteAlign],
  ['.balign', byteAlign],
  ['.byte', values(1)],
  ['.short', values(2)],
  ['.hword', values(2)],
  ['.2byte', values(2)],
  ['.long', values(4)],
  ['.int', values(4)],
  ['.4byte', values(4)],
  ['.quad', values(8)],
  ['.8byte', values(8)],
  ['.ascii', text(false)],
  ['.asciz', text(true)],
  ['.string', text(true)],
  ['.zero', zero],
  ['.space', zero],
  ['.skip', zero],
  ['.comm', common],
  ['.insn', insn],
  ['.file', file],
  ['.ident', skip],
  ['.loc', skip],
  ['.addrsig', skip],
  ['.addrsig_sym', skip],
  ['.cfi_startproc', skip],
  ['.cfi_endproc', skip],
  ['.cfi_sections', skip],
])

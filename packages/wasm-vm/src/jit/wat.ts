// SPDX-License-Identifier: GPL-2.0-only
/** The text of a module that the kernel's JIT emitted: the part of WebAssembly that it uses, no more. */
import { ModuleReader } from './module-reader.ts'
import { MEMORY_OPCODES, PLAIN_OPCODES } from './opcodes.ts'

export interface WatOptions {
  /** Text to stand above the code of a BPF instruction, such as its disassembly or source line. */
  readonly comment?: (insn: number) => string | undefined
}

const BLOCK = 0x02
const IF = 0x04
const ELSE = 0x05
const END = 0x0b
const BR = 0x0c
const BR_IF = 0x0d
const BR_TABLE = 0x0e
const CALL = 0x10
const CALL_INDIRECT = 0x11
const LOCAL_GET = 0x20
const LOCAL_TEE = 0x22
const I32_CONST = 0x41
const I64_CONST = 0x42

const TYPES: ReadonlyMap<number, string> = new Map([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
])
const OPENERS = ['block', 'loop', 'if']
const LOCALS = ['local.get', 'local.set', 'local.tee']

interface ImportEntry {
  readonly module: string
  readonly name: string
  readonly text: string
  readonly isFunction: boolean
}

/** Formats module bytes, as program info gives them (`jited_prog_insns`), in WebAssembly's flat text form. */
export function formatWat(bytes: Uint8Array, options: WatOptions = {}): string {
  const reader = new ModuleReader(bytes)
  const out = ['(module']
  let imports: ImportEntry[] = []
  const marks = reader.section(0) ? readMarks(reader) : new Map<number, number>()
  if (reader.section(1)) out.push(...typeLines(reader))
  if (reader.section(2)) imports = readImports(reader)
  for (const { module, name, text } of imports) out.push(`  (import "${module}" "${name}" (${text}))`)
  const functions = imports.filter(({ isFunction }) => isFunction).map(({ name }) => `$f${name}`)
  if (reader.section(7)) out.push(...exportLines(reader, functions.length))
  if (reader.section(10)) {
    for (let left = reader.uleb(), nth = 0; left > 0; left--, nth++) {
      out.push(`  (func $sub${nth} (type 1)`, ...bodyLines(reader, functions, marks, options), '  )')
    }
  }
  out.push(')')
  return `${out.join('\n')}\n`
}

/** Module offset to BPF instruction: see assembly/jit/line-marks.ts. */
function readMarks(reader: ModuleReader): Map<number, number> {
  const marks = new Map<number, number>()
  reader.name()
  for (let at = 0, insn = 0; reader.more(); ) {
    at += reader.uleb()
    insn += Number(reader.sleb())
    if (!marks.has(at)) marks.set(at, insn)
  }
  return marks
}

function typeLines(reader: ModuleReader): string[] {
  const lines: string[] = []
  for (let count = reader.uleb(), i = 0; i < count; i++) {
    reader.byte()
    const list = () => Array.from({ length: reader.uleb() }, () => TYPES.get(reader.byte())).join(' ')
    const params = list()
    lines.push(`  (type ${i} (func (param ${params}) (result ${list()})))`)
  }
  return lines
}

function readImports(reader: ModuleReader): ImportEntry[] {
  return Array.from({ length: reader.uleb() }, () => {
    const module = reader.name()
    const name = reader.name()
    const kind = reader.byte()
    const isFunction = kind === 0
    if (isFunction) return { module, name, isFunction, text: `func $f${name} (type ${reader.uleb()})` }
    if (kind === 1) reader.byte()
    reader.byte()
    const least = reader.uleb()
    return { module, name, isFunction, text: kind === 1 ? `table ${least} funcref` : `memory ${least}` }
  })
}

function exportLines(reader: ModuleReader, importCount: number): string[] {
  return Array.from({ length: reader.uleb() }, () => {
    const name = reader.name()
    reader.byte()
    return `  (export "${name}" (func $sub${reader.uleb() - importCount}))`
  })
}

function bodyLines(
  reader: ModuleReader,
  functions: readonly string[],
  marks: ReadonlyMap<number, number>,
  { comment }: WatOptions,
): string[] {
  const lines: string[] = []
  const end = reader.uleb() + reader.position
  for (let groups = reader.uleb(); groups > 0; groups--) {
    const count = reader.uleb()
    lines.push(`    (local ${Array(count).fill(TYPES.get(reader.byte())).join(' ')})`)
  }
  let depth = 2
  while (reader.position < end) {
    const insn = marks.get(reader.position)
    if (insn !== undefined) {
      const text = comment?.(insn)
      lines.push(`${'  '.repeat(depth)};; ${insn}${text ? `: ${text}` : ''}`)
    }
    const opcode = reader.byte()
    if (opcode === END || opcode === ELSE) depth--
    // The function's own end is its closing parenthesis
    if (reader.position < end) lines.push('  '.repeat(depth) + instructionText(reader, opcode, functions))
    if ((opcode >= BLOCK && opcode <= IF) || opcode === ELSE) depth++
  }
  return lines
}

function instructionText(reader: ModuleReader, opcode: number, functions: readonly string[]): string {
  if (opcode >= BLOCK && opcode <= IF) {
    const result = TYPES.get(reader.byte())
    return OPENERS[opcode - BLOCK] + (result ? ` (result ${result})` : '')
  }
  if (opcode >= LOCAL_GET && opcode <= LOCAL_TEE) return `${LOCALS[opcode - LOCAL_GET]} ${reader.uleb()}`
  switch (opcode) {
    case BR:
      return `br ${reader.uleb()}`
    case BR_IF:
      return `br_if ${reader.uleb()}`
    case BR_TABLE:
      return `br_table ${Array.from({ length: reader.uleb() + 1 }, () => reader.uleb()).join(' ')}`
    case CALL: {
      const target = reader.uleb()
      return `call ${functions[target] ?? `$sub${target - functions.length}`}`
    }
    case CALL_INDIRECT: {
      const type = reader.uleb()
      reader.byte()
      return `call_indirect (type ${type})`
    }
    case I32_CONST:
      return `i32.const ${BigInt.asIntN(32, reader.sleb())}`
    case I64_CONST:
      return `i64.const ${reader.sleb()}`
  }
  const access = MEMORY_OPCODES.get(opcode)
  if (access !== undefined) {
    reader.uleb()
    const offset = reader.uleb()
    return offset ? `${access} offset=${offset} align=1` : `${access} align=1`
  }
  const plain = PLAIN_OPCODES.get(opcode)
  if (plain === undefined)
    throw new RangeError(`format module: opcode 0x${opcode.toString(16)} at ${reader.position - 1}`)
  return plain
}

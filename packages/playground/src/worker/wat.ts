// SPDX-License-Identifier: BSD-2-Clause
/**
 * Prints a WebAssembly module as text, as far as the JIT uses the format (core specification 2.0, section 5): enough to
 * read what a program became.
 */

const TYPES: Readonly<Record<number, string>> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64', 112: 'funcref' }

const LOADS = [
  'i32.load',
  'i64.load',
  'f32.load',
  'f64.load',
  'i32.load8_s',
  'i32.load8_u',
  'i32.load16_s',
  'i32.load16_u',
  'i64.load8_s',
  'i64.load8_u',
  'i64.load16_s',
  'i64.load16_u',
  'i64.load32_s',
  'i64.load32_u',
  'i32.store',
  'i64.store',
  'f32.store',
  'f64.store',
  'i32.store8',
  'i32.store16',
  'i64.store8',
  'i64.store16',
  'i64.store32',
]
const COMPARE = ['eqz', 'eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u']
const FLOAT_COMPARE = ['eq', 'ne', 'lt', 'gt', 'le', 'ge']
const ARITHMETIC = [
  'clz',
  'ctz',
  'popcnt',
  'add',
  'sub',
  'mul',
  'div_s',
  'div_u',
  'rem_s',
  'rem_u',
  'and',
  'or',
  'xor',
  'shl',
  'shr_s',
  'shr_u',
  'rotl',
  'rotr',
]
/** Operations without immediates from 0x45 on. */
const PLAIN = new Map<number, string>([
  [0x00, 'unreachable'],
  [0x01, 'nop'],
  [0x0f, 'return'],
  [0x1a, 'drop'],
  [0x1b, 'select'],
  ...COMPARE.map((name, i): [number, string] => [0x45 + i, `i32.${name}`]),
  ...COMPARE.map((name, i): [number, string] => [0x50 + i, `i64.${name}`]),
  ...FLOAT_COMPARE.map((name, i): [number, string] => [0x5b + i, `f32.${name}`]),
  ...FLOAT_COMPARE.map((name, i): [number, string] => [0x61 + i, `f64.${name}`]),
  ...ARITHMETIC.map((name, i): [number, string] => [0x67 + i, `i32.${name}`]),
  ...ARITHMETIC.map((name, i): [number, string] => [0x79 + i, `i64.${name}`]),
  [0xa7, 'i32.wrap_i64'],
  [0xac, 'i64.extend_i32_s'],
  [0xad, 'i64.extend_i32_u'],
  [0xc0, 'i32.extend8_s'],
  [0xc1, 'i32.extend16_s'],
  [0xc2, 'i64.extend8_s'],
  [0xc3, 'i64.extend16_s'],
  [0xc4, 'i64.extend32_s'],
])
/** Operations with one index. */
const INDEXED = new Map<number, string>([
  [0x0c, 'br'],
  [0x0d, 'br_if'],
  [0x10, 'call'],
  [0x20, 'local.get'],
  [0x21, 'local.set'],
  [0x22, 'local.tee'],
  [0x23, 'global.get'],
  [0x24, 'global.set'],
])
const BLOCKS = new Map<number, string>([
  [0x02, 'block'],
  [0x03, 'loop'],
  [0x04, 'if'],
])

class Reader {
  at = 0
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get done(): boolean {
    return this.at >= this.bytes.length
  }

  byte(): number {
    const value = this.bytes[this.at++]
    if (value === undefined) throw new RangeError('module ends in the middle')
    return value
  }

  leb(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }

  signed(): bigint {
    let value = 0n
    for (let shift = 7n; ; shift += 7n) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << (shift - 7n)
      if (byte < 0x80) return BigInt.asIntN(Number(shift), value)
    }
  }

  u32(): number {
    return Number(this.leb())
  }

  name(): string {
    const length = this.u32()
    this.at += length
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at))
  }

  slice(): Reader {
    const length = this.u32()
    this.at += length
    return new Reader(this.bytes.subarray(this.at - length, this.at))
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read)
  }
}

const typeName = (code: number) => TYPES[code] ?? `type_${code.toString(16)}`

interface Signature {
  readonly params: string[]
  readonly results: string[]
}

function signatureText({ params, results }: Signature): string {
  const words = [
    ...(params.length ? [`(param ${params.join(' ')})`] : []),
    ...(results.length ? [`(result ${results.join(' ')})`] : []),
  ]
  return words.join(' ')
}

function limits(reader: Reader): string {
  const flags = reader.byte()
  const min = reader.u32()
  return flags & 1 ? `${min} ${reader.u32()}` : `${min}`
}

class Printer {
  readonly types: Signature[] = []
  readonly lines: string[] = []
  readonly functionTypes: number[] = []
  imported = 0

  import(reader: Reader): void {
    const from = `(import "${reader.name()}" "${reader.name()}"`
    const kind = reader.byte()
    if (kind === 0) {
      const type = this.types[reader.u32()]!
      this.lines.push(`  ${from} (func $f${this.imported++} ${signatureText(type)}))`)
    } else if (kind === 1) {
      const type = typeName(reader.byte())
      this.lines.push(`  ${from} (table ${limits(reader)} ${type}))`)
    } else if (kind === 2) this.lines.push(`  ${from} (memory ${limits(reader)}))`)
    else {
      const type = typeName(reader.byte())
      const mutable = reader.byte() === 1
      this.lines.push(`  ${from} (global ${mutable ? `(mut ${type})` : type}))`)
    }
  }

  section(id: number, reader: Reader): void {
    switch (id) {
      case 1:
        this.types.push(
          ...reader.list(() => {
            reader.byte()
            return {
              params: reader.list(() => typeName(reader.byte())),
              results: reader.list(() => typeName(reader.byte())),
            }
          }),
        )
        break
      case 2:
        reader.list(() => this.import(reader))
        break
      case 3:
        this.functionTypes.push(...reader.list(() => reader.u32()))
        break
      case 7:
        reader.list(() => {
          const name = reader.name()
          const kind = ['func', 'table', 'memory', 'global'][reader.byte()]
          this.lines.push(`  (export "${name}" (${kind} ${kind === 'func' ? '$f' : ''}${reader.u32()}))`)
        })
        break
      case 10: {
        let index = 0
        reader.list(() => this.function(reader.slice(), index++))
      }
    }
  }

  function(reader: Reader, index: number): void {
    const type = this.types[this.functionTypes[index]!]!
    this.lines.push(`  (func $f${this.imported + index} ${signatureText(type)}`)
    const locals = reader.list(() => `${reader.u32()} × ${typeName(reader.byte())}`)
    if (locals.length) this.lines.push(`    ;; locals after the parameters: ${locals.join(', ')}`)
    let depth = 2
    while (!reader.done) {
      const code = reader.byte()
      if (code === 0x0b || code === 0x05) depth--
      if (depth < 2) break
      this.lines.push('  '.repeat(depth) + this.instruction(code, reader))
      if (BLOCKS.has(code) || code === 0x05) depth++
    }
    this.lines.push('  )')
  }

  blockType(reader: Reader): string {
    const type = Number(reader.signed())
    if (type === -64) return ''
    return type < 0 ? ` (result ${typeName(type & 0x7f)})` : ` ${signatureText(this.types[type]!)}`
  }

  instruction(code: number, reader: Reader): string {
    const plain = PLAIN.get(code)
    if (plain) return plain
    const indexed = INDEXED.get(code)
    if (indexed) return `${indexed} ${indexed === 'call' ? '$f' : ''}${reader.u32()}`
    const block = BLOCKS.get(code)
    if (block) return block + this.blockType(reader)
    const load = LOADS[code - 0x28]
    if (load) {
      reader.u32()
      const offset = reader.u32()
      return offset ? `${load} offset=${offset}` : load
    }
    return this.other(code, reader)
  }

  other(code: number, reader: Reader): string {
    switch (code) {
      case 0x05:
        return 'else'
      case 0x0b:
        return 'end'
      case 0x0e:
        return `br_table ${[...reader.list(() => reader.u32()), reader.u32()].join(' ')}`
      case 0x11: {
        const type = this.types[reader.u32()]!
        reader.u32()
        return `call_indirect ${signatureText(type)}`
      }
      case 0x3f:
        reader.byte()
        return 'memory.size'
      case 0x40:
        reader.byte()
        return 'memory.grow'
      case 0x41:
        return `i32.const ${reader.signed()}`
      case 0x42:
        return `i64.const ${reader.signed()}`
      default:
        throw new RangeError(`no text for opcode 0x${code.toString(16)}`)
    }
  }
}

/** Bytes of magic number and version. */
const HEADER = 8

/** The module as text; what cannot be read is said in a comment. */
export function formatWat(bytes: Uint8Array): string {
  const printer = new Printer()
  const reader = new Reader(bytes)
  reader.at = HEADER
  try {
    while (!reader.done) {
      const id = reader.byte()
      printer.section(id, reader.slice())
    }
  } catch (error) {
    printer.lines.push(`  ;; ${(error as Error).message}`)
  }
  return `(module\n${printer.lines.join('\n')}\n)\n`
}

// SPDX-License-Identifier: BSD-2-Clause
/**
 * Statements that start with a mnemonic, as the bpf_conformance suite and uBPF write them: `add32 %r0, 1`,
 * `ldxw %r0, [%r1+4]`, `jeq %r0, %r1, label`, `lock fetch add [%r10-8], %r1`.
 */
import * as I from '../gen/isa.gen.ts'
import { atomicImm, jump, type Statement } from './asm-llvm.ts'
import type { StatementReader } from './asm-reader.ts'
import { type Instruction, instruction, JA32, loadImm64 } from './instruction.ts'
import { ATOMIC_NAMES, inverse } from './text.ts'

type Parse = (reader: StatementReader) => Statement

const SIZES: ReadonlyMap<string, number> = new Map([
  ['b', I.BPF_B],
  ['h', I.BPF_H],
  ['w', I.BPF_W],
  ['dw', I.BPF_DW],
])

/** Name, operation, and the offset field that makes it signed. */
const ALU: readonly (readonly [string, number, number])[] = [
  ['add', I.BPF_ADD, 0],
  ['sub', I.BPF_SUB, 0],
  ['mul', I.BPF_MUL, 0],
  ['div', I.BPF_DIV, 0],
  ['sdiv', I.BPF_DIV, 1],
  ['or', I.BPF_OR, 0],
  ['and', I.BPF_AND, 0],
  ['lsh', I.BPF_LSH, 0],
  ['rsh', I.BPF_RSH, 0],
  ['mod', I.BPF_MOD, 0],
  ['smod', I.BPF_MOD, 1],
  ['xor', I.BPF_XOR, 0],
  ['mov', I.BPF_MOV, 0],
  ['arsh', I.BPF_ARSH, 0],
]

const JUMPS: readonly (readonly [string, number])[] = [
  ['jeq', I.BPF_JEQ],
  ['jgt', I.BPF_JGT],
  ['jge', I.BPF_JGE],
  ['jset', I.BPF_JSET],
  ['jne', I.BPF_JNE],
  ['jsgt', I.BPF_JSGT],
  ['jsge', I.BPF_JSGE],
  ['jlt', I.BPF_JLT],
  ['jle', I.BPF_JLE],
  ['jslt', I.BPF_JSLT],
  ['jsle', I.BPF_JSLE],
]

/** `[%r1+4]` */
function parsePlace(reader: StatementReader): { readonly register: number; readonly off: number } {
  reader.expectSign('[')
  const register = reader.wholeRegister()
  const off = reader.displacement()
  reader.expectSign(']')
  return { register, off }
}

/** A comma and a register or number. */
function withOperand(reader: StatementReader, insn: Instruction): Instruction {
  reader.expectSign(',')
  if (!reader.isRegister()) return { ...insn, imm: reader.imm32() }
  return { ...insn, code: insn.code | I.BPF_X, src: reader.wholeRegister() }
}

function aluEntries(): [string, Parse][] {
  const entries: [string, Parse][] = []
  for (const [suffix, cls] of WIDTHS) {
    for (const [name, operation, off] of ALU) {
      const code = cls | operation
      entries.push([
        name + suffix,
        (reader) => ({ insn: withOperand(reader, instruction({ code, dst: reader.wholeRegister(), off })) }),
      ])
    }
    entries.push([
      `neg${suffix}`,
      (reader) => ({ insn: instruction({ code: cls | I.BPF_NEG, dst: reader.wholeRegister() }) }),
    ])
  }
  return entries
}

const WIDTHS: readonly (readonly [string, number])[] = [
  ['', I.BPF_ALU64],
  ['64', I.BPF_ALU64],
  ['32', I.BPF_ALU],
]

const SWAPS: readonly (readonly [string, number])[] = [
  ['le', I.BPF_ALU | I.BPF_END | I.BPF_TO_LE],
  ['be', I.BPF_ALU | I.BPF_END | I.BPF_TO_BE],
  ['swap', I.BPF_ALU64 | I.BPF_END],
  ['bswap', I.BPF_ALU64 | I.BPF_END],
]

function swapEntries(): [string, Parse][] {
  return SWAPS.flatMap(([name, code]) =>
    [16, 32, 64].map((imm): [string, Parse] => [
      `${name}${imm}`,
      (reader) => ({ insn: instruction({ code, dst: reader.wholeRegister(), imm }) }),
    ]),
  )
}

/** `movsx832`: from 8 bits to 32. */
function signExtensionEntries(): [string, Parse][] {
  const entries: [string, Parse][] = []
  for (const [to, cls] of [
    [32, I.BPF_ALU],
    [64, I.BPF_ALU64],
  ] as const) {
    for (const from of [8, 16, 32]) {
      if (from === to) continue
      const parse: Parse = (reader) => {
        const dst = reader.wholeRegister()
        reader.expectSign(',')
        const src = reader.wholeRegister()
        return { insn: instruction({ code: cls | I.BPF_MOV | I.BPF_X, dst, src, off: from }) }
      }
      entries.push([`movsx${from}${to}`, parse])
    }
  }
  return entries
}

function loadEntries(size: string, bits: number): [string, Parse][] {
  const load =
    (mode: number): Parse =>
    (reader) => {
      const dst = reader.wholeRegister()
      reader.expectSign(',')
      const { register, off } = parsePlace(reader)
      return { insn: instruction({ code: I.BPF_LDX | mode | bits, dst, src: register, off }) }
    }
  const entries: [string, Parse][] = [[`ldx${size}`, load(I.BPF_MEM)]]
  if (bits === I.BPF_DW) return entries
  entries.push([`ldxs${size}`, load(I.BPF_MEMSX)], [`ldsx${size}`, load(I.BPF_MEMSX)])
  entries.push([
    `ldabs${size}`,
    (reader) => ({ insn: instruction({ code: I.BPF_LD | I.BPF_ABS | bits, imm: reader.imm32() }) }),
  ])
  entries.push([
    `ldind${size}`,
    (reader) => {
      const src = reader.wholeRegister()
      reader.expectSign(',')
      return { insn: instruction({ code: I.BPF_LD | I.BPF_IND | bits, src, imm: reader.imm32() }) }
    },
  ])
  return entries
}

function storeEntries(size: string, bits: number): [string, Parse][] {
  return [
    [
      `st${size}`,
      (reader) => {
        const { register, off } = parsePlace(reader)
        reader.expectSign(',')
        return { insn: instruction({ code: I.BPF_ST | I.BPF_MEM | bits, dst: register, off, imm: reader.imm32() }) }
      },
    ],
    [
      `stx${size}`,
      (reader) => {
        const { register, off } = parsePlace(reader)
        reader.expectSign(',')
        const src = reader.wholeRegister()
        return { insn: instruction({ code: I.BPF_STX | I.BPF_MEM | bits, dst: register, off, src }) }
      },
    ],
  ]
}

function jumpEntries(): [string, Parse][] {
  const entries: [string, Parse][] = []
  for (const [suffix, cls] of [
    ['', I.BPF_JMP],
    ['64', I.BPF_JMP],
    ['32', I.BPF_JMP32],
  ] as const) {
    for (const [name, operation] of JUMPS) {
      entries.push([
        name + suffix,
        (reader) => {
          const dst = reader.wholeRegister()
          const insn = withOperand(reader, instruction({ code: cls | operation, dst }))
          reader.expectSign(',')
          return jump(reader, insn, reader.target())
        },
      ])
    }
  }
  return entries
}

const ATOMIC_BITS = inverse(ATOMIC_NAMES)

/** What follows `lock`: `add`, `fetch add32`, `xchg`, `cmpxchg32`. */
function parseLocked(reader: StatementReader): Statement {
  const fetches = reader.takeName('fetch')
  const name = reader.name('an atomic operation')
  const [, operation = '', width] = /^(\w+?)(32|64)?$/.exec(name.text) ?? []
  const plain = ATOMIC_BITS.get(operation)
  if (plain === undefined && operation !== 'xchg' && operation !== 'cmpxchg') {
    throw reader.fail(`unknown atomic operation ${JSON.stringify(name.text)}`, name)
  }
  const imm = plain === undefined || fetches ? atomicImm(operation) : plain
  const { register, off } = parsePlace(reader)
  reader.expectSign(',')
  const src = reader.wholeRegister()
  const size = width === '32' ? I.BPF_W : I.BPF_DW
  return { insn: instruction({ code: I.BPF_STX | I.BPF_ATOMIC | size, dst: register, off, src, imm }) }
}

function parseLoadImm64(reader: StatementReader): Statement {
  const dst = reader.wholeRegister()
  reader.expectSign(',')
  if (!reader.isNumber())
    return { insn: loadImm64(dst, 0n, I.BPF_PSEUDO_FUNC), label: reader.name('a number or label') }
  return { insn: loadImm64(dst, reader.imm64()) }
}

const CALL = I.BPF_JMP | I.BPF_CALL

/** `call 5`, `call name`, `call %r2`, `call local target`, `call helper 5`, `call kfunc id[, offset]` */
function parseCall(reader: StatementReader): Statement {
  if (reader.isRegister()) return parseCallRegister(reader)
  if (reader.takeName('local')) return localCall(reader)
  if (reader.isName('pc') && reader.peek(1).kind === 'sign') return localCall(reader)
  if (reader.takeName('kfunc') || reader.takeName('runtime')) {
    const imm = reader.imm32('a type id')
    const off = reader.takeSign(',') ? reader.offset16() : 0
    return { insn: instruction({ code: CALL, src: I.BPF_PSEUDO_KFUNC_CALL, off, imm }) }
  }
  if (reader.isName('helper') && reader.peek(1).kind !== 'end') reader.next()
  if (reader.isNumber()) return { insn: instruction({ code: CALL, imm: reader.imm32() }) }
  return { insn: instruction({ code: CALL, src: I.BPF_PSEUDO_CALL }), label: reader.name('what to call') }
}

function localCall(reader: StatementReader): Statement {
  const insn = instruction({ code: CALL, src: I.BPF_PSEUDO_CALL })
  const target = reader.target()
  return 'label' in target ? { insn, label: target.label } : { insn: { ...insn, imm: target.distance } }
}

function parseCallRegister(reader: StatementReader): Statement {
  return { insn: instruction({ code: CALL | I.BPF_X, dst: reader.wholeRegister() }) }
}

const MNEMONICS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ...aluEntries(),
  ...swapEntries(),
  ...signExtensionEntries(),
  ...[...SIZES].flatMap(([size, bits]) => [...loadEntries(size, bits), ...storeEntries(size, bits)]),
  ...jumpEntries(),
  ['lddw', parseLoadImm64],
  ['ja', (reader) => jump(reader, instruction({ code: I.BPF_JMP | I.BPF_JA }), reader.target())],
  ['ja32', (reader) => jump(reader, instruction({ code: JA32 }), reader.target())],
  ['lock', parseLocked],
  ['call', parseCall],
  ['callx', parseCallRegister],
  ['exit', () => ({ insn: instruction({ code: I.BPF_JMP | I.BPF_EXIT }) })],
])

/** All mnemonics, for completion in editors. */
export const MNEMONIC_NAMES: readonly string[] = [...MNEMONICS.keys()]

/** A statement that starts with a mnemonic. */
export function parseMnemonicStatement(reader: StatementReader): Statement {
  const name = reader.name('an instruction')
  const parse = MNEMONICS.get(name.text)
  if (!parse) throw reader.fail(`unknown instruction ${JSON.stringify(name.text)}`, name)
  return parse(reader)
}

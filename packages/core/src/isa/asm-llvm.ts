// SPDX-License-Identifier: BSD-2-Clause
import * as I from '../gen/isa.gen.ts'
import { BPF_ADDR_SPACE_CAST, BPF_MAY_GOTO } from '../gen/uapi-enums.gen.ts'
import type { Token } from './asm-lexer.ts'
import type { Register, StatementReader, Target } from './asm-reader.ts'
import { type Instruction, instruction, JA32, loadImm64 } from './instruction.ts'
import { ALU_SIGNS, ATOMIC_NAMES, inverse, JUMP_SIGNS, SIGNED_SIZE_TYPES, SIZE_TYPES } from './text.ts'

/** What a statement makes: an instruction, and where it refers to if that is a name. */
export interface Statement {
  readonly insn: Instruction
  readonly label?: Token
}

const ALU_BITS = inverse(ALU_SIGNS)
const JUMP_BITS = inverse(JUMP_SIGNS)
const SIZE_BITS = inverse(SIZE_TYPES)
const SIGNED_SIZE_BITS = inverse(SIGNED_SIZE_TYPES)
const ATOMIC_BITS = inverse(ATOMIC_NAMES)

/** A jump whose distance stands in `off`, or in `imm` for the long form. */
export function jump(reader: StatementReader, insn: Instruction, target: Target): Statement {
  if ('label' in target) return { insn, label: target.label }
  if (insn.code === JA32) return { insn: { ...insn, imm: target.distance } }
  if (target.distance < -0x8000 || target.distance > 0x7fff) {
    throw reader.fail(`distance ${target.distance} does not fit in 16 bits`)
  }
  return { insn: { ...insn, off: target.distance } }
}

/** A statement in LLVM's (and the kernel's) style; undefined if it does not start like one. */
export function parseLlvmStatement(reader: StatementReader): Statement | undefined {
  const first = reader.peek()
  if (reader.isSign('*')) return parseStore(reader)
  if (first.kind !== 'name') return undefined
  if (reader.isRegister()) return parseAssignment(reader)
  const parse = LLVM_WORDS.get(first.text)
  if (!parse || (first.text === 'lock' && !reader.isSign('*', 1))) return undefined
  reader.next()
  return parse(reader)
}

const LLVM_WORDS: ReadonlyMap<string, (reader: StatementReader) => Statement> = new Map([
  ['if', parseIf],
  ['goto', (reader) => jump(reader, instruction({ code: I.BPF_JMP | I.BPF_JA }), reader.target())],
  ['gotol', (reader) => jump(reader, instruction({ code: JA32 }), reader.target())],
  [
    'may_goto',
    (reader) => jump(reader, instruction({ code: I.BPF_JMP | I.BPF_JCOND, src: BPF_MAY_GOTO }), reader.target()),
  ],
  ['lock', parseLock],
  ['ld_pseudo', parseLoadPseudo],
  ['store_release', parseStoreRelease],
])

function parseIf(reader: StatementReader): Statement {
  const left = reader.register()
  const sign = reader.next()
  const operation = JUMP_BITS.get(sign.text)
  if (operation === undefined) throw reader.fail(`unknown comparison ${JSON.stringify(sign.text)}`, sign)
  const code = (left.half ? I.BPF_JMP32 : I.BPF_JMP) | operation
  let insn: Instruction
  if (reader.isRegister()) {
    const right = sameWidth(reader, left)
    insn = instruction({ code: code | I.BPF_X, dst: left.number, src: right.number })
  } else {
    insn = instruction({ code, dst: left.number, imm: reader.imm32() })
  }
  reader.expectName('goto')
  return jump(reader, insn, reader.target())
}

/** A register as wide as another. */
function sameWidth(reader: StatementReader, other: Register): Register {
  const start = reader.peek()
  const register = reader.register()
  if (register.half !== other.half) throw reader.fail('registers of different width', start)
  return register
}

/** `*(u32 *)`, up to what it is applied to. */
function parseDereference(reader: StatementReader): Token {
  reader.expectSign('*')
  return parseCast(reader)
}

/** `(u32 *)` */
function parseCast(reader: StatementReader): Token {
  reader.expectSign('(')
  const type = reader.name('a type')
  reader.expectSign('*')
  reader.expectSign(')')
  return type
}

function sizeBits(reader: StatementReader, type: Token): number {
  const bits = SIZE_BITS.get(type.text)
  if (bits === undefined) throw reader.fail(`unknown type ${JSON.stringify(type.text)}`, type)
  return bits
}

/** `(r3 + 4)` */
function parsePlace(reader: StatementReader): { readonly register: number; readonly off: number } {
  reader.expectSign('(')
  const register = reader.wholeRegister()
  const off = reader.displacement()
  reader.expectSign(')')
  return { register, off }
}

/** A register that holds a value of this size: `w` only up to 32 bits. */
function valueRegister(reader: StatementReader, size: number): number {
  const start = reader.peek()
  const register = reader.register()
  if (register.half && size === I.BPF_DW) throw reader.fail('64 bits do not fit in a 32-bit register', start)
  return register.number
}

function parseStore(reader: StatementReader): Statement {
  const size = sizeBits(reader, parseDereference(reader))
  const { register, off } = parsePlace(reader)
  reader.expectSign('=')
  if (reader.isRegister()) {
    const src = valueRegister(reader, size)
    return { insn: instruction({ code: I.BPF_STX | I.BPF_MEM | size, dst: register, off, src }) }
  }
  return { insn: instruction({ code: I.BPF_ST | I.BPF_MEM | size, dst: register, off, imm: reader.imm32() }) }
}

function atomicSize(reader: StatementReader, type: Token): number {
  const size = sizeBits(reader, type)
  if (size !== I.BPF_W && size !== I.BPF_DW) throw reader.fail('atomic operations are on u32 and u64', type)
  return size
}

function parseLock(reader: StatementReader): Statement {
  const size = atomicSize(reader, parseDereference(reader))
  const { register, off } = parsePlace(reader)
  const sign = reader.next()
  const operation = ALU_BITS.get(sign.text)
  if (operation === undefined || !ATOMIC_NAMES.has(operation)) {
    throw reader.fail(`no atomic operation ${JSON.stringify(sign.text)}`, sign)
  }
  const src = valueRegister(reader, size)
  return { insn: instruction({ code: I.BPF_STX | I.BPF_ATOMIC | size, dst: register, off, src, imm: operation }) }
}

function parseLoadPseudo(reader: StatementReader): Statement {
  const dst = reader.wholeRegister()
  reader.expectSign(',')
  const start = reader.peek()
  const src = reader.imm32('a kind')
  if (src < 0 || src > 15) throw reader.fail(`kind ${src} does not fit in 4 bits`, start)
  reader.expectSign(',')
  return { insn: loadImm64(dst, reader.imm64(), src) }
}

function parseStoreRelease(reader: StatementReader): Statement {
  reader.expectSign('(')
  const size = sizeBits(reader, parseCast(reader))
  const { register, off } = parsePlace(reader)
  reader.expectSign(',')
  const src = valueRegister(reader, size)
  reader.expectSign(')')
  const code = I.BPF_STX | I.BPF_ATOMIC | size
  return { insn: instruction({ code, dst: register, off, src, imm: I.BPF_STORE_REL }) }
}

/** `r3 += …` and `r3 = …` */
function parseAssignment(reader: StatementReader): Statement {
  const dst = reader.register()
  const sign = reader.next()
  if (sign.kind === 'sign' && sign.text === '=') return parseRightSide(reader, dst)
  const divides = sign.text === 's/=' || sign.text === 's%='
  const operation = ALU_BITS.get(divides ? sign.text.slice(1) : sign.text)
  if (sign.kind !== 'sign' || operation === undefined) {
    throw reader.fail(`unknown operator ${JSON.stringify(sign.text)}`, sign)
  }
  return { insn: alu(reader, dst, operation, divides ? 1 : 0) }
}

/** The right side of an ALU operation: a register or a number. */
function alu(reader: StatementReader, dst: Register, operation: number, off: number): Instruction {
  const code = (dst.half ? I.BPF_ALU : I.BPF_ALU64) | operation
  if (!reader.isRegister()) return instruction({ code, dst: dst.number, off, imm: reader.imm32() })
  return instruction({ code: code | I.BPF_X, dst: dst.number, off, src: sameWidth(reader, dst).number })
}

function parseRightSide(reader: StatementReader, dst: Register): Statement {
  if (reader.isSign('*')) return parseLoad(reader, dst)
  if (reader.isSign('(')) return parseSignExtension(reader, dst)
  if (reader.isSign('-') && reader.peek(1).kind === 'name') return parseNegation(reader, dst)
  if (reader.isRegister()) return { insn: move(reader, dst) }
  if (reader.isNumber()) return parseNumber(reader, dst)
  const name = reader.name('a value')
  if (reader.takeName('ll')) {
    if (dst.half) throw reader.fail('a 64-bit value does not fit in a 32-bit register', name)
    return { insn: loadImm64(dst.number, 0n, I.BPF_PSEUDO_FUNC), label: name }
  }
  return parseNamedOperation(reader, dst, name)
}

/** `r1 = r2`, `w1 = w2`, and clang's `r1 = w2`, which is the same as the second: it clears the upper half. */
function move(reader: StatementReader, dst: Register): Instruction {
  const src = reader.peek()
  const isHalf = src.kind === 'name' && src.text.startsWith('w')
  return alu(reader, { number: dst.number, half: dst.half || isHalf }, I.BPF_MOV, 0)
}

function parseNumber(reader: StatementReader, dst: Register): Statement {
  // Which range it must be in shows after it.
  const after = reader.peek().kind === 'number' ? 1 : 2
  if (!reader.isName('ll', after)) return { insn: alu(reader, dst, I.BPF_MOV, 0) }
  if (dst.half) throw reader.fail('a 64-bit value does not fit in a 32-bit register')
  const insn = loadImm64(dst.number, reader.imm64())
  reader.expectName('ll')
  return { insn }
}

function parseNegation(reader: StatementReader, dst: Register): Statement {
  reader.expectSign('-')
  const start = reader.peek()
  const src = sameWidth(reader, dst)
  if (src.number !== dst.number) throw reader.fail('negation is in place: both registers must be the same', start)
  return { insn: instruction({ code: (dst.half ? I.BPF_ALU : I.BPF_ALU64) | I.BPF_NEG, dst: dst.number }) }
}

/** `(s8)r4` */
function parseSignExtension(reader: StatementReader, dst: Register): Statement {
  reader.expectSign('(')
  const type = reader.name('a type')
  const off = { s8: 8, s16: 16, s32: 32 }[type.text]
  if (off === undefined || (dst.half && off === 32)) {
    throw reader.fail(`cannot extend from ${JSON.stringify(type.text)}`, type)
  }
  reader.expectSign(')')
  return { insn: alu(reader, dst, I.BPF_MOV, off) }
}

function parseLoad(reader: StatementReader, dst: Register): Statement {
  const type = parseDereference(reader)
  if (reader.takeName('skb')) return parsePacketLoad(reader, dst, type)
  const signed = SIGNED_SIZE_BITS.get(type.text)
  const size = signed ?? sizeBits(reader, type)
  if (dst.half && (size === I.BPF_DW || signed !== undefined)) {
    throw reader.fail(`${JSON.stringify(type.text)} is loaded into a 64-bit register`, type)
  }
  const { register, off } = parsePlace(reader)
  const mode = signed === undefined ? I.BPF_MEM : I.BPF_MEMSX
  return { insn: instruction({ code: I.BPF_LDX | mode | size, dst: dst.number, src: register, off }) }
}

/** `r0 = *(u16 *)skb[12]` */
function parsePacketLoad(reader: StatementReader, dst: Register, type: Token): Statement {
  const size = sizeBits(reader, type)
  if (size === I.BPF_DW || dst.number !== 0 || dst.half) {
    throw reader.fail('packets are loaded as u8, u16 or u32 into r0', type)
  }
  reader.expectSign('[')
  let insn: Instruction
  if (reader.isRegister()) {
    const src = reader.wholeRegister()
    const imm = reader.isSign(']') ? 0 : reader.imm32('an offset')
    insn = instruction({ code: I.BPF_LD | I.BPF_IND | size, src, imm })
  } else {
    insn = instruction({ code: I.BPF_LD | I.BPF_ABS | size, imm: reader.imm32('an offset') })
  }
  reader.expectSign(']')
  return { insn }
}

const BYTE_SWAP = /^(le|be|bswap)(16|32|64)$/
/** LLVM writes `atomic_fetch_add`, the kernel `atomic64_fetch_add`. */
const ATOMIC_CALL = /^atomic(?:64)?_(?:fetch_(add|or|and|xor)|(xchg)|(cmpxchg))$/
const EXCHANGE = /^(cmp)?xchg(?:32_32|_64)$/

function parseNamedOperation(reader: StatementReader, dst: Register, name: Token): Statement {
  const swap = BYTE_SWAP.exec(name.text)
  if (swap) {
    const start = reader.peek()
    if (reader.wholeRegister() !== dst.number || dst.half) {
      throw reader.fail('bytes are swapped in place: both registers must be the same', start)
    }
    const code = BYTE_SWAP_CODES[swap[1] as keyof typeof BYTE_SWAP_CODES]
    return { insn: instruction({ code, dst: dst.number, imm: Number(swap[2]) }) }
  }
  if (name.text === 'addr_space_cast') return parseAddrSpaceCast(reader, dst)
  if (name.text === 'load_acquire') return parseLoadAcquire(reader, dst)
  const atomic = ATOMIC_CALL.exec(name.text)
  if (atomic) return parseAtomicCall(reader, dst, atomic[1] ?? atomic[2] ?? atomic[3]!)
  const exchange = EXCHANGE.exec(name.text)
  if (exchange) return parseExchange(reader, dst, name, exchange[1] !== undefined)
  throw reader.fail(`unknown value ${JSON.stringify(name.text)}`, name)
}

const BYTE_SWAP_CODES = {
  le: I.BPF_ALU | I.BPF_END | I.BPF_TO_LE,
  be: I.BPF_ALU | I.BPF_END | I.BPF_TO_BE,
  bswap: I.BPF_ALU64 | I.BPF_END,
}

function parseAddrSpaceCast(reader: StatementReader, dst: Register): Statement {
  reader.expectSign('(')
  const { number: src } = sameWidth(reader, dst)
  const half = () => {
    reader.expectSign(',')
    const start = reader.peek()
    const value = reader.imm32('an address space')
    if (value < 0 || value > 0xffff) throw reader.fail(`address space ${value} does not fit in 16 bits`, start)
    return value
  }
  const imm = (half() << 16) | half()
  reader.expectSign(')')
  const code = I.BPF_ALU64 | I.BPF_MOV | I.BPF_X
  return { insn: instruction({ code, dst: dst.number, src, off: BPF_ADDR_SPACE_CAST, imm }) }
}

function parseLoadAcquire(reader: StatementReader, dst: Register): Statement {
  reader.expectSign('(')
  const type = parseCast(reader)
  const size = sizeBits(reader, type)
  if (dst.half && size === I.BPF_DW) throw reader.fail('64 bits do not fit in a 32-bit register', type)
  const { register, off } = parsePlace(reader)
  reader.expectSign(')')
  const code = I.BPF_STX | I.BPF_ATOMIC | size
  return { insn: instruction({ code, dst: dst.number, src: register, off, imm: I.BPF_LOAD_ACQ }) }
}

/** `(u64 *)(r3 + 0), r4)`, with the expected value in between for a compare and exchange. */
function parseAtomicCall(reader: StatementReader, dst: Register, operation: string): Statement {
  reader.expectSign('(')
  const size = atomicSize(reader, parseCast(reader))
  const { register, off } = parsePlace(reader)
  return finishAtomic(reader, dst, operation, { size, register, off })
}

/** `xchg_64(r3 + 0, r4)`, `cmpxchg32_32(r3 + 0, w0, w4)` */
function parseExchange(reader: StatementReader, dst: Register, name: Token, compares: boolean): Statement {
  const size = name.text.endsWith('_64') ? I.BPF_DW : I.BPF_W
  reader.expectSign('(')
  const register = reader.wholeRegister()
  const off = reader.displacement()
  return finishAtomic(reader, dst, compares ? 'cmpxchg' : 'xchg', { size, register, off })
}

function finishAtomic(
  reader: StatementReader,
  dst: Register,
  operation: string,
  at: { readonly size: number; readonly register: number; readonly off: number },
): Statement {
  reader.expectSign(',')
  let result = dst.number
  if (operation === 'cmpxchg') {
    const start = reader.peek()
    if (valueRegister(reader, at.size) !== 0 || dst.number !== 0) {
      throw reader.fail('compare and exchange compares with r0 and loads into it', start)
    }
    reader.expectSign(',')
  }
  const start = reader.peek()
  const src = valueRegister(reader, at.size)
  if (operation === 'cmpxchg') result = src
  if (result !== src) throw reader.fail('the old value is loaded into the operand: both must be the same', start)
  reader.expectSign(')')
  const code = I.BPF_STX | I.BPF_ATOMIC | at.size
  return { insn: instruction({ code, dst: at.register, off: at.off, src, imm: atomicImm(operation) }) }
}

/** Immediate of an atomic operation that gives the old value. */
export function atomicImm(operation: string): number {
  if (operation === 'xchg') return I.BPF_XCHG
  if (operation === 'cmpxchg') return I.BPF_CMPXCHG
  return ATOMIC_BITS.get(operation)! | I.BPF_FETCH
}

// SPDX-License-Identifier: BSD-2-Clause
import { AsmSyntaxError, type Token } from './asm-lexer.ts'

/** A register as written: `r3`, `w3` or `%r3`. */
export interface Register {
  readonly number: number
  /** Written `w`: the lower 32 bits. */
  readonly half: boolean
}

/** Where an instruction jumps or what it calls: a distance in slots, or a name to be resolved. */
export type Target = { readonly distance: number } | { readonly label: Token }

const REGISTER = /^[rw](\d+)$/

/** The tokens of one statement, read from left to right. */
export class StatementReader {
  private readonly tokens: readonly Token[]
  private at = 0

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
  }

  /** The next token; the last one is always of kind `end`. */
  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)]!
  }

  next(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.at++
    return token
  }

  fail(message: string, token = this.peek()): AsmSyntaxError {
    return new AsmSyntaxError(message, token)
  }

  /** What a message calls the next token. */
  private found(): string {
    const token = this.peek()
    return token.kind === 'end' ? token.text : JSON.stringify(token.text)
  }

  isSign(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.kind === 'sign' && token.text === text
  }

  isName(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.kind === 'name' && token.text === text
  }

  /** Takes the sign if it is next. */
  takeSign(text: string): boolean {
    const found = this.isSign(text)
    if (found) this.at++
    return found
  }

  takeName(text: string): boolean {
    const found = this.isName(text)
    if (found) this.at++
    return found
  }

  expectSign(text: string): void {
    if (!this.takeSign(text)) throw this.fail(`expected ${JSON.stringify(text)}, found ${this.found()}`)
  }

  expectName(text: string): void {
    if (!this.takeName(text)) throw this.fail(`expected ${JSON.stringify(text)}, found ${this.found()}`)
  }

  name(what: string): Token {
    if (this.peek().kind !== 'name') throw this.fail(`expected ${what}, found ${this.found()}`)
    return this.next()
  }

  end(): void {
    if (this.peek().kind !== 'end') throw this.fail(`expected end of statement, found ${this.found()}`)
  }

  isRegister(): boolean {
    return this.isSign('%') || (this.peek().kind === 'name' && REGISTER.test(this.peek().text))
  }

  register(): Register {
    const start = this.peek()
    // The conformance suite's style has registers that do not exist, for tests of refusal.
    const last = this.takeSign('%') ? 15 : 11
    const token = this.peek()
    const match = token.kind === 'name' ? REGISTER.exec(token.text) : null
    if (!match) throw this.fail(`expected a register, found ${this.found()}`)
    this.at++
    const number = Number(match[1])
    if (number > last) throw this.fail(`no such register ${JSON.stringify(token.text)}`, start)
    return { number, half: token.text.startsWith('w') }
  }

  /** A register of 64 bits. */
  wholeRegister(): number {
    const start = this.peek()
    const register = this.register()
    if (register.half) throw this.fail('expected a 64-bit register', start)
    return register.number
  }

  isNumber(): boolean {
    if (this.peek().kind === 'number') return true
    return (this.isSign('-') || this.isSign('+')) && this.peek(1).kind === 'number'
  }

  /** A number with an optional sign. */
  integer(what: string): bigint {
    const negative = this.takeSign('-')
    if (!negative) this.takeSign('+')
    if (this.peek().kind !== 'number') throw this.fail(`expected ${what}, found ${this.found()}`)
    const { value } = this.next()
    return negative ? -value : value
  }

  /** A number that fits in 32 bits, signed or not, or is one sign-extended to 64. */
  imm32(what = 'a number'): number {
    const start = this.peek()
    const value = this.integer(what)
    const signed = BigInt.asIntN(32, value)
    const fits = (value >= -0x80000000n && value <= 0xffffffffn) || signed === BigInt.asIntN(64, value)
    if (!fits || value > 0xffffffffffffffffn) throw this.fail(`${what} ${value} does not fit in 32 bits`, start)
    return Number(signed)
  }

  /** A number that fits in 64 bits, signed or not. */
  imm64(): bigint {
    const start = this.peek()
    const value = this.integer('a number')
    if (value < -(1n << 63n) || value >= 1n << 64n) throw this.fail(`number ${value} does not fit in 64 bits`, start)
    return BigInt.asUintN(64, value)
  }

  offset16(): number {
    const start = this.peek()
    const value = this.integer('an offset')
    if (value < -0x8000n || value > 0x7fffn) throw this.fail(`offset ${value} does not fit in 16 bits`, start)
    return Number(value)
  }

  /** `+ 4`, `-4` or nothing, up to the closing sign. */
  displacement(): number {
    return this.isSign('+') || this.isSign('-') ? this.offset16() : 0
  }

  /** `+5`, `-0x2`, `pc+5` or a label. */
  target(): Target {
    const start = this.peek()
    if (this.isName('pc') && (this.isSign('+', 1) || this.isSign('-', 1))) this.at++
    if (this.isSign('+') || this.isSign('-')) {
      const distance = Number(this.integer('a distance'))
      if (distance < -0x80000000 || distance > 0x7fffffff) {
        throw this.fail(`distance ${distance} does not fit in 32 bits`, start)
      }
      return { distance }
    }
    return { label: this.name('a label or a distance with a sign') }
  }
}

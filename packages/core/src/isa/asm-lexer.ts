// SPDX-License-Identifier: BSD-2-Clause
import { AsmError, type BpfErrorOptions } from '../errors/index.ts'

/** Where something stands in the assembly text; both count from 1. */
export interface AsmPosition {
  readonly line: number
  readonly column: number
}

/** Assembly text that is wrong, with the place. */
export class AsmSyntaxError extends AsmError {
  readonly line: number
  readonly column: number

  constructor(message: string, position: AsmPosition, options?: BpfErrorOptions) {
    super(`assemble: line ${position.line} column ${position.column}: ${message}`, options)
    this.line = position.line
    this.column = position.column
  }
}

export interface Token extends AsmPosition {
  readonly kind: 'name' | 'number' | 'string' | 'sign' | 'end'
  /** As written; of a string its value. */
  readonly text: string
  /** Of a number. */
  readonly value: bigint
}

/** Longest first. An `s` in front makes a sign signed; a name that only starts with `s` is not followed by one. */
const SIGNS = /(?:s>>=|<<=|>>=|s>=|s<=|s\/=|s%=|s>|s<|\+=|-=|\*=|\/=|\|=|&=|%=|\^=|==|!=|>=|<=|[-+*()[\],=<>&:%@])/y
const NAME = /[A-Za-z_.$?][\w.$?]*/y
const NUMBER = /0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+/y
const STRING = /"((?:[^"\\\n]|\\.)*)"/y
const BLANKS = /[ \t\r]+/y
const LINE_COMMENT = /#.*|\/\/.*/y

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '"': '"', '\\': '\\' }

function unescapeText(text: string): string {
  return text.replace(/\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)/g, (_, code: string) => {
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff)
    if (code.startsWith('x') && code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return ESCAPES[code] ?? code
  })
}

/**
 * Splits assembly text into statements: at line ends and at semicolons. `#` and `//` start a comment, as does a semicolon
 * in front of anything else on its line (llvm-objdump prints source lines so); block comments may span lines.
 */
export function* lexStatements(source: string): Generator<Token[]> {
  const lines = blankBlockComments(source).split('\n')
  for (const [index, text] of lines.entries()) {
    if (/^\s*;/.test(text)) continue
    yield* lexLine(text, index + 1)
  }
}

/** Block comments become blanks, so that columns stay right. */
function blankBlockComments(source: string): string {
  return source.replace(/"(?:[^"\\\n]|\\.)*"|#.*|\/\/.*|\/\*[\s\S]*?(?:\*\/|$)/g, (match) =>
    match.startsWith('/*') ? match.replace(/[^\n]/g, ' ') : match,
  )
}

function* lexLine(text: string, line: number): Generator<Token[]> {
  let tokens: Token[] = []
  const end = (at: number): Token => ({ kind: 'end', text: 'end of statement', value: 0n, line, column: at + 1 })
  let at = 0
  while (at < text.length) {
    if (text[at] === ';') {
      if (tokens.length > 0) yield [...tokens, end(at)]
      tokens = []
      at++
      continue
    }
    const blank = matchAt(BLANKS, text, at) ?? matchAt(LINE_COMMENT, text, at)
    if (blank) {
      at += blank[0].length
      continue
    }
    const [token, length] = lexToken(text, at, line)
    tokens.push(token)
    at += length
  }
  if (tokens.length > 0) yield [...tokens, end(at)]
}

function lexToken(text: string, at: number, line: number): [Token, number] {
  const position = { line, column: at + 1 }
  const sign = matchAt(SIGNS, text, at)
  if (sign) return [{ kind: 'sign', text: sign[0], value: 0n, ...position }, sign[0].length]
  const name = matchAt(NAME, text, at)
  if (name) return [{ kind: 'name', text: name[0], value: 0n, ...position }, name[0].length]
  const number = matchAt(NUMBER, text, at)
  if (number) {
    const length = number[0].length
    if (/\w/.test(text[at + length] ?? '')) {
      throw new AsmSyntaxError(`bad number ${JSON.stringify(/^\w+/.exec(text.slice(at))![0])}`, position)
    }
    return [{ kind: 'number', text: number[0], value: BigInt(number[0]), ...position }, length]
  }
  const string = matchAt(STRING, text, at)
  if (string) return [{ kind: 'string', text: unescapeText(string[1]!), value: 0n, ...position }, string[0].length]
  throw new AsmSyntaxError(`unexpected character ${JSON.stringify(text[at])}`, position)
}

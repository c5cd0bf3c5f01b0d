// SPDX-License-Identifier: BSD-2-Clause
import { AsmError } from '../errors/index.ts'

/** A case of the bpf_conformance suite. Of `asm` and `raw` at least one is there. */
export interface ConformanceCase {
  /** Assembly text, lines as in the file. */
  readonly asm: string | undefined
  /** Line of the file on which {@link asm} starts, from 1. */
  readonly asmLine: number | undefined
  /** Encoded instructions, little endian. */
  readonly raw: Uint8Array | undefined
  /** Memory to which r1 points; its length is in r2. */
  readonly memory: Uint8Array | undefined
  /** r0 at the end. */
  readonly result: bigint | undefined
  /** Text of the error: loading or running must fail. */
  readonly error: string | undefined
  /** All sections as text, `c` and comments in names included. */
  readonly sections: ReadonlyMap<string, string>
}

/**
 * Parses a `.data` file: sections start with `-- name`, lines that start with `#` in front of the first one are its
 * licence. Unknown sections are kept as text.
 */
export function parseConformanceCase(text: string): ConformanceCase {
  const sections = new Map<string, string>()
  const starts = new Map<string, number>()
  let name: string | undefined
  let lines: string[] = []
  const close = () => {
    if (name !== undefined) sections.set(name, lines.join('\n'))
    lines = []
  }
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.startsWith('--')) {
      close()
      name = line.slice(2).trim()
      if (sections.has(name)) throw new AsmError(`parse conformance case: line ${index + 1}: second section "${name}"`)
      starts.set(name, index + 2)
    } else {
      lines.push(line)
    }
  }
  close()
  const raw = sections.get('raw')
  if (raw === undefined && !sections.has('asm')) {
    throw new AsmError('parse conformance case: neither an "asm" nor a "raw" section')
  }
  const memory = sections.get('mem')
  const result = sections.get('result')
  return {
    asm: sections.get('asm'),
    asmLine: starts.get('asm'),
    raw: raw === undefined ? undefined : parseRaw(raw),
    memory: memory === undefined ? undefined : parseHexBytes(withoutComments(memory)),
    result: result === undefined ? undefined : parseResult(result),
    error: sections.get('error')?.trim(),
    sections,
  }
}

function withoutComments(text: string): string {
  return text.replace(/#.*/g, '')
}

/** Bytes as pairs of hexadecimal digits, with or without blanks between them. */
export function parseHexBytes(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) {
    throw new AsmError(`parse hex bytes: not pairs of hexadecimal digits: ${JSON.stringify(text.trim().slice(0, 40))}`)
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** Instructions as 64-bit numbers `0x…`, one a line, or as bytes. */
function parseRaw(text: string): Uint8Array {
  const words = withoutComments(text).split(/\s+/).filter(Boolean)
  if (!words.every((word) => /^0x[0-9a-fA-F]{1,16}$/.test(word))) return parseHexBytes(words.join(' '))
  const bytes = new Uint8Array(words.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [index, word] of words.entries()) view.setBigUint64(index * 8, BigInt(word), true)
  return bytes
}

function parseResult(text: string): bigint {
  const word = withoutComments(text).trim()
  try {
    return BigInt.asUintN(64, word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word))
  } catch (cause) {
    throw new AsmError(`parse conformance case: result ${JSON.stringify(word)} is not a number`, { cause })
  }
}

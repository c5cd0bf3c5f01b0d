// SPDX-License-Identifier: BSD-2-Clause
/** Assembly text to an object, with the encoding of each line. */
import { parseElf } from '@skep/core/elf'
import { AsmSyntaxError, assembleObject, decodeInstructions, encodeInstructions, slotCount } from '@skep/core/isa'
import type { Compilation } from '../compiler.ts'
import { toHex } from '../packet/hex.ts'

export function assembleText(source: string): Compilation {
  try {
    const object = assembleObject(source)
    return { object, diagnostics: [], encoding: encodingByLine(source, object) }
  } catch (error) {
    const at = error instanceof AsmSyntaxError ? error : { line: 1, column: 1 }
    const message = (error as Error).message.replace(/^assemble: line \d+ column \d+: /, '')
    return { object: undefined, diagnostics: [{ line: at.line, column: at.column, severity: 'error', message }] }
  }
}

/** Lines of the instructions of each section, in order. Counts from 1. */
function instructionLines(source: string): Map<string, number[]> {
  const lines = new Map<string, number[]>()
  let section = '.text'
  source.split('\n').forEach((text, index) => {
    for (const statement of text.replace(/#.*|\/\/.*/, '').split(';')) {
      const rest = statement.replace(/^(\s*[\w.$]+\s*:(?!=))+/, '').trim()
      const directive = /^\.(?:section\s+"?([^",\s]+)|(text|data|bss)\b)/.exec(rest)
      if (directive) section = directive[1] ?? `.${directive[2]}`
      if (rest === '' || rest.startsWith('.')) continue
      const found = lines.get(section)
      if (found) found.push(index + 1)
      else lines.set(section, [index + 1])
    }
  })
  return lines
}

/** Encoding of the instruction on each line of the text, jumps resolved, from the object made of it. */
function encodingByLine(source: string, object: Uint8Array): Map<number, string> {
  const found = new Map<number, string>()
  for (const [name, lines] of instructionLines(source)) {
    const data = parseElf(object).section(name)?.data
    if (!data || data.length % 8 !== 0) continue
    const instructions = decodeInstructions(data)
    if (instructions.length !== lines.length) continue
    instructions.forEach((insn, i) => {
      const hex = toHex(encodeInstructions([insn]))
      found.set(lines[i]!, slotCount(insn) === 2 ? `${hex.slice(0, 16)} ${hex.slice(16)}` : hex)
    })
  }
  return found
}

// SPDX-License-Identifier: BSD-2-Clause
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { EXPLANATIONS, explainRefusal, explanationOf } from './index.ts'

const VERIFIER = fileURLToPath(new URL('../../../wasm-vm/assembly/verifier/', import.meta.url))
/** Formats that carry no text of their own. */
const EMPTY = new Set(['\n', '%S\n'])

/** The formats of all refusals in the verifier's source. */
function formats(): string[] {
  const files = readdirSync(VERIFIER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const texts = files.flatMap((file) =>
    [
      ...readFileSync(VERIFIER + file, 'utf8').matchAll(/\breject\(\s*\w+,\s*[^,']+,\s*(['"])((?:\\.|(?!\1).)*)\1/g),
    ].map(([, , text]) => text!.replaceAll('\\n', '\n').replaceAll("\\'", "'")),
  )
  return [...new Set(texts)].filter((text) => !EMPTY.has(text)).sort()
}

/** A message as the format may print it. */
const printed = (format: string) =>
  format
    .replaceAll('%T', '(0x0; 0xff)')
    .replace(/%0?\d?l*[dux]/g, '1')
    .replace(/%[sS]/g, 'x')

describe('explanations of refusals', () => {
  it('are there for every refusal of the verifier', () => {
    const all = formats()
    expect(all.length).toBeGreaterThan(300)
    expect(all.filter((format) => !explainRefusal(printed(format)))).toEqual([])
  })

  it.each(EXPLANATIONS.map(({ id, sample }) => [id, sample]))('%s explains its own sample', (id, sample) => {
    const found = explainRefusal(sample)!
    expect(found.id).toBe(id)
    expect(found.problem).not.toContain('$')
  })

  it('fill in what the message says', () => {
    expect(explainRefusal("R0 invalid mem access 'map_value_or_null'")!.problem).toContain('through R0')
    expect(explainRefusal('Unreleased reference id=2 alloc_insn=5\nx')!.problem).toContain('instruction 5')
    expect(explainRefusal('nothing known')).toBeUndefined()
  })

  it('read the end of the log where the message is not the last line, or not all', () => {
    const loop = 'infinite loop detected at insn 3\ncur state: R10=fp0\nold state: R10=fp0\nprocessed 9 insns\n'
    expect(explainRefusal('old state: R10=fp0', loop)!.id).toBe('endless-loop')
    const leak =
      'Unreleased reference id=2 alloc_insn=5\nBPF_EXIT instruction in main prog would lead to reference leak\n'
    const message = 'BPF_EXIT instruction in main prog would lead to reference leak'
    expect(explainRefusal(message, leak)!.problem).toContain('instruction 5')
  })

  it('have ids that can stand in an address', () => {
    expect(new Set(EXPLANATIONS.map(({ id }) => id)).size).toBe(EXPLANATIONS.length)
    for (const { id } of EXPLANATIONS) expect(id).toMatch(/^[a-z-]+$/)
    expect(explanationOf('dynptr')?.title).toBe('A dynptr in the wrong state')
  })

  it('are sentences', () => {
    for (const { id, title, problem, reason, suggestion } of EXPLANATIONS) {
      expect(title, id).not.toMatch(/\.$/)
      for (const text of [problem, reason, suggestion]) expect(text, id).toMatch(/^[A-Z$].*\.$/)
    }
  })
})

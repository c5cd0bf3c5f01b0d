// SPDX-License-Identifier: BSD-2-Clause
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readVerifierLog } from '../verifier/log.ts'
import { EXPLANATIONS, explain } from './explanations.ts'

const fixtures = new URL('../test-fixtures/', import.meta.url)
const refused = readdirSync(new URL('../../../../examples/refused/', import.meta.url))

describe('explanations', () => {
  it.each(refused)('has one of its own for what Linux says to %s', (name) => {
    const file = readdirSync(fixtures).find((entry) => entry.startsWith(`${name}.`))!
    const { message } = readVerifierLog(readFileSync(new URL(file, fixtures), 'utf8'))
    expect(explain(message)?.explanation.example).toBe(`refused/${name}`)
  })

  it('fills in what the message says', () => {
    expect(explain("R0 invalid mem access 'map_value_or_null'")!.wrong).toContain('through R0')
    expect(explain('Unreleased reference id=2 alloc_insn=5\nx')!.wrong).toContain('instruction 5')
    expect(explain('nothing known')).toBeUndefined()
  })

  it.each(EXPLANATIONS.map(({ id, sample }) => [id, sample]))('%s explains its own sample', (id, sample) => {
    const found = explain(sample)!
    expect(found.explanation.id).toBe(id)
    expect(found.wrong).not.toContain('$')
  })

  it('has ids that can stand in an address', () => {
    expect(new Set(EXPLANATIONS.map(({ id }) => id)).size).toBe(EXPLANATIONS.length)
    for (const { id } of EXPLANATIONS) expect(id).toMatch(/^[a-z-]+$/)
  })
})

// SPDX-License-Identifier: BSD-2-Clause
import { readdirSync, readFileSync } from 'node:fs'
import { explainRefusal } from '@skep/core/refusals'
import { describe, expect, it } from 'vitest'
import { readVerifierLog } from '../verifier/log.ts'

const fixtures = new URL('../test-fixtures/', import.meta.url)
const refused = readdirSync(new URL('../../../../examples/refused/', import.meta.url))

describe('explanations', () => {
  it.each(refused)('has one of its own for what Linux says to %s', (name) => {
    const file = readdirSync(fixtures).find((entry) => entry.startsWith(`${name}.`))!
    const { message } = readVerifierLog(readFileSync(new URL(file, fixtures), 'utf8'))
    expect(explainRefusal(message)?.example).toBe(`refused/${name}`)
  })
})

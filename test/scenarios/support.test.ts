// SPDX-License-Identifier: BSD-2-Clause
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { knownNames, missingClassics, renderSupport } from '../../tools/support/render.mjs'
import { listScenarios } from './scenario.ts'

const files = readdirSync(new URL('.', import.meta.url)).filter(
  (file) => file.endsWith('.test.ts') && file !== 'support.test.ts',
)
const scenarios = await listScenarios(files.sort(), (file) => import(`./${file}`))

test('scenarios show names that the UAPI has, and have names of their own', () => {
  const known = knownNames()
  for (const { name, shows } of scenarios) {
    for (const [list, names] of Object.entries(shows)) {
      for (const shown of names) expect(known[list]?.has(shown), `${name}: ${shown}`).toBe(true)
    }
  }
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length)
})

test('every row of the classic sets is shown on the virtual kernel', () => {
  expect(missingClassics(scenarios)).toEqual([])
})

test('docs/support.md says what the scenarios show (npm run support, or BLESS=1, writes it)', () => {
  const page = new URL('../../docs/support.md', import.meta.url)
  if (process.env.BLESS === '1') writeFileSync(page, renderSupport(scenarios))
  expect(readFileSync(page, 'utf8')).toBe(renderSupport(scenarios))
})

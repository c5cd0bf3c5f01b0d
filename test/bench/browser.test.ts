// SPDX-License-Identifier: BSD-2-Clause
/** A few bench programs in Chromium: they run there, and answer as in Node. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const CHROMIUM = process.env.SKEP_CHROMIUM ?? '/usr/bin/chromium'

test('engines answer in Chromium as in Node', (context) => {
  if (!existsSync(CHROMIUM) && !process.env.SKEP_REQUIRE_BROWSER) context.skip(`no Chromium at ${CHROMIUM}`)
  const script = fileURLToPath(new URL('./browser.mjs', import.meta.url))
  const table = execFileSync('node', [script, '--rounds', '1', '--only', 'sieve,spill,array'], { encoding: 'utf8' })
  expect(table).toContain('Chromium')
  expect(table).not.toContain('DIFFER')
}, 120_000)

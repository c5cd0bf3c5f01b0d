// SPDX-License-Identifier: BSD-2-Clause
/** `npm run support`: runs the scenarios on both kernels and writes docs/support.md from those that passed. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingClassics, renderSupport } from './render.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'skep-support-'))
const results = join(directory, 'passed.jsonl')
writeFileSync(results, '')
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/scenarios', '--exclude', '**/support.test.ts'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, SKEP_SUPPORT: results, SKEP_REQUIRE_LINUX: '1' } },
)
const passed = readFileSync(results, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line))
rmSync(directory, { recursive: true })
if (status !== 0) {
  console.error('support: scenarios failed, the page is not written')
  process.exit(1)
}
const ranOn = (kernel) => new Set(passed.filter(({ backend }) => backend === kernel).map(({ name }) => name))
const onVirtual = ranOn('virtual')
const onLinux = ranOn('linux')
const scenarios = [...new Map(passed.map(({ backend, ...rest }) => [rest.name, rest])).values()]
const lacking = scenarios.filter(
  ({ name, notOnLinux, notOnVirtual }) =>
    (notOnLinux === undefined && !onLinux.has(name)) || (notOnVirtual === undefined && !onVirtual.has(name)),
)
if (lacking.length > 0) {
  console.error(`support: not run on both kernels: ${lacking.map(({ name }) => name).join('; ')}`)
  process.exit(1)
}
writeFileSync(join(root, 'docs/support.md'), renderSupport(scenarios))
console.log(`docs/support.md: ${scenarios.length} scenarios, ${onLinux.size} of them on Linux as well`)
const missing = missingClassics(scenarios)
if (missing.length > 0) console.log(`no scenario yet for: ${missing.join(', ')}`)

// SPDX-License-Identifier: BSD-2-Clause
// Formats the C++ sources; with --check only says which are not formatted.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tool = ['clang-format', 'clang-format-19', 'clang-format-18', 'clang-format-17', 'clang-format-16'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
)
if (tool === undefined) {
  console.log('SKIPPED: C++ formatting of @skep/native-loader: clang-format is missing')
} else {
  const files = readdirSync(join(root, 'src')).filter((name) => /\.(cc|h)$/.test(name) && !name.endsWith('.gen.h'))
  const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i']
  const run = spawnSync(tool, [...mode, ...files.map((name) => join('src', name))], { cwd: root, stdio: 'inherit' })
  process.exitCode = run.status ?? 1
}

// SPDX-License-Identifier: BSD-2-Clause
// node tools/gen/main.mjs          writes every generated file
// node tools/gen/main.mjs --check  compares them with the spec and fails when one differs
import { differing, write } from './files.mjs'
import { outputs } from './outputs.mjs'

const files = outputs()
const stale = differing(files)
if (process.argv.includes('--check')) {
  for (const path of stale) console.error(`${path} differs from what spec/ says: run npm run gen`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  write(files.filter(({ path }) => stale.includes(path)))
  console.log(`${files.length} generated files, ${stale.length} rewritten`)
}

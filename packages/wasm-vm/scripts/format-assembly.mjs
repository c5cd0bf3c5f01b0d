// SPDX-License-Identifier: GPL-2.0-only
// Formats assembly/ with Prettier, or checks that it is formatted.
//   node scripts/format-assembly.mjs [--check] [FILE…]
// The AssemblyScript plugin adds a blank line in front of decorated declarations at every run; blank lines in a row are
// folded into one here, so that formatting twice changes nothing.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'

const root = fileURLToPath(new URL('../assembly', import.meta.url))
const check = process.argv.includes('--check')
const named = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const all = () =>
  readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.gen.ts'))
    .map((name) => `${root}/${name}`)
    .sort()

let different = 0
const files = named.length ? named : all()
for (const file of files) {
  const before = readFileSync(file, 'utf8')
  const options = await resolveConfig(file)
  const after = (await format(before, { ...options, filepath: file })).replace(/\n{3,}/g, '\n\n')
  if (after === before) continue
  different++
  if (check) console.log(`not formatted: ${relative(process.cwd(), file)}`)
  else writeFileSync(file, after)
}
console.log(`${files.length} files, ${different} ${check ? 'not formatted' : 'formatted'}`)
process.exitCode = check && different ? 1 : 0

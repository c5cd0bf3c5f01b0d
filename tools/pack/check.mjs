// SPDX-License-Identifier: BSD-2-Clause
// Packs every publishable package and asks publint and attw whether a consumer would find what package.json promises.
//   npm run pack:check          (after `npm run build`)
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = (name) => join(root, 'node_modules', '.bin', name)

/** What must not be in a package: tests and what the build leaves for itself. */
const FOREIGN = /\.test\.|\.tsbuildinfo$|test-fixtures|\.turbo/

/** Entry points that are files of data. */
const DATA = ['skep.wasm', 'linux.btf']

let failed = 0
function step(name, command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'}  ${name}`)
  if (status === 0) return
  failed++
  console.log(stdout + stderr)
}

const scratch = mkdtempSync(join(tmpdir(), 'skep-pack-'))
try {
  for (const folder of readdirSync(join(root, 'packages')).sort()) {
    const cwd = join(root, 'packages', folder)
    const manifest = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'))
    if (manifest.private) continue
    const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch], {
      cwd,
      encoding: 'utf8',
    })
    const [{ filename, files, size }] = JSON.parse(packed)
    const foreign = files.map(({ path }) => path).filter((path) => FOREIGN.test(path))
    const missing = ['LICENSE', 'README.md'].filter((name) => !files.some(({ path }) => path === name))
    console.log(`${manifest.name}: ${files.length} files, ${(size / 1024).toFixed(0)} KiB`)
    if (foreign.length || missing.length) failed++
    for (const path of foreign) console.log(`FAILED  ${path} does not belong into the package`)
    for (const path of missing) console.log(`FAILED  ${path} is missing`)
    const archive = join(scratch, filename.replace(/^@/, '').replace('/', '-'))
    step('publint', bin('publint'), [archive, '--strict'], cwd)
    step('attw', bin('attw'), [archive, '--profile', 'esm-only', '--exclude-entrypoints', ...DATA], cwd)
  }
} finally {
  rmSync(scratch, { recursive: true })
}
process.exitCode = failed ? 1 : 0

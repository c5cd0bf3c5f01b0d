// SPDX-License-Identifier: BSD-2-Clause
// Builds the addon when no prebuilt binary fits. Never fails an install: where it cannot build it says so in one line,
// and the package answers with that line when it is asked for the Linux kernel.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const force = process.argv.includes('--force')
const note = join(root, 'build', 'skipped.txt')

/** A prebuilt or built binary that this Node can load. */
function fits() {
  try {
    require('node-gyp-build')(root)
    return true
  } catch {
    return false
  }
}

/** Where the addon's inputs are newer than the binary, it is stale. */
async function stale() {
  const binary = join(root, 'build/Release/skep.node')
  if (!existsSync(binary)) return false
  const { readdirSync, statSync } = await import('node:fs')
  const built = statSync(binary).mtimeMs
  const inputs = [join(root, 'binding.gyp'), ...readdirSync(join(root, 'src')).map((name) => join(root, 'src', name))]
  return inputs.some((path) => statSync(path).mtimeMs > built)
}

function nodeGyp() {
  const prefix = dirname(dirname(process.execPath))
  const candidates = [
    process.env.npm_config_node_gyp,
    join(prefix, 'lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js'),
    join(prefix, 'share/nodejs/npm/node_modules/node-gyp/bin/node-gyp.js'),
    join(prefix, 'share/nodejs/node-gyp/bin/node-gyp.js'),
  ]
  const script = candidates.find((path) => path && existsSync(path))
  return script ? [process.execPath, [script]] : ['node-gyp', []]
}

function works(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

function missingTool() {
  if (process.platform !== 'linux') return `it is for Linux, and this is ${process.platform}`
  const python = [process.env.npm_config_python, process.env.PYTHON, 'python3', 'python'].filter(Boolean)
  if (!python.some((command) => works(command, ['--version']))) return 'python3 is missing'
  if (!works('make', ['--version'])) return 'make is missing'
  if (!works((process.env.CXX ?? 'g++').split(' ')[0], ['--version'])) return 'a C++17 compiler (g++) is missing'
  return undefined
}

function build() {
  const [command, first] = nodeGyp()
  const args = [...first, 'rebuild']
  // Headers that came with this Node save a download.
  const prefix = resolve(dirname(process.execPath), '..')
  if (!process.env.npm_config_nodedir && existsSync(join(prefix, 'include/node/node_api.h'))) {
    args.push(`--nodedir=${prefix}`)
  }
  const jobs = process.env.JOBS ?? String(Math.min(2, availableParallelism()))
  const run = spawnSync(command, args, { cwd: root, encoding: 'utf8', env: { ...process.env, JOBS: jobs } })
  if (run.status === 0) return undefined
  const output = `${run.stdout ?? ''}\n${run.stderr ?? ''}`
  const line = run.error?.message ?? /^.*(?:error:|Error:|ERR! stack).*$/m.exec(output)?.[0].trim()
  return { line: line ?? `node-gyp ended with status ${run.status}`, output }
}

function skip(reason, output = '') {
  console.log(`@skep/native-loader: the addon was not built (${reason}); the virtual kernel works without it`)
  mkdirSync(dirname(note), { recursive: true })
  writeFileSync(note, `${reason}; npm rebuild @skep/native-loader tries again\n`)
  if (output) writeFileSync(join(root, 'build', 'failed.log'), output)
}

if (force || !fits() || (await stale())) {
  const missing = missingTool()
  if (missing) {
    skip(missing)
  } else {
    const failure = build()
    if (failure) skip(failure.line, failure.output)
    else if (fits()) rmSync(note, { force: true })
    else skip('it was built, but this Node cannot load it')
  }
}

// SPDX-License-Identifier: BSD-2-Clause
// Compiles the addon with AddressSanitizer and UndefinedBehaviorSanitizer into build-asan/, for the leak test, and beside it the one that leaks
// on purpose. Few files: no build system is needed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const output = join(root, 'build-asan')
const sources = readdirSync(join(root, 'src')).map((name) => join(root, 'src', name))
const control = join(root, 'test/control/leak.cc')

/** Node's headers: beside this Node, or where node-gyp downloaded them to. */
function nodeHeaders() {
  const cache = process.env.npm_config_devdir ?? join(process.env.HOME ?? '/root', '.cache/node-gyp')
  const candidates = [resolve(dirname(process.execPath), '..'), join(cache, process.versions.node)]
  const found = candidates
    .map((path) => join(path, 'include/node'))
    .find((path) => existsSync(join(path, 'node_api.h')))
  if (!found) throw new Error(`the headers of Node ${process.version} were not found in ${candidates.join(' or ')}`)
  return found
}

function compile(target, inputs) {
  const newest = Math.max(...inputs.map((path) => statSync(path).mtimeMs))
  if (existsSync(target) && statSync(target).mtimeMs > newest) return
  const flags = ['-std=c++17', '-O1', '-g', '-fPIC', '-shared', '-fno-omit-frame-pointer']
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize=vptr']
  const defines = ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_GYP_MODULE_NAME=skep']
  const includes = [nodeHeaders(), dirname(require.resolve('node-addon-api/napi.h'))]
  const args = [
    ...flags,
    ...sanitizers,
    ...['-fno-exceptions', '-fno-rtti', '-o', target],
    ...defines.map((name) => `-D${name}`),
    ...includes.map((path) => `-I${path}`),
    ...inputs.filter((path) => path.endsWith('.cc')),
  ]
  const run = spawnSync(process.env.CXX ?? 'g++', args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (run.status !== 0) throw new Error(`${target} could not be compiled`)
}

mkdirSync(output, { recursive: true })
compile(join(output, 'skep.node'), sources)
compile(join(output, 'control.node'), [control])

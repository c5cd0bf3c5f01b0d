// SPDX-License-Identifier: BSD-2-Clause
// Which JavaScript files each package ships, and whether they are younger than its sources.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGES = fileURLToPath(new URL('../../packages/', import.meta.url))

/**
 * Chunks of a package beside those that follow from its entry points. Everything of core comes with its main entry, so
 * it is one file; the names and layouts of the interface are big, and whoever needs them alone shall not read the rest.
 */
const CHUNKS = {
  core: [
    { name: 'names', test: /[\\/]gen[\\/](uapi-|system|commands)/, priority: 2 },
    { name: 'refusals', test: /[\\/]refusals[\\/]/, priority: 2 },
    { name: 'errors', test: /[\\/](errors[\\/]|errno\.gen)/, priority: 1 },
    { name: 'core', test: /[\\/]src[\\/]/ },
  ],
  'wasm-vm': [],
  'native-loader': [],
  cli: [],
}

export const BUNDLED = Object.keys(CHUNKS)

/** A package's folder, licence, entry points (name in dist -> source), dependencies and chunks. */
export function bundledPackage(name) {
  const folder = join(PACKAGES, name)
  const { exports, license, dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const entries = Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => [/^\.\/dist\/(.+)\.mjs$/.exec(target.default)[1], join(folder, target['@skep/source'])])
  return {
    folder,
    license,
    entries: Object.fromEntries(entries),
    dependencies: Object.keys(dependencies),
    chunks: CHUNKS[name],
  }
}

function newestSource(folder) {
  let newest = 0
  for (const file of readdirSync(folder, { recursive: true }))
    if (/(?<!\.test)\.ts$/.test(file)) newest = Math.max(newest, statSync(join(folder, file)).mtimeMs)
  return newest
}

/** Packages whose sources were changed after they were bundled, or that were never. */
export function stalePackages() {
  return BUNDLED.filter((name) => {
    const { folder, entries } = bundledPackage(name)
    const bundle = statSync(join(folder, 'dist', 'index.mjs'), { throwIfNoEntry: false })
    const [source] = /^(src|lib)/.exec(entries.index.slice(folder.length + 1))
    return !bundle || bundle.mtimeMs < newestSource(join(folder, source))
  })
}

/** For scripts that run on the bundles: says so where they are not what the sources say. */
export function expectFresh() {
  const stale = stalePackages()
  if (stale.length) throw new Error(`sources are newer than the bundles of ${stale.join(', ')}: npm run bundle`)
}

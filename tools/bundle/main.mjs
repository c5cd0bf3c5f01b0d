// SPDX-License-Identifier: BSD-2-Clause
// Bundles the packages: few files instead of hundreds of modules, because a fresh Node reads, resolves and compiles each
// by itself, and that was most of the time until a kernel answered. Types are tsc's.
//   node tools/bundle/main.mjs [package…]      (npm run bundle: all of them)
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { BUNDLED, bundledPackage } from './packages.mjs'

function removeOld(dist) {
  for (const file of readdirSync(dist, { recursive: true }))
    if (/\.m?js(\.map)?$/.test(file)) rmSync(join(dist, file), { force: true })
}

async function bundlePackage(name) {
  const { folder, license, entries, dependencies, chunks } = bundledPackage(name)
  const dist = join(folder, 'dist')
  const bundle = await rolldown({
    cwd: folder,
    input: entries,
    external: [/^node:/, ...dependencies.map((dependency) => new RegExp(`^${dependency}(/|$)`))],
    platform: name === 'core' || name === 'wasm-vm' ? 'neutral' : 'node',
    // `using` is newer than the oldest Node that is supported.
    transform: { target: 'es2022' },
    optimization: { inlineConst: { mode: 'all', pass: 2 } },
  })
  removeOld(dist)
  await bundle.write({
    dir: dist,
    format: 'esm',
    // Chunks lie in dist itself: what a module finds relative to itself is where it is from the sources' folder.
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-chunk.mjs',
    codeSplitting: chunks.length ? { groups: chunks } : true,
    sourcemap: true,
    // Blanks and comments are a third of what a start reads. Names stay, for stack traces and errors' names.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    banner: `// SPDX-License-Identifier: ${license}`,
  })
  await bundle.close()
}

const names = process.argv.slice(2)
for (const name of names) if (!BUNDLED.includes(name)) throw new Error(`${name}: none of ${BUNDLED.join(', ')}`)
for (const name of names.length ? names : BUNDLED) await bundlePackage(name)

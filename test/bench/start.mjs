// SPDX-License-Identifier: BSD-2-Clause
// What it costs to have a kernel: size of the module, and ms until one answers, each time in a fresh process.
//   npm run bench:start -- [--runs N] [--json]
// "import" is loading the package's code, "create" is createVirtualKernel() with reading and compiling the module,
// "again" a second kernel in the same process, "first program" a program loaded and run.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
})
const MODULE = new URL('../../packages/wasm-vm/build/skep.wasm', import.meta.url)
const CHILD = `
const start = performance.now()
const { createVirtualKernel } = await import('@skep/wasm-vm')
const { loadRaw } = await import('@skep/core')
const imported = performance.now()
const kernel = await createVirtualKernel()
const created = performance.now()
const insns = Uint8Array.of(0xb7, 0, 0, 0, 7, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0)
loadRaw(kernel, { type: 1, insns }).testRun({ dataIn: new Uint8Array(64) })
const ran = performance.now()
await createVirtualKernel()
const again = performance.now()
console.log(JSON.stringify({ import: imported - start, create: created - imported, 'first program': ran - created, again: again - ran }))
`

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}

const bytes = readFileSync(MODULE)
const sizes = {
  module: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes).length,
}
const cwd = fileURLToPath(new URL('.', import.meta.url))
const runs = Array.from({ length: Number(options.runs) }, () =>
  JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', CHILD], { cwd, encoding: 'utf8' })),
)
const ms = Object.fromEntries(
  Object.keys(runs[0]).map((part) => {
    const times = runs.map((run) => run[part])
    return [part, { median: median(times), least: Math.min(...times) }]
  }),
)

if (options.json) console.log(JSON.stringify({ node: process.version, sizes, ms }, undefined, 1))
else {
  for (const [name, size] of Object.entries(sizes))
    console.log(`${name.padEnd(14)}${(size / 1024).toFixed(0).padStart(8)} KiB`)
  for (const [name, { median: middle, least }] of Object.entries(ms))
    console.log(`${name.padEnd(14)}${middle.toFixed(1).padStart(8)} ms   (least ${least.toFixed(1)})`)
}

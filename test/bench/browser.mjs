// SPDX-License-Identifier: BSD-2-Clause
// The bench in Chromium, beside the same programs in this Node.
//   node test/bench/browser.mjs [--only NAME,…] [--rounds N]
// The page is served with the headers that isolate it, or its clock would tick in tenths of a millisecond.
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createVirtualKernel } from '@skep/wasm-vm'
import { chromium } from 'playwright-core'
import { rolldown } from 'rolldown'
import { load, measure, median, overhead } from './measure.mjs'
import { readProgram } from './objects.mjs'
import { PROGRAMS } from './programs.mjs'

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string', default: '3' } },
})
const rounds = Number(options.rounds)
const names = PROGRAMS.map(([name]) => name).filter((name) => !options.only || options.only.split(',').includes(name))
const browserPath = process.env.SKEP_CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(browserPath)) {
  console.log(`skipped: no Chromium at ${browserPath} (SKEP_CHROMIUM names it)`)
  process.exit(process.env.SKEP_REQUIRE_BROWSER ? 1 : 0)
}
const wasm = readFileSync(new URL('../../packages/wasm-vm/build/skep.wasm', import.meta.url))

async function bundle() {
  const input = fileURLToPath(new URL('./page.mjs', import.meta.url))
  const build = await rolldown({ input, platform: 'browser', logLevel: 'silent', external: [/^node:/] })
  const { output } = await build.generate({ format: 'es' })
  return output[0].code
}

function serve(script) {
  const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.writeHead(200, { ...isolated, 'Content-Type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>')
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

async function inBrowser(engine) {
  const server = await serve(await bundle())
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${server.address().port}/`)
    await page.waitForFunction(() => globalThis.bench !== undefined)
    const objects = names.map((name) => [name, readProgram(name).toString('base64')])
    return await page.evaluate(
      async ([module, list, wanted, count]) => {
        const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
        return globalThis.bench(
          bytes(module),
          list.map(([name, text]) => [name, bytes(text)]),
          wanted,
          count,
        )
      },
      [wasm.toString('base64'), objects, engine, rounds],
    )
  } finally {
    await browser.close()
    server.close()
  }
}

async function inNode(engine) {
  const kernel = await createVirtualKernel({ engine })
  const loop = overhead(kernel)
  return names.map((name) => {
    const results = Array.from({ length: rounds }, () => {
      const program = load(kernel, name, readProgram(name))
      const result = measure(program, loop)
      program.close()
      return result
    })
    return { name, ns: median(results.map(({ ns }) => ns)), retval: results[0].retval }
  })
}

const columns = []
for (const engine of ['jit', 'interp']) columns.push(await inNode(engine), await inBrowser(engine))
console.log(
  `${'µs a run'.padEnd(12)}${['JIT Node', 'Chromium', 'interp Node', 'Chromium'].map((h) => h.padStart(13)).join('')}`,
)
let differ = 0
for (const [i, name] of names.entries()) {
  const cells = columns.map((column) => (column[i].ns / 1000).toFixed(2).padStart(13))
  if (new Set(columns.map((column) => column[i].retval)).size > 1) {
    differ++
    cells.push('  ANSWERS DIFFER')
  }
  console.log(name.padEnd(12) + cells.join(''))
}
process.exit(differ ? 1 : 0)

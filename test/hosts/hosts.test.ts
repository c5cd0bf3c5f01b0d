// SPDX-License-Identifier: BSD-2-Clause
// The same module and the same steps under every host: ours, @wasmer/wasi, Node's WASI, Chromium.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createVirtualKernel } from '@skep/wasm-vm'
import { wasmerWasi } from '@skep/wasm-vm/wasmer'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filterPackets } from './flow.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const OBJECT = readFileSync(`${ROOT}examples/xdp-filter/xdp-filter.bpf.o`)
const ENGINES = ['interp', 'jit', 'checked'] as const
/** XDP_DROP is 1, XDP_PASS 2; each packet goes through 200 times. */
const EXPECTED = { verdicts: [1, 2], dropped: [200] }

describe.each(ENGINES)('engine %s', (engine) => {
  const jited = engine === 'jit'

  test('our own host', async () => {
    using kernel = await createVirtualKernel({ engine })
    expect(filterPackets(kernel, OBJECT)).toEqual({ ...EXPECTED, jited })
  })

  test('@wasmer/wasi', async () => {
    using kernel = await createVirtualKernel({ engine, wasi: await wasmerWasi() })
    expect(filterPackets(kernel, OBJECT)).toEqual({ ...EXPECTED, jited })
  })

  // A host that knows nothing of our JIT answers its request with EBADF: the interpreter serves.
  test("Node's WASI, as it is", () => {
    const script = fileURLToPath(new URL('./node-wasi.mjs', import.meta.url))
    const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', script, engine], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({ ...EXPECTED, jited: false })
  })
})

const CHROMIUM = '/usr/bin/chromium'
const noChromium = existsSync(CHROMIUM) ? undefined : `${CHROMIUM} is not on this machine`
if (noChromium && process.env.SKEP_REQUIRE_CHROMIUM) throw new Error(noChromium)

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

/** The import map that package.json files stand for. */
function importMap(): string {
  const imports = ['core', 'wasm-vm'].flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(`${ROOT}packages/${name}/package.json`, 'utf8')) as {
      exports: Record<string, string | { default: string }>
    }
    return Object.entries(exports).map(([path, to]) => {
      const file = typeof to === 'string' ? to : to.default
      return [`@skep/${name}${path.slice(1)}`, `/packages/${name}${file.slice(1)}`]
    })
  })
  return JSON.stringify({ imports: Object.fromEntries(imports) })
}

/** Serves the built packages on loopback; nothing outside of what a page needs. */
async function serve(): Promise<Server> {
  const server = createServer(async ({ url = '/' }, response) => {
    const path = new URL(url, 'http://localhost').pathname
    try {
      if (!/^\/(packages\/(core|wasm-vm)\/(dist|build|types)|examples|test\/hosts)\/[^.]/.test(path))
        throw new Error('elsewhere')
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream')
      const bytes = await readFile(ROOT + path.slice(1))
      response.end(path.endsWith('.html') ? bytes.toString().replace('{}', importMap()) : bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

describe.skipIf(noChromium)(`Chromium${noChromium ? ` (skipped: ${noChromium})` : ''}`, () => {
  let server: Server
  let browser: Browser
  beforeAll(async () => {
    server = await serve()
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--headless', '--no-sandbox', '--disable-gpu'] })
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  test.each(ENGINES)('engine %s', async (engine) => {
    const page = await browser.newPage()
    const failures: string[] = []
    page.on('pageerror', (error) => failures.push(String(error)))
    const { port } = server.address() as AddressInfo
    await page.goto(`http://127.0.0.1:${port}/test/hosts/page.html?engine=${engine}`)
    const answer = await page.waitForFunction('globalThis.answer', undefined, { timeout: 30_000 }).catch((error) => {
      throw new Error(`${failures.join('\n')}\n${error}`)
    })
    expect(await answer.jsonValue()).toEqual({ ...EXPECTED, jited: engine === 'jit' })
    await page.close()
  })
})

// SPDX-License-Identifier: BSD-2-Clause
// The development server: the page from its sources, and C compiled where clang is on the machine.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createServer, type ViteDevServer } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judged, missing, screenshot, Visitors } from './visitor.ts'

const hasClang = !spawnSync('clang-19', ['--version']).error
if (!hasClang) console.warn('e2e: clang-19 is not on this machine: compiling C in the page is skipped')

describe.skipIf(missing)('development server', () => {
  let server: ViteDevServer
  let visitors: Visitors
  let url: string
  beforeAll(async () => {
    server = await createServer({
      configFile: fileURLToPath(new URL('../../packages/playground/vite.config.ts', import.meta.url)),
      server: { port: 0, host: '127.0.0.1', hmr: false },
      logLevel: 'error',
    })
    await server.listen()
    url = server.resolvedUrls!.local[0]!
    visitors = await Visitors.start()
  }, 120_000)
  afterAll(async () => {
    await visitors?.close()
    await server?.close()
  })

  it('serves the page', async () => {
    await using visit = await visitors.visit('', {}, url)
    expect(await judged(visit.page)).toMatch(/^Accepted/)
  }, 120_000)

  it.skipIf(!hasClang)(
    'compiles C, and shows the errors of the compiler in place',
    async () => {
      await using visit = await visitors.visit('', {}, url)
      const { page } = visit
      await judged(page)
      await page.getByLabel('Program', { exact: true }).selectOption('new:c')
      await page.locator('.cm-content').waitFor({ timeout: 60_000 })
      await expect.poll(() => page.locator('.verdict-place').innerText(), { timeout: 30_000 }).toContain('Accepted')
      expect(await page.locator('.program-bar').innerText()).toContain('drop_short')
      await page.getByText('return XDP_PASS', { exact: false }).first().click()
      await page.keyboard.press('Home')
      await page.keyboard.type('return nowhere;\n')
      await page.locator('.cm-lintRange-error').waitFor({ timeout: 30_000 })
      await screenshot(page, 'editor-c')
    },
    120_000,
  )
})

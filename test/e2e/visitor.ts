// SPDX-License-Identifier: BSD-2-Clause
/// <reference lib="dom" />
/** A visitor: Debian's Chromium on the built site. What a page says on its console is an error of the test. */
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { type Site, serveSite, siteIsBuilt } from './site.ts'

const CHROMIUM = '/usr/bin/chromium'
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const SCREENSHOTS = fileURLToPath(new URL('./screenshots/', import.meta.url))

/** Why the tests cannot run, undefined if they can. */
export const missing = !existsSync(CHROMIUM)
  ? `${CHROMIUM} is not on this machine`
  : !siteIsBuilt
    ? 'the playground is not built: npm run build'
    : undefined

if (missing) {
  const text = `e2e: ${missing}`
  if (process.env.SKEP_REQUIRE_CHROMIUM) throw new Error(text)
  console.warn(`${text}: skipped`)
}

export interface Visit extends AsyncDisposable {
  readonly page: Page
  /** Lines of the console and errors that nobody caught. */
  readonly complaints: string[]
}

export class Visitors {
  readonly site: Site
  readonly #browser: Browser

  static async start(): Promise<Visitors> {
    const [site, browser] = await Promise.all([serveSite(), chromium.launch({ executablePath: CHROMIUM, args: ARGS })])
    return new Visitors(site, browser)
  }

  private constructor(site: Site, browser: Browser) {
    this.site = site
    this.#browser = browser
  }

  /** Opens the page at a fragment. */
  async visit(fragment = '', options: BrowserContextOptions = {}, url = this.site.url): Promise<Visit> {
    const context = await this.#browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(url + fragment)
    return {
      page,
      complaints,
      async [Symbol.asyncDispose]() {
        await context.close()
        expect(complaints).toEqual([])
      },
    }
  }

  async close(): Promise<void> {
    await this.#browser.close()
    await this.site.close()
  }
}

/** Waits until the open program was judged. */
export async function judged(page: Page): Promise<string> {
  const verdict = page.locator('.verdict-place .verdict:not(.plain)')
  await verdict.waitFor()
  return verdict.innerText()
}

/** Keeps what the visitor sees for a look. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true })
}

/** Rows of the table with that caption, as texts of their cells. */
export async function tableRows(page: Page, caption: string): Promise<string[][]> {
  const rows = page
    .locator('#panel table', { has: page.locator('caption', { hasText: caption }) })
    .first()
    .locator('tbody tr')
  await rows.first().waitFor()
  return rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent?.trim() ?? '')),
  )
}

export const tab = (page: Page, name: string) => page.getByRole('tab', { name })
export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

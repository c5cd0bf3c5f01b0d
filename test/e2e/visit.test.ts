// SPDX-License-Identifier: BSD-2-Clause
// What makes a visit a good one: speed, weight, sharing, offline, the tour, keys, screen readers, small screens.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { button, judged, missing, screenshot, tab, tableRows, Visitors } from './visitor.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const DIST = fileURLToPath(new URL('../../packages/playground/dist/', import.meta.url))
const MAX_KILOBYTES = 500

interface AxeResult {
  violations: { id: string; nodes: { html: string; failureSummary: string }[] }[]
}

/** What axe finds wrong, with where. */
async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: AXE })
  const result = await page.evaluate<AxeResult>('axe.run()')
  return result.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  )
}

describe.skipIf(missing)('a visit', () => {
  let visitors: Visitors
  beforeAll(async () => {
    visitors = await Visitors.start()
  })
  afterAll(() => visitors?.close())

  it('is light: code, styles and the kernel, without the examples', () => {
    const files = [...readdirSync(`${DIST}assets`).map((name) => `assets/${name}`), 'index.html']
    const code = files.filter((name) => /\.(html|js|css|wasm)$/.test(name))
    const weight = (name: string) => gzipSync(readFileSync(DIST + name), { level: 9 }).length
    const kilobytes = (names: string[]) => Math.round(names.reduce((sum, name) => sum + weight(name), 0) / 1000)
    // The editor and the charts are fetched when they are first used.
    const later = code.filter((name) => /assets\/(editor|chart)-/.test(name))
    console.log(`weight: ${kilobytes(code)} kB gzipped, of which ${kilobytes(later)} kB later`)
    expect(later.length).toBeGreaterThan(0)
    expect(kilobytes(code)).toBeLessThan(MAX_KILOBYTES)
  })

  it('is fast: the first view within a second', async () => {
    await using visit = await visitors.visit()
    await judged(visit.page)
    const times: number[] = []
    for (let i = 0; i < 5; i++) {
      await visit.page.reload()
      times.push(
        await visit.page.evaluate(async () => {
          while (!document.querySelector('.pane.code .line')) await new Promise(requestAnimationFrame)
          return performance.now()
        }),
      )
    }
    times.sort((a, b) => a - b)
    console.log(`first view after ${times.map((time) => time.toFixed(0)).join(', ')} ms`)
    // The machine is shared with other tests: the best of five is the page's own time.
    expect(times[0]!).toBeLessThan(1000)
  })

  it('can be shared: program, inputs and step', async () => {
    await using visit = await visitors.visit('#example=xdp-filter')
    const { page } = visit
    await judged(page)
    await button(page, 'Clear').click()
    await button(page, 'Build a packet').click()
    await page.getByRole('button', { name: 'Add packet' }).click()
    await tab(page, 'Step').click()
    await button(page, 'Start stepping').click()
    for (let i = 0; i < 7; i++) await button(page, 'Into').click()
    await expect.poll(() => page.locator('.position b').innerText()).toBe('7')
    await button(page, 'Share').click()
    await expect.poll(() => page.url()).toContain('#s=')
    const address = new URL(page.url()).hash
    await using other = await visitors.visit(address)
    await expect.poll(() => other.page.locator('.position b').innerText()).toBe('7')
    expect(await other.page.locator('.programs').innerText()).toContain('filter_udp')
    expect(await tableRows(other.page, 'Registers')).toEqual(await tableRows(page, 'Registers'))
    await tab(other.page, 'Run').click()
    expect(await other.page.locator('.packets tbody tr').count()).toBe(1)
    expect(await other.page.locator('.packets').innerText()).toContain('UDP 10.0.0.1:40000 → 10.0.0.2:7')
  })

  it('says so when a shared address is damaged, and works on', async () => {
    await using visit = await visitors.visit('#s=AAAA')
    await expect.poll(() => visit.page.getByRole('alert').innerText()).toContain('damaged')
    expect(await judged(visit.page)).toMatch(/^Accepted/)
  })

  it('works offline after the first time', async () => {
    const others = await Visitors.start()
    try {
      await using visit = await others.visit()
      const { page } = visit
      await judged(page)
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
      await others.site.close()
      await page.reload()
      expect(await judged(page)).toMatch(/^Accepted/)
      await page.getByLabel('Program', { exact: true }).selectOption('refused/null-check')
      await expect.poll(() => page.locator('.verdict-place').innerText()).toContain('Refused')
      await page.getByLabel('Program', { exact: true }).selectOption('xdp-filter')
      await expect.poll(() => page.locator('.verdict-place').innerText()).toContain('Accepted')
      await button(page, 'Run').click()
      expect(await tableRows(page, 'packets_by_verdict')).toHaveLength(5)
    } finally {
      await others.close()
    }
  })

  it('is guided by the tour', async () => {
    await using visit = await visitors.visit()
    const { page } = visit
    await judged(page)
    await button(page, 'Tour').click()
    const dialog = page.getByRole('dialog')
    const titles: string[] = []
    for (let i = 0; ; i++) {
      await page.locator('.spotlight').waitFor()
      titles.push(await dialog.getByRole('heading').innerText())
      await screenshot(page, `tour-${i}`)
      const next = dialog.getByRole('button', { name: 'Next' })
      if (!(await next.isVisible())) break
      await next.click()
      await expect.poll(() => dialog.getByRole('heading').innerText()).not.toBe(titles.at(-1))
    }
    expect(titles).toHaveLength(6)
    expect(await page.locator('.verdict-place').innerText()).toContain('Refused')
    await page.keyboard.press('Escape')
    expect(await dialog.count()).toBe(0)
  })

  it('goes by keyboard alone', async () => {
    await using visit = await visitors.visit('#example=xdp-filter')
    const { page } = visit
    await judged(page)
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the program')
    await page.keyboard.press('Enter')
    await page.keyboard.press('r')
    await page.locator('.packets .verdict').first().waitFor()
    await page.keyboard.press('n')
    await page.locator('.position').waitFor()
    await page.keyboard.press('n')
    await expect.poll(() => page.locator('.position b').innerText()).toBe('1')
    await page.keyboard.press('b')
    await expect.poll(() => page.locator('.position b').innerText()).toBe('0')
    // Into the list of instructions, down, and a breakpoint there.
    await page.locator('[data-slot="0"]').focus()
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown')
    await expect.poll(() => page.evaluate(() => (document.activeElement as HTMLElement).dataset.slot)).toBe('3')
    await page.keyboard.press('t')
    await expect
      .poll(() =>
        page.getByRole('button', { name: 'Breakpoint at instruction 3', exact: true }).getAttribute('aria-pressed'),
      )
      .toBe('true')
    await page.keyboard.press('c')
    await expect.poll(() => page.locator('.position b').innerText()).toBe('3')
    await page.getByRole('tab', { selected: true }).focus()
    await page.keyboard.press('ArrowRight')
    expect(await page.getByRole('tab', { selected: true }).innerText()).toContain('Maps')
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    await screenshot(page, 'keys')
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it.each(['light', 'dark'] as const)('has nothing that axe objects to, %s', async (colorScheme) => {
    await using visit = await visitors.visit('#example=xdp-filter', { colorScheme })
    const { page } = visit
    await judged(page)
    await button(page, 'Run').click()
    await page.locator('.packets .verdict').first().waitFor()
    await button(page, 'Build a packet').click()
    expect(await violations(page)).toEqual([])
    await screenshot(page, `run-${colorScheme}`)
    await page.keyboard.press('Escape')
    await tab(page, 'Step').click()
    await button(page, 'Start stepping').click()
    await page.locator('.position').waitFor()
    for (let i = 0; i < 6; i++) await button(page, 'Into').click()
    expect(await violations(page)).toEqual([])
    await screenshot(page, `step-${colorScheme}`)
    for (const name of ['Maps', 'Engines', 'Verifier log']) {
      await tab(page, name).click()
      expect(await violations(page)).toEqual([])
    }
    await page.getByLabel('Program', { exact: true }).selectOption('refused/lost-reference')
    await page.locator('.why').waitFor()
    expect(await violations(page)).toEqual([])
    await screenshot(page, `why-${colorScheme}`)
    await page.getByLabel('Program', { exact: true }).selectOption('new:assembly')
    await page.locator('.cm-encoding').waitFor()
    expect(await violations(page)).toEqual([])
    await screenshot(page, `editor-${colorScheme}`)
    await page.getByRole('link', { name: 'Messages' }).click()
    await page.getByRole('heading', { name: 'Messages of the verifier' }).waitFor()
    expect(await violations(page)).toEqual([])
    await screenshot(page, `messages-${colorScheme}`)
  })

  it('keeps the colours that the visitor chose', async () => {
    await using visit = await visitors.visit()
    const { page } = visit
    await judged(page)
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const light = await background()
    await button(page, 'Colours: system').click()
    await button(page, 'Colours: light').click()
    const dark = await background()
    expect(dark).not.toBe(light)
    await page.reload()
    await judged(page)
    expect(await background()).toBe(dark)
  })

  it('is readable on a phone', async () => {
    await using visit = await visitors.visit('#example=xdp-filter', {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
    })
    const { page } = visit
    await judged(page)
    await button(page, 'Run').click()
    await page.locator('.packets .verdict').first().waitFor()
    // Nothing is wider than the screen.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    await screenshot(page, 'phone-run')
    await tab(page, 'Step').click()
    await button(page, 'Start stepping').click()
    await page.locator('.position').waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    await screenshot(page, 'phone-step')
    expect(await violations(page)).toEqual([])
  })
})

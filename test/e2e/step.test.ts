// SPDX-License-Identifier: BSD-2-Clause
// Steps programs forward and backward in the page.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { button, judged, missing, screenshot, tab, tableRows, Visitors } from './visitor.ts'

const position = async (page: Page) => Number(await page.locator('.position b').innerText())
const here = (page: Page) => page.locator('.pane.code .line.stepped .number').innerText()

async function step(page: Page, name: string): Promise<void> {
  const before = await position(page)
  await button(page, name).click()
  await expect.poll(() => position(page)).not.toBe(before)
}

describe.skipIf(missing)('stepping', () => {
  let visitors: Visitors
  beforeAll(async () => {
    visitors = await Visitors.start()
  })
  afterAll(() => visitors?.close())

  async function stepping(example: string, packet = '1') {
    const visit = await visitors.visit(`#example=${example}`)
    const { page } = visit
    await judged(page)
    if (await page.locator('.packets').isVisible())
      await page.locator('.packets').getByRole('button', { name: packet, exact: true }).click()
    await tab(page, 'Step').click()
    await button(page, 'Start stepping').click()
    await page.locator('.position').waitFor()
    return visit
  }

  it('goes one instruction forward and takes it back', async () => {
    await using visit = await stepping('sockex1')
    const { page } = visit
    expect(await here(page)).toBe('0')
    await step(page, 'Into')
    expect(await here(page)).toBe('1')
    await step(page, 'Into')
    expect(await here(page)).toBe('2')
    // The first frame is an ARP: its type, 0x806, is in r0.
    expect(await tableRows(page, 'Registers')).toContainEqual(['r0', '2054'])
    await step(page, 'Back')
    expect(await here(page)).toBe('1')
    expect(await tableRows(page, 'Registers')).not.toContainEqual(['r0', '2054'])
    await button(page, 'To the end').click()
    await expect.poll(() => page.locator('.banner.good').innerText()).toContain('Returned 0')
    await step(page, 'To the start')
    expect(await position(page)).toBe(0)
  })

  it('holds values against their proofs', async () => {
    await using visit = await stepping('xdp-filter', '6')
    const { page } = visit
    for (let i = 0; i < 20; i++) await step(page, 'Into')
    const proofs = page.locator('.proofs').first()
    await expect.poll(() => proofs.locator('.mark.agrees').count()).toBeGreaterThan(3)
    expect(await page.locator('.mark.outside').count()).toBe(0)
    const row = proofs.locator('tr', { hasText: 'r1' }).first()
    // Port 7 of the UDP header, read in network byte order on a little-endian machine.
    expect(await row.innerText()).toMatch(/0 … 65535[\s\S]*1792/)
    await screenshot(page, 'step-proofs')
  })

  it('steps over, into and out of a subprogram, and back over it', async () => {
    await using visit = await stepping('xdp-filter', '6')
    const { page } = visit
    while ((await here(page)) !== '28') await step(page, 'Into')
    const atCall = await position(page)
    await step(page, 'Over')
    expect(await here(page)).toBe('29')
    await step(page, 'Back over')
    expect(await position(page)).toBe(atCall)
    await step(page, 'Into')
    expect(await here(page)).toBe('31')
    expect(await page.locator('.chain').innerText()).toMatch(/count at 31\s+filter_udp at 28/)
    await screenshot(page, 'step-subprogram')
    await step(page, 'Out')
    expect(await here(page)).toBe('29')
    // Verdict 1, XDP_DROP, was counted on CPU 0.
    expect(await tableRows(page, 'packets_by_verdict')).toContainEqual(['1', '[1, 0, 0, 0]'])
    await button(page, 'To the end').click()
    await expect.poll(() => page.locator('.banner.good').innerText()).toContain('XDP_DROP')
  })

  it('stops at breakpoints on C lines and instructions, in both directions', async () => {
    await using visit = await stepping('xdp-filter', '6')
    const { page } = visit
    await page.getByRole('button', { name: 'Breakpoint at line 43', exact: true }).click()
    await page.getByRole('button', { name: 'Breakpoint at instruction 25', exact: true }).click()
    await step(page, 'Continue')
    expect(await page.locator('.pane.source .line.stepped .number').innerText()).toBe('43')
    await step(page, 'Continue')
    expect(await here(page)).toBe('25')
    await step(page, 'Back to a breakpoint')
    expect(await page.locator('.pane.source .line.stepped .number').innerText()).toBe('43')
    await screenshot(page, 'breakpoints')
  })

  it('steps C lines', async () => {
    await using visit = await stepping('xdp-filter', '6')
    const { page } = visit
    const line = () => page.locator('.pane.source .line.stepped .number').innerText()
    const first = await line()
    await step(page, 'Line')
    const second = await line()
    expect(second).not.toBe(first)
    await step(page, 'Line')
    await step(page, 'Back a line')
    expect(await line()).toBe(second)
  })

  it('goes into callbacks', async () => {
    await using visit = await stepping('payload-sum')
    const { page } = visit
    while ((await here(page)) !== '12') await step(page, 'Into')
    await step(page, 'Into')
    expect(await here(page)).toBe('23')
    expect(await page.locator('.chain').innerText()).toMatch(/add_byte at 23 \(callback\)\s+add_bytes at 12/)
    await step(page, 'Out')
    expect(await here(page)).toBe('13')
    expect(await page.locator('.mark.outside').count()).toBe(0)
    await screenshot(page, 'step-callback')
  })

  it('follows a tail call into another program', async () => {
    await using visit = await stepping('sockex3', '3')
    const { page } = visit
    await page.getByRole('button', { name: /^parse_ipv4/ }).click()
    await page.getByRole('button', { name: 'Breakpoint at instruction 0', exact: true }).click()
    await step(page, 'Continue')
    await expect.poll(() => page.locator('.programs [aria-pressed="true"]').innerText()).toContain('parse_ipv4')
    await screenshot(page, 'tail-call')
  })

  it('watches a register, memory and packet bytes', async () => {
    await using visit = await stepping('xdp-filter', '6')
    const { page } = visit
    const field = page.getByLabel('Watch: register or memory')
    for (const text of ['r6', 'pkt+36:2', 'ctx:8']) {
      await field.fill(text)
      await button(page, 'Watch').click()
    }
    const watches = page.locator('.watches')
    // The destination port of packet 6.
    await expect.poll(() => watches.innerText()).toMatch(/pkt\+36:2[\s\S]*00\s*07/)
    await step(page, 'Into')
    await expect.poll(() => watches.locator('li').first().innerText()).toMatch(/r6\s*2/)
    await field.fill('nonsense(')
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    await screenshot(page, 'watches')
  })

  it('steps the system call that meets a cgroup program', async () => {
    await using visit = await stepping('bind4')
    const { page } = visit
    await button(page, 'To the end').click()
    await expect.poll(() => page.locator('.banner.good').innerText()).toContain('refused: EPERM')
  })

  it('goes anywhere on the line of time', async () => {
    await using visit = await stepping('payload-sum')
    const { page } = visit
    await button(page, 'To the end').click()
    const slider = page.getByLabel('Position in the run')
    await slider.fill('100')
    await expect.poll(() => position(page)).toBe(100)
    const at100 = await tableRows(page, 'Registers')
    await slider.fill('7')
    await expect.poll(() => position(page)).toBe(7)
    await slider.fill('100')
    await expect.poll(() => position(page)).toBe(100)
    expect(await tableRows(page, 'Registers')).toEqual(at100)
  })

  it('answers each key within 50 ms', async () => {
    await using visit = await stepping('xdp-filter', '6')
    const { page } = visit
    const times = await page.evaluate(async () => {
      const found: number[] = []
      const shown = () => document.querySelector('.position b')?.textContent
      for (let i = 0; i < 15; i++) {
        const before = shown()
        const start = performance.now()
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: i < 10 ? 'n' : 'b', bubbles: true }))
        while (shown() === before) await new Promise(requestAnimationFrame)
        found.push(performance.now() - start)
      }
      return found.sort((a, b) => a - b)
    })
    expect(times[7]!).toBeLessThan(50)
  })
})

// SPDX-License-Identifier: BSD-2-Clause
// Writes BPF assembly in the page.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judged, missing, screenshot, Visitors } from './visitor.ts'

describe.skipIf(missing)('editor', () => {
  let visitors: Visitors
  beforeAll(async () => {
    visitors = await Visitors.start()
  })
  afterAll(() => visitors?.close())

  async function writing() {
    const visit = await visitors.visit()
    const { page } = visit
    await judged(page)
    await page.getByLabel('Program', { exact: true }).selectOption('new:assembly')
    await page.locator('.cm-content').waitFor()
    await expect.poll(() => page.locator('.program-bar').innerText()).toContain('drop_short')
    return visit
  }

  it('assembles and verifies as the visitor types, and shows the encoding', async () => {
    await using visit = await writing()
    const { page } = visit
    expect(await judged(page)).toMatch(/^Accepted/)
    // RFC 9669: 61 is a load of 32 bits; registers 2 and 1, offset 4.
    await expect.poll(() => page.locator('.cm-encoding').innerText()).toContain('6112040000000000')
    await screenshot(page, 'editor')
    await page.locator('.cm-content').press('Control+End')
    await page.getByText('r0 = 2', { exact: false }).first().click()
    await page.keyboard.press('Home')
    await page.keyboard.type('r0 = *(u64 *)(r1 + 0)\n  ')
    await expect.poll(() => page.locator('.verdict-place').innerText(), { timeout: 10_000 }).toContain('Refused')
    await expect.poll(() => page.locator('#panel').innerText()).toContain('R1 offset is outside of the packet')
    await screenshot(page, 'editor-refused')
  })

  it('shows an error in its place', async () => {
    await using visit = await writing()
    const { page } = visit
    await page.getByText('r0 = 2', { exact: false }).first().click()
    await page.keyboard.press('End')
    await page.keyboard.type('\n  r77 = 1')
    await page.locator('.cm-lintRange-error').waitFor()
    await page.locator('.cm-lint-marker-error').hover()
    await expect.poll(() => page.locator('.cm-tooltip-lint').innerText()).not.toBe('')
    await screenshot(page, 'editor-error')
  })

  it('completes helpers and labels', async () => {
    await using visit = await writing()
    const { page } = visit
    await page.getByText('r0 = 2', { exact: false }).first().click()
    await page.keyboard.press('End')
    await page.keyboard.type('\n  call bpf_ktime_get_n')
    const list = page.locator('.cm-tooltip-autocomplete')
    await expect.poll(() => list.innerText()).toContain('bpf_ktime_get_ns')
    await screenshot(page, 'completion')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('.cm-content').innerText()).toContain('call bpf_ktime_get_ns')
    await page.keyboard.type('\n  goto o')
    await expect.poll(() => list.innerText()).toContain('out')
  })
})

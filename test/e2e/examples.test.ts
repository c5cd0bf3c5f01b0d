// SPDX-License-Identifier: BSD-2-Clause
// Picks every example and looks at what the page says of it; the facts are those that Linux 6.18 answered.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judged, missing, screenshot, tab, Visitors } from './visitor.ts'

const ACCEPTED = [
  'sockex1',
  'sockex2',
  'sockex3',
  'bind4',
  'xdp-filter',
  'tc-classifier',
  'tracepoint-counter',
  'hello',
  'payload-sum',
]

/** Last line of the log of Linux, and the instruction at which it stopped. */
const REFUSED: Readonly<Record<string, readonly [errno: string, message: string, insn: number]>> = {
  'null-check': ['EACCES', "R0 invalid mem access 'map_value_or_null'", 7],
  'packet-bounds': ['EACCES', 'R1 offset is outside of the packet', 1],
  'endless-loop': ['EINVAL', 'infinite loop detected at insn 0', 3],
  'missing-argument': ['EACCES', 'R3 !read_ok', 6],
  'wrong-helper': ['EINVAL', 'program of this type cannot use helper bpf_redirect#23', 2],
  'gpl-only': ['EINVAL', 'cannot call GPL-restricted function from non-GPL compatible program', 3],
  'map-bounds': ['EACCES', 'R0 max value is outside of the allowed memory range', 14],
  'context-write': ['EACCES', 'invalid bpf_context access off=0 size=4', 1],
  'return-range': ['EINVAL', 'should have been in [0, 1]', 1],
  'lost-reference': ['EINVAL', 'would lead to reference leak', 14],
  'unreadable-pointer': ['EACCES', "R1 invalid mem access 'scalar'", 1],
}

describe.skipIf(missing)('examples', () => {
  let visitors: Visitors
  beforeAll(async () => {
    visitors = await Visitors.start()
  })
  afterAll(() => visitors?.close())

  it('are all in the list', async () => {
    await using visit = await visitors.visit()
    const offered = await visit.page
      .locator('.picker option')
      .evaluateAll((all) => all.map((option) => option.getAttribute('value')))
    const folders = readdirSync(fileURLToPath(new URL('../../examples/refused', import.meta.url)))
    expect(offered).toEqual(expect.arrayContaining([...ACCEPTED, ...folders.map((name) => `refused/${name}`)]))
    expect(folders.sort()).toEqual(Object.keys(REFUSED).sort())
  })

  it.each(ACCEPTED)('%s is accepted', async (name) => {
    await using visit = await visitors.visit(`#example=${name}`)
    expect(await judged(visit.page)).toMatch(/^Accepted/)
    // Source, instructions and knowledge stand side by side.
    const source = readFileSync(new URL(`../../examples/${name}/${name}.bpf.c`, import.meta.url), 'utf8')
    const section = /SEC\("(?!\.maps|license)[^"]+"\)/.exec(source)![0]
    await expect.poll(() => visit.page.locator('.pane.source').innerText()).toContain(section)
    expect(await visit.page.locator('.pane.code .line').count()).toBeGreaterThan(5)
    await expect.poll(() => visit.page.locator('.pane.knowledge').innerText()).toContain('the context')
    await screenshot(visit.page, `example-${name}`)
  })

  it.each(Object.entries(REFUSED))('%s is refused and explained', async (name, [errno, message, insn]) => {
    await using visit = await visitors.visit(`#example=refused/${name}`)
    const { page } = visit
    const verdict = (await judged(page)).replace(/\s+/g, ' ')
    expect(verdict).toContain(`Refused ${errno}`)
    const panel = page.locator('#panel')
    await expect.poll(() => panel.innerText()).toContain(message)
    expect(await panel.innerText()).toContain(`instruction ${insn}`)
    for (const heading of ['What is wrong', 'Along which path', 'What would be accepted'])
      await panel.getByRole('heading', { name: heading }).waitFor()
    expect(await page.locator('.pane.code .line.wrong .number').innerText()).toBe(String(insn))
    await panel.getByRole('link', { name: 'Why Linux insists' }).click()
    await page.getByRole('heading', { name: 'Why Linux insists' }).waitFor()
    await screenshot(page, `message-${name}`)
    await page.getByRole('link', { name: /Open the example/ }).click()
    await judged(page)
    await screenshot(page, `refused-${name}`)
  })

  it('shows the log as the kernel prints it, and leads to its instructions', async () => {
    await using visit = await visitors.visit('#example=refused/null-check')
    const { page } = visit
    await judged(page)
    await tab(page, 'Verifier log').click()
    const log = page.locator('.log')
    const text = await log.innerText()
    // What Linux 6.18 printed; addresses of maps differ.
    const linux = readFileSync(
      new URL('../../packages/playground/src/test-fixtures/null-check.count.log', import.meta.url),
      'utf8',
    )
    const essence = (all: string) =>
      all
        .split('\n')
        .filter((line) => /^\d+: \(|^R\d/.test(line))
        .map((line) =>
          line
            .replace(/\(18\) r1 = 0x[0-9a-f]+/, '(18) r1 = MAP')
            .trimEnd()
            .replace(/\s+/g, ' '),
        )
    expect(essence(text)).toEqual(essence(linux))
    await log.getByText('3: (07) r2 += -4').click()
    expect(await page.locator('.pane.code .line.selected .number').innerText()).toBe('3')
    await screenshot(page, 'log')
  })
})

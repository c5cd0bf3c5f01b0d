// SPDX-License-Identifier: BSD-2-Clause
// Runs programs in the page. The same objects on the same inputs give what the command line gives.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { button, judged, missing, screenshot, tab, tableRows, Visitors } from './visitor.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

interface CliRun {
  retval?: number
  maps?: { map: string; key: unknown; after: unknown }[]
}

/** What `skep run` answers for the example capture, packet by packet, and the maps afterwards. */
function onCommandLine(example: string, program: string): { retvals: number[]; maps: NonNullable<CliRun['maps']> } {
  const object = `examples/${example}/${example}.bpf.o`
  const args = [
    'packages/cli/bin/skep.mjs',
    'run',
    object,
    '--program',
    program,
    '--pcap',
    'examples/traffic.pcap',
    '--json',
    '--kernel',
    'virtual',
  ]
  const lines = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).trim().split('\n')
  const runs = lines.map((line) => JSON.parse(line) as CliRun)
  return {
    retvals: runs.flatMap(({ retval }) => (retval === undefined ? [] : [retval | 0])),
    maps: runs.flatMap(({ maps }) => maps ?? []),
  }
}

describe.skipIf(missing)('running', () => {
  let visitors: Visitors
  beforeAll(async () => {
    visitors = await Visitors.start()
  })
  afterAll(() => visitors?.close())

  it('counts the capture as `npm start` prints it', async () => {
    await using visit = await visitors.visit('#example=sockex1')
    const { page } = visit
    await judged(page)
    await button(page, 'Run').click()
    const rows = await tableRows(page, 'bytes_by_protocol')
    // ICMP, TCP, UDP, ICMPv6: the lengths of the frames in traffic.pcap, as tcpdump shows them.
    expect(rows.slice(0, 4)).toEqual([
      ['1', '156'],
      ['6', '868'],
      ['17', '240'],
      ['58', '68'],
    ])
    await screenshot(page, 'run-sockex1')
  })

  it.each([
    ['xdp-filter', 'filter_udp'],
    ['tc-classifier', 'classify'],
    ['hello', 'hop'],
    ['payload-sum', 'add_bytes'],
    ['sockex2', 'count_sources'],
  ])('%s gives what the command line gives', async (example, program) => {
    const expected = onCommandLine(example, program)
    await using visit = await visitors.visit(`#example=${example}`)
    const { page } = visit
    await judged(page)
    const socket = page.getByRole('checkbox', { name: /packet socket/ })
    if (await socket.isVisible()) await socket.uncheck()
    await button(page, 'Run').click()
    const answers = page.locator('.packets tbody .verdict')
    await answers.first().waitFor()
    const retvals = (await answers.allInnerTexts()).map((text) => Number(/\((-?\d+)\)/.exec(text)![1]))
    expect(retvals).toEqual(expected.retvals)
    const panel = await page.locator('#panel').innerText()
    for (const { map, after } of expected.maps) {
      if (map.startsWith('.') || /\.(bss|data|rodata)/.test(map)) continue
      expect(panel).toContain(map)
      for (const number of JSON.stringify(after).match(/\d+/g) ?? []) expect(panel).toContain(number)
    }
    await screenshot(page, `run-${example}`)
  })

  it('builds a packet, takes pasted hexadecimal, and drops what the program drops', async () => {
    await using visit = await visitors.visit('#example=xdp-filter')
    const { page } = visit
    await judged(page)
    await button(page, 'Clear').click()
    await button(page, 'Build a packet').click()
    const form = page.getByRole('form', { name: 'Build a packet' })
    await form.getByLabel('To port', { exact: true }).fill('7')
    await form.getByRole('button', { name: 'Add packet' }).click()
    await form.getByLabel('To port', { exact: true }).fill('8')
    await form.getByRole('button', { name: 'Add packet' }).click()
    await page.getByLabel('Bytes of packet 2').fill('02 00 00 00 00 02 02 00 00 00 00 01 08 06 00 01')
    await page.getByLabel('Bytes of packet 2').press('Tab')
    await button(page, 'Run').click()
    await expect
      .poll(() => page.locator('.packets tbody .verdict').allInnerTexts())
      .toEqual(['XDP_DROP (1)', 'XDP_PASS (2)'])
    await page.getByLabel('Bytes of packet 2').fill('0x0')
    await page.getByLabel('Bytes of packet 2').press('Tab')
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('odd number')
    await screenshot(page, 'builder')
  })

  it('takes a capture of the visitor', async () => {
    await using visit = await visitors.visit('#example=xdp-filter')
    const { page } = visit
    await judged(page)
    await button(page, 'Clear').click()
    await page.locator('input[accept=".pcap,.cap"]').setInputFiles(`${root}examples/traffic.pcap`)
    await expect.poll(() => page.locator('.packets tbody tr').count()).toBe(12)
  })

  it('shows how a packet was changed, and the trace pipe', async () => {
    await using visit = await visitors.visit('#example=hello')
    const { page } = visit
    await judged(page)
    await page.locator('.packets').getByRole('button', { name: '2', exact: true }).click()
    await button(page, 'Run').click()
    const diff = page.getByRole('region', { name: 'Packet 2' })
    // The time to live, 64 in the capture, and two bytes of the checksum at most.
    await expect.poll(() => diff.locator('.b-removed').allInnerTexts()).toContain('40')
    expect(await diff.locator('.b-added').allInnerTexts()).toContain('3f')
    expect(await page.locator('.trace').innerText()).toMatch(
      /bpf_trace_printk: a packet of 58 bytes goes on, time to live 63/,
    )
    await screenshot(page, 'diff')
  })

  it('refuses bind(2) to the port and allows another', async () => {
    await using visit = await visitors.visit('#example=bind4')
    const { page } = visit
    await judged(page)
    await button(page, 'Run').click()
    await expect.poll(() => page.locator('#panel').innerText()).toContain('refused: EPERM')
    await page.getByLabel('Port', { exact: true }).fill('4041')
    await button(page, 'Run').click()
    await expect.poll(() => page.locator('#panel').innerText()).toContain('allowed')
    expect(await tableRows(page, 'Global variables')).toContainEqual(['refused .bss', '1'])
    await screenshot(page, 'bind4')
  })

  it('fires system calls at a tracepoint', async () => {
    await using visit = await visitors.visit('#example=tracepoint-counter')
    const { page } = visit
    await judged(page)
    await page.getByLabel(/^System call/).fill('83, 0x1000, 493')
    await button(page, 'Run').click()
    // mkdir is number 83 on x86-64.
    expect(await tableRows(page, 'calls_by_number')).toContainEqual(['83', '1'])
    await screenshot(page, 'tracepoint')
  })

  it('draws the numbers in maps as they grow', async () => {
    await using visit = await visitors.visit('#example=sockex1')
    const { page } = visit
    await judged(page)
    await button(page, 'Run').click()
    await tab(page, 'Maps').click()
    await expect.poll(() => page.locator('.chart').getAttribute('aria-label')).toContain('bytes_by_protocol[6] 868')
    await page.locator('.chart svg path').first().waitFor()
    await button(page, 'Keep running').click()
    await expect
      .poll(async () =>
        Number(/after (\d+)/.exec((await page.locator('.chart').getAttribute('aria-label')) ?? '')?.[1]),
      )
      .toBeGreaterThan(30)
    await button(page, 'Stop').click()
    await screenshot(page, 'maps')
  })

  it('runs on another CPU, and moves the clock', async () => {
    await using visit = await visitors.visit('#example=xdp-filter')
    const { page } = visit
    await judged(page)
    await page.getByLabel('CPU').selectOption('2')
    await button(page, 'Run').click()
    const rows = await tableRows(page, 'packets_by_verdict')
    const passed = JSON.parse(rows[2]![1]!) as number[]
    expect(passed.filter((n) => n > 0)).toHaveLength(1)
    expect(passed[2]).toBeGreaterThan(0)
    await button(page, '+1 s').click()
    expect(Number(await page.getByLabel('Clock').inputValue())).toBeCloseTo(2.1)
  })

  it('compares the engines, and shows what the JIT made', async () => {
    await using visit = await visitors.visit('#example=tc-classifier')
    const { page } = visit
    await judged(page)
    await tab(page, 'Engines').click()
    await button(page, 'Compare engines').click()
    await expect.poll(() => page.locator('#panel').innerText(), { timeout: 20_000 }).toContain('Both engines agree')
    const wat = await page.locator('.wat').innerText()
    expect(wat).toMatch(/^\(module/)
    expect(wat).toContain('(func')
    expect(wat).not.toContain('no text for opcode')
    await screenshot(page, 'engines')
  })

  it('opens an object of the visitor', async () => {
    await using visit = await visitors.visit()
    const { page } = visit
    await judged(page)
    await page.locator('input[accept=".o"]').setInputFiles(`${root}examples/bind4/bind4.bpf.o`)
    await expect.poll(() => page.locator('.program-bar').innerText()).toContain('refuse_port')
    // Its source is what the line information holds.
    await expect
      .poll(() => page.locator('.pane.source').innerText())
      .toContain('if (ctx->user_port != bpf_htons(refused_port))')
    await page
      .locator('input[accept=".o"]')
      .setInputFiles({ name: 'bad.o', mimeType: 'application/octet-stream', buffer: Buffer.from('no object') })
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('could not be opened')
    await page.locator('input[accept=".o"]').setInputFiles({
      name: 'again.bpf.o',
      mimeType: 'application/octet-stream',
      buffer: readFileSync(`${root}examples/sockex3/sockex3.bpf.o`),
    })
    await expect.poll(() => page.locator('.programs button').count()).toBe(3)
  })

  it('takes an object that is dropped on the page', async () => {
    await using visit = await visitors.visit()
    const { page } = visit
    await judged(page)
    const bytes = [...readFileSync(`${root}examples/tc-classifier/tc-classifier.bpf.o`)]
    await page.evaluate((content) => {
      const data = new DataTransfer()
      data.items.add(new File([Uint8Array.from(content)], 'mine.bpf.o'))
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    }, bytes)
    await expect.poll(() => page.locator('.program-bar').innerText()).toContain('classify')
    expect(await page.getByLabel('Program', { exact: true }).locator('option:checked').innerText()).toBe('mine.bpf.o')
  })

  it('stops a runaway, and the page stays alive meanwhile', async () => {
    await using visit = await visitors.visit()
    const { page } = visit
    await judged(page)
    await page
      .locator('input[accept=".o"]')
      .setInputFiles(fileURLToPath(new URL('fixtures/runaway.bpf.o', import.meta.url)))
    await expect.poll(() => page.locator('.program-bar').innerText()).toContain('run_away')
    await button(page, 'Run').click()
    const stop = button(page, 'Stop the kernel')
    await stop.waitFor()
    // The page answers while the kernel is busy.
    await page.locator('[data-slot="1"]').click()
    expect(await page.locator('.pane.code .line.selected .number').innerText()).toBe('1')
    await stop.click()
    await expect.poll(() => page.getByRole('alert').innerText()).toContain('another one started')
    await page.getByLabel('Program', { exact: true }).selectOption('xdp-filter')
    await expect.poll(() => page.locator('.verdict-place').innerText()).toContain('Accepted')
    await button(page, 'Run').click()
    expect(await tableRows(page, 'packets_by_verdict')).toHaveLength(5)
    // Without a visitor who stops it, the page does so itself.
    await page
      .locator('input[accept=".o"]')
      .setInputFiles(fileURLToPath(new URL('fixtures/runaway.bpf.o', import.meta.url)))
    await expect.poll(() => page.locator('.program-bar').innerText()).toContain('run_away')
    await button(page, 'Run').click()
    await expect
      .poll(() => page.getByRole('alert').innerText(), { timeout: 30_000 })
      .toContain('no answer for 8 seconds')
  })
})

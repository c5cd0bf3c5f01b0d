// SPDX-License-Identifier: BSD-2-Clause
// Every example of the guides is code that runs as a test, and every link leads somewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url))
const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md'))
const read = (name: string) => readFileSync(DOCS + name, 'utf8')

/** Lines without their indentation: blocks of the guides stand further left. */
const plain = (text: string) => text.replace(/^ +/gm, '').trim()

describe.each(pages.filter((name) => name.startsWith('guide-')))('%s', (name) => {
  const file = `${name.slice('guide-'.length, -'.md'.length)}.test.ts`
  const source = plain(readFileSync(new URL(`./${file}`, import.meta.url), 'utf8'))
  const blocks = [...read(name).matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => plain(match[1]!))

  test('has the code of its tests', () => {
    expect(blocks.length).toBeGreaterThan(2)
    for (const block of blocks) {
      // Imports of a guide are those that its examples need, among others.
      if (block.startsWith('import ')) for (const line of block.split('\n')) expect(source).toContain(line)
      else expect(source).toContain(block)
    }
  })
})

test.each(pages)('links of %s lead somewhere', (name) => {
  const targets = [...read(name).matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1]!)
  expect(targets.filter((target) => !existsSync(DOCS + target))).toEqual([])
})

test('the index names every page', () => {
  const index = read('README.md')
  for (const name of pages) if (name !== 'README.md') expect(index).toContain(`(${name})`)
})

// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { eachKernel } from './calls.ts'

eachKernel()

test('the example of the README runs', async () => {
  const [, ...lines] = readFileSync(new URL('example.ts', import.meta.url), 'utf8').split('\n')
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(
    `\`\`\`ts\n${lines.join('\n')}\`\`\``,
  )
  await import('./example.ts')
})

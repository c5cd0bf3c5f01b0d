// SPDX-License-Identifier: BSD-2-Clause
// The list of divergences is neither behind the verifier nor ahead of it.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { DIVERGENCES, listed, listedUnsupported } from './divergences.mjs'

const ASSEMBLY = fileURLToPath(new URL('../../packages/wasm-vm/assembly/', import.meta.url))

/** What the verifier says it does not support, as its source has it. */
function saidInSource(): string[] {
  const files = readdirSync(ASSEMBLY, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const said = files.flatMap((file) =>
    [...readFileSync(ASSEMBLY + file, 'utf8').matchAll(/\bunsupported\(\s*env,\s*'([^']*)'/g)].map(
      (match) => match[1]!,
    ),
  )
  return [...new Set(said)].sort()
}

test('every "unsupported" of the verifier is listed, and no other', () => {
  expect([...new Set(DIVERGENCES.flatMap(({ unsupported }) => unsupported))].sort()).toEqual(saidInSource())
})

test('a message finds its entry by its format', () => {
  expect(listedUnsupported('skep: unsupported: calls of bpf_sock_destroy')).toBe('calls not supported')
  expect(listedUnsupported('skep: unsupported: something new')).toBeUndefined()
  expect(listedUnsupported('invalid mem access')).toBeUndefined()
  expect(listed('attach plain', '20/0 flags 0 r0 0')).toBe('lirc_mode2')
  expect(listed('attach plain', '1/0 flags 0 r0 0')).toBeUndefined()
})

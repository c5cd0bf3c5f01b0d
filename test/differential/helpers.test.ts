// SPDX-License-Identifier: BSD-2-Clause
/** Programs that call helpers, run on the virtual kernel and on Linux: the same results, bytes and errnos. */
import type { Kernel } from '@skep/core'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MEMORY_CASES } from './helper-cases/memory.ts'
import { OBJECT_CASES } from './helper-cases/objects.ts'
import { PACKET_CASES } from './helper-cases/packet.ts'
import { outcome } from './helper-cases/run.ts'
import { TEXT_CASES } from './helper-cases/text.ts'

const reason = whyNoLinux()
const ENGINES = ['interp', 'jit', 'checked'] as const
let linux: Kernel
const virtual: Kernel[] = []

beforeAll(async () => {
  if (reason) return
  linux = await createLinuxKernel()
  for (const engine of ENGINES) virtual.push(await createVirtualKernel({ cpus: linux.facts.possibleCpus, engine }))
})
afterAll(() => {
  linux?.[Symbol.dispose]()
  for (const kernel of virtual) kernel[Symbol.dispose]()
})

const GROUPS = { text: TEXT_CASES, packets: PACKET_CASES, memory: MEMORY_CASES, objects: OBJECT_CASES }

for (const [group, cases] of Object.entries(GROUPS)) {
  describe.skipIf(reason)(`${group}${reason ? ` (skipped: ${reason})` : ''}`, () => {
    test.each(cases.map((c) => [c.name, c] as const))('%s', (_, helperCase) => {
      const expected = outcome(linux, helperCase)
      for (const [i, kernel] of virtual.entries()) {
        expect(`${ENGINES[i]}: ${outcome(kernel, helperCase)}`).toBe(`${ENGINES[i]}: ${expected}`)
      }
    })
  })
}

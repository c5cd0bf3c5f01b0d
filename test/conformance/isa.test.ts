// SPDX-License-Identifier: BSD-2-Clause
/** The public conformance suite on bare instructions, RFC 9669's reading, on each engine of the virtual kernel. */
import { runInstructions } from '@skep/wasm-vm'
import { describe, expect, test } from 'vitest'
import { readCases, whyNoCases } from './cases.ts'

const cases = readCases()

describe.each(['interp', 'checked', 'jit'] as const)('%s', (engine) => {
  if (!cases.length) test('the suite', (context) => context.skip(whyNoCases()))
  test.each(cases)('$name', async ({ insns, memory, result }) => {
    const outcome = await runInstructions(insns, memory, { engine })
    if (result === undefined) expect(outcome).toHaveProperty('error')
    else expect(outcome).toEqual({ r0: result })
  })
})

// SPDX-License-Identifier: BSD-2-Clause
/** The public conformance suite loaded as Linux loads programs: the virtual kernel answers as Linux does, case by case. */
import { type Kernel, runConformanceCase } from '@skep/core'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'
import { beforeAll, describe, expect, test } from 'vitest'
import { readCases, whyNoCases } from './cases.ts'

const cases = readCases()

describe.each(['interp', 'checked', 'jit'] as const)('%s', (engine) => {
  let linux: Kernel | undefined
  let virtual: Kernel
  beforeAll(async () => {
    virtual = await createVirtualKernel({ engine })
    if (whyNoLinux() === undefined) linux = await createLinuxKernel()
  })
  if (!cases.length) test('the suite', (context) => context.skip(whyNoCases()))
  test.for(cases)('$name', ({ insns, memory }, context) => {
    if (!linux) return context.skip(whyNoLinux())
    const expected = runConformanceCase(linux, insns, memory)
    const actual = runConformanceCase(virtual, insns, memory)
    if ('r0' in expected) expect(actual).toEqual(expected)
    else expect(actual).toHaveProperty('error')
  })
})

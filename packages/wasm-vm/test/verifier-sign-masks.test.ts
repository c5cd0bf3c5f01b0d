// SPDX-License-Identifier: GPL-2.0-only
/** AND and OR of what an arithmetic shift by all but one bit leaves: two values, each walked by itself, not a range. */
import { type Kernel, tryProgLoad } from '@skep/core'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { describe, expect, it } from 'vitest'
import { createVirtualKernel } from '../src/index.ts'
import { insn, SOCKET_FILTER } from './calls.ts'

const KTIME = insn(0x85, 0, 0, 0, 5)
const SIGN64 = insn(0xc7, 0, 0, 0, 63)
const SIGN32 = insn(0xc4, 0, 0, 0, 31)
const END = [...insn(0xb7, 0, 0, 0, 0), ...insn(0x95, 0, 0, 0, 0)]
const R6_IS_12 = insn(0xb7, 6, 0, 0, 12)

/** What the log says of r0 after the operation, on each path in turn. */
function valuesOfR0(kernel: Kernel, operation: number[], shift: number[]): string[] {
  const insns = Uint8Array.from([...KTIME, ...shift, ...R6_IS_12, ...operation, ...END])
  const { result, log } = tryProgLoad(
    kernel,
    { type: SOCKET_FILTER, insns, license: 'GPL' },
    { level: 2, size: 1 << 16 },
  )
  expect(result).toBeGreaterThanOrEqual(0)
  kernel.close(result)
  return [...log.matchAll(/^3: \(.*; R0=(-?\w+)/gm)].map((match) => match[1]!)
}

describe('a sign mask and a constant', () => {
  const linux = whyNoLinux() ? undefined : createLinuxKernel()
  it.for([
    ['r0 &= 12', insn(0x57, 0, 0, 0, 12), SIGN64, ['12', '0']],
    ['r0 &= r6', insn(0x5f, 0, 6, 0, 0), SIGN64, ['12', '0']],
    ['r0 |= 12', insn(0x47, 0, 0, 0, 12), SIGN64, ['-1', '12']],
    ['w0 &= 12', insn(0x54, 0, 0, 0, 12), SIGN32, ['12', '0']],
    ['w0 |= 12', insn(0x44, 0, 0, 0, 12), SIGN32, ['0xffffffff', '12']],
    ['r0 ^= 12 is no such operation', insn(0xa7, 0, 0, 0, 12), SIGN64, ['scalar']],
  ] as const)('%s', async ([, operation, shift, values]) => {
    const kernel = await createVirtualKernel()
    expect(valuesOfR0(kernel, [...operation], [...shift])).toEqual(values)
    if (linux) expect(valuesOfR0(await linux, [...operation], [...shift])).toEqual(values)
  })
})

// SPDX-License-Identifier: GPL-2.0-only
/** Programs that are made to cost: the verifier ends with Linux's limits, gives all memory back, and lives on. */
import { type Kernel, tryProgLoad } from '@skep/core'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { describe, expect, it } from 'vitest'
import { createVirtualKernel } from '../src/index.ts'
import { insn, returns, SOCKET_FILTER } from './calls.ts'

const E2BIG = -7
const ENOMEM = -12
const EFAULT = -14
const EXIT = insn(0x95, 0, 0, 0, 0)

/** Never the same state twice, never an end. */
const ENDLESS = Uint8Array.from([
  ...insn(0xb7, 0, 0, 0, 0),
  ...insn(0x07, 0, 0, 0, 1),
  ...insn(0x7b, 10, 0, -8, 0),
  ...insn(0xb5, 0, 0, -3, 0x7ffffff0),
  ...EXIT,
])

/** So many conditions one after the other, each with a path that waits. */
function conditions(count: number): Uint8Array {
  const code: number[] = [...insn(0x61, 1, 1, 0, 0), ...insn(0xb7, 0, 0, 0, 0)]
  for (let i = 0; i < count; i++) code.push(...insn(0x15, 1, 0, (count - i) & 0x7fff, i + 1))
  return Uint8Array.from([...code, ...insn(0xb7, 0, 0, 0, 1), ...EXIT])
}

function load(kernel: Kernel, insns: Uint8Array): number {
  const { result } = tryProgLoad(kernel, { type: SOCKET_FILTER, insns, license: 'GPL' })
  if (result >= 0) kernel.close(result)
  return Math.min(result, 0)
}

const many = new Uint8Array(1_000_001 * 8)
for (let i = 0; i < 1_000_000; i++) many[i * 8] = 0xb7
many[8_000_000] = 0x95

describe('a program that costs too much', () => {
  const linux = whyNoLinux() ? undefined : createLinuxKernel()
  it.for([
    ['a million steps', ENDLESS, E2BIG],
    ['8192 paths that wait', conditions(9000), EFAULT],
    ['fewer paths', conditions(8000), 0],
    ['a million instructions and one', many, E2BIG],
    ['a million instructions', many.subarray(8), 0],
  ] as const)('%s', async ([, insns, errno]) => {
    const kernel = await createVirtualKernel()
    expect(load(kernel, insns)).toBe(errno)
    if (linux) expect(load(await linux, insns)).toBe(errno)
  })

  it('leaves no memory taken: the sixth load needs no more than the second', async () => {
    const kernel = await createVirtualKernel()
    for (let i = 0; i < 2; i++) load(kernel, ENDLESS)
    const size = kernel.exports.memory.buffer.byteLength
    for (let i = 0; i < 4; i++) expect(load(kernel, ENDLESS)).toBe(E2BIG)
    expect(kernel.exports.memory.buffer.byteLength).toBe(size)
  })

  it('is refused where memory is short, and the next one loads', async () => {
    for (let mebibytes = 4; mebibytes < 48; mebibytes += 7) {
      const kernel = await createVirtualKernel({ memoryLimit: mebibytes << 20 })
      expect([ENOMEM, E2BIG]).toContain(load(kernel, ENDLESS))
      expect([ENOMEM, 0]).toContain(load(kernel, conditions(8000)))
      expect(load(kernel, returns(0))).toBe(0)
      expect(kernel.exports.memory.buffer.byteLength).toBeLessThanOrEqual(mebibytes << 20)
    }
  })
})

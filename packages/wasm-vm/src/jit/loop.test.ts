// SPDX-License-Identifier: GPL-2.0-only
/** bpf_loop, which compiled code does in place, answers as the helper does. */
import { readFileSync } from 'node:fs'
import { openObject } from '@skep/core'
import { expect, test } from 'vitest'
import { createVirtualKernel } from '../create.ts'
import { OPTION } from '../exports.ts'

const OBJECT = new URL('../../../../test/bench/programs/loop.bpf.o', import.meta.url)
/** Length of the packet behind its Ethernet header: where the sum starts. */
const LENGTH = 64 - 14

/** What the C of test/bench/programs/loop.bpf.c computes. */
function expected(): number {
  let sum = BigInt(LENGTH)
  for (let index = 0n; index < 1000n; index++) sum = BigInt.asUintN(64, sum * 31n + index)
  return Number(BigInt.asUintN(32, sum ^ (sum >> 32n)))
}

test.each(['interp', 'checked', 'jit'] as const)('%s', async (engine) => {
  using kernel = await createVirtualKernel({ engine })
  kernel.exports.set_option(OPTION.jitThreshold, -1n)
  using loaded = openObject(readFileSync(OBJECT)).load(kernel)
  expect(loaded.programs.get('loop')!.testRun({ dataIn: new Uint8Array(64) }).retval >>> 0).toBe(expected())
})

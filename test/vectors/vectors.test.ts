// SPDX-License-Identifier: BSD-2-Clause
/**
 * The instruction vectors of Linux's own test module. 776 of them load as socket filters on Linux 6.18; on the virtual
 * kernel the same ones must load, and return what the vector says, on every engine.
 */
import { type Kernel, loadRaw } from '@skep/core'
import { BPF_PROG_TYPE_SOCKET_FILTER } from '@skep/core/uapi'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'
import { describe, expect, test } from 'vitest'
import { readVectors, type Vector, whyNoVectors } from './vectors.ts'

/** Vectors that Linux 6.18 loads as a socket filter. */
const LOADABLE = 776

const vectors = readVectors()

/** How many load; each that does must return what it should. */
function runAll(kernel: Kernel): { readonly loaded: number; readonly wrong: readonly string[] } {
  let loaded = 0
  const wrong: string[] = []
  for (const vector of vectors) {
    const outcome = runOne(kernel, vector)
    if (outcome === undefined) continue
    loaded++
    if (outcome !== '') wrong.push(`${vector.name}: ${outcome}`)
  }
  return { loaded, wrong }
}

/** Undefined: refused; an empty text: as it should be. */
function runOne(kernel: Kernel, { insns, runs }: Vector): string | undefined {
  let program: ReturnType<typeof loadRaw>
  try {
    program = loadRaw(kernel, { type: BPF_PROG_TYPE_SOCKET_FILTER, insns }, { level: 0 })
  } catch {
    return undefined
  }
  try {
    for (const { packet, result } of runs) {
      const { retval } = program.testRun({ dataIn: packet })
      if (retval >>> 0 !== result) return `${(retval >>> 0).toString(16)} in the place of ${result.toString(16)}`
    }
    return ''
  } finally {
    program[Symbol.dispose]()
  }
}

describe('test_bpf', () => {
  test('on Linux', async (context) => {
    context.skip(whyNoVectors() !== undefined, whyNoVectors())
    context.skip(whyNoLinux() !== undefined, whyNoLinux())
    using linux = await createLinuxKernel()
    expect(runAll(linux)).toEqual({ loaded: LOADABLE, wrong: [] })
  })
  test.each(['interp', 'checked', 'jit'] as const)(
    'on the virtual kernel: %s',
    async (engine) => {
      using kernel = await createVirtualKernel({ engine })
      expect(runAll(kernel)).toEqual({ loaded: LOADABLE, wrong: [] })
    },
    300_000,
  )
})

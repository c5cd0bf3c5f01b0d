// SPDX-License-Identifier: GPL-2.0-only
/** Objects that programs allocate, on every engine; nothing of them is left when maps and programs are gone. */
import { readFileSync } from 'node:fs'
import { openObject, progTestRun } from '@skep/core'
import { expect, test } from 'vitest'
import { createVirtualKernel, type VirtualKernel } from '../src/index.ts'
import * as C from './calls.ts'

const GRAPHS = readFileSync(new URL('../../../test/scenarios/programs/graphs.bpf.o', import.meta.url))
const PROGRAMS = [
  'list_ends',
  'list_look',
  'tree_grow',
  'tree_take',
  'two_owners',
  'stash',
  'stash_read',
  'percpu_count',
]

/** Runs each program once and leaves objects in the list, the tree and the map values. */
function round(kernel: VirtualKernel): number[] {
  using object = openObject(GRAPHS, { name: 'graphs' }).load(kernel)
  const answers = PROGRAMS.map(
    (name) => progTestRun(kernel, object.program(name).fd, { dataIn: new Uint8Array(64) }).retval ?? -1,
  )
  const { failed, seen } = object.map('.bss').lookup(0) as unknown as { failed: number; seen: number[] }
  return [...answers, failed, ...seen.slice(0, 3)]
}

test.each(['interp', 'checked', 'jit'] as const)('are made, linked, read and dropped: %s', async (engine) => {
  using kernel = await createVirtualKernel({ engine, cpus: 4 })
  // every program returned 0 and none failed; then what the last ones saw: the counter, 0 as two objects were put in, and 42
  expect(round(kernel)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 42])
  round(kernel)
  const before = C.memoryUsed(kernel)
  for (let i = 0; i < 5; i++) round(kernel)
  expect(C.memoryUsed(kernel)).toBe(before)
})

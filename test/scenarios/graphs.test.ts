// SPDX-License-Identifier: BSD-2-Clause
/** Objects that programs allocate: who owns them, in which order they come back, and that all of them end. */
import { readFileSync } from 'node:fs'
import type { Kernel } from '@skep/core'
import { openObject, progTestRun } from '@skep/core'
import { udpFrame } from './calls.ts'
import { scenario } from './scenario.ts'

interface Seen {
  readonly failed: number
  readonly seen: readonly number[]
}

/** Runs programs of graphs.bpf.c one after the other and gives what each of them saw. */
function observe(kernel: Kernel, names: readonly string[], length: number): number[][] {
  const bytes = readFileSync(new URL('programs/graphs.bpf.o', import.meta.url))
  using object = openObject(bytes, { name: 'graphs' }).load(kernel)
  return names.map((name) => {
    const { retval } = progTestRun(kernel, object.program(name).fd, { dataIn: udpFrame() })
    const { failed, seen } = object.map('.bss').lookup(0) as Seen
    return retval === 0 && failed === 0 ? seen.slice(0, length) : [-1, retval ?? -1]
  })
}
const shows = { programTypes: ['BPF_PROG_TYPE_SCHED_CLS'] }

scenario('a list gives its objects back from both ends', {
  shows,
  kernelTypes: true,
  // 4 stands before 1 2 3; 99: nothing is left
  expected: [[4, 3, 1, 2, 99]],
  run: ({ kernel }) => observe(kernel, ['list_ends'], 5),
})

scenario('the ends of a list can be looked at', {
  shows,
  kernelTypes: true,
  expected: [[7, 8]],
  run: ({ kernel }) => observe(kernel, ['list_look'], 2),
})

scenario('a tree is balanced as Linux balances it, and gives the smallest first', {
  shows,
  kernelTypes: true,
  // top, its two children, the four below, the smallest
  expected: [
    [0, 0, 0, 0, 0, 0, 0, 0],
    [27, 20, 50, 10, 25, 30, 80, 5],
    [5, 10, 20, 10, 25, 30, 80, 5],
    [27, 25, 50, 0, 26, 30, 80, 25],
  ],
  run: ({ kernel }) => observe(kernel, ['tree_grow', 'tree_shape', 'tree_take', 'tree_shape'], 8),
})

scenario('an object is in a list and in a tree at once', {
  shows,
  kernelTypes: true,
  expected: [[0, 0, 42]],
  run: ({ kernel }) => observe(kernel, ['two_owners'], 3),
})

scenario('a map value holds an object: exchanged, and read in place', {
  shows,
  kernelTypes: true,
  expected: [
    [0, 0],
    [0, 45],
    [168, 45],
  ],
  run: ({ kernel }) => observe(kernel, ['stash', 'stash', 'stash_read'], 2),
})

scenario('a map value holds an object with a copy for each CPU', {
  shows,
  kernelTypes: true,
  expected: [[5], [10]],
  run: ({ kernel }) => observe(kernel, ['percpu_count', 'percpu_count'], 1),
})

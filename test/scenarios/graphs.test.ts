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
    const { failed, seen } = object.map('.bss').lookup(0) as unknown as Seen
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

/** Numbers that look random and are the same every time. */
function* numbers(seed: number): Generator<number, never> {
  for (let n = seed; ; n = (n * 1103515245 + 12345) % 2147483648) yield n >> 8
}

scenario('keys that come and go leave a tree in the shape that Linux leaves it', {
  shows,
  kernelTypes: true,
  // ways from the top to each key that is left: 1, then 0 for left and 1 for right
  expected: [
    '0:1000 1:100 2:10010 3:1001 4:10011 6:10 7:10100 9:1010 11:101010 12:10101 13:101011 15:101',
    '17:1011000 18:101100 20:10110 25:101101 26:1011011 27:1011 30:1011100 31:101110 36:1011101 44:10111',
    '45:1011110 48:101111 49:1 54:11000 55:1100 57:11001 61:110 65:11010 67:1101 70:11 71:11100 75:1110',
    '76:111010 77:11101 79:1110110 80:111011 85:111 86:11110 87:1111 90:111110 92:11111 95:111111',
  ].join(' '),
  run: ({ kernel }) => {
    const bytes = readFileSync(new URL('programs/graphs.bpf.o', import.meta.url))
    using object = openObject(bytes, { name: 'graphs' }).load(kernel)
    const variables = object.map('.bss')
    const run = (name: string, ask: number) => {
      variables.update(0, { ...(variables.lookup(0) as object), ask })
      return progTestRun(kernel, object.program(name).fd, { dataIn: udpFrame() }).retval
    }
    const keys = new Set<number>()
    const random = numbers(1)
    for (let i = 0; i < 300; i++) {
      const key = random.next().value % 96
      const name = keys.has(key) ? 'tree_out' : 'tree_put'
      if (run(name, key) === 0 && name === 'tree_out') throw new Error(`${key} is lost`)
      if (!keys.delete(key)) keys.add(key)
    }
    return [...keys]
      .sort((a, b) => a - b)
      .map((key) => `${key}:${run('tree_way', key)?.toString(2)}`)
      .join(' ')
  },
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

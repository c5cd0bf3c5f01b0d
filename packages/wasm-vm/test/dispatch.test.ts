// SPDX-License-Identifier: GPL-2.0-only
/** The interpreter's speed rests on its switch being one jump table in the release build. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const BR_TABLE = 0x0e
const END = 0x0b
/** Operations of decoded programs: the table spans them all. */
const OPERATIONS = 0xc8
/** Interpreter, checked engine, stepper. */
const ENGINES = 3

function uleb(bytes: Uint8Array, start: number): { readonly value: number; readonly next: number } {
  let value = 0
  let next = start
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[next++] ?? 0
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  return { value, next }
}

/** Sizes of what reads as a br_table: a count, that many labels that could be, and the end of the block around it. */
function tables(bytes: Uint8Array): number[] {
  const sizes: number[] = []
  for (let at = bytes.indexOf(BR_TABLE); at >= 0; at = bytes.indexOf(BR_TABLE, at + 1)) {
    const { value: size, next } = uleb(bytes, at + 1)
    if (size < OPERATIONS / 2 || size > OPERATIONS * 2) continue
    let end = next
    let plausible = true
    for (let i = 0; i <= size && plausible; i++) {
      const label = uleb(bytes, end)
      end = label.next
      plausible = label.value <= size
    }
    if (plausible && bytes[end] === END) sizes.push(size)
  }
  return sizes
}

test('each engine has one table over all operations', () => {
  const bytes = readFileSync(new URL('../build/skep.wasm', import.meta.url))
  expect(tables(bytes).filter((size) => size >= OPERATIONS)).toHaveLength(ENGINES)
})

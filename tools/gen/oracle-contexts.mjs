// SPDX-License-Identifier: BSD-2-Clause
import { contextOf, ROW_SETS, rowFor } from './context-tables.mjs'
import { readMatrix, tally } from './oracle-read.mjs'

function acceptedOffsets(ranges) {
  const offsets = new Set()
  for (const [first, last] of ranges ?? []) for (let offset = first; offset <= last; offset++) offsets.add(offset)
  return offsets
}

export function compareContexts(path) {
  const matrix = readMatrix(path)
  const { result, cell, skip } = tally()
  for (const variant of matrix.variants) {
    const context = contextOf(variant.pt, variant.eat)
    for (const op of ['R', 'X', 'T']) {
      for (const size of [1, 2, 4, 8]) {
        if (!context) {
          skip(matrix.max_off)
          continue
        }
        const theirs = acceptedOffsets(variant.acc[op + size])
        for (let offset = 0; offset < matrix.max_off; offset++) {
          const ours = rowFor(ROW_SETS[context.set], offset, size, op !== 'R') !== undefined
          cell(
            ours === theirs.has(offset),
            () => `${variant.v} ${op}${size} at ${offset}: ${ours} here, ${!ours} there`,
          )
        }
      }
    }
  }
  return result
}

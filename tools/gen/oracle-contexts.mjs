// SPDX-License-Identifier: BSD-2-Clause
import { LEGACY_PACKET_LOADS, PACKET_ACCESS } from '../../spec/contexts.mjs'
import { contextOf, ROW_SETS, rowFor } from './context-tables.mjs'
import { number } from './numbers.mjs'
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

/** Direct and legacy packet access. Programs without packet pointers fail either way. */
export function comparePackets(path) {
  const matrix = readMatrix(path)
  const { result, cell } = tally()
  const sockopt = number('BPF_PROG_TYPE_CGROUP_SOCKOPT') // reads its pointers from other fields than the recording tried
  for (const [label, answer] of Object.entries(matrix.pkt)) {
    const [variant, op] = label.split(' ')
    const type = Number(variant.split('/')[0])
    const access = type === sockopt ? '' : (PACKET_ACCESS.find(([name]) => number(name) === type)?.[1] ?? '')
    const ours = access.split(' ').includes(op === 'R' ? 'read' : 'write')
    cell(ours === answer.startsWith('0'), () => `packet ${label}: ${ours} here, ${answer} there`)
  }
  for (const [variant, answer] of Object.entries(matrix.ld_abs)) {
    const ours = LEGACY_PACKET_LOADS.some((name) => number(name) === Number(variant.split('/')[0]))
    cell(ours === answer.startsWith('0'), () => `legacy load ${variant}: ${ours} here, ${answer} there`)
  }
  return result
}

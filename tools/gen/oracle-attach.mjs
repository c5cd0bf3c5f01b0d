// SPDX-License-Identifier: BSD-2-Clause
import { LOAD_ATTACH_TYPES } from '../../spec/attach.mjs'
import { RETURN_RANGES } from '../../spec/return-ranges.mjs'
import { attachType, number, progType } from './numbers.mjs'
import { readMatrix, tally } from './oracle-read.mjs'

const EINVAL = -22
const SLEEPABLE_PLAIN = new Set([number('BPF_PROG_TYPE_KPROBE'), number('BPF_PROG_TYPE_SYSCALL')])
// Types for which that kernel refuses before or after these rules: no target given, trampolines forbidden, not built in.
const OUT_OF_SCOPE = new Set(
  ['TRACING', 'STRUCT_OPS', 'EXT', 'LSM', 'LIRC_MODE2', 'UNSPEC'].map((name) => number(`BPF_PROG_TYPE_${name}`)),
)

function accepted(type, attach) {
  const row = LOAD_ATTACH_TYPES.find(([name, by]) => progType(name) === type && by === 'load')
  if (!row) return attach
  const fixed = attach === 0 ? attachType(row[2]) : attach
  return row[3].map(attachType).includes(fixed) ? fixed : null
}

function range(type, attach) {
  const row = RETURN_RANGES.find(
    ([name, , , list]) => progType(name) === type && (list === null || list.map(attachType).includes(attach)),
  )
  return row ? [row[1], row[2]] : [-Infinity, Infinity]
}

export function compareAttach(path) {
  const matrix = readMatrix(path)
  const { result, cell, skip } = tally()
  for (const [rows, sleepable] of [
    [matrix.plain, false],
    [matrix.sleepable, true],
  ]) {
    for (const { pt, eat, r } of rows) {
      if (OUT_OF_SCOPE.has(pt) || pt >= number('__MAX_BPF_PROG_TYPE')) {
        skip(Object.keys(r).length)
        continue
      }
      const attach = accepted(pt, eat)
      const may = sleepable ? SLEEPABLE_PLAIN.has(pt) : pt !== number('BPF_PROG_TYPE_SYSCALL')
      const [min, max] = attach === null ? [0, -1] : range(pt, attach)
      for (const [value, errno] of Object.entries(r)) {
        const ours = attach !== null && may && Number(value) >= min && Number(value) <= max ? 0 : EINVAL
        cell(
          ours === errno,
          () => `type ${pt} attach ${eat}${sleepable ? ' sleepable' : ''} r0 ${value}: ${ours} here, ${errno} there`,
        )
      }
    }
  }
  for (const { m } of matrix.btf) skip(m.length)
  return result
}

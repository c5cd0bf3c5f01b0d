// SPDX-License-Identifier: BSD-2-Clause
import { ERRNOS } from '../../spec/errno.mjs'
import { CREATE_RULES, compatible } from './map-tables.mjs'
import { number } from './numbers.mjs'
import { readMatrix, tally } from './oracle-read.mjs'

const errno = Object.fromEntries(ERRNOS)
const PAGE = 4096
// Types that the recording could not create by attributes alone.
const OUT_OF_SCOPE = new Set([number('BPF_MAP_TYPE_STRUCT_OPS')])
const LRU = new Set([number('BPF_MAP_TYPE_LRU_HASH'), number('BPF_MAP_TYPE_LRU_PERCPU_HASH')])
const CGROUP_STORAGE = new Set([number('BPF_MAP_TYPE_CGROUP_STORAGE'), number('BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE')])
const STORAGE = ['SK', 'INODE', 'TASK', 'CGRP'].map((name) => number(`BPF_MAP_TYPE_${name}_STORAGE`))

function check({ min, max, above, multiple, unit }, value, cpus) {
  if (value < min || value % multiple !== 0) return -errno.EINVAL
  if (unit === 'page') return value % PAGE === 0 && (value & (value - 1)) === 0 ? 0 : -errno.EINVAL
  if (value > (unit === 'cpus' ? cpus : max)) return -errno[above]
  return 0
}

/** The answer where several limits are broken: EINVAL first, but cgroup storage stops at the first. */
function answer(type, errors) {
  if (CGROUP_STORAGE.has(type)) return errors.find((error) => error !== 0) ?? 0
  return errors.find((error) => error === -errno.EINVAL) ?? errors.find((error) => error !== 0) ?? 0
}

function flagsError(rule, flags) {
  if (LRU.has(rule.type) && flags & number('BPF_F_NO_PREALLOC')) return -errno.ENOTSUPP
  return flags & ~rule.flags || (flags & rule.required) !== rule.required ? -errno.EINVAL : 0
}

function compareCreate(rows, { cell, skip }) {
  for (const [type, key, value, entries, flags, recorded] of rows) {
    const rule = CREATE_RULES.find((one) => one.type === type)
    if (OUT_OF_SCOPE.has(type)) {
      skip()
      continue
    }
    // The recording gave local storage an int as its value type, so that other sizes fail.
    const typed = STORAGE.includes(type) && value !== 4 && value <= rule.value.max ? -errno.EINVAL : 0
    const ours = rule
      ? answer(type, [
          check(rule.key, key, 0),
          check(rule.value, value, 0),
          flagsError(rule, flags),
          check(rule.entries, entries, 1024),
          typed,
        ])
      : -errno.EINVAL
    cell(
      ours === recorded,
      () =>
        `create type ${type} key ${key} value ${value} entries ${entries} flags ${flags}: ${ours} here, ${recorded} there`,
    )
  }
}

function compareFlags(rows, { cell, skip }) {
  for (const [type, flags, recorded] of rows) {
    const rule = CREATE_RULES.find((one) => one.type === type)
    if (OUT_OF_SCOPE.has(type)) {
      skip()
      continue
    }
    const ours = rule ? flagsError(rule, flags) : -errno.EINVAL
    cell(ours === recorded, () => `flags type ${type} ${flags.toString(16)}: ${ours} here, ${recorded} there`)
  }
}

function compareFunctions(rows, { cell, skip }) {
  for (const [label, byMap] of Object.entries(rows)) {
    const helper = Number(label.split('#')[1])
    for (const [map, answer] of Object.entries(byMap)) {
      // Any other text is of a check that comes before this one.
      const refused = answer === 'C' || answer.includes('expected prog array')
      if (!refused && answer !== 'A') {
        skip()
        continue
      }
      const ours = compatible(Number(map), helper)
      cell(ours === !refused, () => `helper ${label} map ${map}: ${ours} here, ${answer} there`)
    }
  }
}

export function compareMaps(path) {
  const matrix = readMatrix(path)
  const count = tally()
  compareCreate(matrix.map_create, count)
  compareFlags(matrix.map_flags, count)
  compareFunctions(matrix.map_func.rows, count)
  return count.result
}

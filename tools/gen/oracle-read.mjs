// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

export function readMatrix(path) {
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8'))
}

/** Counts cells; keeps a line for each that differs. */
export function tally() {
  const result = { equal: 0, cells: 0, skipped: 0, divergences: [] }
  return {
    result,
    cell(equal, describe) {
      result.cells++
      if (equal) result.equal++
      else result.divergences.push(describe())
    },
    skip(count = 1) {
      result.skipped += count
    },
  }
}

/** What a variant's name such as \`26/28:bpf_iter_tcp\` says about the target, in the words of PROGRAM_KINDS. */
export function hookOf(variant) {
  const target = variant.split(':')[1] ?? ''
  if (target === 'bpf_iter_tcp') return 'iter: tcp, unix'
  if (target === 'tcp_congestion_ops') return 'struct_ops: tcp_congestion_ops'
  if (target === 'bpf_dummy_ops') return 'struct_ops: bpf_dummy_ops'
  return ''
}

// SPDX-License-Identifier: BSD-2-Clause
import { FUNC_COUNT, kindOf, PROTOS } from './helper-tables.mjs'
import { number } from './numbers.mjs'
import { hookOf, readMatrix, tally } from './oracle-read.mjs'

// The letters of the matrix: A and Y usable, N not available, G GPL only, P not allowed there, S might sleep.
const SLEEPABLE = 0x10

/** The predicates of prototypes for the programs of the matrix: none is attached to a function or hook on a list. */
function allowed(proto, type, attach) {
  const predicate = proto.attrs.find((attr) => attr.startsWith('allowed:'))
  const raw = attach === 23 || attach === 28
  if (predicate === 'allowed:d_path') return type === 26 && attach === 28
  if (predicate === 'allowed:sk_storage') return type === 26 && raw
  return predicate === undefined
}

function letter(kind, id, variant, gpl) {
  const entry = kind.helpers[id] ?? 0
  if (entry === 0) return 'N'
  const proto = PROTOS[(entry & 0x3fff) - 1]
  if (proto.attrs.includes('gpl') && !gpl) return 'G'
  if (!allowed(proto, variant.pt, variant.eat)) return 'P'
  if (proto.attrs.includes('sleep') && !(variant.flags & SLEEPABLE)) return 'S'
  return 'usable'
}

export function compareHelpers(path) {
  const { result, cell, skip } = tally()
  for (const variant of readMatrix(path).variants) {
    const kind = kindOf(variant.pt, variant.eat, (variant.flags & SLEEPABLE) !== 0, hookOf(variant.v))
    for (const license of ['gpl', 'nongpl']) {
      // A struct_ops program without a GPL-compatible licence is refused before its calls are looked at.
      if (license === 'nongpl' && variant.pt === number('BPF_PROG_TYPE_STRUCT_OPS')) {
        skip(variant[license].length)
        continue
      }
      for (let id = 0; id < variant[license].length; id++) {
        const recorded = variant[license][id]
        const ours = letter(kind, id < FUNC_COUNT ? id : 0, variant, license === 'gpl')
        const theirs = recorded === 'A' || recorded === 'Y' ? 'usable' : recorded
        cell(ours === theirs, () => `${variant.v} ${license} helper ${id}: ${ours} here, ${recorded} there`)
      }
    }
  }
  return result
}

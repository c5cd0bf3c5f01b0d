// SPDX-License-Identifier: BSD-2-Clause
// Kernel functions with rules of their own and what iterators pass, as lists of names in linear memory.

import { FUNCTION_SETS, ITER_ARGS, RAW_TP_NULL_ARGS } from '../../spec/attach-targets.mjs'
import * as as from './assemblyscript.mjs'
import { generated, VM } from './files.mjs'

const words = (text) => text.trim().split(/\s+/)
const text = (name) => [...new TextEncoder().encode(name), 0]
const KINDS = { ro: 2, rw: 3 }

function rawTracepoints() {
  const rows = words(RAW_TP_NULL_ARGS).map((row) => row.split(':'))
  const bytes = rows.flatMap(([name, mask]) => {
    const value = Number.parseInt(mask, 16)
    return [...text(name), value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]
  })
  return `// Tracepoints whose arguments may be NULL or an error: name, zero, u32 of four bits an argument (1 NULL, 2 error); an
// empty name ends the list.
${as.data('RAW_TP_NULL_ARGS', 'u8', [...bytes, 0], 32)}`
}

function iterators() {
  const bytes = Object.entries(ITER_ARGS).flatMap(([target, args]) => {
    const list = words(args).map((arg) => arg.split(':'))
    const body = list.flatMap(([number, what]) => {
      const trusted = what.endsWith('+')
      const kind = KINDS[what] ?? (trusted ? 1 : 0)
      return [Number(number), kind, ...text(kind > 1 ? '' : what.replace('+', ''))]
    })
    return [...text(target), list.length, ...body]
  })
  return `// What iterators pass besides meta: target, zero, number of arguments, and for each its number, its kind (0 structure,
// 1 trusted structure, 2 buffer to read, 3 buffer to read and write), the structure's name, zero. An empty target ends it.
${as.data('ITER_ARGS', 'u8', [...bytes, 0], 32)}`
}

export function attachTargetOutputs() {
  const sets = Object.entries(FUNCTION_SETS).map(([name, list]) =>
    as.data(`SET_${name}`, 'u8', [...words(list).flatMap(text), 0], 32),
  )
  const body = [
    rawTracepoints(),
    iterators(),
    '// Sets of functions: names, each ended by a zero; an empty one ends the set.',
    ...sets,
  ].join('\n\n')
  const from = 'bpf_lsm.c, btf.c, verifier.c and the iterators of Linux 6.18'
  return [generated(`${VM}/attach-targets.gen.ts`, 'attach-targets', from, body)]
}

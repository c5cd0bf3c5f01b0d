// SPDX-License-Identifier: BSD-2-Clause
// Context access rows in the form that generators and the oracle check share.
import { CONTEXTS, POINTED_STRUCTS } from '../../spec/contexts.mjs'
import { attachType, number, progType, typeWord } from './numbers.mjs'

function sizes(text) {
  return [...text].reduce((mask, digit) => mask | Number(digit), 0)
}

function parseRow([from, to, loads, stores, unit, type, fields]) {
  const [words, btf = ''] = type.split('@')
  return { from, to, loads: sizes(loads), stores: sizes(stores), unit, type: typeWord(words), text: type, btf, fields }
}

/** One entry for each context and program type, the ones with attach types first. */
export const CONTEXT_KINDS = CONTEXTS.flatMap((context, set) =>
  context.programs.map(([type, attach]) => ({
    type: progType(type),
    attach: attach?.map(attachType) ?? null,
    struct: context.struct,
    set,
  })),
).sort((a, b) => a.type - b.type || Number(a.attach === null) - Number(b.attach === null))

/** Sets of rows: the contexts', then those of the structures that are pointed to. */
export const ROW_SETS = [...CONTEXTS, ...POINTED_STRUCTS].map(({ rows }) => rows.map(parseRow))

export const POINTED = POINTED_STRUCTS.map(({ type, struct }, i) => ({
  type: number(type),
  name: type,
  struct,
  set: CONTEXTS.length + i,
}))

export function contextOf(type, attach) {
  return CONTEXT_KINDS.find((kind) => kind.type === type && (kind.attach === null || kind.attach.includes(attach)))
}

/** The row that accepts an access, if there is one. */
export function rowFor(rows, offset, size, store) {
  return rows.find(
    (row) =>
      offset >= row.from &&
      offset + size <= row.to &&
      offset % size === 0 &&
      ((store ? row.stores : row.loads) & size) !== 0,
  )
}

// SPDX-License-Identifier: BSD-2-Clause
// Context accesses: rows for core and static data for the virtual kernel.
import { LEGACY_PACKET_LOADS, PACKET_ACCESS } from '../../spec/contexts.mjs'
import * as as from './assemblyscript.mjs'
import { CONTEXT_KINDS, POINTED, ROW_SETS } from './context-tables.mjs'
import { CORE, generated, VM } from './files.mjs'
import { blob, pack } from './helpers.mjs'
import { PROG_TYPE_COUNT, progType } from './numbers.mjs'
import { quote } from './typescript.mjs'

const SOURCE = 'is_valid_access functions and answers of Linux 6.18'
const ALL_ATTACH = 0xffffffffffffffffn
const BTF_NAMES = ['', ...new Set(ROW_SETS.flat().flatMap(({ btf }) => (btf ? [btf] : [])))]

const starts = ROW_SETS.map((_, set) => ROW_SETS.slice(0, set).reduce((sum, rows) => sum + rows.length, 0))

function mask(attach) {
  return attach === null ? ALL_ATTACH : attach.reduce((bits, n) => bits | (1n << BigInt(n)), 0n)
}

function perType(value) {
  return Array.from({ length: PROG_TYPE_COUNT }, (_, type) => value(type))
}

function asContexts() {
  const kinds = CONTEXT_KINDS.map(({ type, attach, set }) =>
    pack([
      [mask(attach), 8],
      [starts[set], 2],
      [ROW_SETS[set].length, 2],
      [type, 1],
      [0, 3],
    ]),
  )
  const rows = ROW_SETS.flat().map((row) =>
    pack([
      [row.from, 2],
      [row.to, 2],
      [row.loads, 1],
      [row.stores, 1],
      [row.unit, 1],
      [BTF_NAMES.indexOf(row.btf), 1],
      [row.type, 4],
    ]),
  )
  const pointed = POINTED.map(({ type, set }) =>
    pack([
      [type, 4],
      [starts[set], 2],
      [ROW_SETS[set].length, 2],
    ]),
  )
  const packet = perType((type) => {
    const row = PACKET_ACCESS.find(([name]) => progType(name) === type)
    return row ? (row[1] === 'read' ? 1 : 3) : 0
  })
  const legacy = perType((type) => Number(LEGACY_PACKET_LOADS.some((name) => progType(name) === type)))
  const btf = blob(BTF_NAMES)
  return `// Context accesses. CONTEXT_KINDS: CONTEXT_KIND_COUNT rows of CONTEXT_KIND__SIZE bytes, the first with the program's type and
// attach type counts; a type without one has its context checked by BTF (tracing, struct_ops, LSM, EXT).
//   0 u64  mask of expected_attach_type; all bits set: any, values over 63 too
//   8 u16  first row in CONTEXT_ROWS
//  10 u16  number of rows
//  12 u8   program type
// CONTEXT_ROWS: CONTEXT_ROW__SIZE bytes each. An access is accepted by the first row of the program with from <= offset,
// offset + size <= to, offset a multiple of size and (loads or stores) & size:
//   0 u16  from         2 u16  to (exclusive)
//   4 u8   loads: accepted sizes 1, 2, 4, 8 added up           5 u8   stores: the same
//   6 u8   ctx_field_size of narrower loads, 0 if none         7 u8   index into CONTEXT_BTF_NAMES, 0 none
//   8 u32  register type after the load: bpf_reg_type with bpf_type_flag
// POINTED_STRUCTS: rows of 8 bytes for structures behind pointers: u32 register type, u16 first row, u16 number of rows.
// PACKET_ACCESS: u8 by program type: 1 read, 3 read and write packets directly, 0 neither. LEGACY_PACKET_LOADS: u8 by program type.
${as.constant('CONTEXT_KIND_COUNT', kinds.length)}
${as.constant('CONTEXT_KIND__SIZE', 16)}
${as.constant('CONTEXT_KIND__attachMask', 0)}
${as.constant('CONTEXT_KIND__firstRow', 8)}
${as.constant('CONTEXT_KIND__rowCount', 10)}
${as.constant('CONTEXT_KIND__type', 12)}
${as.data('CONTEXT_KINDS', 'u8', kinds.flat(), 16)}

${as.constant('CONTEXT_ROW_COUNT', rows.length)}
${as.constant('CONTEXT_ROW__SIZE', 12)}
${as.constant('CONTEXT_ROW__from', 0)}
${as.constant('CONTEXT_ROW__to', 2)}
${as.constant('CONTEXT_ROW__loads', 4)}
${as.constant('CONTEXT_ROW__stores', 5)}
${as.constant('CONTEXT_ROW__unit', 6)}
${as.constant('CONTEXT_ROW__btf', 7)}
${as.constant('CONTEXT_ROW__type', 8)}
${as.data('CONTEXT_ROWS', 'u8', rows.flat(), 24)}

${as.constant('CONTEXT_BTF_NAME_COUNT', BTF_NAMES.length)}
${as.data('CONTEXT_BTF_NAME_OFFSETS', 'u16', btf.offsets)}
${as.data('CONTEXT_BTF_NAMES', 'u8', btf.bytes, 32)}

${as.constant('POINTED_STRUCT_COUNT', pointed.length)}
${as.constant('POINTED_STRUCT__SIZE', 8)}
${as.data('POINTED_STRUCTS', 'u8', pointed.flat(), 8)}

${as.data('PACKET_ACCESS', 'u8', packet)}
${as.data('LEGACY_PACKET_LOADS', 'u8', legacy)}`
}

function tsContexts() {
  const kinds = CONTEXT_KINDS.map(
    ({ type, attach, struct, set }) =>
      `  { type: ${type}, attachTypes: ${attach ? `[${attach.join(', ')}]` : 'null'}, struct: ${quote(struct)}, rows: ${set} },`,
  )
  const sets = ROW_SETS.map(
    (rows) =>
      `  [\n${rows.map((row) => `    { from: ${row.from}, to: ${row.to}, loads: ${row.loads}, stores: ${row.stores}, type: ${quote(row.text)} }, // ${row.fields}`).join('\n')}\n  ],`,
  )
  return `/** The context of a program. The first row with its type and attach type counts; a type without one is checked by BTF. */
export interface ContextKind {
  readonly type: number
  /** null: all others. */
  readonly attachTypes: readonly number[] | null
  /** C structure that the program sees, empty where it has none. */
  readonly struct: string
  /** Index into CONTEXT_ROWS. */
  readonly rows: number
}

/** An accepted access lies within from..to (exclusive), at a multiple of its size; loads and stores: accepted sizes added up. */
export interface ContextRow {
  readonly from: number
  readonly to: number
  readonly loads: number
  readonly stores: number
  /** Register type after the load. */
  readonly type: string
}

export const CONTEXT_KINDS: readonly ContextKind[] = [
${kinds.join('\n')}
]

export const CONTEXT_ROWS: readonly (readonly ContextRow[])[] = [
${sets.join('\n')}
]`
}

export function contextOutputs() {
  return [
    generated(`${CORE}/contexts.gen.ts`, 'contexts', SOURCE, tsContexts()),
    generated(`${VM}/contexts.gen.ts`, 'contexts', SOURCE, asContexts()),
  ]
}

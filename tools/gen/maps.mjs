// SPDX-License-Identifier: BSD-2-Clause
// Rules about maps: helpers that take them and attributes to create them with.
import { HELPER_MAPS, MAP_HELPERS, SOCKMAP_UPDATERS } from '../../spec/map-helpers.mjs'
import * as as from './assemblyscript.mjs'
import { CORE, generated, VM } from './files.mjs'
import { pack } from './helpers.mjs'
import { CREATE_RULES, HELPER_BIT_BYTES, helperBits } from './map-tables.mjs'
import { attachType, MAP_TYPE_COUNT, mapType, PROG_TYPE_COUNT, progType } from './numbers.mjs'
import { quote } from './typescript.mjs'

const SOURCE = 'kernel/bpf/verifier.c, syscall.c and map sources of Linux 6.18'
const CAPS = { '': 0, CAP_BPF: 1, CAP_NET_ADMIN: 2 }
const UNITS = { '': 0, page: 1, cpus: 2 }

function createRow({ cap, key, value, entries, required, flags }) {
  const bits = [key, value, entries].reduce((mask, { above }, i) => mask | (above === 'E2BIG' ? 1 << i : 0), 0)
  return pack([
    ...[key, value, entries].flatMap(({ min, max }) => [
      [min, 4],
      [max, 4],
    ]),
    [flags, 4],
    [required, 4],
    [key.multiple, 1],
    [value.multiple, 1],
    [UNITS[entries.unit], 1],
    [bits, 1],
    [CAPS[cap], 1],
    [0, 3],
  ])
}

function asMaps() {
  const updaters = Array.from({ length: PROG_TYPE_COUNT }, (_, type) => {
    const row = SOCKMAP_UPDATERS.find(([name]) => progType(name) === type)
    if (!row) return 0
    return (row[1] === 'both' ? 3 : 2) | (row[2] === 0 ? 0 : 4)
  })
  const rows = Array.from({ length: MAP_TYPE_COUNT }, (_, type) => {
    const rule = CREATE_RULES.find((one) => one.type === type)
    return rule ? createRow(rule) : new Array(40).fill(0)
  })
  return `// Maps and helpers. MAP_HELPER_BITS: MAP_HELPER_STRIDE bytes a map type, a bit for each helper id (lowest bit first): set where the
// map may be passed to the helper ("cannot pass map_type" otherwise).
// SOCKMAP_UPDATERS: u8 by program type, for map_update_elem and map_delete_elem on sockmap and sockhash: 1 may update, 2 may
// delete, 4 only with BPF_TRACE_ITER.
// MAP_CREATE_RULES: MAP_CREATE_RULE__SIZE bytes a map type; a type whose flags, sizes and limits are all 0 cannot be created:
//   0 u32  key_size: lowest, highest           8 u32  value_size: the same        16 u32  max_entries: the same
//  24 u32  flags that may be set               28 u32 flags that must be set
//  32 u8   key_size is a multiple of           33 u8  value_size is a multiple of
//  34 u8   max_entries: 1 a power of two and a multiple of the page size, 2 at most the possible CPUs
//  35 u8   above the highest: E2BIG instead of EINVAL for 1 key_size, 2 value_size, 4 max_entries
//       E2BIG comes after every EINVAL, but cgroup storage looks at key, value, flags and entries in this order
//  36 u8   capability: 0 none, 1 CAP_BPF, 2 CAP_NET_ADMIN
${as.constant('MAP_HELPER_STRIDE', HELPER_BIT_BYTES)}
${as.data('MAP_HELPER_BITS', 'u8', helperBits().flat(), HELPER_BIT_BYTES)}
${as.data('SOCKMAP_UPDATERS', 'u8', updaters)}

${as.constant('MAP_CREATE_RULE__SIZE', 40)}
${['keyMin', 'keyMax', 'valueMin', 'valueMax', 'entriesMin', 'entriesMax', 'flags', 'required'].map((name, i) => as.constant(`MAP_CREATE_RULE__${name}`, i * 4)).join('\n')}
${['keyMultiple', 'valueMultiple', 'entriesUnit', 'tooBig', 'cap'].map((name, i) => as.constant(`MAP_CREATE_RULE__${name}`, 32 + i)).join('\n')}
${as.data('MAP_CREATE_RULES', 'u8', rows.flat(), 40)}`
}

function tsMaps() {
  const size = ({ min, max, above, multiple, unit }) =>
    `{ min: ${min}, max: ${max}, above: ${quote(above)}, multiple: ${multiple}, unit: ${quote(unit)} }`
  const rules = CREATE_RULES.map(
    ({ type, name, cap, key, value, entries, required, flags }) =>
      `  { // ${name}\n    type: ${type}, cap: ${quote(cap)}, flags: 0x${flags.toString(16)}, required: 0x${required.toString(16)},\n    key: ${size(key)},\n    value: ${size(value)},\n    entries: ${size(entries)},\n  },`,
  )
  const helpers = MAP_HELPERS.map(
    ([type, names]) =>
      `  { type: ${mapType(type)}, helpers: [${names
        .split(' ')
        .map((name) => quote(`bpf_${name}`))
        .join(', ')}] }, // ${type}`,
  )
  const maps = HELPER_MAPS.map(
    ([helper, types]) => `  { helper: 'bpf_${helper}', types: [${types.split(' ').map(mapType).join(', ')}] },`,
  )
  const updaters = SOCKMAP_UPDATERS.map(
    ([type, what, attach]) =>
      `  { type: ${progType(type)}, update: ${what === 'both'}, attachType: ${attach === 0 ? 'null' : attachType(attach)} }, // ${type}`,
  )
  return `/** A limit of MAP_CREATE. \`above\`: errno for more than \`max\`; \`unit\` 'page': a power of two and a multiple of the page size. */
export interface SizeRule {
  readonly min: number
  readonly max: number
  readonly above: 'EINVAL' | 'E2BIG'
  readonly multiple: number
  readonly unit: '' | 'page' | 'cpus'
}

export interface MapCreateRule {
  readonly type: number
  /** Capability that the creator needs, empty where none. */
  readonly cap: '' | 'CAP_BPF' | 'CAP_NET_ADMIN'
  readonly flags: number
  readonly required: number
  readonly key: SizeRule
  readonly value: SizeRule
  readonly entries: SizeRule
}

export const MAP_CREATE_RULES: readonly MapCreateRule[] = [
${rules.join('\n')}
]

/** Map types that only these helpers take. */
export const MAP_HELPERS: readonly { readonly type: number; readonly helpers: readonly string[] }[] = [
${helpers.join('\n')}
]

/** Helpers that only take these map types. */
export const HELPER_MAPS: readonly { readonly helper: string; readonly types: readonly number[] }[] = [
${maps.join('\n')}
]

/** Program types that may delete from a sockmap or sockhash, and with \`update\` also update it. */
export const SOCKMAP_UPDATERS: readonly { readonly type: number; readonly update: boolean; readonly attachType: number | null }[] = [
${updaters.join('\n')}
]`
}

export function mapOutputs() {
  return [
    generated(`${CORE}/map-helpers.gen.ts`, 'map-helpers', SOURCE, tsMaps()),
    generated(`${VM}/map-helpers.gen.ts`, 'map-helpers', SOURCE, asMaps()),
  ]
}

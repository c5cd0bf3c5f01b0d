// SPDX-License-Identifier: BSD-2-Clause
// Map rules in the form that generators and the oracle check share.
import { HELPER_MAPS, MAP_CREATE, MAP_HELPERS } from '../../spec/map-helpers.mjs'
import { FUNC_COUNT } from './helper-tables.mjs'
import { MAP_TYPE_COUNT, mapType, number } from './numbers.mjs'

const NO_LIMIT = 0xffffffff

function helperId(name) {
  return number(`BPF_FUNC_${name}`)
}

const onlyHelpers = new Map(
  MAP_HELPERS.map(([type, helpers]) => [mapType(type), new Set(helpers.split(' ').map(helperId))]),
)
const onlyMaps = new Map(
  HELPER_MAPS.map(([helper, types]) => [helperId(helper), new Set(types.split(' ').map(mapType))]),
)

/** Whether a map may be passed to a helper; sockmap updates may still be refused for the program's type. */
export function compatible(map, helper) {
  return (onlyHelpers.get(map)?.has(helper) ?? true) && (onlyMaps.get(helper)?.has(map) ?? true)
}

/** A bit for each helper id, by map type: bytes, lowest bit first. */
export const HELPER_BIT_BYTES = Math.ceil(FUNC_COUNT / 8)
export function helperBits() {
  return Array.from({ length: MAP_TYPE_COUNT }, (_, map) => {
    const bytes = new Array(HELPER_BIT_BYTES).fill(0)
    for (let helper = 0; helper < FUNC_COUNT; helper++)
      if (compatible(map, helper)) bytes[helper >> 3] |= 1 << (helper & 7)
    return bytes
  })
}

/** `4`, `1..`, `5..260`, `1..512!`, `8..1016*8`, `1..cpus!`, `page`. */
export function parseSize(text) {
  if (text === 'page') return { min: 1, max: NO_LIMIT, above: 'EINVAL', multiple: 1, unit: 'page' }
  const [, low, range, high, big, multiple] = /^(\d+)(\.\.(\d+|cpus)?)?(!)?(?:\*(\d+))?$/.exec(text)
  const max = range === undefined ? Number(low) : high === undefined || high === 'cpus' ? NO_LIMIT : Number(high)
  return {
    min: Number(low),
    max,
    above: big ? 'E2BIG' : 'EINVAL',
    multiple: Number(multiple ?? 1),
    unit: high === 'cpus' ? 'cpus' : '',
  }
}

function flagBits(names) {
  return names
    .split(' ')
    .filter(Boolean)
    .reduce((bits, name) => bits | number(name), 0)
}

export const CREATE_RULES = MAP_CREATE.map(([type, cap, key, value, entries, required, flags]) => ({
  type: mapType(type),
  name: type,
  cap,
  key: parseSize(key),
  value: parseSize(value),
  entries: parseSize(entries),
  required: flagBits(required),
  flags: flagBits(flags) | flagBits(required),
}))

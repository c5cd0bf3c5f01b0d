// SPDX-License-Identifier: BSD-2-Clause
import type { Session } from './session.ts'

/** Series that a chart can hold; what has the greatest numbers counts. */
const MAX_SERIES = 64

/** The numbers in maps and variables as they are now, by `map[key].field`. */
export function sampleOf(session: Session): Record<string, number> {
  const found: [string, number][] = []
  for (const map of session.maps()) {
    for (const { key, numbers } of map.rows ?? []) {
      for (const [field, value] of Object.entries(numbers)) {
        found.push([`${map.name}[${key}]${field === 'value' ? '' : `.${field}`}`, value])
      }
    }
  }
  for (const { name, section, value } of session.variables()) {
    if (section.startsWith('.rodata')) continue
    const members = /^\{(.*)\}$/.exec(value)?.[1]?.split(', ') ?? [`: ${value}`]
    for (const member of members) {
      const [field, number] = member.split(': ')
      if (number !== undefined && /^-?\d+$/.test(number))
        found.push([field ? `${name}.${field}` : name, Number(number)])
    }
  }
  return Object.fromEntries(found.sort((a, b) => b[1] - a[1]).slice(0, MAX_SERIES))
}

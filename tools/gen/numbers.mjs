// SPDX-License-Identifier: BSD-2-Clause
// Numbers of the names that spec tables are written in.
import { UAPI_ENUMS } from '../../spec/uapi-enums.mjs'
import { VERIFIER_ENUMS } from '../../spec/verifier-types.mjs'

const values = new Map()
for (const { values: rows } of [...UAPI_ENUMS, ...VERIFIER_ENUMS]) {
  for (const [name, value] of rows) values.set(name, value)
}

/** Value of an enumerator; 0 stands for itself. */
export function number(name) {
  if (name === 0) return 0
  const value = values.get(name)
  if (value === undefined) throw new Error(`unknown name ${name}`)
  return value
}

export const progType = number
export const attachType = number
export const linkType = number
export const mapType = number

/** A type of the verifier: names joined by '|'. */
export function typeWord(text) {
  return text.split('|').reduce((word, name) => word + number(name.trim()), 0)
}

export const PROG_TYPE_COUNT = number('__MAX_BPF_PROG_TYPE')
export const MAP_TYPE_COUNT = number('__MAX_BPF_MAP_TYPE')

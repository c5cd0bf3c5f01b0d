// SPDX-License-Identifier: BSD-2-Clause
// Known divergences from Linux, for the scripts and tests that compare: what is not listed is a failure.
import { DIVERGENCES } from './divergences.gen.mjs'

export { DIVERGENCES }

/** Id of the divergence that explains a difference; undefined: it is a defect. `group` is the comparison's name. */
export function listed(group, where) {
  const row = `${group}: ${where}`
  return DIVERGENCES.find(({ rows }) => rows.some((pattern) => new RegExp(pattern).test(row)))?.id
}

const SAID = /^skep: unsupported: (.*)$/

/** Id of the entry for a message of the verifier that it has no verdict; undefined for any other message. */
export function listedUnsupported(message) {
  const what = SAID.exec(message)?.[1]
  if (what === undefined) return undefined
  return DIVERGENCES.find(({ unsupported }) => unsupported.some((text) => patternOf(text).test(what)))?.id
}

/** A format of the verifier as a pattern of what it prints. */
function patternOf(format) {
  const literal = (part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${format.split(/%[dS]/).map(literal).join('\\S+')}$`)
}

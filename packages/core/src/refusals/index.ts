// SPDX-License-Identifier: BSD-2-Clause
/**
 * The verifier's messages in plain words: problem, reason, suggestion. Entries are asked in turn, narrow patterns before
 * wide ones. A module of its own, so that whoever only loads programs does not read it.
 */
import { COMMON } from './common.ts'
import type { Explanation } from './explanation.ts'
import { KERNEL_OBJECTS } from './kernel-objects.ts'
import { MEMORY } from './memory.ts'
import { STRUCTURE } from './structure.ts'

export type { Explanation } from './explanation.ts'

export const EXPLANATIONS: readonly Explanation[] = [...KERNEL_OBJECTS, ...COMMON, ...MEMORY, ...STRUCTURE]

function explained(text: string): Explanation | undefined {
  for (const explanation of EXPLANATIONS) {
    const match = explanation.pattern.exec(text)
    if (!match) continue
    return { ...explanation, problem: explanation.problem.replace(/\$(\d)/g, (_, n) => match[Number(n)] ?? 'it') }
  }
  return undefined
}

/** Lines at the end of a log among which the message of a refusal is. */
const TAIL = 8

/**
 * The explanation of a message of the verifier, its problem filled in with what the message says. The log adds what the
 * lines before the last one say: some refusals have two, and some are followed by states.
 */
export function explainRefusal(message: string, log = ''): Explanation | undefined {
  const tail = () => log.trimEnd().split('\n').slice(-TAIL).join('\n')
  const short = explained(message)
  if (!log) return short
  const long = explained(tail())
  return !short || long?.id === short.id ? long : short
}

/** An entry by its name. */
export function explanationOf(id: string): Explanation | undefined {
  return EXPLANATIONS.find((explanation) => explanation.id === id)
}

// SPDX-License-Identifier: BSD-2-Clause
import { RuleError } from '../errors/index.ts'
import { isCall, type Slot } from '../object/slots.ts'
import { checkLoadAttachType, progTypeName } from './attach.ts'
import { type HelperUser, helperProto } from './helpers.ts'
import { checkHelperLicense } from './license.ts'

/** Helper numbers that the instructions call, each once, ascending. */
export function calledHelpers(slots: readonly Slot[]): number[] {
  const found = new Set(slots.filter((slot) => isCall(slot) && slot.src === 0).map((slot) => slot.imm))
  return [...found].sort((a, b) => a - b)
}

/**
 * What can be said of a program without a kernel: would Linux take its attach type, and its licence for the helpers that
 * it calls?
 *
 * @throws RuleError that says what would be accepted
 */
export function checkProgram(
  program: HelperUser & { readonly name: string },
  license: string,
  slots: readonly Slot[],
): void {
  if (program.type === 0) throw new RuleError(`check '${program.name}': its program type is not set`)
  checkLoadAttachType(program.type, program.expectedAttachType)
  for (const helper of calledHelpers(slots)) {
    const proto = helperProto(program, helper)
    if (proto) checkHelperLicense(license, helper, proto.gplOnly)
  }
}

/** The rule that a program breaks, undefined if none is known. */
export function brokenRule(
  program: HelperUser & { readonly name: string },
  license: string,
  slots: readonly Slot[],
): RuleError | undefined {
  try {
    checkProgram(program, license, slots)
    return undefined
  } catch (error) {
    if (error instanceof RuleError) return error
    throw new RuleError(`check '${program.name}' of type ${progTypeName(program.type)}`, { cause: error })
  }
}

// SPDX-License-Identifier: BSD-2-Clause
import { RuleError } from '../errors/index.ts'
import { GPL_COMPATIBLE_LICENSES } from '../gen/license.gen.ts'
import { FUNC_ID_NAMES } from '../gen/uapi-enums.gen.ts'

/** Whether the kernel lets a program under this licence call GPL-only helpers. The text is compared whole. */
export function isGplCompatible(license: string): boolean {
  return GPL_COMPATIBLE_LICENSES.includes(license)
}

/** The licences that count as compatible, as they stand in an error. */
function accepted(): string {
  return GPL_COMPATIBLE_LICENSES.map((license) => `"${license}"`).join(', ')
}

/**
 * Refuses a helper that the licence does not allow.
 * @throws RuleError that names the licences which would do
 */
export function checkHelperLicense(license: string, helper: number, gplOnly: boolean): void {
  if (!gplOnly || isGplCompatible(license)) return
  const name = FUNC_ID_NAMES[helper] ?? `helper ${helper}`
  const given = license === '' ? 'no licence' : `licence "${license}"`
  throw new RuleError(
    `check licence: ${name} is for GPL-compatible programs and this one has ${given}: ${accepted()} are accepted`,
  )
}

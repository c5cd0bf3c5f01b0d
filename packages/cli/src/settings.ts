// SPDX-License-Identifier: BSD-2-Clause
import type { ObjectSpec } from '@skep/core'
import { UsageError } from './exit.ts'

/** A value of `--set NAME=VALUE`: a number, true or false, or text in quotes; JSON for structures and arrays. */
export function parseSettingValue(text: string): unknown {
  if (/^[-+]?(0x[0-9a-f]+|\d+)$/i.test(text)) {
    const negative = text.startsWith('-')
    const digits = BigInt(text.replace(/^[-+]/, ''))
    return negative ? -digits : digits
  }
  if (text === 'true' || text === 'false') return text === 'true'
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A global variable or constant and the value that it gets. */
export type Setting = readonly [name: string, value: unknown]

/** Reads `--set NAME=VALUE` options. */
export function parseSettings(settings: readonly string[]): Setting[] {
  return settings.map((setting) => {
    const equals = setting.indexOf('=')
    if (equals < 1) throw new UsageError(`--set "${setting}": NAME=VALUE is expected`)
    return [setting.slice(0, equals), parseSettingValue(setting.slice(equals + 1))]
  })
}

/** Sets them in an object. */
export function applySettings(object: ObjectSpec, settings: readonly Setting[]): void {
  for (const [name, value] of settings) object.setVariable(name, value as Parameters<ObjectSpec['setVariable']>[1])
}

/** Collects an option that may be given many times. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

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

/** Applies `--set NAME=VALUE` options to the global variables and constants of an object. */
export function applySettings(object: ObjectSpec, settings: readonly string[]): void {
  for (const setting of settings) {
    const equals = setting.indexOf('=')
    if (equals < 1) throw new UsageError(`--set "${setting}": NAME=VALUE is expected`)
    const value = parseSettingValue(setting.slice(equals + 1))
    object.setVariable(setting.slice(0, equals), value as Parameters<ObjectSpec['setVariable']>[1])
  }
}

/** Collects an option that may be given many times. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

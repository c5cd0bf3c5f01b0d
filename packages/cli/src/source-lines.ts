// SPDX-License-Identifier: BSD-2-Clause
import type { FunctionSpec } from '@skep/core'

/** `file:line: text` of each slot of a function at which a C line begins, by the object's line information. */
export function lineTexts(fn: FunctionSpec): Map<number, string> {
  const texts = new Map<number, string>()
  for (const { slot, file, line, text } of fn.lineInfo) {
    if (line) texts.set(slot, `${file.split('/').at(-1)}:${line}: ${text.trim()}`)
  }
  return texts
}

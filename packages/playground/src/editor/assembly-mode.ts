// SPDX-License-Identifier: BSD-2-Clause
import type { StreamParser } from '@codemirror/language'
import { MNEMONIC_NAMES } from '@skep/core/isa'

const KEYWORDS = new Set(['if', 'goto', 'gotol', 'call', 'exit', 'lock', 'll', 'may_goto', ...MNEMONIC_NAMES])
const TYPES = new Set(['u8', 'u16', 'u32', 'u64', 's8', 's16', 's32', 's64', 'skb'])

export const assemblyMode: StreamParser<null> = {
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null
    if (stream.match(/#.*|\/\/.*/)) return 'comment'
    if (stream.match(/"(?:[^"\\]|\\.)*"?/)) return 'string'
    if (stream.match(/%?[rw](?:10|\d)\b/)) return 'variableName'
    if (stream.match(/0x[0-9a-f]+|\d+/i)) return 'number'
    if (stream.match(/\.[\w.]+/)) return 'meta'
    const word = stream.match(/[A-Za-z_$][\w.$]*/) as RegExpMatchArray | null
    if (word) {
      if (KEYWORDS.has(word[0])) return 'keyword'
      if (TYPES.has(word[0])) return 'typeName'
      return 'labelName'
    }
    stream.next()
    return null
  },
}

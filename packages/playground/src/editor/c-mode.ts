// SPDX-License-Identifier: BSD-2-Clause
import type { StreamParser } from '@codemirror/language'

const KEYWORDS =
  /^(?:if|else|for|while|do|return|switch|case|break|continue|default|goto|static|const|volatile|struct|enum|union|sizeof|inline|extern|typedef)\b/
const TYPES = /^(?:int|long|char|short|unsigned|signed|void|bool|__[us](?:8|16|32|64))\b/

interface State {
  inComment: boolean
}

export const cMode: StreamParser<State> = {
  startState: () => ({ inComment: false }),
  token(stream, state) {
    if (state.inComment || stream.match('/*')) {
      state.inComment = !stream.match(/.*?\*\//)
      if (state.inComment) stream.skipToEnd()
      return 'comment'
    }
    if (stream.eatSpace()) return null
    if (stream.match(/\/\/.*/)) return 'comment'
    if (stream.match(/"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?/)) return 'string'
    if (stream.match(/#\w+/)) return 'meta'
    if (stream.match(/0x[0-9a-f]+|\d+/i)) return 'number'
    if (stream.match(KEYWORDS)) return 'keyword'
    if (stream.match(TYPES)) return 'typeName'
    if (stream.match(/[A-Za-z_]\w*/)) return null
    stream.next()
    return null
  },
}

// SPDX-License-Identifier: BSD-2-Clause
/** Colours for text that is only read: C lines and instructions. The editor has its own. */

export interface Span {
  readonly text: string
  readonly kind: 'plain' | 'comment' | 'string' | 'keyword' | 'type' | 'number' | 'register' | 'name' | 'macro'
}

const C_TOKENS =
  /(\/\*.*?\*\/|\/\/.*|\/\*.*$|^ \*(?: .*|\/)?$)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|<[\w/]+\.h>)|\b(if|else|for|while|do|return|switch|case|break|continue|default|goto|static|const|volatile|struct|enum|union|sizeof|inline|extern|typedef)\b|\b(int|long|char|short|unsigned|signed|void|bool|__u8|__u16|__u32|__u64|__s32|__s64)\b|\b(0x[0-9a-fA-F]+|\d+)\b|\b([A-Z][A-Z0-9_]{2,})\b|^(#\w+)/g

const C_KINDS: readonly Span['kind'][] = ['comment', 'string', 'keyword', 'type', 'number', 'macro', 'keyword']

const INSN_TOKENS =
  /\b([rw]\d+)\b|\b(call|goto|gotol|exit|if|lock|may_goto)\b|\b(u8|u16|u32|u64|s8|s16|s32|s64|skb|map|func|be16|be32|be64|le16|le32|le64)\b|(0x[0-9a-f]+|(?<![\w.])[+-]?\d+)\b/g

const INSN_KINDS: readonly Span['kind'][] = ['register', 'keyword', 'type', 'number']

function split(text: string, pattern: RegExp, kinds: readonly Span['kind'][]): Span[] {
  const spans: Span[] = []
  let last = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index > last) spans.push({ text: text.slice(last, match.index), kind: 'plain' })
    const group = match.slice(1).findIndex((part) => part !== undefined)
    spans.push({ text: match[0], kind: kinds[group] ?? 'plain' })
    last = match.index + match[0].length
  }
  if (last < text.length) spans.push({ text: text.slice(last), kind: 'plain' })
  return spans
}

export function highlightC(line: string): Span[] {
  return split(line, C_TOKENS, C_KINDS)
}

export function highlightInsn(text: string): Span[] {
  return split(text, INSN_TOKENS, INSN_KINDS)
}

// SPDX-License-Identifier: BSD-2-Clause
/** What can be completed in assembly: instructions, helpers after `call`, labels after `goto`, directives. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { FUNC_ID_NAMES } from '@skep/core/uapi'

const HELPERS: readonly Completion[] = FUNC_ID_NAMES.flatMap((name, id) =>
  id > 0 && name ? [{ label: name, type: 'function', detail: `#${id}` }] : [],
)

const INSTRUCTIONS: readonly Completion[] = [
  ['r0 = 0', 'set a register to a number'],
  ['r6 = r1', 'copy a register'],
  ['r1 += r2', 'add'],
  ['r0 = *(u32 *)(r1 + 0)', 'load from memory'],
  ['*(u64 *)(r10 - 8) = r1', 'store to memory'],
  ['*(u32 *)(r10 - 4) = 0', 'store a number'],
  ['lock *(u64 *)(r1 + 0) += r2', 'add atomically'],
  ['r1 = 0 ll', 'load 64 bits'],
  ['if r0 == 0 goto ', 'jump if equal'],
  ['if r1 > r2 goto ', 'jump if greater, unsigned'],
  ['if r1 s> r2 goto ', 'jump if greater, signed'],
  ['goto ', 'jump'],
  ['call ', 'call a helper or a function'],
  ['r0 = *(u16 *)skb[12]', 'load from the packet, network byte order'],
  ['r1 = be16 r1', 'swap to network byte order'],
  ['exit', 'return r0'],
].map(([label, detail]) => ({ label: label!, detail: detail!, type: 'keyword' }))

const SECTIONS: readonly Completion[] = [
  'xdp',
  'tc',
  'socket',
  'cgroup/bind4',
  'tracepoint/raw_syscalls/sys_enter',
  'license',
].map((name) => ({
  label: `.section ${name},"${name === 'license' ? 'aw' : 'ax'}",@progbits`,
  type: 'namespace',
}))

const DIRECTIVES: readonly Completion[] = ['.globl ', '.type ', '.asciz ', '.long ', '.quad '].map((label) => ({
  label,
  type: 'namespace',
}))

function labelsIn(text: string): Completion[] {
  return [...text.matchAll(/^\s*([A-Za-z_.$][\w.$]*):/gm)].map(([, label]) => ({ label: label!, type: 'constant' }))
}

export function completeAssembly(context: CompletionContext): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos)
  const before = line.text.slice(0, context.pos - line.from)
  const call = /\bcall\s+(\w*)$/.exec(before)
  if (call)
    return { from: context.pos - call[1]!.length, options: [...HELPERS, ...labelsIn(context.state.doc.toString())] }
  const jump = /\bgotol?\s+([\w.$]*)$/.exec(before)
  if (jump) return { from: context.pos - jump[1]!.length, options: labelsIn(context.state.doc.toString()) }
  const directive = /^\s*(\.[\w.]*)$/.exec(before)
  if (directive) return { from: context.pos - directive[1]!.length, options: [...SECTIONS, ...DIRECTIVES] }
  const word = /^\s*(\S*)$/.exec(before)
  if (word && (word[1] !== '' || context.explicit)) {
    return { from: context.pos - word[1]!.length, options: [...INSTRUCTIONS, ...SECTIONS] }
  }
  return null
}

// SPDX-License-Identifier: BSD-2-Clause
import { program, select, selected } from '../state/document.ts'

const INSN = /^(\d+): \(/

function Line({ text }: { text: string }) {
  const insn = INSN.exec(text)?.[1]
  if (insn === undefined) return <span class={text.startsWith(';') ? 't-comment' : undefined}>{`${text}\n`}</span>
  const slot = Number(insn)
  return (
    <button
      type="button"
      tabIndex={-1}
      class={slot === selected.value ? 'log-line selected' : 'log-line'}
      onClick={() => select(slot)}
    >
      {text}
    </button>
  )
}

/** Lines beyond which the log is shown without links. */
const MAX_LINES = 3000

/** The log as Linux prints it. Its instructions lead to the listing. */
export function LogPanel() {
  const log = program.value?.log ?? ''
  if (log === '') return <p class="empty">The program did not reach the verifier: {program.value?.message}</p>
  const lines = log.trimEnd().split('\n')
  return (
    <pre class="log scroll" role="region" tabIndex={0} aria-label="Log of the verifier">
      {lines.length > MAX_LINES ? log : lines.map((line, i) => <Line key={i} text={line} />)}
    </pre>
  )
}

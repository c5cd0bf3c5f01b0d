// SPDX-License-Identifier: BSD-2-Clause
import { exampleOf } from '../content/examples.ts'
import { document as current, opened, opening, program, programName, refusal, showProgram } from '../state/document.ts'
import { tab } from '../state/view.ts'

function Verdict() {
  const view = program.value
  if (opening.value) return <span class="verdict plain">Verifying…</span>
  if (!view) return null
  if (view.verdict === 'accept') {
    return (
      <span class="verdict good">
        <b>Accepted</b> {view.processedInsns ?? view.insns.length} instructions walked in{' '}
        {view.verificationMs.toFixed(1)} ms
      </span>
    )
  }
  return (
    <button type="button" class="verdict bad" onClick={() => (tab.value = 'why')}>
      <b>{view.verdict === 'reject' ? 'Refused' : 'Not supported yet'}</b> {view.errnoName}:{' '}
      {refusal.value?.message.split('\n').at(-1)}
    </button>
  )
}

export function ProgramBar() {
  const programs = opened.value?.programs ?? []
  const doc = current.value
  const summary = doc?.kind === 'example' ? exampleOf(doc.folder)?.summary : undefined
  return (
    <div class="program-bar">
      {summary && <p class="summary">{summary}</p>}
      <div class="programs" role="group" aria-label="Programs of the object">
        {programs.map(({ name, section, verdict }) => (
          <button
            key={name}
            type="button"
            class="program"
            aria-pressed={program.value?.name === name}
            onClick={() => {
              programName.value = ''
              showProgram(name)
            }}
          >
            <i class={verdict === 'accept' ? 'dot good' : 'dot bad'} aria-hidden="true" />
            {name} <small>{section}</small>
          </button>
        ))}
      </div>
      <div role="status" aria-live="polite" class="verdict-place">
        <Verdict />
      </div>
    </div>
  )
}

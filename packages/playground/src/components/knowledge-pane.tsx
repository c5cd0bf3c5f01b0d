// SPDX-License-Identifier: BSD-2-Clause
import { knowledge, opening, program, refusal, select, selected, visitIndex, visits } from '../state/document.ts'
import { type ProofRow, proofRows } from '../state/proofs.ts'
import { isStepping, step } from '../state/step.ts'
import type { Path, Visit } from '../verifier/log.ts'
import { trail } from '../verifier/log.ts'

function PathName({ path }: { path: Path | undefined }) {
  if (!path || path.from === undefined) return <>straight from the start</>
  return (
    <>
      branching off at{' '}
      <button type="button" class="link" onClick={() => select(path.from!)}>
        {path.from} → {path.to}
      </button>
    </>
  )
}

function Paths({ visit }: { visit: Visit }) {
  const all = visits.value
  const index = all.indexOf(visit)
  const { paths } = knowledge.value
  return (
    <div class="paths">
      <button
        type="button"
        aria-label="Previous path"
        disabled={index <= 0}
        onClick={() => (visitIndex.value = index - 1)}
      >
        ‹
      </button>
      <span>
        path {index + 1} of {all.length}, <PathName path={paths[visit.path]} />
      </span>
      <button
        type="button"
        aria-label="Next path"
        disabled={index >= all.length - 1}
        onClick={() => (visitIndex.value = index + 1)}
      >
        ›
      </button>
    </div>
  )
}

const MARKS = { agrees: '✓', outside: '✗', unknown: '' } as const

function Rows({ rows, caption }: { rows: readonly ProofRow[]; caption: string }) {
  const hasNow = isStepping.value && rows.some(({ now }) => now !== undefined)
  return (
    <table class="proofs">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Place</th>
          <th scope="col">Proved</th>
          {hasNow && <th scope="col">Now</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.place} class={[row.changed && 'changed', row.agreement].filter(Boolean).join(' ')}>
            <th scope="row">{row.place}</th>
            <td title={row.raw}>
              {row.words}
              <small>{row.raw === row.words ? '' : row.raw}</small>
            </td>
            {hasNow && (
              <td class="now">
                {row.now}{' '}
                {row.agreement && row.agreement !== 'unknown' && (
                  <span class={`mark ${row.agreement}`}>
                    {MARKS[row.agreement]}
                    <span class="visually-hidden">
                      {row.agreement === 'agrees' ? 'as proved' : 'outside of what was proved'}
                    </span>
                  </span>
                )}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Trail({ visit }: { visit: Visit }) {
  const steps = trail(knowledge.value, visit.path)
  const end = steps.lastIndexOf(visit)
  const order = program.value?.insns.map(({ slot }) => slot) ?? []
  const isJump = (from: number, to: number) => order.indexOf(to) !== order.indexOf(from) + 1
  const jumps = steps.slice(0, end + 1).filter((step, i, all) => i > 0 && isJump(all[i - 1]!.insn, step.insn))
  if (jumps.length === 0) return null
  return (
    <p class="trail">
      Way here: {steps[0]!.insn}
      {jumps.slice(0, 24).map((step, i) => {
        const before = steps[steps.indexOf(step) - 1]!
        return (
          <span key={`${i}-${step.insn}`}>
            {' … '}
            <button type="button" class="link" onClick={() => select(before.insn)}>
              {before.insn}
            </button>
            {' → '}
            <button type="button" class="link" onClick={() => select(step.insn)}>
              {step.insn}
            </button>
          </span>
        )
      })}
      {jumps.length > 24 && ' …'}
    </p>
  )
}

function Knowledge({ visit }: { visit: Visit }) {
  const { before, after } = proofRows(visit)
  const stops = refusal.value && program.value?.insn === visit.insn && visit.after === undefined
  return (
    <>
      <Paths visit={visit} />
      <Rows rows={before} caption={`Before instruction ${visit.insn}`} />
      {stops && (
        <p class="banner bad">
          Here the verifier stopped: <b>{refusal.value!.message}</b>
        </p>
      )}
      {after.length > 0 && <Rows rows={after} caption="What it changes" />}
      <Trail visit={visit} />
    </>
  )
}

function Nothing() {
  const view = program.value
  if (!view) return <p class="empty">{opening.value ? 'Loading…' : 'Nothing is known.'}</p>
  if (view.log === '') return <p class="empty">The verifier did not come so far: {view.message}</p>
  if (view.verdict !== 'accept') {
    return <p class="empty">The verifier stopped before any path reached instruction {selected.value}.</p>
  }
  return (
    <p class="empty">
      No path that the verifier walked reaches instruction {selected.value}. In an accepted program that is dead code,
      and the kernel takes it out.
    </p>
  )
}

export function KnowledgePane() {
  const visit = visits.value[visitIndex.value] ?? visits.value[0]
  const outside = step.value && visit && proofRows(visit).before.some(({ agreement }) => agreement === 'outside')
  return (
    <section class="pane knowledge" aria-labelledby="knowledge-title" data-tour="knowledge">
      <h2 id="knowledge-title">
        What the verifier knows <small>at {selected.value}</small>
      </h2>
      <div class="scroll">
        {outside && (
          <p class="banner bad" role="alert">
            A value lies outside of what was proved: a defect of the verifier.
          </p>
        )}
        {visit ? <Knowledge visit={visit} /> : <Nothing />}
      </div>
    </section>
  )
}

// SPDX-License-Identifier: BSD-2-Clause
import { lazy, Suspense } from 'preact/compat'
import { highlightC } from '../content/highlight.ts'
import { document as current, select } from '../state/document.ts'
import {
  currentFile,
  linesOfFile,
  type SourceLine,
  selectedLine,
  steppedLine,
  toggleLineBreakpoint,
} from '../state/source.ts'
import { useInView } from './in-view.ts'
import { Spans } from './spans.tsx'

const Editor = lazy(() => import('./editor.tsx'))

function Line({ line }: { line: SourceLine }) {
  const isSelected = selectedLine.value === line.number
  const isStepped = steppedLine.value === line.number
  const ref = useInView<HTMLLIElement>(isSelected)
  const classes = ['line', isSelected && 'selected', isStepped && 'stepped', line.wrong && 'wrong', line.gap && 'gap']
  const spans = <Spans spans={highlightC(line.text || ' ')} />
  return (
    <li ref={ref} class={classes.filter(Boolean).join(' ')}>
      {line.slots.length > 0 ? (
        <button
          type="button"
          class="breakpoint"
          aria-pressed={line.hasBreakpoint}
          aria-label={`Breakpoint at line ${line.number}`}
          tabIndex={isSelected ? 0 : -1}
          onClick={() => toggleLineBreakpoint(line)}
        />
      ) : (
        <span class="breakpoint none" />
      )}
      <span class="number">{line.number}</span>
      {line.slots.length > 0 ? (
        <button
          type="button"
          class="text"
          aria-current={isSelected ? 'true' : undefined}
          onClick={() => select(line.slots[0]!)}
        >
          {spans}
        </button>
      ) : (
        <span class="text">{spans}</span>
      )}
    </li>
  )
}

function Listing() {
  const lines = linesOfFile.value
  if (lines.length === 0) {
    return (
      <p class="empty">
        The object says nothing of its source: it was built without line information (<code>-g</code>).
      </p>
    )
  }
  return (
    <ol class="lines" aria-label="Source lines">
      {lines.map((line) => (
        <Line key={line.number} line={line} />
      ))}
    </ol>
  )
}

export function SourcePane() {
  const doc = current.value
  const isText = doc?.kind === 'assembly' || doc?.kind === 'c'
  return (
    <section class="pane source" aria-labelledby="source-title">
      <h2 id="source-title">
        {isText ? 'Editor' : 'Source'} <small>{isText ? '' : currentFile.value}</small>
      </h2>
      <div class="scroll">
        {isText ? (
          <Suspense fallback={<p class="empty">Loading the editor…</p>}>
            <Editor key={doc.kind} language={doc.kind} initial={doc.text} />
          </Suspense>
        ) : (
          <Listing />
        )}
      </div>
    </section>
  )
}

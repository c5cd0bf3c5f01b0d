// SPDX-License-Identifier: BSD-2-Clause
import { highlightInsn } from '../content/highlight.ts'
import type { InsnView, ProgramView } from '../protocol.ts'
import { knowledge, opening, program, select, selected } from '../state/document.ts'
import { selectedLine } from '../state/source.ts'
import { hasBreakpoint, step, toggleBreakpoint } from '../state/step.ts'
import { showBytes } from '../state/view.ts'
import { useInView } from './in-view.ts'
import { Spans } from './spans.tsx'

function lineOf(view: ProgramView, slot: number): number | undefined {
  return view.lines.findLast((line) => line.slot <= slot)?.line
}

function Row({ insn, view }: { insn: InsnView; view: ProgramView }) {
  const { slot } = insn
  const isSelected = selected.value === slot
  const isStepped = step.value?.slot === slot && step.value.program === view.name
  const isWrong = view.verdict !== 'accept' && view.insn === slot
  const isSibling = !isSelected && selectedLine.value !== undefined && lineOf(view, slot) === selectedLine.value
  const isUnseen = view.verdict === 'accept' && !knowledge.value.byInsn.has(slot)
  const ref = useInView<HTMLLIElement>(isSelected || isStepped)
  const classes = [
    'line',
    isSelected && 'selected',
    isStepped && 'stepped',
    isWrong && 'wrong',
    isSibling && 'sibling',
    isUnseen && 'unseen',
  ]
  const isOn = hasBreakpoint(view.name, slot)
  return (
    <li ref={ref} class={classes.filter(Boolean).join(' ')}>
      <button
        type="button"
        class="breakpoint"
        aria-pressed={isOn}
        aria-label={`Breakpoint at instruction ${slot}`}
        tabIndex={isSelected ? 0 : -1}
        onClick={() => toggleBreakpoint(view.name, slot)}
      />
      <span class="number">{slot}</span>
      {showBytes.value && <code class="bytes">{insn.bytes}</code>}
      <button
        type="button"
        class="text"
        data-slot={slot}
        tabIndex={isSelected ? 0 : -1}
        aria-current={isSelected ? 'true' : undefined}
        title={isUnseen ? 'No path reaches it: the kernel takes it out' : undefined}
        onClick={() => select(slot)}
      >
        <Spans spans={highlightInsn(insn.text)} />
        {insn.target !== undefined && (
          <span class="target">
            → {insn.target}
            {insn.refers ? ` ${insn.refers}` : ''}
          </span>
        )}
      </button>
    </li>
  )
}

/** Arrow keys move the selection, as in a list. */
function onKeyDown(event: KeyboardEvent): void {
  const move = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key]
  const view = program.value
  if (!view || !move || event.altKey || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  const index = view.insns.findIndex(({ slot }) => slot === selected.value)
  const next = view.insns[Math.min(Math.max(index + move, 0), view.insns.length - 1)]
  if (!next) return
  select(next.slot)
  const list = event.currentTarget as HTMLElement
  requestAnimationFrame(() => list.querySelector<HTMLElement>(`[data-slot="${next.slot}"]`)?.focus())
}

function Listing({ view }: { view: ProgramView }) {
  return (
    <ol class="lines code" aria-label="Instructions" onKeyDown={onKeyDown}>
      {view.insns.map((insn) => {
        const fn = view.functions.length > 1 ? view.functions.find(({ start }) => start === insn.slot) : undefined
        return [
          fn && (
            <li key={`f${fn.name}`} class="function">
              {fn.name}
            </li>
          ),
          <Row key={insn.slot} insn={insn} view={view} />,
        ]
      })}
    </ol>
  )
}

export function CodePane() {
  const view = program.value
  return (
    <section class="pane code" aria-labelledby="code-title" data-tour="code">
      <h2 id="code-title">
        Instructions <small>{view ? `${view.insns.length}` : ''}</small>
        <label class="check">
          <input
            type="checkbox"
            checked={showBytes.value}
            onChange={(event) => (showBytes.value = event.currentTarget.checked)}
          />
          encoding
        </label>
      </h2>
      <div class="scroll">
        {view ? <Listing view={view} /> : <p class="empty">{opening.value ? 'Loading…' : 'No program.'}</p>}
      </div>
    </section>
  )
}

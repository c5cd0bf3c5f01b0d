// SPDX-License-Identifier: BSD-2-Clause
import { useEffect, useRef } from 'preact/hooks'
import { TOUR, type TourStep } from '../content/tour.ts'
import { document as current, program, select } from '../state/document.ts'
import { pick } from '../state/navigation.ts'
import { chosenInput, run } from '../state/run.ts'
import { startStepping } from '../state/step.ts'
import { route, tab, tourStep } from '../state/view.ts'

async function prepare({ example, tab: wanted, act }: TourStep): Promise<void> {
  route.value = { page: 'work' }
  const doc = current.value
  if (doc?.kind !== 'example' || doc.folder !== example) await pick(example)
  tab.value = wanted
  if (act === 'run') await run()
  else if (act === 'step') {
    // A TCP packet: the program counts it.
    chosenInput.value = 2
    await startStepping(11)
  } else if (act === 'select-null-check') {
    const check = program.value?.insns.find(({ text }) => text.startsWith('if r0 == 0x0'))
    if (check) select(check.slot)
  }
}

function spotlight(selector: string): () => void {
  const element = document.querySelector(selector)
  element?.classList.add('spotlight')
  element?.scrollIntoView({ block: 'nearest' })
  return () => element?.classList.remove('spotlight')
}

export function Tour() {
  const index = tourStep.value ?? 0
  const step = TOUR[index]!
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let clear = () => {}
    let gone = false
    void prepare(step).then(() => {
      if (!gone) clear = spotlight(step.target)
    })
    box.current?.focus()
    return () => {
      gone = true
      clear()
    }
  }, [index])
  const isLast = index === TOUR.length - 1
  const close = () => {
    tourStep.value = undefined
  }
  return (
    <div
      ref={box}
      class="tour"
      role="dialog"
      aria-labelledby="tour-title"
      aria-describedby="tour-text"
      tabIndex={-1}
      onKeyDown={(event) => event.key === 'Escape' && close()}
    >
      <h2 id="tour-title">{step.title}</h2>
      <p id="tour-text">{step.text}</p>
      <div class="toolbar">
        <small>
          {index + 1} of {TOUR.length}
        </small>
        <span class="spacer" />
        <button type="button" class="quiet" onClick={close}>
          {isLast ? 'Close' : 'Leave the tour'}
        </button>
        <button type="button" disabled={index === 0} onClick={() => (tourStep.value = index - 1)}>
          Back
        </button>
        {!isLast && (
          <button type="button" class="primary" onClick={() => (tourStep.value = index + 1)}>
            Next
          </button>
        )}
      </div>
    </div>
  )
}

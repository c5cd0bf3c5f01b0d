// SPDX-License-Identifier: BSD-2-Clause
import type { StepAction, StepState } from '../protocol.ts'
import { breakpoints, doStep, stepTo, stopStepping } from '../state/step.ts'

interface Control {
  readonly action: StepAction
  readonly label: string
  readonly sign: string
  readonly title: string
}

const BACK: readonly Control[] = [
  { action: 'start', label: 'To the start', sign: '|◀', title: 'Back to the first instruction (Home)' },
  { action: 'back-continue', label: 'Back to a breakpoint', sign: '◀◀', title: 'Back to the breakpoint before' },
  { action: 'back-line', label: 'Back a line', sign: '⇤', title: 'Back to the C line before' },
  { action: 'back-over', label: 'Back over', sign: '↶', title: 'Back, over what was called (P)' },
  { action: 'back', label: 'Back', sign: '◀', title: 'Take one instruction back (B)' },
]

const FORWARD: readonly Control[] = [
  { action: 'into', label: 'Into', sign: '▶', title: 'One instruction, into what it calls (N)' },
  { action: 'over', label: 'Over', sign: '↷', title: 'One instruction, over what it calls (O)' },
  { action: 'out', label: 'Out', sign: '↥', title: 'On until this function returns (U)' },
  { action: 'line', label: 'Line', sign: '⇥', title: 'On to the next C line (L)' },
  { action: 'continue', label: 'Continue', sign: '▶▶', title: 'On to a breakpoint or the end (C)' },
  { action: 'end', label: 'To the end', sign: '▶|', title: 'On to the end (End)' },
]

function Buttons({ controls, disabled }: { controls: readonly Control[]; disabled: boolean }) {
  return (
    <>
      {controls
        .filter(({ action }) => breakpoints.value.length > 0 || action !== 'back-continue')
        .map(({ action, label, sign, title }) => (
          <button
            key={action}
            type="button"
            class="step-button"
            title={title}
            disabled={disabled}
            onClick={() => void doStep(action)}
          >
            <i aria-hidden="true">{sign}</i>
            {label}
          </button>
        ))}
    </>
  )
}

export function StepControls({ state }: { state: StepState }) {
  return (
    <div class="toolbar step-controls">
      <Buttons controls={BACK} disabled={state.position === 0} />
      <span class="position" role="status">
        step <b>{state.position}</b>
        {state.length !== undefined && ` of ${state.length}`}
      </span>
      <Buttons controls={FORWARD} disabled={state.atEnd} />
      {state.length !== undefined && (
        <input
          type="range"
          class="timeline"
          aria-label="Position in the run"
          min={0}
          max={state.length}
          value={state.position}
          onInput={(event) => void stepTo(event.currentTarget.valueAsNumber)}
        />
      )}
      <button type="button" class="quiet" onClick={() => void stopStepping()}>
        End stepping
      </button>
    </div>
  )
}

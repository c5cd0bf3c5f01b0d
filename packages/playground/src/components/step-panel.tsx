// SPDX-License-Identifier: BSD-2-Clause

import { layersOf } from '../packet/decode.ts'
import { program } from '../state/document.ts'
import { formatValue } from '../state/proofs.ts'
import { chosenInput } from '../state/run.ts'
import { breakpoints, isStepping, startStepping, step, stepProblem, toggleBreakpoint } from '../state/step.ts'
import { CallChain } from './call-chain.tsx'
import { HexView } from './hex-view.tsx'
import { MapTable } from './map-table.tsx'
import { Registers } from './registers.tsx'
import { StepControls } from './step-controls.tsx'
import { Variables } from './variables.tsx'
import { Watches } from './watches.tsx'

const TRAPS: Readonly<Record<number, string>> = {
  1: 'an instruction that does not exist',
  2: 'an access outside of what the program may touch',
  3: 'too many instructions',
  4: 'the stack ran over',
  5: 'a call that leads nowhere',
}

function Start() {
  const input = program.value?.input === 'packet' ? ` with packet ${chosenInput.value + 1}` : ''
  return (
    <div class="empty">
      <p>Execute the program instruction by instruction, forward and backward{input}.</p>
      <button type="button" class="primary" onClick={() => void startStepping()}>
        Start stepping
      </button>
    </div>
  )
}

function Breakpoints() {
  if (breakpoints.value.length === 0) return null
  return (
    <section aria-label="Breakpoints">
      <h3>Breakpoints</h3>
      <ul class="chips">
        {breakpoints.value.map(({ program: name, slot }) => (
          <li key={`${name}${slot}`}>
            {name} {slot}{' '}
            <button
              type="button"
              class="quiet"
              aria-label={`Remove the breakpoint at ${slot}`}
              onClick={() => toggleBreakpoint(name, slot)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function End() {
  const state = step.value
  if (!state?.atEnd) return null
  if (state.trap) {
    return (
      <p class="banner bad" role="alert">
        The checked engine stopped the program: {TRAPS[state.trap] ?? `trap ${state.trap}`}. The verifier had accepted
        it: a defect.
      </p>
    )
  }
  return (
    <p class="banner good" role="status">
      Returned {formatValue(state.r0 ?? 0n)}
      {state.verdict ? `: ${state.verdict}` : ''} after {state.length} instructions.
    </p>
  )
}

export function StepPanel() {
  const state = step.value
  return (
    <div class="step">
      {stepProblem.value && (
        <p class="banner bad" role="alert">
          {stepProblem.value}
        </p>
      )}
      {!isStepping.value && <Start />}
      {state && (
        <>
          <StepControls state={state} />
          <End />
          <div class="columns three">
            <div>
              {!state.atEnd && <Registers state={state} />}
              <Breakpoints />
              <Watches />
            </div>
            <div>
              <CallChain frames={state.frames} />
              {state.packet && (
                <section aria-label="Packet">
                  <h3>
                    Packet <small>{formatValue(state.packet.address)}</small>
                  </h3>
                  <HexView
                    bytes={state.packet.bytes}
                    layers={layersOf(state.packet.bytes)}
                    label="Bytes of the packet now"
                  />
                </section>
              )}
            </div>
            <div>
              {state.maps.map((map) => (
                <MapTable key={map.name} map={map} />
              ))}
              <Variables variables={state.variables} />
              {state.trace && <pre class="trace">{state.trace.replace(/^ +/gm, '')}</pre>}
            </div>
          </div>
        </>
      )}
    </div>
  )
}

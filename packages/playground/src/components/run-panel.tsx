// SPDX-License-Identifier: BSD-2-Clause
import { program } from '../state/document.ts'
import { continuous, keepRunning, report, run, running, runProblem, startOver, stopRunaway } from '../state/run.ts'
import { AddressInput } from './address-input.tsx'
import { ContextInput } from './context-input.tsx'
import { EventInput } from './event-input.tsx'
import { PacketList } from './packet-list.tsx'
import { Results } from './results.tsx'
import { Trace } from './trace.tsx'
import { WorldControls } from './world-controls.tsx'

const INPUTS = { packet: PacketList, address: AddressInput, event: EventInput, context: ContextInput } as const

export function RunPanel() {
  const view = program.value
  if (!view) return null
  const Input = INPUTS[view.input]
  return (
    <div class="run">
      <div class="toolbar">
        <button type="button" class="primary" disabled={running.value && !continuous.value} onClick={() => void run()}>
          Run
        </button>
        {running.value && !continuous.value && (
          <button type="button" onClick={stopRunaway}>
            Stop the kernel
          </button>
        )}
        <button type="button" aria-pressed={continuous.value} onClick={() => void keepRunning(!continuous.value)}>
          {continuous.value ? 'Stop' : 'Keep running'}
        </button>
        <button type="button" onClick={() => void startOver()}>
          Start over
        </button>
        <WorldControls />
        {report.value && <span class="figure">{report.value.elapsedMs.toFixed(1)} ms</span>}
      </div>
      {runProblem.value && (
        <p class="banner bad" role="alert">
          {runProblem.value}
        </p>
      )}
      <div class="columns">
        <section aria-label="Inputs">
          <Input />
        </section>
        <section aria-label="Results">
          <Results />
          <Trace />
        </section>
      </div>
    </div>
  )
}

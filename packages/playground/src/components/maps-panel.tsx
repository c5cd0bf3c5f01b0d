// SPDX-License-Identifier: BSD-2-Clause
import { lazy, Suspense } from 'preact/compat'
import { continuous, keepRunning, maps, samples, variables } from '../state/run.ts'
import { MapTable } from './map-table.tsx'
import { Variables } from './variables.tsx'

const Chart = lazy(() => import('./chart.tsx'))

export function MapsPanel() {
  return (
    <div class="maps">
      <div class="toolbar">
        <button type="button" aria-pressed={continuous.value} onClick={() => void keepRunning(!continuous.value)}>
          {continuous.value ? 'Stop' : 'Keep running'}
        </button>
        <span class="hint">The chart follows the numbers in the maps, input by input.</span>
      </div>
      <div class="columns">
        <div>
          {maps.value.length === 0 && variables.value.length === 0 && <p class="empty">This object has no maps.</p>}
          {maps.value.map((map) => (
            <MapTable key={map.name} map={map} />
          ))}
          <Variables variables={variables.value} />
        </div>
        <div>
          {samples.value.length === 0 ? (
            <p class="empty">Run the program: its numbers are drawn here.</p>
          ) : (
            <Suspense fallback={<p class="empty">Loading the chart…</p>}>
              <Chart />
            </Suspense>
          )}
        </div>
      </div>
    </div>
  )
}

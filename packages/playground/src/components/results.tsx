// SPDX-License-Identifier: BSD-2-Clause
import { chosenInput, maps, report, variables } from '../state/run.ts'
import { MapTable } from './map-table.tsx'
import { PacketDiff } from './packet-diff.tsx'
import { Variables } from './variables.tsx'

function Summary() {
  const counts = new Map<string, { count: number; tone: string }>()
  for (const { verdict, tone } of report.value?.results ?? []) {
    counts.set(verdict, { count: (counts.get(verdict)?.count ?? 0) + 1, tone })
  }
  return (
    <p class="summary" role="status">
      {[...counts].map(([verdict, { count, tone }]) => (
        <span key={verdict} class={`verdict ${tone}`}>
          {count} × {verdict}
        </span>
      ))}
    </p>
  )
}

function Chosen() {
  const result = report.value?.results[chosenInput.value] ?? report.value?.results[0]
  if (!result) return null
  if (result.problem) return <p class="banner bad">{result.problem}</p>
  if (!result.dataIn || !result.dataOut) return null
  return <PacketDiff number={result.input + 1} before={result.dataIn} after={result.dataOut} />
}

export function Results() {
  if (!report.value) return <p class="empty">Nothing has run yet.</p>
  return (
    <>
      <Summary />
      {maps.value.map((map) => (
        <MapTable key={map.name} map={map} />
      ))}
      <Variables variables={variables.value} />
      <Chosen />
    </>
  )
}

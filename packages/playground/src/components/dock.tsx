// SPDX-License-Identifier: BSD-2-Clause
import { program, refusal } from '../state/document.ts'
import { maps } from '../state/run.ts'
import { step } from '../state/step.ts'
import { type Tab, tab } from '../state/view.ts'
import { EnginesPanel } from './engines-panel.tsx'
import { LogPanel } from './log-panel.tsx'
import { MapsPanel } from './maps-panel.tsx'
import { RunPanel } from './run-panel.tsx'
import { StepPanel } from './step-panel.tsx'
import { WhyPanel } from './why-panel.tsx'

interface TabEntry {
  readonly id: Tab
  readonly title: string
  readonly count?: number | undefined
}

function tabs(): TabEntry[] {
  const accepted = program.value?.verdict === 'accept'
  return [
    ...(refusal.value ? [{ id: 'why' as const, title: 'Why refused' }] : []),
    ...(accepted
      ? [
          { id: 'run' as const, title: 'Run' },
          { id: 'step' as const, title: 'Step', count: step.value?.position },
          { id: 'maps' as const, title: 'Maps', count: maps.value.length || undefined },
          { id: 'engines' as const, title: 'Engines' },
        ]
      : []),
    { id: 'log', title: 'Verifier log' },
  ]
}

const PANELS = {
  why: WhyPanel,
  run: RunPanel,
  step: StepPanel,
  maps: MapsPanel,
  engines: EnginesPanel,
  log: LogPanel,
} as const

function onKeyDown(event: KeyboardEvent): void {
  const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!move) return
  event.preventDefault()
  const all = tabs()
  const index = all.findIndex(({ id }) => id === tab.value)
  const next = all[(index + move + all.length) % all.length]!
  tab.value = next.id
  document.getElementById(`tab-${next.id}`)?.focus()
}

export function Dock() {
  const all = tabs()
  const active = all.find(({ id }) => id === tab.value) ?? all[0]!
  const Panel = PANELS[active.id]
  return (
    <section class="dock" data-tour="dock" aria-label="Tools">
      <div class="tabs" role="tablist" aria-label="Tools" onKeyDown={onKeyDown}>
        {all.map(({ id, title, count }) => (
          <button
            key={id}
            id={`tab-${id}`}
            type="button"
            role="tab"
            aria-selected={id === active.id}
            aria-controls="panel"
            tabIndex={id === active.id ? 0 : -1}
            onClick={() => (tab.value = id)}
          >
            {title}
            {count !== undefined && <small>{count}</small>}
          </button>
        ))}
      </div>
      <div id="panel" class="panel" role="tabpanel" aria-labelledby={`tab-${active.id}`} tabIndex={0}>
        <Panel />
      </div>
    </section>
  )
}

// SPDX-License-Identifier: BSD-2-Clause
import type { StepAction } from '../protocol.ts'
import { program, selected } from './document.ts'
import { run } from './run.ts'
import { doStep, toggleBreakpoint } from './step.ts'
import { showKeys, tab } from './view.ts'

export interface Shortcut {
  readonly key: string
  readonly title: string
  act(): void
}

const step = (key: string, title: string, action: StepAction): Shortcut => ({
  key,
  title,
  act: () => {
    if (program.value?.verdict !== 'accept') return
    tab.value = 'step'
    void doStep(action)
  },
})

export const SHORTCUTS: readonly Shortcut[] = [
  {
    key: 'r',
    title: 'Run',
    act: () => {
      if (program.value?.verdict !== 'accept') return
      tab.value = 'run'
      void run()
    },
  },
  step('n', 'Step into', 'into'),
  step('o', 'Step over', 'over'),
  step('u', 'Step out', 'out'),
  step('l', 'Next C line', 'line'),
  step('c', 'Continue to a breakpoint', 'continue'),
  step('b', 'Step back', 'back'),
  step('p', 'Step back over', 'back-over'),
  step('Home', 'Back to the start', 'start'),
  step('End', 'On to the end', 'end'),
  {
    key: 't',
    title: 'Breakpoint at the selected instruction',
    act: () => {
      if (program.value) toggleBreakpoint(program.value.name, selected.value)
    },
  },
  {
    key: '?',
    title: 'This list',
    act: () => {
      showKeys.value = true
    },
  },
]

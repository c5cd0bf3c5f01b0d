// SPDX-License-Identifier: BSD-2-Clause
/** The guided tour: what to look at, and what is done before it is shown. */
import { exampleOf } from './examples.ts'

export interface TourStep {
  readonly title: string
  readonly text: string
  /** CSS selector of what it speaks of. */
  readonly target: string
  /** Example that must be open, and the tab in view. */
  readonly example: string
  readonly tab: 'run' | 'step' | 'why' | 'maps'
  readonly act?: 'run' | 'step' | 'select-null-check'
}

export const TOUR: readonly TourStep[] = [
  {
    title: 'A program and its machine',
    text: 'BPF programs are small programs that run inside of the Linux kernel. This page holds such a kernel: it loads, verifies and runs them here, in your browser. We begin with a socket filter that counts bytes per protocol.',
    target: '[data-tour="picker"]',
    example: 'sockex1',
    tab: 'run',
  },
  {
    title: 'From C to instructions',
    text: 'On the left the C source, in the middle the instructions that the compiler made of it. Select a line or an instruction: what belongs together lights up.',
    target: '[data-tour="code"]',
    example: 'sockex1',
    tab: 'run',
  },
  {
    title: 'What the verifier knows',
    text: 'Before a program may run, the verifier walks every path and keeps track of what each register can hold. Here r0 came out of a lookup: it is the address of a value, or null. After the comparison the two paths know which.',
    target: '[data-tour="knowledge"]',
    example: 'sockex1',
    tab: 'run',
    act: 'select-null-check',
  },
  {
    title: 'Run it',
    text: 'Twelve frames of a capture go through the filter. Below are its answers, and the map in which it counts.',
    target: '[data-tour="dock"]',
    example: 'sockex1',
    tab: 'run',
    act: 'run',
  },
  {
    title: 'Step it, forward and backward',
    text: 'Each press of “Into” executes one instruction; “Back” takes it back. Next to what was proved stands what the register really holds now.',
    target: '[data-tour="dock"]',
    example: 'sockex1',
    tab: 'step',
    act: 'step',
  },
  {
    title: 'And a refusal',
    text: 'This program forgets the comparison with null. The verifier refuses it: here is why, along which path, and what it would accept. Every other mistake in the list has such a page.',
    target: '[data-tour="dock"]',
    example: 'refused/null-check',
    tab: 'why',
  },
]

for (const { example } of TOUR) if (!exampleOf(example)) throw new Error(`tour: no example ${example}`)

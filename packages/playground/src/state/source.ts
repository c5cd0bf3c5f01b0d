// SPDX-License-Identifier: BSD-2-Clause
/** The source beside the instructions: the example's text, or the lines that the object itself knows. */
import { computed } from '@preact/signals'
import type { LineView, ProgramView } from '../protocol.ts'
import { program, selected, sourceText } from './document.ts'
import { breakpoints, hasBreakpoint, step, toggleBreakpoint } from './step.ts'

export interface SourceLine {
  readonly number: number
  readonly text: string
  /** First instructions of the runs of instructions that came of it. */
  readonly slots: readonly number[]
  readonly hasBreakpoint: boolean
  /** The verifier stopped at an instruction of this line. */
  readonly wrong: boolean
  /** Lines that are not known lie before it. */
  readonly gap: boolean
}

function lineAt(view: ProgramView, slot: number): LineView | undefined {
  return view.lines.findLast((line) => line.slot <= slot)
}

const main = computed(() => {
  const view = program.value
  return view && lineAt(view, selected.value)
})

export const currentFile = computed(() => main.value?.file.split('/').at(-1) ?? '')

export const selectedLine = computed(() => main.value?.line)

export const steppedLine = computed(() => {
  const state = step.value
  const view = program.value
  if (!state || !view || state.slot < 0 || state.program !== view.name) return undefined
  const line = lineAt(view, state.slot)
  return line?.file === main.value?.file ? line?.line : undefined
})

function isMainFile(file: string): boolean {
  return /\.bpf\.c$|\.c$/.test(file)
}

/** Text of each line that is known, by number. */
function textOf(view: ProgramView, file: string): Map<number, string> {
  const text = sourceText.value
  if (text !== undefined && isMainFile(file)) return new Map(text.split('\n').map((line, i) => [i + 1, line]))
  return new Map(view.lines.filter((line) => line.file === file).map((line) => [line.line, line.text]))
}

export const linesOfFile = computed<readonly SourceLine[]>(() => {
  const view = program.value
  if (!view) return []
  const file = main.value?.file
  if (file === undefined) {
    return (sourceText.value?.split('\n') ?? []).map((text, i) => bare(i + 1, text))
  }
  const slots = new Map<number, number[]>()
  for (const line of view.lines) {
    if (line.file !== file) continue
    const list = slots.get(line.line)
    if (list) list.push(line.slot)
    else slots.set(line.line, [line.slot])
  }
  const wrong = view.insn === undefined ? undefined : lineAt(view, view.insn)
  const used = breakpoints.value.length > 0
  let last = 0
  return [...textOf(view, file)]
    .sort(([a], [b]) => a - b)
    .map(([number, text]) => {
      const gap = last > 0 && number > last + 1
      last = number
      const own = slots.get(number) ?? []
      return {
        number,
        text,
        slots: own,
        hasBreakpoint: used && own.some((slot) => hasBreakpoint(view.name, slot)),
        wrong: wrong?.file === file && wrong.line === number,
        gap,
      }
    })
})

function bare(number: number, text: string): SourceLine {
  return { number, text, slots: [], hasBreakpoint: false, wrong: false, gap: false }
}

/** A breakpoint on a line stops at the first instruction of each run that came of it. */
export function toggleLineBreakpoint(line: SourceLine): void {
  const view = program.value
  if (!view) return
  for (const slot of line.slots) {
    if (hasBreakpoint(view.name, slot) === line.hasBreakpoint) toggleBreakpoint(view.name, slot)
  }
}

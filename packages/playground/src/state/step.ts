// SPDX-License-Identifier: BSD-2-Clause
/** Stepping: where the run stands, breakpoints, watches. */
import { computed, signal } from '@preact/signals'
import type { Breakpoint, StepAction, StepState, Watch } from '../protocol.ts'
import { client, onOpened, program, programName, selected } from './document.ts'
import { chosenInput, inputsFor, world } from './run.ts'

export const step = signal<StepState | undefined>(undefined)
export const stepProblem = signal('')
export const stepBusy = signal(false)
export const breakpoints = signal<readonly Breakpoint[]>([])
/** Watches as they were typed: `r6`, `fp-8:4`, `0x1234:16`, `pkt+14:20`, `ctx:8`. */
export const watchTexts = signal<readonly string[]>([])

export const isStepping = computed(() => step.value !== undefined)

export function hasBreakpoint(name: string, slot: number): boolean {
  return breakpoints.value.some((b) => b.program === name && b.slot === slot)
}

export function toggleBreakpoint(name: string, slot: number): void {
  breakpoints.value = hasBreakpoint(name, slot)
    ? breakpoints.value.filter((b) => b.program !== name || b.slot !== slot)
    : [...breakpoints.value, { program: name, slot }]
}

const WATCH = /^(r\d+|fp|pkt|ctx|0x[0-9a-f]+|\d+)\s*([+-]\s*\d+)?\s*(?::\s*(\d+))?$/i

/** Whether a watch is a register alone: its value, not memory. */
export function watchedRegister(text: string): number | undefined {
  const match = /^r(\d+)$/i.exec(text.trim())
  return match && Number(match[1]) <= 10 ? Number(match[1]) : undefined
}

/** The memory that a watch means here, undefined if it means none. */
export function watchOf(text: string, state: StepState | undefined): Watch | undefined {
  const match = WATCH.exec(text.trim())
  if (!match || !state) return undefined
  const word = match[1]!.toLowerCase()
  const base = /^r\d+$/.test(word)
    ? state.registers[Number(word.slice(1))]
    : word === 'fp'
      ? state.frames.at(-1)?.framePointer
      : word === 'pkt'
        ? state.packet?.address
        : word === 'ctx'
          ? state.ctx
          : BigInt(word)
  if (base === undefined) return undefined
  const address = base + BigInt((match[2] ?? '0').replace(/\s/g, ''))
  const length = Math.min(Math.max(Number(match[3] ?? 8), 1), 256)
  // Beyond the kernel's memory there is nothing to read.
  return address >= 0n && address <= 0xffff_ffffn ? { address, length } : undefined
}

export function isWatch(text: string): boolean {
  return WATCH.test(text.trim())
}

function watches(): Watch[] {
  return watchTexts.value.map((text) => watchOf(text, step.value) ?? { address: 0n, length: 0 })
}

function show(state: StepState): void {
  step.value = state
  if (state.slot >= 0) {
    programName.value = state.program
    selected.value = state.slot
  }
}

async function ask(request: () => Promise<StepState>): Promise<void> {
  if (stepBusy.value) return
  stepBusy.value = true
  stepProblem.value = ''
  try {
    show(await request())
    // Addresses of watches depend on where the run stands: bytes are fetched for where it stands now.
    if (watchTexts.value.length > 0 && step.value) {
      show(await client.call('stepTo', { position: step.value.position, watches: watches() }))
    }
  } catch (error) {
    stepProblem.value = (error as Error).message
    step.value = undefined
  } finally {
    stepBusy.value = false
  }
}

/** Starts stepping the program in view with the chosen input. */
export async function startStepping(position = 0): Promise<void> {
  const view = program.value
  const inputs = view ? inputsFor(view.input) : []
  const input = inputs[chosenInput.value] ?? inputs[0]
  if (view?.verdict !== 'accept') return
  if (!input) {
    stepProblem.value = 'there is no input: add a packet first'
    return
  }
  await ask(() =>
    client.call('stepStart', {
      program: view.name,
      input,
      world: world.value,
      position,
      breakpoints: breakpoints.value,
    }),
  )
}

export async function doStep(action: StepAction, count = 1): Promise<void> {
  if (!step.value) return startStepping()
  await ask(() => client.call('step', { action, count, breakpoints: breakpoints.value, watches: watches() }))
}

export async function stepTo(position: number): Promise<void> {
  if (step.value) await ask(() => client.call('stepTo', { position, watches: watches() }))
}

export async function stopStepping(): Promise<void> {
  step.value = undefined
  await client.call('stepStop', {})
}

export async function addWatch(text: string): Promise<void> {
  if (!isWatch(text)) return
  watchTexts.value = [...watchTexts.value, text.trim()]
  if (step.value) await stepTo(step.value.position)
}

export function removeWatch(index: number): void {
  watchTexts.value = watchTexts.value.filter((_, i) => i !== index)
}

onOpened.push(() => {
  step.value = undefined
  stepProblem.value = ''
  breakpoints.value = []
})

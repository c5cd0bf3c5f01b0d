// SPDX-License-Identifier: BSD-2-Clause
/** Inputs of the program in view, and what came of them. */
import { computed, signal } from '@preact/signals'
import { parsePcap } from '@skep/core/pcap'
import { fetchTraffic } from '../content/examples.ts'
import { buildFrame, DEFAULT_FRAME, type FrameFields } from '../packet/build.ts'
import type { EngineReport, InputKind, MapView, RunInput, RunReport, VariableView, World } from '../protocol.ts'
import { client, onOpened, opened, program, reset } from './document.ts'

/** Frames of a capture that are taken over. */
const MAX_FRAMES = 200
const MAX_SAMPLES = 600
/** Nanoseconds by which the clock moves with each run. */
const TICK = 100_000_000
const KEEP_RUNNING_MS = 250

export const world = signal<World>({ clock: 1_000_000_000, cpu: 0, engine: 'interp' })
export const packets = signal<readonly Uint8Array[]>([])
export const packetFields = signal<FrameFields>(DEFAULT_FRAME)
export const addressInput = signal({ address: '127.0.0.1', port: 4040 })
/** An event as it is typed. */
export interface EventFields {
  readonly words: string
  readonly comm: string
}

export const eventInput = signal<EventFields>({ words: '41, 2, 2, 0', comm: 'curl' })
/** Socket filters: whether frames come through a packet socket, as in life. */
export const throughSocket = signal(true)
export const contextInput = signal('')
export const report = signal<RunReport | undefined>(undefined)
export const running = signal(false)
export const continuous = signal(false)
export const runProblem = signal('')
export const engines = signal<EngineReport | undefined>(undefined)
export const comparing = signal(false)
/** Index of the input that is opened for a closer look and for stepping. */
export const chosenInput = signal(0)

/** Numbers in maps after each input, for charts. */
export interface Sample {
  readonly at: number
  readonly numbers: ReadonlyMap<string, number>
}
export const samples = signal<readonly Sample[]>([])
let inputsSoFar = 0

export const maps = computed<readonly MapView[]>(() => report.value?.maps ?? opened.value?.maps ?? [])
export const variables = computed<readonly VariableView[]>(
  () => report.value?.variables ?? opened.value?.variables ?? [],
)
export const trace = signal('')

function bytesOf(text: string): Uint8Array {
  const digits = text.replace(/[^0-9a-fA-F]/g, '')
  return Uint8Array.from({ length: digits.length >> 1 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}

/** Numbers divided by commas, undefined if one is none. */
export function wordsOf(text: string): bigint[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== '')
  return words.every((word) => /^(0x[0-9a-f]+|-?\d+)$/i.test(word)) ? words.map(BigInt) : undefined
}

/** The inputs as they stand, for a program of that kind. */
export function inputsFor(kind: InputKind): RunInput[] {
  switch (kind) {
    case 'packet':
      return packets.value.map((data) => ({ kind, data, socket: throughSocket.value }))
    case 'address':
      return [{ kind, ...addressInput.value }]
    case 'event':
      return [{ kind, words: wordsOf(eventInput.value.words) ?? [], comm: eventInput.value.comm || 'process' }]
    case 'context':
      return [{ kind, context: bytesOf(contextInput.value) }]
  }
}

export function addPacket(data: Uint8Array): void {
  packets.value = [...packets.value, data]
  chosenInput.value = packets.value.length - 1
}

export function replacePacket(index: number, data: Uint8Array): void {
  packets.value = packets.value.map((old, i) => (i === index ? data : old))
}

export function removePacket(index: number): void {
  packets.value = packets.value.filter((_, i) => i !== index)
  chosenInput.value = Math.min(chosenInput.value, Math.max(0, packets.value.length - 1))
}

export function addCapture(bytes: Uint8Array): number {
  const frames = parsePcap(bytes)
    .packets.slice(0, MAX_FRAMES)
    .map(({ data }) => data)
  packets.value = [...packets.value, ...frames]
  return frames.length
}

export async function addExampleCapture(): Promise<void> {
  addCapture(await fetchTraffic())
}

export function moveClock(nanoseconds: number): void {
  world.value = { ...world.value, clock: world.value.clock + nanoseconds }
}

function collect(result: RunReport): void {
  const added = result.samples.map((numbers) => ({ at: ++inputsSoFar, numbers: new Map(Object.entries(numbers)) }))
  samples.value = [...samples.value, ...added].slice(-MAX_SAMPLES)
  if (result.trace) trace.value = (trace.value + result.trace).slice(-100_000)
}

/** Lets all inputs happen. */
export async function run(): Promise<void> {
  const view = program.value
  if (view?.verdict !== 'accept' || running.value) return
  running.value = true
  runProblem.value = ''
  try {
    const result = await client.call('run', { program: view.name, inputs: inputsFor(view.input), world: world.value })
    report.value = result
    collect(result)
    moveClock(TICK)
  } catch (error) {
    continuous.value = false
    await reset()
    runProblem.value = (error as Error).message
  } finally {
    running.value = false
  }
}

/** Ends a run that takes too long: the kernel goes with it, and another one is started. */
export function stopRunaway(): void {
  client.restart('stopped: the kernel was ended with the run, and another one started')
}

export async function keepRunning(on: boolean): Promise<void> {
  continuous.value = on
  while (continuous.value) {
    await run()
    await new Promise((resolve) => setTimeout(resolve, KEEP_RUNNING_MS))
  }
}

export function clearResults(): void {
  report.value = undefined
  samples.value = []
  trace.value = ''
  inputsSoFar = 0
  engines.value = undefined
  runProblem.value = ''
}

/** Empty maps, the clock at the beginning. */
export async function startOver(): Promise<void> {
  continuous.value = false
  world.value = { ...world.value, clock: 1_000_000_000 }
  await reset()
}

export async function compareEngines(): Promise<void> {
  const view = program.value
  const input = view ? (inputsFor(view.input)[chosenInput.value] ?? inputsFor(view.input)[0]) : undefined
  if (!view || !input || view.verdict !== 'accept') return
  comparing.value = true
  runProblem.value = ''
  try {
    engines.value = await client.call('engines', { program: view.name, input, world: world.value })
  } catch (error) {
    runProblem.value = (error as Error).message
  } finally {
    comparing.value = false
  }
}

let fetchedTraffic = false

/** What a newly opened program finds: the example's capture, or a frame of its own. */
async function prepareInputs(): Promise<void> {
  clearResults()
  if (program.value?.input !== 'packet' || packets.value.length > 0 || fetchedTraffic) return
  fetchedTraffic = true
  try {
    await addExampleCapture()
  } catch {
    addPacket(buildFrame(DEFAULT_FRAME))
  }
  chosenInput.value = 0
}

onOpened.push(() => void prepareInputs())

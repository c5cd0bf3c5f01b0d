// SPDX-License-Identifier: BSD-2-Clause
/** The whole state in an address: program, inputs, world, breakpoints, where a stepped run stands. */
import { batch } from '@preact/signals'
import { fromHex, toHex } from '../packet/hex.ts'
import type { Breakpoint, World } from '../protocol.ts'
import { type Document, document, open, programName } from './document.ts'
import {
  addressInput,
  chosenInput,
  clearResults,
  contextInput,
  type EventFields,
  eventInput,
  packets,
  throughSocket,
  world,
} from './run.ts'
import { breakpoints, startStepping, step, watchTexts } from './step.ts'
import { type Tab, tab } from './view.ts'

const VERSION = 1

interface Shared {
  readonly v: number
  readonly doc: Exclude<Document, { kind: 'object' }> | { kind: 'object'; name: string; hex: string }
  readonly program: string
  readonly packets: readonly string[]
  readonly address: { address: string; port: number }
  readonly event: EventFields
  readonly socket: boolean
  readonly context: string
  readonly input: number
  readonly world: World
  readonly breakpoints: readonly Breakpoint[]
  readonly watches: readonly string[]
  readonly tab: Tab
  /** Position of the stepper, absent where nothing is stepped. */
  readonly step?: number
}

async function through(bytes: Uint8Array, stream: GenericTransformStream): Promise<Uint8Array> {
  const piped = new Blob([bytes as BlobPart])
    .stream()
    .pipeThrough(stream as ReadableWritablePair<Uint8Array, BufferSource>)
  return new Uint8Array(await new Response(piped as ReadableStream).arrayBuffer())
}

function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

function fromBase64Url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
}

function current(doc: Document): Shared {
  return {
    v: VERSION,
    doc: doc.kind === 'object' ? { kind: 'object', name: doc.name, hex: toHex(doc.bytes) } : doc,
    program: programName.value,
    packets: packets.value.map((bytes) => toHex(bytes)),
    address: addressInput.value,
    event: eventInput.value,
    socket: throughSocket.value,
    context: contextInput.value,
    input: chosenInput.value,
    world: world.value,
    breakpoints: breakpoints.value,
    watches: watchTexts.value,
    tab: tab.value,
    ...(step.value ? { step: step.value.position } : {}),
  }
}

/** The part of the address behind `#`. */
export async function encodeState(): Promise<string | undefined> {
  if (!document.value) return undefined
  const text = JSON.stringify(current(document.value))
  return `s=${toBase64Url(await through(new TextEncoder().encode(text), new CompressionStream('deflate-raw')))}`
}

function applyInputs(shared: Shared): void {
  batch(() => {
    packets.value = shared.packets.map(fromHex)
    addressInput.value = shared.address
    eventInput.value = shared.event
    contextInput.value = shared.context
    throughSocket.value = shared.socket
    chosenInput.value = shared.input
    world.value = shared.world
    tab.value = shared.tab
    watchTexts.value = shared.watches
  })
}

/** Puts a shared state in place. @throws Error for an address that is damaged */
export async function decodeState(fragment: string): Promise<void> {
  let shared: Shared
  try {
    const bytes = await through(fromBase64Url(fragment.replace(/^s=/, '')), new DecompressionStream('deflate-raw'))
    shared = JSON.parse(new TextDecoder().decode(bytes)) as Shared
  } catch (cause) {
    throw new Error('the address holds a state that is damaged or cut short', { cause })
  }
  if (shared.v !== VERSION)
    throw new Error(`the address holds a state of version ${shared.v}, this page knows ${VERSION}`)
  const { doc } = shared
  applyInputs(shared)
  await open(doc.kind === 'object' ? { ...doc, bytes: fromHex(doc.hex) } : doc, shared.program)
  clearResults()
  applyInputs(shared)
  breakpoints.value = shared.breakpoints
  if (shared.step !== undefined) await startStepping(shared.step)
}

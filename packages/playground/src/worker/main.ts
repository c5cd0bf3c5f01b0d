// SPDX-License-Identifier: BSD-2-Clause
/** The worker: one kernel, one object, one request at a time. */
import '../polyfill.ts'
import { RELEASE } from '@skep/wasm-vm'
import wasmUrl from '@skep/wasm-vm/skep.wasm?url'
import type { CallName, Calls, Reply, Request } from '../protocol.ts'
import { assembleText } from './assemble.ts'
import { compareEngines } from './engines.ts'
import { tryToPerform } from './perform.ts'
import { sampleOf } from './samples.ts'
import { Session } from './session.ts'
import { Steps } from './steps.ts'

const module = WebAssembly.compileStreaming(fetch(wasmUrl))

let opened: { bytes: Uint8Array; name: string } | undefined
let session: Session | undefined
let steps: Steps | undefined

function current(): Session {
  if (!session) throw new Error('no object is open')
  return session
}

function stepping(): Steps {
  if (!steps) throw new Error('nothing is being stepped')
  return steps
}

function stopSteps(): void {
  steps?.[Symbol.dispose]()
  steps = undefined
}

async function open(): Promise<Calls['open']['answer']> {
  stopSteps()
  session?.[Symbol.dispose]()
  session = undefined
  const { bytes, name } = opened!
  session = await Session.open(bytes, name, await module)
  return session.view
}

function run({ program, inputs, world }: Calls['run']['ask']): Calls['run']['answer'] {
  stopSteps()
  const used = current()
  used.configure(world)
  const start = performance.now()
  const samples: Record<string, number>[] = []
  const results = inputs.map((input, index) => {
    const outcome = tryToPerform(used, program, input)
    samples.push(sampleOf(used))
    return { input: index, ...outcome }
  })
  const elapsedMs = performance.now() - start
  const trace = used.kernel.readTracePipe()
  return { results, maps: used.maps(), variables: used.variables(), trace, samples, elapsedMs }
}

const HANDLERS: { [K in CallName]: (ask: Calls[K]['ask']) => Calls[K]['answer'] | Promise<Calls[K]['answer']> } = {
  assemble: ({ source }) => assembleText(source),
  open(ask) {
    opened = ask
    return open()
  },
  reset: () => open(),
  run,
  stepStart(ask) {
    stopSteps()
    steps = new Steps(current(), ask)
    return steps.state()
  },
  step({ action, count, breakpoints, watches }) {
    const active = stepping()
    active.setBreakpoints(breakpoints)
    active.watch(watches)
    active.do(action, count)
    return active.state()
  },
  stepTo({ position, watches }) {
    const active = stepping()
    active.watch(watches)
    active.goTo(position)
    return active.state()
  },
  stepStop() {
    stopSteps()
    return {}
  },
  engines(ask) {
    stopSteps()
    return compareEngines(current(), ask)
  },
}

function send(reply: Reply): void {
  self.postMessage(reply)
}

self.addEventListener('message', async ({ data }: MessageEvent<Request>) => {
  try {
    const handler = HANDLERS[data.call] as (ask: unknown) => unknown
    send({ id: data.id, answer: await handler(data.ask) })
  } catch (error) {
    send({ id: data.id, error: error instanceof Error ? error.message : String(error) })
  }
})

module.then(
  () => send({ ready: RELEASE }),
  (error: Error) => send({ id: 0, error: `the virtual kernel did not start: ${error.message}` }),
)

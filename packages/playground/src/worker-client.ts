// SPDX-License-Identifier: BSD-2-Clause
/** The page's end of the worker. One that does not answer in time is ended and another started in its place. */
import type { CallName, Calls, Reply } from './protocol.ts'

/** Milliseconds until a worker counts as run away. Comparing engines and large objects take longest. */
const PATIENCE: Partial<Record<CallName, number>> & { readonly default: number } = {
  default: 8000,
  open: 20_000,
  engines: 20_000,
}

export class RunawayError extends Error {}

interface Waiting {
  resolve(answer: unknown): void
  reject(error: Error): void
  timer: ReturnType<typeof setTimeout>
}

export class WorkerClient {
  #worker: Worker
  #next = 1
  readonly #waiting = new Map<number, Waiting>()
  /** Called with the kernel's release when a worker has started, and with the reason when it cannot. */
  onReady: (release: string) => void = () => {}
  onFailure: (message: string) => void = () => {}

  constructor() {
    this.#worker = this.#start()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker/main.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#receive(data))
    worker.addEventListener('error', (event) => this.#fail(event.message || 'the worker could not be loaded'))
    return worker
  }

  #receive(reply: Reply): void {
    if ('ready' in reply) {
      this.onReady(reply.ready)
      return
    }
    const waiting = this.#waiting.get(reply.id)
    if (!waiting) {
      if ('error' in reply) this.onFailure(reply.error)
      return
    }
    this.#waiting.delete(reply.id)
    clearTimeout(waiting.timer)
    if ('error' in reply) waiting.reject(new Error(reply.error))
    else waiting.resolve(reply.answer)
  }

  #fail(message: string): void {
    this.onFailure(message)
    this.#drop(new Error(message))
  }

  #drop(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(error)
    }
    this.#waiting.clear()
  }

  /** Ends the worker with all that it has, and starts another. */
  restart(reason = 'stopped'): void {
    this.#worker.terminate()
    this.#drop(new RunawayError(reason))
    this.#worker = this.#start()
  }

  call<K extends CallName>(call: K, ask: Calls[K]['ask']): Promise<Calls[K]['answer']> {
    const id = this.#next++
    const patience = PATIENCE[call] ?? PATIENCE.default
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.restart(`no answer for ${patience / 1000} seconds: the kernel was stopped and started again`),
        patience,
      )
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject, timer })
      this.#worker.postMessage({ id, call, ask })
    })
  }
}

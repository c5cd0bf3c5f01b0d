// SPDX-License-Identifier: GPL-2.0-only
import { type KernelExports, OPTION } from './exports.ts'

const MS = 1_000_000n
/** Longest time that setTimeout takes. */
const MAX_MS = 2 ** 31 - 1

/** Timers of programs (bpf_timer): fired by the host's clock, or by whoever moves the virtual one. */
export class Clock {
  readonly #exports: KernelExports
  readonly #fired: () => void
  #alarm: ReturnType<typeof setTimeout> | undefined

  /** `fired` is called after callbacks ran. */
  constructor(exports: KernelExports, fired: () => void) {
    this.#exports = exports
    this.#fired = fired
  }

  get #virtual(): boolean {
    return this.#exports.get_option(OPTION.virtualClock) !== 0n
  }

  /** To be called after whatever may have armed a timer. */
  settle(): void {
    const next = this.#exports.timers_next()
    if (this.#alarm !== undefined) clearTimeout(this.#alarm)
    this.#alarm = undefined
    if (next < 0n || this.#virtual) return
    const delay = Number((next + MS - 1n) / MS)
    this.#alarm = setTimeout(() => this.#run(), Math.min(delay, MAX_MS))
    // A program's timer does not keep the process alive.
    ;(this.#alarm as { unref?: () => void }).unref?.()
  }

  #run(): void {
    this.#alarm = undefined
    if (this.#exports.timers_run() > 0) this.#fired()
    this.settle()
  }

  /** Moves the virtual clock; timers fire at their time on the way. */
  advance(ns: bigint): void {
    if (!this.#virtual) throw new Error('advance: the clock is not virtual')
    if (ns < 0n) throw new RangeError(`advance: ${ns} ns is back in time`)
    const end = this.#exports.get_option(OPTION.now) + ns
    for (;;) {
      const now = this.#exports.get_option(OPTION.now)
      const next = this.#exports.timers_next()
      if (next < 0n || now + next > end) break
      this.#exports.set_option(OPTION.now, now + next)
      if (this.#exports.timers_run() === 0) break
    }
    this.#exports.set_option(OPTION.now, end)
    this.#fired()
  }

  stop(): void {
    if (this.#alarm !== undefined) clearTimeout(this.#alarm)
    this.#alarm = undefined
  }
}

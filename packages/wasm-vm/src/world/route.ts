// SPDX-License-Identifier: GPL-2.0-only
import type { Caller } from './caller.ts'

/** A route of the simulated routing table. */
export class Route {
  readonly #caller: Caller
  readonly #handle: number

  constructor(caller: Caller, handle: number) {
    this.#caller = caller
    this.#handle = handle
  }

  /** Puts a program of type LWT_IN, LWT_OUT, LWT_XMIT or LWT_SEG6LOCAL into the route, as `ip route … encap` does. */
  setProgram(fd: number): this {
    this.#caller.check(this.#caller.exports.world_route_program(this.#handle, fd), 'encap bpf')
    return this
  }

  remove(): void {
    this.#caller.exports.world_route_remove(this.#handle)
  }
}

// SPDX-License-Identifier: GPL-2.0-only
import type { Caller } from './caller.ts'

/** What becomes of packets that take a route: on to the next hop, or an end with an error, as RTN_… say. */
export type RouteType = 'unicast' | 'blackhole' | 'unreachable' | 'prohibit'
export const ROUTE_TYPES: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
}

export interface RouteOptions {
  /** Address of the next router; an IPv4 route may have an IPv6 one. Without it the destination is on the link. */
  readonly via?: string
  readonly type?: RouteType
  /** Of routes to the same prefix the one with the lowest metric is taken. Default: 0, for IPv6 1024. */
  readonly metric?: number
  /** Largest packet, in bytes; heeded for packets of others only with `lockMtu`. */
  readonly mtu?: number
  readonly lockMtu?: boolean
  /** Number of the routing table; 254 is the main one. */
  readonly table?: number
  /** Source address that sockets take. */
  readonly source?: string
}

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

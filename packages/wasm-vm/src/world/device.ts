// SPDX-License-Identifier: GPL-2.0-only
import { encodePcap, LINKTYPE_ETHERNET, parsePcap } from '@skep/core/pcap'
import { AF_INET, AF_INET6, addressBytes, formatMac, macBytes, parsePrefix } from './address.ts'
import type { Caller } from './caller.ts'
import { ROUTE_TYPES, Route, type RouteOptions } from './route.ts'

const SET_UP = 1
const SET_MTU = 2
const SET_MAC = 3
const SET_CAPTURE = 4
const SET_QUEUES = 5
const SET_NOARP = 6
const SET_NETKIT_POLICY = 7
const INFO_SIZE = 96
const ROUTE_TYPE = 1
const ROUTE_TABLE = 2
const ROUTE_MTU = 3
const ROUTE_MTU_LOCKED = 4
/** IP6_RT_PRIO_USER */
const DEFAULT_METRIC6 = 1024
const MAX_FRAME = 65600

export interface DeviceCounters {
  readonly rxPackets: bigint
  readonly rxBytes: bigint
  readonly rxDropped: bigint
  readonly txPackets: bigint
  readonly txBytes: bigint
  readonly txDropped: bigint
}

/** A simulated network device of the namespace that was current when it was made or looked up. */
export class Device {
  readonly index: number
  readonly #caller: Caller
  readonly #netns: bigint

  constructor(caller: Caller, index: number) {
    this.#caller = caller
    this.index = index
    this.#netns = caller.exports.world_netns_current()
  }

  /** Runs in the device's namespace. */
  #here<T>(use: () => T): T {
    const { exports } = this.#caller
    const before = exports.world_netns_current()
    if (before === this.#netns) return use()
    exports.world_netns_enter(this.#netns)
    try {
      return use()
    } finally {
      exports.world_netns_enter(before)
    }
  }

  #info(): DataView {
    return this.#here(() =>
      this.#caller.filled(INFO_SIZE, (at) => this.#caller.exports.world_device_get(this.index, at), 'device'),
    )
  }

  get name(): string {
    const info = this.#info()
    const bytes = new Uint8Array(info.buffer, 0, 16)
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))
  }

  get mac(): string {
    return formatMac(new Uint8Array(this.#info().buffer, 32, 6))
  }
  set mac(text: string) {
    const bytes = macBytes(text)
    this.#here(() => this.#caller.with(bytes, (at) => this.#set(SET_MAC, at)))
  }

  get up(): boolean {
    return this.#info().getUint32(28, true) !== 0
  }
  set up(on: boolean) {
    this.#here(() => this.#set(SET_UP, on ? 1 : 0))
  }

  get mtu(): number {
    return this.#info().getUint32(24, true)
  }
  set mtu(bytes: number) {
    this.#here(() => this.#set(SET_MTU, bytes))
  }

  /**
   * What the link does to packets that the device sends: it loses the next `drop` of them after `after` that pass, and
   * takes `delay` nanoseconds of the kernel's clock for each. Each call sets all three anew.
   */
  setLink({ drop = 0, after = 0, delay = 0n }: { drop?: number; after?: number; delay?: bigint } = {}): this {
    this.#here(() =>
      this.#caller.check(this.#caller.exports.world_device_link(this.index, drop, after, delay), 'link of a device'),
    )
    return this
  }
  /** What a netkit device without programs does with what it sends. */
  set netkitPolicy(policy: 'pass' | 'drop') {
    this.#here(() => this.#set(SET_NETKIT_POLICY, policy === 'drop' ? 2 : 0))
  }
  /** Without ARP (IFF_NOARP) every address is taken to be on the link; with it only those that answer are reached. */
  set arp(on: boolean) {
    this.#here(() => this.#set(SET_NOARP, on ? 0 : 1))
  }

  /** How many receive queues AF_XDP sockets can bind to. */
  set queues(count: number) {
    this.#here(() => this.#set(SET_QUEUES, count))
  }

  get counters(): DeviceCounters {
    const info = this.#info()
    const at = (offset: number) => info.getBigUint64(offset, true)
    return {
      rxPackets: at(40),
      rxBytes: at(48),
      rxDropped: at(56),
      txPackets: at(64),
      txBytes: at(72),
      txDropped: at(80),
    }
  }

  #set(what: number, value: number): void {
    this.#caller.check(this.#caller.exports.world_device_set(this.index, what, value), 'device')
  }

  /** A frame, from its Ethernet header on, goes out of the device. */
  send(frame: Uint8Array): void {
    const { exports } = this.#caller
    const result = this.#here(() =>
      this.#caller.with(frame, (at) => exports.world_device_send(this.index, at, frame.length)),
    )
    this.#caller.check(result, 'send a frame')
  }

  /** A frame arrives at the device from its link. */
  receive(frame: Uint8Array): void {
    const { exports } = this.#caller
    const result = this.#here(() =>
      this.#caller.with(frame, (at) => exports.world_device_receive(this.index, at, frame.length)),
    )
    this.#caller.check(result, 'receive a frame')
  }

  /** The packets of a pcap file arrive one after the other; how many. */
  receivePcap(bytes: Uint8Array): number {
    const { packets } = parsePcap(bytes)
    for (const packet of packets) this.receive(packet.data)
    return packets.length
  }

  /** Keeps a copy of every frame that is sent, for {@link take}. Devices of kind tap always keep them. */
  set capture(on: boolean) {
    this.#here(() => this.#set(SET_CAPTURE, on ? 1 : 0))
  }

  /** The frames that were sent and kept since the last call. */
  take(): Uint8Array[] {
    const { exports } = this.#caller
    const frames: Uint8Array[] = []
    this.#here(() => {
      this.#caller.room(MAX_FRAME, (at) => {
        for (;;) {
          const length = exports.world_device_take(this.index, at, MAX_FRAME)
          if (length < 0) return
          frames.push(new Uint8Array(exports.memory.buffer, at, Math.min(length, MAX_FRAME)).slice())
        }
      })
    })
    return frames
  }

  /** The same as a capture file. */
  takePcap(): Uint8Array {
    const packets = this.take().map((data) => ({ timestamp: 0n, data, originalLength: data.length }))
    return encodePcap({ linkType: LINKTYPE_ETHERNET, packets })
  }

  /** `10.0.0.1/24`; its network becomes reachable through the device. */
  addAddress(text: string): this {
    const { family, address, prefix } = parsePrefix(text)
    const result = this.#here(() =>
      this.#caller.with(address, (at) => this.#caller.exports.world_address_add(this.index, family, at, prefix)),
    )
    this.#caller.check(result, `address ${text}`)
    return this
  }

  /** A route to `10.1.0.0/16` through this device, by way of a gateway if one is given. */
  addRoute(destination: string, options: string | RouteOptions = {}): Route {
    const { via, type, metric, mtu, lockMtu, table, source } = typeof options === 'string' ? { via: options } : options
    const { family, address, prefix } = parsePrefix(destination)
    const { exports } = this.#caller
    const gateway = via === undefined ? undefined : addressBytes(via)
    const gatewayFamily = gateway?.length === 16 ? AF_INET6 : AF_INET
    const order = metric ?? (family === AF_INET6 ? DEFAULT_METRIC6 : 0)
    const add = (hop: number) =>
      this.#caller.with(address, (at) =>
        exports.world_route_add(this.index, family, at, prefix, hop, hop ? gatewayFamily : 0, order),
      )
    const handle = this.#here(() => (gateway ? this.#caller.with(gateway, add) : add(0)))
    // A handle is an address, which may look negative.
    if (handle < 0 && handle > -4096) this.#caller.check(handle, `route ${destination}`)
    const route = new Route(this.#caller, handle >>> 0)
    const set = (what: number, value: number) => exports.world_route_set(handle, what, value)
    if (type !== undefined) set(ROUTE_TYPE, ROUTE_TYPES[type])
    if (table !== undefined) set(ROUTE_TABLE, table)
    if (mtu !== undefined) set(ROUTE_MTU, mtu)
    if (lockMtu) set(ROUTE_MTU_LOCKED, 1)
    if (source !== undefined) this.#caller.with(addressBytes(source), (at) => exports.world_route_source(handle, at))
    return route
  }

  /** The station with an IP address on this link. */
  addNeighbour(address: string, mac: string): this {
    const bytes = addressBytes(address)
    const result = this.#here(() =>
      this.#caller.with(bytes, (at) =>
        this.#caller.with(macBytes(mac), (to) =>
          this.#caller.exports.world_neighbour_add(this.index, bytes.length === 4 ? 2 : 10, at, to),
        ),
      ),
    )
    this.#caller.check(result, `neighbour ${address}`)
    return this
  }

  /** Sets the XDP program as `ip link set xdp` does; `undefined` removes it. Negative errno as the kernel answers. */
  setXdp(program: number | undefined, flags = 0): number {
    return this.#here(() => this.#caller.exports.world_xdp_set(this.index, program ?? -1, flags))
  }

  /** Appends a classifier in direct-action mode, or an action, to clsact, as `tc filter add` does. */
  addFilter(direction: 'ingress' | 'egress', program: number): number {
    return this.#here(() => this.#caller.exports.world_tc_add(this.index, program, direction === 'ingress' ? 1 : 0))
  }
  clearFilters(direction: 'ingress' | 'egress'): number {
    return this.#here(() => this.#caller.exports.world_tc_clear(this.index, direction === 'ingress' ? 1 : 0))
  }

  /** Takes the device out of the world, and the other end of a veth pair with it. */
  remove(): void {
    this.#caller.check(
      this.#here(() => this.#caller.exports.world_device_remove(this.index)),
      'remove a device',
    )
  }
}

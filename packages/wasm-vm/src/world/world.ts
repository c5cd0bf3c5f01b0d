// SPDX-License-Identifier: GPL-2.0-only
import { type KernelExports, OPTION } from '../exports.ts'
import type { VirtualKernel } from '../kernel.ts'
import { AF_INET, AF_INET6 } from './address.ts'
import { Caller } from './caller.ts'
import { Device } from './device.ts'
import type { WorldExports } from './exports.ts'
import { type Registers, registerBytes } from './registers.ts'
import { Sockets } from './sockets.ts'
import { Task, type TaskOptions } from './task.ts'

const KIND_DUMMY = 1
const KIND_TAP = 3
const CGROUP_ROOT = '/sys/fs/cgroup'

export interface TracepointDefinition {
  readonly category: string
  readonly name: string
  /** u64 arguments that raw programs get. */
  readonly args?: number
  /** Bytes of the record that tracepoint programs get. */
  readonly recordSize?: number
  /** Bytes of the first argument's buffer that writable raw programs may change; 0: it is not writable. */
  readonly writableSize?: number
  /** Text of its format file. */
  readonly format?: string
}

export interface NetkitOptions {
  /** Network namespace of the second device. */
  readonly netns?: bigint
  /** Whether frames have link addresses of their own. */
  readonly mode?: 'l2' | 'l3'
  /** What the primary device, and the other one, does without programs. */
  readonly policy?: 'pass' | 'drop'
  readonly peerPolicy?: 'pass' | 'drop'
}

/** Mount options of a bpf file system: what tokens made from it allow. Bit n is number n of the enumeration. */
export interface Delegation {
  /** delegate_cmds: enum bpf_cmd. */
  readonly cmds?: bigint
  /** delegate_maps: enum bpf_map_type. */
  readonly maps?: bigint
  /** delegate_progs: enum bpf_prog_type. */
  readonly progs?: bigint
  /** delegate_attachs: enum bpf_attach_type. */
  readonly attachs?: bigint
  /** Handle of the user namespace that it belongs to; 0 is the first. */
  readonly userNamespace?: number
}

export interface TracepointFire {
  readonly category?: string
  readonly name: string
  /** Arguments of raw programs; without them those do not run. */
  readonly args?: readonly (bigint | number)[]
  /** Record of tracepoint programs; without it those do not run. */
  readonly record?: Uint8Array
}

/**
 * The world of a virtual kernel: what stands around programs and makes them fire.
 *
 * ```ts
 * const world = new World(kernel)
 * const [a, b] = world.veth('a', 'b')
 * a.send(frame)
 * ```
 */
export class World {
  readonly kernel: VirtualKernel
  /** The device lo of the current namespace. */
  get loopback(): Device {
    return new Device(this.#caller, 1)
  }
  readonly sockets: Sockets
  readonly #caller: Caller

  constructor(kernel: VirtualKernel) {
    this.kernel = kernel
    this.#caller = new Caller(kernel.exports as KernelExports as WorldExports)
    this.sockets = new Sockets(this.#caller)
  }

  get #exports(): WorldExports {
    return this.#caller.exports
  }

  // devices

  #device(kind: number, name: string | undefined): Device {
    const index = this.#caller.text(name, (at) => this.#exports.world_device_create(kind, at))
    const device = new Device(this.#caller, this.#caller.check(index, `device ${name ?? ''}`))
    device.up = true
    return device
  }

  /** A device that swallows what it sends. Up. */
  createDevice(name?: string): Device {
    return this.#device(KIND_DUMMY, name)
  }

  /** A device whose link is the caller: what it sends waits for `take()`, what arrives comes from `receive()`. Up. */
  createTap(name?: string): Device {
    return this.#device(KIND_TAP, name)
  }

  /** Two joined devices, both up; the second one in another namespace if that is given. */
  veth(a?: string, b?: string, netns = 0n): [Device, Device] {
    const indices = this.#caller.filled(
      8,
      (out) =>
        this.#caller.text(a, (atA) =>
          this.#caller.text(b, (atB) => this.#exports.world_veth_create(atA, atB, netns, out)),
        ),
      'veth',
    )
    const first = new Device(this.#caller, indices.getInt32(0, true))
    const make = () => new Device(this.#caller, indices.getInt32(4, true))
    const second = netns === 0n ? make() : this.inNetns(netns, make)
    first.up = true
    second.up = true
    return [first, second]
  }

  /**
   * A pair of netkit devices, both up, the primary one first. Without programs each does with what it sends what its
   * policy says.
   */
  netkit(a?: string, b?: string, options: NetkitOptions = {}): [Device, Device] {
    const { netns = 0n, mode = 'l3', policy = 'pass', peerPolicy = 'pass' } = options
    const indices = this.#caller.filled(
      8,
      (out) =>
        this.#caller.text(a, (atA) =>
          this.#caller.text(b, (atB) => this.#exports.world_netkit_create(atA, atB, netns, mode === 'l2' ? 1 : 0, out)),
        ),
      'netkit',
    )
    const first = new Device(this.#caller, indices.getInt32(0, true))
    const make = () => new Device(this.#caller, indices.getInt32(4, true))
    const second = netns === 0n ? make() : this.inNetns(netns, make)
    first.netkitPolicy = policy
    if (netns === 0n) second.netkitPolicy = peerPolicy
    else
      this.inNetns(netns, () => {
        second.netkitPolicy = peerPolicy
      })
    first.up = true
    second.up = true
    return [first, second]
  }

  /** A device of the current namespace by its name. */
  device(name: string): Device {
    const index = this.#caller.text(name, (at) => this.#exports.world_device_index(at))
    return new Device(this.#caller, this.#caller.check(index, `device ${name}`))
  }

  // namespaces

  /** A new network namespace, whose lo is up: its cookie. */
  createNetns(): bigint {
    return this.#exports.world_netns_create()
  }
  /** The calling task's namespace. */
  get netns(): bigint {
    return this.#exports.world_netns_current()
  }
  /** Moves the calling task into a namespace. */
  enterNetns(cookie: bigint): void {
    this.#caller.check(this.#exports.world_netns_enter(cookie), `network namespace ${cookie}`)
  }
  /** Calls a function with the calling task inside a namespace. */
  inNetns<T>(cookie: bigint, use: () => T): T {
    const before = this.netns
    this.enterNetns(cookie)
    try {
      return use()
    } finally {
      this.enterNetns(before)
    }
  }
  /** Whether packets for others are forwarded (net.ipv4.ip_forward) in the current namespace. */
  set forwarding(on: boolean) {
    this.#exports.world_forwarding(on ? 1 : 0)
  }

  /**
   * Packets with this mark (default: all) ask a routing table of their own, before the main one if the priority is
   * below 32766: `ip rule add priority … fwmark … table …`.
   */
  addRule(rule: { table: number; priority: number; mark?: number; family?: 'ipv4' | 'ipv6' }): void {
    const { table, priority, mark = 0, family = 'ipv4' } = rule
    const result = this.#exports.world_rule_add(family === 'ipv4' ? AF_INET : AF_INET6, priority, mark, table)
    this.#caller.check(result, 'rule')
  }

  // cgroups

  /** Makes a cgroup (and those above it) and opens its directory: the fd to attach to. */
  createCgroup(path: string): number {
    let made = CGROUP_ROOT
    for (const part of path.split('/').filter((name) => name !== '')) {
      made += `/${part}`
      this.kernel.mkdir(made, 0o755)
    }
    return this.#caller.check(this.kernel.open(made, 0), `cgroup ${path}`)
  }
  /** Moves the calling task into the cgroup of an fd. */
  enterCgroup(fd: number): void {
    this.#caller.check(this.#exports.world_task_move(0, fd), 'cgroup')
  }
  cgroupId(fd: number): bigint {
    return this.#exports.world_cgroup_id(fd)
  }

  // tasks

  /** The task that makes system calls. */
  get task(): Task {
    return new Task(this.#caller, this.#exports.world_task_current())
  }
  createTask(options: TaskOptions = {}): Task {
    const pid = this.#caller.text(options.name, (at) => this.#exports.world_task_create(at))
    return new Task(this.#caller, this.#caller.check(pid, 'task')).set(options)
  }

  // bpf file systems

  /** Mounts an empty bpf file system, by default for the caller's user namespace. */
  mountBpffs(path: string, options: Delegation = {}): void {
    const { cmds = 0n, maps = 0n, progs = 0n, attachs = 0n, userNamespace } = options
    const masks = new Uint8Array(BigUint64Array.of(cmds, maps, progs, attachs).buffer)
    const result = this.#caller.text(path, (atPath) =>
      this.#caller.with(masks, (at) =>
        this.#exports.world_bpffs_mount(atPath, userNamespace ?? this.#exports.world_userns_current(), at),
      ),
    )
    this.#caller.check(result, `mount of ${path}`)
  }

  // time and CPUs

  /** Nanoseconds of the monotonic clock, of a kernel whose clock is virtual (option `virtualTime`). */
  get now(): bigint {
    return this.#exports.get_option(OPTION.now)
  }
  /** Moves the virtual clock on; timers of programs fire at their time on the way. */
  advance(nanoseconds: bigint): void {
    this.kernel.advance(nanoseconds)
  }

  get cpus(): number {
    return Number(this.#exports.get_option(OPTION.cpus))
  }
  /** CPU on which system calls and programs run. */
  get cpu(): number {
    return Number(this.#exports.get_option(OPTION.currentCpu))
  }
  set cpu(number: number) {
    this.#exports.set_option(OPTION.currentCpu, BigInt(number))
  }

  /** Text that programs printed since the last call. */
  readTracePipe(): string {
    return this.kernel.readTracePipe()
  }

  // probes

  /** Makes a tracepoint known: its id. */
  defineTracepoint(definition: TracepointDefinition): number {
    const { category, name, format, args = 0, recordSize = 0, writableSize = 0 } = definition
    const id = this.#caller.text(category, (atCategory) =>
      this.#caller.text(name, (atName) =>
        this.#caller.text(format, (atFormat) =>
          this.#exports.world_tracepoint_define(atCategory, atName, atFormat, args, recordSize, writableSize),
        ),
      ),
    )
    return this.#caller.check(id, `tracepoint ${category}:${name}`)
  }

  /** Fires a tracepoint. The arguments' and the record's bytes as programs left them are in the result. */
  fireTracepoint({ category, name, args, record }: TracepointFire): { record: Uint8Array | undefined } {
    const words = args && new Uint8Array(BigUint64Array.from(args, (value) => BigInt.asUintN(64, BigInt(value))).buffer)
    const copy = record?.slice()
    const run = (atArgs: number, atRecord: number) => {
      const result = this.#caller.text(category, (atCategory) =>
        this.#caller.text(name, (atName) =>
          this.#exports.world_tracepoint_fire(atCategory, atName, atArgs, atRecord, copy?.length ?? 0),
        ),
      )
      this.#caller.check(result, `tracepoint ${name}`)
      if (copy) copy.set(new Uint8Array(this.#exports.memory.buffer, atRecord, copy.length))
    }
    const withRecord = (atArgs: number) => (copy ? this.#caller.with(copy, (at) => run(atArgs, at)) : run(atArgs, 0))
    if (words) this.#caller.with(words, withRecord)
    else withRecord(0)
    return { record: copy }
  }

  #probe(uprobe: boolean, name: string, offset: number, registers: Registers, isReturn: boolean): number {
    return this.#caller.text(name, (atName) =>
      this.#caller.with(registerBytes(registers), (at) =>
        this.#exports.world_probe_fire(uprobe ? 1 : 0, atName, BigInt(offset), isReturn ? 1 : 0, at),
      ),
    )
  }
  /** A kernel function with kprobes is reached: how many programs ran. */
  fireKprobe(name: string, registers: Registers = {}, { offset = 0, isReturn = false } = {}): number {
    return this.#probe(false, name, offset, registers, isReturn)
  }
  /** A place of a file with uprobes is reached. */
  fireUprobe(path: string, offset: number, registers: Registers = {}, { isReturn = false } = {}): number {
    return this.#probe(true, path, offset, registers, isReturn)
  }
  /** A perf event overflows: what its program returned, -1 if none ran. */
  samplePerf(fd: number, registers: Registers = {}, address = 0n): number {
    return this.#caller.with(registerBytes(registers), (at) => this.#exports.world_perf_sample(fd, at, address))
  }
  /** A kernel function or LSM hook is called: what it returns after fmod_ret and LSM programs. */
  fireFunction(name: string, args: readonly (bigint | number)[], result = 0n): bigint {
    const words = BigUint64Array.from([...args, 0n], (value) => BigInt.asUintN(64, BigInt(value)))
    return this.#caller.text(name, (atName) =>
      this.#caller.with(new Uint8Array(words.buffer), (at) =>
        this.#exports.world_function_fire(atName, at, args.length, result),
      ),
    )
  }

  /** The infrared receiver /dev/lirc0 sees a pulse or space (LIRC_MODE2 value). Events are read from the device. */
  infraredPulse(sample: number): void {
    this.#exports.world_lirc_pulse(sample)
  }

  /** A kernel parameter, `net/ipv4/ip_forward`, with its value. */
  setSysctl(name: string, value: string): void {
    const bytes = new TextEncoder().encode(`${value}\n`)
    const result = this.#caller.text(name, (atName) =>
      this.#caller.with(bytes, (at) => this.#exports.world_sysctl_define(atName, at, bytes.length)),
    )
    this.#caller.check(result, `sysctl ${name}`)
  }
}

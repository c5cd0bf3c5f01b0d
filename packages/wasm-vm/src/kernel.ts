// SPDX-License-Identifier: GPL-2.0-only
import { type Kernel, type KernelFacts, type Mapping, SyscallError } from '@skep/core'
import { Clock } from './clock.ts'
import { type KernelExports, OPTION } from './exports.ts'
import { VirtualMapping, VirtualMemory } from './memory.ts'
import { type KernelSnapshot, writeMemory } from './snapshot.ts'
import { Waiters } from './waiters.ts'

/** The Linux that the virtual kernel follows. */
export const RELEASE = '6.18.44'
const VERSION = (6 << 16) | (18 << 8) | 44
const PAGE_SIZE = 4096
/** Most that one attr of bpf(2) can hold: a page. */
const SCRATCH_SIZE = PAGE_SIZE

const encoder = new TextEncoder()

/** The virtual kernel, as a process sees it. Everything is in linear memory; this only carries bytes in and out. */
export class VirtualKernel implements Kernel {
  readonly kind = 'virtual'
  readonly facts: KernelFacts
  memory: VirtualMemory
  readonly kernelBtf: Uint8Array | undefined
  /** The module's exports, for the debugger and the world. */
  readonly exports: KernelExports
  #scratch: number
  readonly #waiters: Waiters
  readonly #clock: Clock
  readonly #again: () => Promise<VirtualKernel>
  #depth = 0

  /** @param again makes another kernel like this one was when it was new */
  constructor(exports: KernelExports, kernelBtf: Uint8Array | undefined, again: () => Promise<VirtualKernel>) {
    this.exports = exports
    this.#again = again
    this.memory = new VirtualMemory(exports)
    this.kernelBtf = kernelBtf
    this.#scratch = exports.user_alloc(SCRATCH_SIZE) >>> 0
    this.#clock = new Clock(exports, () => this.#waiters.wake())
    this.#waiters = new Waiters((fds) => fds.filter((fd) => this.#readable(fd)))
    const cpus = Number(exports.get_option(OPTION.cpus))
    this.facts = {
      release: RELEASE,
      version: VERSION,
      pageSize: PAGE_SIZE,
      possibleCpus: cpus,
      onlineCpus: cpus,
      littleEndian: true,
    }
    if (kernelBtf) this.#call(kernelBtf, (at) => exports.vmlinux_btf_set(at, kernelBtf.length))
  }

  #readable(fd: number): boolean {
    const result = this.exports.sys_poll(fd)
    if (result < 0) throw new SyscallError('wait', -result, `for fd ${fd}`)
    return result !== 0
  }

  #view(at: number, length: number): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, at, length)
  }

  /** Runs `use` with a copy of the bytes in the kernel's memory; with `back`, what stands there afterwards is copied out. */
  #call(bytes: Uint8Array, use: (at: number) => number, back = false): number {
    // A nested call (from a callback of the host) must not find the scratch memory in use.
    const own = this.#depth > 0 || bytes.length > SCRATCH_SIZE
    const at = own ? this.exports.user_alloc(bytes.length) >>> 0 : this.#scratch
    if (at === 0) return -ENOMEM
    this.#depth++
    try {
      this.#view(at, bytes.length).set(bytes)
      const result = use(at)
      if (back) bytes.set(this.#view(at, bytes.length))
      return result
    } finally {
      this.#depth--
      if (own) this.exports.user_free(at)
      this.#settle()
    }
  }

  /** After whatever may have changed the kernel: who waits is asked, timers are looked after. */
  #settle(): void {
    if (this.#depth > 0) return
    this.#clock.settle()
    this.#waiters.wake()
  }

  /** Moves the virtual clock (option `virtualTime`); timers of programs fire at their time on the way. */
  advance(ns: bigint): void {
    this.#clock.advance(ns)
  }

  #path(path: string, use: (at: number) => number): number {
    return this.#call(encoder.encode(`${path}\0`), use)
  }

  bpf(cmd: number, attr: Uint8Array): number {
    return this.#call(attr, (at) => this.exports.sys_bpf(cmd, at, attr.length), true)
  }

  close(fd: number): number {
    const result = this.exports.sys_close(fd)
    this.#settle()
    return result
  }

  mmap(fd: number, length: number, offset: number, prot: number, hint = 0n): Mapping | number {
    // AF_XDP numbers its rings by offsets beyond 4 GiB.
    const wide = offset > 0xffffffff
    const result = wide
      ? this.exports.sys_mmap_wide(fd, length, BigInt(offset), prot)
      : this.exports.sys_mmap(fd, BigInt(length), offset, prot, BigInt.asIntN(64, hint))
    // Addresses above 2 GiB look negative as well; errnos are the last page of the address space.
    if (result < 0 && result >= -MAX_ERRNO) return result
    return new VirtualMapping(this.exports, result >>> 0, length)
  }

  wait(fds: readonly number[], timeoutMs: number): Promise<number[]> {
    return this.#waiters.wait(fds, timeoutMs)
  }

  socket(domain: number, type: number, protocol: number): number {
    return this.exports.sys_socket(domain, type, protocol)
  }

  bind(fd: number, addr: Uint8Array): number {
    return this.#call(addr, (at) => this.exports.sys_bind(fd, at, addr.length))
  }

  connect(fd: number, addr: Uint8Array): number {
    return this.#call(addr, (at) => this.exports.sys_connect(fd, at, addr.length))
  }

  listen(fd: number, backlog: number): number {
    return this.exports.sys_listen(fd, backlog)
  }

  accept(fd: number): number {
    return this.exports.sys_accept(fd)
  }

  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
    return this.#call(value, (at) => this.exports.sys_getsockopt(fd, level, name, at, value.length), true)
  }

  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
    return this.#call(value, (at) => this.exports.sys_setsockopt(fd, level, name, at, value.length))
  }

  send(fd: number, data: Uint8Array, flags: number, addr?: Uint8Array): number {
    const sendTo = (to: number, length: number) =>
      this.#call(data, (at) => this.exports.sys_sendto(fd, at, data.length, flags, to, length))
    return addr ? this.#call(addr, (to) => sendTo(to, addr.length)) : sendTo(0, 0)
  }

  recv(fd: number, data: Uint8Array, flags: number): number {
    return this.#call(data, (at) => this.exports.sys_recvfrom(fd, at, data.length, flags), true)
  }

  open(path: string, flags: number, mode = 0): number {
    return this.#path(path, (at) => this.exports.sys_open(at, flags, mode))
  }

  mkdir(path: string, mode: number): number {
    return this.#path(path, (at) => this.exports.sys_mkdir(at, mode))
  }

  unlink(path: string): number {
    return this.#path(path, (at) => this.exports.sys_unlink(at))
  }

  read(fd: number, data: Uint8Array): number {
    return this.#call(data, (at) => this.exports.sys_read(fd, at, data.length), true)
  }

  write(fd: number, data: Uint8Array): number {
    return this.#call(data, (at) => this.exports.sys_write(fd, at, data.length))
  }

  perfEventOpen(attr: Uint8Array, pid: number, cpu: number, group: number, flags: number): number {
    return this.#call(attr, (at) => this.exports.sys_perf_event_open(at, pid, cpu, group, flags))
  }

  ioctl(fd: number, request: number, arg: number | Uint8Array): number {
    if (typeof arg === 'number') return this.exports.sys_ioctl(fd, request, arg)
    return this.#call(arg, (at) => this.exports.sys_ioctl(fd, request, at), true)
  }

  /** Takes what programs have printed (bpf_trace_printk), as `/sys/kernel/tracing/trace_pipe` shows it. */
  readTracePipe(): string {
    const chunk = new Uint8Array(SCRATCH_SIZE)
    const decoder = new TextDecoder()
    let text = ''
    for (;;) {
      const read = this.#call(chunk, (at) => this.exports.trace_pipe_read(at, chunk.length), true)
      if (read <= 0) return text + decoder.decode()
      text += decoder.decode(chunk.subarray(0, read), { stream: true })
    }
  }

  /** The kernel as it is now. Not while a program runs (in a callback of the host). */
  snapshot(): KernelSnapshot {
    return { memory: new Uint8Array(this.exports.memory.buffer).slice(), scratch: this.#scratch }
  }

  /**
   * Makes the kernel what it was when the snapshot was taken, of this kernel or of another one of the same build. Buffers
   * and mappings that the caller made since then are void.
   */
  restore(snapshot: KernelSnapshot): void {
    this.exports.snapshot_leave()
    writeMemory(this.exports.memory, snapshot.memory)
    this.#scratch = snapshot.scratch
    // Whoever keeps buffers by address space (core does, for its calls) must not find those of before.
    this.memory = new VirtualMemory(this.exports)
    this.exports.snapshot_enter()
    this.#settle()
  }

  /** Another kernel that is in the same state and goes its own way from here. */
  async fork(): Promise<VirtualKernel> {
    const snapshot = this.snapshot()
    const other = await this.#again()
    other.restore(snapshot)
    return other
  }

  /** Nothing outside of the instance's memory needs freeing but the alarm of its timers. */
  [Symbol.dispose](): void {
    this.#clock.stop()
  }
}

const ENOMEM = 12
const MAX_ERRNO = 4095

// SPDX-License-Identifier: BSD-2-Clause
import type { Kernel, KernelFacts, Mapping, UserMemory } from '@skep/core'
import type { Addon } from './addon.ts'
import { checkBytes, checkFds, checkInt, checkPath, checkSize } from './arguments.ts'
import { kernelBtf, linuxFacts } from './facts.ts'
import { LinuxMapping, LinuxMemory } from './memory.ts'
import { LinuxThread } from './thread.ts'
import { Waits } from './waits.ts'

const EBADF = 9

/**
 * The running Linux. Calls are made on the calling thread and return what the system call returned.
 *
 * - fds belong to the kernel object that made them: `close` answers -EBADF for any other (an fd of Node's own event
 *   loop, closed by mistake, would end the process), and disposing the object closes those still open.
 *   {@link adopt} and {@link release} move an fd in and out.
 * - Every new fd is close-on-exec.
 * - `recv`, `read`, `accept` and `connect` block the thread if the fd blocks: wait first, or use MSG_DONTWAIT or
 *   SOCK_NONBLOCK.
 * - Addresses inside attr are trusted, as they are in C: the kernel writes where they point.
 */
export class LinuxKernel implements Kernel {
  readonly kind = 'linux'
  readonly facts: KernelFacts
  readonly memory: UserMemory
  readonly thread: LinuxThread
  readonly #addon: Addon
  readonly #waits: Waits
  readonly #fds = new Set<number>()
  #disposed = false

  constructor(addon: Addon) {
    this.#addon = addon
    this.facts = linuxFacts(addon.pageSize)
    this.memory = new LinuxMemory(addon)
    this.thread = new LinuxThread(addon)
    this.#waits = new Waits(addon)
  }

  get kernelBtf(): Uint8Array | undefined {
    return kernelBtf()
  }

  bpf(cmd: number, attr: Uint8Array): number {
    const result = this.#calls.bpf(checkInt(cmd, 'cmd'), checkBytes(attr, 'attr'))
    // No command answers with a positive number that is not a new fd.
    if (result > 0) this.#fds.add(result)
    return result
  }

  close(fd: number): number {
    if (!this.#fds.delete(checkInt(fd, 'fd'))) return -EBADF
    return this.#addon.close(fd)
  }

  /** Takes over an fd that came from elsewhere: `close` and disposing close it from now on. */
  adopt(fd: number): number {
    return this.#own(checkInt(fd, 'fd'))
  }

  /** Gives an fd away: the caller closes it. Whether it was this kernel's. */
  release(fd: number): boolean {
    return this.#fds.delete(checkInt(fd, 'fd'))
  }

  /**
   * Writing to a view of a mapping without PROT_WRITE is a segmentation fault: JavaScript has no read-only arrays.
   * `hint` is where an arena map with a fixed user address (`map_extra`) must lie.
   */
  mmap(fd: number, length: number, offset: number, prot: number, hint = 0n): Mapping | number {
    const buffer = this.#calls.mmap(
      checkInt(fd, 'fd'),
      checkSize(length, 'length'),
      checkSize(offset, 'offset'),
      checkInt(prot, 'prot'),
      BigInt.asUintN(64, hint),
    )
    return typeof buffer === 'number' ? buffer : new LinuxMapping(this.#addon, buffer)
  }

  /** An fd with an error or a hung-up peer counts as readable, and so does a file that never blocks. */
  async wait(fds: readonly number[], timeoutMs: number): Promise<number[]> {
    if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)) {
      throw new TypeError(`timeoutMs: expected a number, got ${timeoutMs}`)
    }
    this.#alive()
    return this.#waits.start(checkFds(fds), timeoutMs)
  }

  /** An fd of a process, such as the key of task storage. */
  pidfdOpen(pid: number, flags = 0): number {
    return this.#own(this.#calls.pidfdOpen(checkInt(pid, 'pid'), checkInt(flags, 'flags')))
  }

  socket(domain: number, type: number, protocol: number): number {
    return this.#own(
      this.#calls.socket(checkInt(domain, 'domain'), checkInt(type, 'type'), checkInt(protocol, 'protocol')),
    )
  }

  /** Two connected sockets, or -errno. */
  socketpair(domain: number, type: number, protocol: number): [number, number] | number {
    const pair = this.#calls.socketpair(
      checkInt(domain, 'domain'),
      checkInt(type, 'type'),
      checkInt(protocol, 'protocol'),
    )
    if (typeof pair !== 'number') for (const fd of pair) this.#fds.add(fd)
    return pair
  }

  bind(fd: number, addr: Uint8Array): number {
    return this.#calls.bind(checkInt(fd, 'fd'), checkBytes(addr, 'addr'))
  }

  connect(fd: number, addr: Uint8Array): number {
    return this.#calls.connect(checkInt(fd, 'fd'), checkBytes(addr, 'addr'))
  }

  listen(fd: number, backlog: number): number {
    return this.#calls.listen(checkInt(fd, 'fd'), checkInt(backlog, 'backlog'))
  }

  /** `flags`: SOCK_NONBLOCK, where wanted. */
  accept(fd: number, flags = 0): number {
    return this.#own(this.#calls.accept(checkInt(fd, 'fd'), checkInt(flags, 'flags')))
  }

  /** The length of the address that was written to `addr`, or -errno. */
  getsockname(fd: number, addr: Uint8Array): number {
    return this.#calls.getsockname(checkInt(fd, 'fd'), checkBytes(addr, 'addr'))
  }

  /** The same of the peer. */
  getpeername(fd: number, addr: Uint8Array): number {
    return this.#calls.getpeername(checkInt(fd, 'fd'), checkBytes(addr, 'addr'))
  }

  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
    return this.#calls.getsockopt(
      checkInt(fd, 'fd'),
      checkInt(level, 'level'),
      checkInt(name, 'name'),
      checkBytes(value, 'value'),
    )
  }

  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
    return this.#calls.setsockopt(
      checkInt(fd, 'fd'),
      checkInt(level, 'level'),
      checkInt(name, 'name'),
      checkBytes(value, 'value'),
    )
  }

  send(fd: number, data: Uint8Array, flags: number, addr?: Uint8Array): number {
    return this.#calls.send(
      checkInt(fd, 'fd'),
      checkBytes(data, 'data'),
      checkInt(flags, 'flags'),
      addr === undefined ? undefined : checkBytes(addr, 'addr'),
    )
  }

  recv(fd: number, data: Uint8Array, flags: number): number {
    return this.#calls.recv(checkInt(fd, 'fd'), checkBytes(data, 'data'), checkInt(flags, 'flags'))
  }

  /** recv that writes the sender's address to `addr`. */
  recvfrom(fd: number, data: Uint8Array, flags: number, addr: Uint8Array): number {
    return this.#calls.recvfrom(
      checkInt(fd, 'fd'),
      checkBytes(data, 'data'),
      checkInt(flags, 'flags'),
      checkBytes(addr, 'addr'),
    )
  }

  open(path: string, flags: number, mode = 0): number {
    return this.#own(this.#calls.open(checkPath(path, 'path'), checkInt(flags, 'flags'), checkInt(mode, 'mode')))
  }

  mkdir(path: string, mode: number): number {
    return this.#calls.mkdir(checkPath(path, 'path'), checkInt(mode, 'mode'))
  }

  unlink(path: string): number {
    return this.#calls.unlink(checkPath(path, 'path'))
  }

  read(fd: number, data: Uint8Array): number {
    return this.#calls.read(checkInt(fd, 'fd'), checkBytes(data, 'data'))
  }

  write(fd: number, data: Uint8Array): number {
    return this.#calls.write(checkInt(fd, 'fd'), checkBytes(data, 'data'))
  }

  perfEventOpen(attr: Uint8Array, pid: number, cpu: number, group: number, flags: number): number {
    return this.#own(
      this.#calls.perfEventOpen(
        checkBytes(attr, 'attr'),
        checkInt(pid, 'pid'),
        checkInt(cpu, 'cpu'),
        checkInt(group, 'group'),
        checkSize(flags, 'flags'),
      ),
    )
  }

  ioctl(fd: number, request: number, arg: number | Uint8Array): number {
    // Requests with the read bit are negative when they were put together with `<<`.
    const code = checkInt(request, 'request') >>> 0
    if (typeof arg !== 'number') return this.#calls.ioctl(checkInt(fd, 'fd'), code, checkBytes(arg, 'arg'))
    if (!Number.isSafeInteger(arg)) throw new RangeError(`arg: expected an integer, got ${arg}`)
    return this.#calls.ioctl(checkInt(fd, 'fd'), code, BigInt.asUintN(64, BigInt(arg)))
  }

  /** Ends the waits and closes the fds. Mappings and buffers stay until they are disposed. */
  [Symbol.dispose](): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#waits.cancelAll()
    for (const fd of this.#fds) this.#addon.close(fd)
    this.#fds.clear()
  }

  #alive(): void {
    if (this.#disposed) throw new Error('the kernel object was disposed')
  }

  get #calls(): Addon {
    this.#alive()
    return this.#addon
  }

  #own(fd: number): number {
    if (fd >= 0) this.#fds.add(fd)
    return fd
  }
}

// SPDX-License-Identifier: GPL-2.0-only
import type { Caller } from './caller.ts'

const ADDRESS_SIZE = 128

/** What was received, and from whom. */
export interface Received {
  /** Bytes received, or -errno. */
  readonly length: number
  readonly address: Uint8Array
}

/** Socket system calls beside those that every kernel object has. Results are the kernel's: negative errnos. */
export class Sockets {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  socketpair(domain: number, type: number, protocol = 0): [number, number] | number {
    const { exports } = this.#caller
    return this.#caller.room(8, (at) => {
      const result = exports.sys_socketpair(domain, type, protocol, at)
      if (result < 0) return result
      const fds = new DataView(exports.memory.buffer, at, 8)
      return [fds.getInt32(0, true), fds.getInt32(4, true)]
    })
  }

  accept4(fd: number, flags: number): number {
    return this.#caller.exports.sys_accept4(fd, flags)
  }

  shutdown(fd: number, how: number): number {
    return this.#caller.exports.sys_shutdown(fd, how)
  }

  /** recvfrom with the sender's address. */
  recvfrom(fd: number, data: Uint8Array, flags = 0): Received {
    const { exports } = this.#caller
    return this.#caller.with(data, (at) =>
      this.#caller.room(ADDRESS_SIZE + 8, (to) => {
        const length = exports.sys_recvfrom_address(fd, at, data.length, flags, to, to + ADDRESS_SIZE)
        const { buffer } = exports.memory
        data.set(new Uint8Array(buffer, at, data.length))
        const size = new DataView(buffer).getUint32(to + ADDRESS_SIZE, true)
        return { length, address: new Uint8Array(buffer, to, Math.min(size, ADDRESS_SIZE)).slice() }
      }),
    )
  }

  #name(fd: number, peer: boolean): Uint8Array | number {
    const { exports } = this.#caller
    return this.#caller.room(ADDRESS_SIZE, (at) => {
      const length = exports.sys_sockname(fd, peer ? 1 : 0, at)
      return length < 0 ? length : new Uint8Array(exports.memory.buffer, at, length).slice()
    })
  }
  getsockname(fd: number): Uint8Array | number {
    return this.#name(fd, false)
  }
  getpeername(fd: number): Uint8Array | number {
    return this.#name(fd, true)
  }

  rmdir(path: string): number {
    return this.#caller.text(path, (at) => this.#caller.exports.sys_rmdir(at))
  }
}

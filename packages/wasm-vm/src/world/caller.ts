// SPDX-License-Identifier: GPL-2.0-only
import { SyscallError } from '@skep/core'
import type { WorldExports } from './exports.ts'

const encoder = new TextEncoder()

/** Carries bytes into the kernel's memory and out again. */
export class Caller {
  readonly exports: WorldExports

  constructor(exports: WorldExports) {
    this.exports = exports
  }

  check(result: number, what: string): number {
    if (result < 0) throw new SyscallError(what, -result)
    return result
  }

  /** Calls with `size` cleared bytes of the kernel's memory. */
  room<T>(size: number, use: (at: number) => T): T {
    const at = this.exports.user_alloc(Math.max(size, 1)) >>> 0
    if (at === 0) throw new RangeError('the kernel has no memory left')
    try {
      return use(at)
    } finally {
      this.exports.user_free(at)
    }
  }

  /** Calls with a copy of the bytes. */
  with<T>(bytes: Uint8Array, use: (at: number) => T): T {
    return this.room(bytes.length, (at) => {
      new Uint8Array(this.exports.memory.buffer, at, bytes.length).set(bytes)
      return use(at)
    })
  }

  /** Calls with the text, zero-terminated; with 0 for none. */
  text<T>(text: string | undefined, use: (at: number) => T): T {
    return text === undefined ? use(0) : this.with(encoder.encode(`${text}\0`), use)
  }

  /** What the call leaves in `size` bytes. */
  filled(size: number, use: (at: number) => number, what: string): DataView {
    return this.room(size, (at) => {
      this.check(use(at), what)
      return new DataView(new Uint8Array(this.exports.memory.buffer, at, size).slice().buffer)
    })
  }
}

// SPDX-License-Identifier: BSD-2-Clause
/**
 * Memory for the arguments of system calls. Allocating it anew for each call costs more than the call, so each kernel
 * has one block that calls cut their buffers from; it is empty again when no call is under way.
 *
 * ```
 * block  | key | value | path … |  free                    |
 *        0                      used                  BLOCK_SIZE
 * ```
 */
import type { Kernel, UserBuffer, UserMemory } from './kernel.ts'

const BLOCK_SIZE = 64 * 1024
/** Larger buffers (logs, instructions, batches) are allocated on their own: there the call costs more. */
const LARGEST = 8 * 1024

/** A piece of the block. */
export class Piece implements UserBuffer {
  readonly #scratch: Scratch
  readonly #offset: number
  readonly length: number
  /** Its address as a number. */
  readonly at: number

  constructor(scratch: Scratch, offset: number, length: number) {
    this.#scratch = scratch
    this.#offset = offset
    this.length = length
    this.at = scratch.base + offset
  }

  get address(): bigint {
    return BigInt(this.at)
  }

  get bytes(): Uint8Array {
    return this.#scratch.bytes.subarray(this.#offset, this.#offset + this.length)
  }

  /** Nothing: the call that it belongs to gives it back. */
  [Symbol.dispose](): void {}
}

/** The block of a kernel. Calls may nest: what one has cut stays until the last has ended. */
export class Scratch {
  readonly #memory: UserMemory
  #block: UserBuffer | undefined
  #used = 0
  #calls = 0
  /** Address of the block; user addresses are exact as numbers. 0 before the first cut. */
  base = 0

  constructor(memory: UserMemory) {
    this.#memory = memory
  }

  /** A call begins. */
  enter(): void {
    this.#calls++
  }

  /** A call has ended. */
  leave(): void {
    if (--this.#calls === 0) this.#used = 0
  }

  /** Offset in the block of that many bytes, not zeroed, aligned to 8; -1 where there is no room for them. */
  reserve(length: number): number {
    const offset = this.#used
    if (length > LARGEST || offset + length > BLOCK_SIZE) return -1
    if (!this.#block) {
      this.#block = this.#memory.alloc(BLOCK_SIZE)
      this.base = Number(this.#block.address)
    }
    this.#used += (length + 7) & ~7
    return offset
  }

  /** The bytes of the block, after a cut or a reservation. Fetch them again after every system call. */
  get bytes(): Uint8Array {
    return this.#block!.bytes
  }

  /** The same as a buffer. */
  cut(length: number): UserBuffer | undefined {
    const offset = this.reserve(length)
    return offset < 0 ? undefined : new Piece(this, offset, length)
  }
}

const scratches = new WeakMap<UserMemory, Scratch>()

/** The block of a kernel's user memory. A kernel that goes back in time has another memory from then on. */
export function scratchOf({ memory }: Kernel): Scratch {
  let scratch = scratches.get(memory)
  if (!scratch) {
    scratch = new Scratch(memory)
    scratches.set(memory, scratch)
  }
  return scratch
}

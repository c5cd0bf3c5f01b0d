// SPDX-License-Identifier: BSD-2-Clause
import type { Kernel, UserBuffer } from '../src/load/kernel.ts'

/** A system call that a fake kernel was asked. */
export interface FakeCall {
  readonly cmd: number
  /** Attr as given. */
  readonly attr: Uint8Array
}

/** Answers bpf(2); may write into attr and, through `memory`, to where it points. */
export type FakeAnswer = (call: FakeCall, memory: FakeMemory, attr: Uint8Array) => number

/** An address space that is a list of buffers. */
export class FakeMemory {
  readonly buffers = new Map<bigint, Uint8Array>()
  #next = 0x1000n

  alloc(length: number): UserBuffer {
    const bytes = new Uint8Array(length)
    const address = this.#next
    this.#next += BigInt(Math.ceil(length / 4096) * 4096 + 4096)
    this.buffers.set(address, bytes)
    const drop = () => this.buffers.delete(address)
    return { address, length, bytes, [Symbol.dispose]: drop }
  }

  /** The bytes from an address to the end of the buffer that it lies in. */
  at(address: bigint): Uint8Array {
    for (const [start, bytes] of this.buffers) {
      if (address >= start && address < start + BigInt(bytes.length)) return bytes.subarray(Number(address - start))
    }
    throw new Error(`no buffer at ${address}`)
  }
}

/** A kernel for tests of call sequences: it records what it is asked and answers what the test says. */
export interface FakeKernel extends Kernel {
  readonly calls: FakeCall[]
  readonly closed: number[]
  readonly userMemory: FakeMemory
}

export function fakeKernel(answer: FakeAnswer, facts: Partial<Kernel['facts']> = {}): FakeKernel {
  const userMemory = new FakeMemory()
  const calls: FakeCall[] = []
  const closed: number[] = []
  const enosys = () => -38
  const own = {
    kind: 'virtual' as const,
    facts: {
      release: '6.18.0',
      version: 0x061200,
      pageSize: 4096,
      possibleCpus: 4,
      onlineCpus: 2,
      littleEndian: true,
      ...facts,
    },
    memory: userMemory,
    kernelBtf: undefined,
    calls,
    closed,
    userMemory,
    bpf(cmd: number, attr: Uint8Array): number {
      const call = { cmd, attr: attr.slice() }
      calls.push(call)
      return answer(call, userMemory, attr)
    },
    close(fd: number): number {
      closed.push(fd)
      return 0
    },
    mmap: enosys,
    wait: async () => [],
    socket: enosys,
    bind: enosys,
    connect: enosys,
    listen: enosys,
    accept: enosys,
    getsockopt: enosys,
    setsockopt: enosys,
    send: enosys,
    recv: enosys,
    open: () => -2,
    mkdir: enosys,
    unlink: enosys,
    read: enosys,
    write: enosys,
    perfEventOpen: enosys,
    ioctl: enosys,
    [Symbol.dispose]: () => {},
  }
  return own
}

// SPDX-License-Identifier: BSD-2-Clause
import type { LinuxKernel } from '../kernel.ts'
import { must } from './answers.ts'

// x86-64
const NR_OPEN = 2
const NR_UNSHARE = 272
const NR_OPENAT = 257
const NR_SETNS = 308
const NR_BPF = 321
const NR_FSOPEN = 430
const NR_FSCONFIG = 431
const NR_FSMOUNT = 432

const CLONE_NEWNS = 0x20000
const CLONE_NEWUSER = 0x10000000
const FSCONFIG_SET_STRING = 1
const FSCONFIG_CMD_CREATE = 6
const O_DIRECTORY = 0o200000

/** The kernel may write more into attr than it was given. */
const ATTR_ROOM = 16384

type Argument = number | bigint

/** What a bpf file system delegates: masks of commands, map types, program types, attach types. */
export interface Delegation {
  readonly cmds?: bigint
  readonly maps?: bigint
  readonly progs?: bigint
  readonly attachs?: bigint
}

/**
 * A user namespace of its own, in which system calls can be made with all capabilities there and none outside. The
 * calling process itself stays where it is: it has too many threads to go.
 */
export class UserNamespace implements Disposable {
  readonly #kernel: LinuxKernel
  readonly #namespace: number

  constructor(kernel: LinuxKernel) {
    this.#kernel = kernel
    this.#namespace = this.#withPath('/proc/self/ns/user', (path) =>
      must(this.#last([NR_UNSHARE, CLONE_NEWUSER], [NR_OPEN, path, 0]), 'user namespace'),
    )
  }

  /** Makes the calls in a process of its own, which shares files and memory with this one: the last result. */
  #last(...calls: readonly (readonly Argument[])[]): number {
    const packed = new BigInt64Array(calls.length * 8)
    for (const [i, call] of calls.entries()) {
      for (const [k, value] of call.entries()) packed[i * 8 + k] = BigInt.asIntN(64, BigInt(value))
    }
    must(this.#kernel.thread.childCalls(packed), 'child')
    const results = calls.map((_, i) => Number(packed[i * 8 + 7]))
    return results.find((result) => result < 0) ?? results.at(-1) ?? 0
  }

  #withPath<T>(text: string, use: (address: bigint) => T): T {
    const bytes = new TextEncoder().encode(`${text}\0`)
    using room = this.#kernel.memory.alloc(bytes.length)
    room.bytes.set(bytes)
    return use(room.address)
  }

  /** bpf(2) by a process in the namespace. */
  bpf(command: number, attr: Uint8Array): number {
    using room = this.#kernel.memory.alloc(attr.length + ATTR_ROOM)
    room.bytes.set(attr)
    const result = this.#last([NR_SETNS, this.#namespace, CLONE_NEWUSER], [NR_BPF, command, room.address, attr.length])
    attr.set(room.bytes.subarray(0, attr.length))
    return result
  }

  /** Mounts an empty bpf file system that belongs to the namespace, as the privileged outside: an fd of its root. */
  mountBpffs(delegation: Delegation = {}): number {
    const kernel = this.#kernel
    // who opens it decides whose it is; that takes the right to mount, which a mount namespace of its own gives
    const fs = this.#withPath('bpf', (name) =>
      must(
        this.#last([NR_SETNS, this.#namespace, CLONE_NEWUSER], [NR_UNSHARE, CLONE_NEWNS], [NR_FSOPEN, name, 0]),
        'fsopen',
      ),
    )
    for (const [name, mask] of Object.entries(delegation)) {
      this.#withPath(`delegate_${name}`, (key) =>
        this.#withPath(`0x${mask.toString(16)}`, (value) =>
          must(this.#last([NR_FSCONFIG, fs, FSCONFIG_SET_STRING, key, value, 0]), 'fsconfig', name),
        ),
      )
    }
    must(this.#last([NR_FSCONFIG, fs, FSCONFIG_CMD_CREATE, 0, 0, 0]), 'fsconfig')
    const mount = must(this.#last([NR_FSMOUNT, fs, 0, 0]), 'fsmount')
    const root = this.#withPath('.', (path) => must(this.#last([NR_OPENAT, mount, path, O_DIRECTORY, 0]), 'openat'))
    kernel.close(fs)
    kernel.close(mount)
    return root
  }

  [Symbol.dispose](): void {
    this.#kernel.close(this.#namespace)
  }
}

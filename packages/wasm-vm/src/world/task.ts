// SPDX-License-Identifier: GPL-2.0-only
import type { Caller } from './caller.ts'

const ENOMEM = 12

const UID = 1
const GID = 2
const COMM = 3
const CLASSID = 4
const TGID = 5
const START = 6
const CAPABILITIES = 7

export interface TaskOptions {
  readonly name?: string
  readonly uid?: number
  readonly gid?: number
  readonly tgid?: number
  readonly classId?: number
  /** Nanoseconds since boot. */
  readonly startTime?: bigint
  /** Those that it has of its user namespace's: bit n is CAP n. In the first namespace the kernel's option limits them. */
  readonly capabilities?: bigint
}

/** A simulated task. */
export class Task {
  readonly pid: number
  readonly #caller: Caller

  constructor(caller: Caller, pid: number) {
    this.#caller = caller
    this.pid = pid
  }

  set(options: TaskOptions): this {
    const put = (what: number, value: bigint | number | undefined) => {
      if (value === undefined) return
      this.#caller.check(this.#caller.exports.world_task_set(this.pid, what, BigInt(value)), `task ${this.pid}`)
    }
    if (options.name !== undefined) this.#caller.text(options.name, (at) => put(COMM, at))
    put(UID, options.uid)
    put(GID, options.gid)
    put(TGID, options.tgid)
    put(CLASSID, options.classId)
    put(START, options.startTime)
    put(CAPABILITIES, options.capabilities)
    return this
  }

  /** Makes this the task in whose name system calls are made. */
  switch(): this {
    this.#caller.check(this.#caller.exports.world_task_switch(this.pid), `task ${this.pid}`)
    return this
  }

  /** Moves it into the cgroup of an open directory. */
  moveTo(cgroupFd: number): this {
    this.#caller.check(this.#caller.exports.world_task_move(this.pid, cgroupFd), `task ${this.pid}`)
    return this
  }

  /** Makes a user namespace and puts the task into it, with all capabilities there: its handle. */
  unshareUser(): number {
    const ns = this.#caller.exports.world_userns_unshare(this.pid)
    return this.#caller.check(ns === 0 ? -ENOMEM : ns, 'user namespace')
  }

  /** Puts the task into a user namespace; 0 is the first. */
  enterUser(namespace: number): this {
    this.#caller.check(this.#caller.exports.world_userns_enter(this.pid, namespace), `task ${this.pid}`)
    return this
  }

  /** A pidfd: the key of task storage. */
  openPidfd(): number {
    return this.#caller.check(this.#caller.exports.world_pidfd(this.pid), `pidfd of ${this.pid}`)
  }

  /** Numbers of the signals that bpf_send_signal left, which are forgotten with that. */
  takeSignals(): number[] {
    const bits = BigInt.asUintN(64, this.#caller.exports.world_task_signals(this.pid))
    return Array.from({ length: 64 }, (_, i) => i + 1).filter((n) => (bits >> BigInt(n - 1)) & 1n)
  }

  exit(): void {
    this.#caller.check(this.#caller.exports.world_task_exit(this.pid), `exit of ${this.pid}`)
  }
}

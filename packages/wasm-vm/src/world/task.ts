// SPDX-License-Identifier: GPL-2.0-only
import type { Caller } from './caller.ts'

const UID = 1
const GID = 2
const COMM = 3
const CLASSID = 4
const TGID = 5
const START = 6

export interface TaskOptions {
  readonly name?: string
  readonly uid?: number
  readonly gid?: number
  readonly tgid?: number
  readonly classId?: number
  /** Nanoseconds since boot. */
  readonly startTime?: bigint
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

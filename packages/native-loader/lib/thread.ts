// SPDX-License-Identifier: BSD-2-Clause
import type { Addon } from './addon.ts'
import { checkInt, checkPath } from './arguments.ts'

/**
 * System calls about the calling thread and its view of the system. Namespaces, CPU affinity and, after
 * unshare(CLONE_FS), the working directory belong to one thread: what is called here changes the JavaScript thread (the
 * main one or a worker) and none other, libuv's pool included, so that `node:fs` promises still see the old mounts.
 */
export class LinuxThread {
  readonly #addon: Addon

  constructor(addon: Addon) {
    this.#addon = addon
  }

  unshare(flags: number): number {
    return this.#addon.unshare(checkInt(flags, 'flags'))
  }

  /** `type`: the CLONE_NEW flag that the fd must be of, 0 for any. */
  setns(fd: number, type: number): number {
    return this.#addon.setns(checkInt(fd, 'fd'), checkInt(type, 'type'))
  }

  getpid(): number {
    return this.#addon.getpid()
  }

  /**
   * System calls by a process of its own that shares files and memory with this one, and has one thread: records of
   * number, six arguments and room for the result. It stops at the first that fails.
   */
  childCalls(calls: BigInt64Array): number {
    return this.#addon.childCalls(new Uint8Array(calls.buffer, calls.byteOffset, calls.byteLength))
  }

  gettid(): number {
    return this.#addon.gettid()
  }

  /** sched_setaffinity(2): run on one CPU only. */
  setAffinity(cpu: number): number {
    return this.#addon.setAffinity(checkInt(cpu, 'cpu'))
  }

  /** setrlimit(2), of the whole process. RLIM_INFINITY is 2n ** 64n - 1n. */
  setLimit(resource: number, soft: bigint, hard: bigint): number {
    return this.#addon.setLimit(checkInt(resource, 'resource'), soft, hard)
  }

  fchdir(fd: number): number {
    return this.#addon.fchdir(checkInt(fd, 'fd'))
  }

  chroot(path: string): number {
    return this.#addon.chroot(checkPath(path, 'path'))
  }

  mount(source: string, target: string, type: string, flags: number, data = ''): number {
    return this.#addon.mount(
      checkPath(source, 'source'),
      checkPath(target, 'target'),
      checkPath(type, 'type'),
      checkInt(flags, 'flags') >>> 0,
      checkPath(data, 'data'),
    )
  }

  umount(target: string, flags = 0): number {
    return this.#addon.umount(checkPath(target, 'target'), checkInt(flags, 'flags'))
  }

  rmdir(path: string): number {
    return this.#addon.rmdir(checkPath(path, 'path'))
  }
}

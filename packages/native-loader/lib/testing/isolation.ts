// SPDX-License-Identifier: BSD-2-Clause
import { createLinuxKernel } from '../index.ts'
import type { LinuxKernel } from '../kernel.ts'
import { enterCgroup, type PrivateCgroup } from './cgroup.ts'
import { enterMounts } from './mounts.ts'
import { enterNetwork } from './network.ts'

/** What a test wants for itself. */
export interface IsolationOptions {
  /** A network namespace in which only `lo` exists, and is up. */
  readonly network?: boolean
  /** A mount namespace with a bpffs. */
  readonly mounts?: boolean
  /** A cgroup of the unified hierarchy that holds this process. */
  readonly cgroup?: boolean
}

export interface Isolation extends Disposable {
  readonly kernel: LinuxKernel
  /** Directory of the bpffs; asking for it without `mounts` is an error. */
  readonly bpffs: string
  /** The cgroup; asking for it without `cgroup` is an error. */
  readonly cgroup: PrivateCgroup
}

/** Enters what the options name; disposing the result closes every fd that the kernel object made and leaves again. */
export function isolate(kernel: LinuxKernel, options: IsolationOptions): Isolation {
  const entered: Disposable[] = []
  const enter = <T extends Disposable>(
    wanted: boolean | undefined,
    make: (kernel: LinuxKernel) => T,
  ): T | undefined => {
    if (!wanted) return undefined
    const made = make(kernel)
    entered.push(made)
    return made
  }
  const leave = () => {
    const errors: unknown[] = []
    for (const made of entered.splice(0).reverse()) {
      try {
        made[Symbol.dispose]()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, `leaving the isolation: ${errors.join('; ')}`)
  }
  try {
    const cgroup = enter(options.cgroup, enterCgroup)
    enter(options.network, enterNetwork)
    const mounts = enter(options.mounts, enterMounts)
    return {
      kernel,
      get bpffs() {
        if (!mounts) throw new Error('isolation without mounts has no bpffs')
        return mounts.bpffs
      },
      get cgroup() {
        if (!cgroup) throw new Error('isolation without cgroup has no cgroup')
        return cgroup
      },
      [Symbol.dispose]: leave,
    }
  } catch (error) {
    leave()
    throw error
  }
}

/**
 * Calls `use` on this thread inside the isolation, with a kernel object of its own, and leaves it whatever happens.
 * The thread is inside during the whole promise: do not run two at a time on one thread.
 */
export async function isolated<T>(options: IsolationOptions, use: (world: Isolation) => T | Promise<T>): Promise<T> {
  using kernel = await createLinuxKernel()
  using world = isolate(kernel, options)
  return await use(world)
}

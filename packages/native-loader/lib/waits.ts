// SPDX-License-Identifier: BSD-2-Clause
import { SyscallError } from '@skep/core'
import type { Addon } from './addon.ts'

/** Longer timers fire at once in Node; 24 days are for ever. */
const LONGEST_TIMER = 0x7fffffff

/** The waits of one kernel that have not ended yet. */
export class Waits {
  readonly #addon: Addon
  readonly #cancels = new Set<() => void>()

  constructor(addon: Addon) {
    this.#addon = addon
  }

  /** See `Kernel.wait`. Rejects with a {@link SyscallError} where epoll refuses an fd (EBADF). */
  start(fds: readonly number[], timeoutMs: number): Promise<number[]> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const finish = (ready: number[]) => {
        clearTimeout(timer)
        this.#cancels.delete(cancel)
        resolve(ready)
      }
      const started = this.#addon.waitStart(fds, finish)
      if (typeof started !== 'number') {
        // Not before the event loop went round: someone who waits in a loop must not starve it.
        setImmediate(resolve, started)
        return
      }
      const cancel = () => finish(this.#addon.waitStop(started))
      if (started < 0) {
        reject(new SyscallError('epoll_ctl', -started))
      } else if (timeoutMs === 0) {
        setImmediate(resolve, this.#addon.waitStop(started))
      } else {
        this.#cancels.add(cancel)
        if (timeoutMs > 0 && timeoutMs <= LONGEST_TIMER) timer = setTimeout(cancel, timeoutMs)
      }
    })
  }

  /** Ends every wait with what is ready now. */
  cancelAll(): void {
    for (const cancel of this.#cancels) cancel()
  }
}

// SPDX-License-Identifier: GPL-2.0-only

/** Callers that wait for fds. The kernel only changes by calls, so they are asked again after each of these. */
export class Waiters {
  readonly #waiting = new Set<() => boolean>()
  readonly #ready: (fds: readonly number[]) => number[]

  /** `ready`: those of the fds that can be read; raises for one that is none. */
  constructor(ready: (fds: readonly number[]) => number[]) {
    this.#ready = ready
  }

  /** Those that are readable, an empty list after the time is over. -1: no limit. */
  wait(fds: readonly number[], timeoutMs: number): Promise<number[]> {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const finish = (act: () => void) => {
        this.#waiting.delete(ask)
        clearTimeout(timer)
        act()
      }
      const ask = (): boolean => {
        try {
          const ready = this.#ready(fds)
          if (ready.length === 0) return false
          finish(() => resolve(ready))
        } catch (error) {
          finish(() => reject(error))
        }
        return true
      }
      if (ask()) return
      if (timeoutMs === 0) return resolve([])
      this.#waiting.add(ask)
      if (timeoutMs > 0) timer = setTimeout(() => finish(() => resolve([])), timeoutMs)
    })
  }

  /** To be called after whatever may have made an fd readable. */
  wake(): void {
    for (const ask of [...this.#waiting]) ask()
  }
}

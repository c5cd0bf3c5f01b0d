// SPDX-License-Identifier: BSD-2-Clause
// Calls every function of the addon with every kind of wrong argument, without the TypeScript half in between. What
// matters is that the process lives: the answer of each call is counted and nothing else.
import { createRequire } from 'node:module'

const detached = new Uint8Array(16)
structuredClone(detached.buffer, { transfer: [detached.buffer] })

const VALUES = [
  undefined,
  null,
  true,
  '',
  'x\0y',
  Symbol('s'),
  {},
  [],
  [{}],
  [1.5],
  () => {},
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  0.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  -1n,
  2n ** 64n,
  2n ** 100n,
  new Uint8Array(0),
  new Uint8Array(7),
  detached,
  detached.buffer,
  new Float64Array(4),
  new DataView(new ArrayBuffer(8)),
  new ArrayBuffer(0),
  new SharedArrayBuffer(8),
  new Uint8Array(new SharedArrayBuffer(8)),
  new Proxy([], {
    get() {
      throw new Error('hostile getter')
    },
  }),
]

/** fds that are given are never valid, so that a call which gets through changes nothing. */
const BAD_FD = 0x7fffffff

/** Functions whose effect would reach the process itself when an argument happens to fit. */
const SKIPPED = new Set(['unshare', 'setLimit', 'setAffinity', 'chroot', 'mount', 'umount'])

export function hostile(path) {
  const addon = createRequire(import.meta.url)(path)
  let thrown = 0
  let answered = 0
  for (const [name, call] of Object.entries(addon)) {
    if (typeof call !== 'function' || SKIPPED.has(name)) continue
    for (const first of [BAD_FD, ...VALUES]) {
      for (const second of VALUES) {
        for (const rest of [[], [second], [0, 0, 0], [second, second, second]]) {
          try {
            const answer = call(first, second, ...rest)
            answered++
            // A wait for no fd at all is a good one, and would keep the process alive.
            if (name === 'waitStart' && answer > 0) addon.waitStop(answer)
          } catch (error) {
            if (!(error instanceof Error)) throw error
            thrown++
          }
        }
      }
    }
  }
  return { thrown, answered }
}

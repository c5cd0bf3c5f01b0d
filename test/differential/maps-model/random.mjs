// SPDX-License-Identifier: BSD-2-Clause
// A sequence of numbers that a seed decides, so that a divergence can be played again.

export class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0 || 1
  }

  /** 32 bits (mulberry32). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 15), z | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return (z ^ (z >>> 14)) >>> 0
  }

  below(n) {
    return this.next() % n
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  chance(percent) {
    return this.below(100) < percent
  }

  bytes(n) {
    const out = new Uint8Array(n)
    for (let i = 0; i < n; i++) out[i] = this.next()
    return out
  }
}

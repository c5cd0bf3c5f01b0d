// SPDX-License-Identifier: BSD-2-Clause

/** A seeded source of numbers (mulberry32). */
export class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** 32 bits, unsigned. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** From 0 to `limit` - 1. */
  below(limit) {
    return this.next() % limit
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  /** True once in `times`. */
  oneIn(times) {
    return this.below(times) === 0
  }
}

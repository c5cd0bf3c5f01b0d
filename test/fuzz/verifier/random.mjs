// SPDX-License-Identifier: BSD-2-Clause
// A generator of random numbers that a seed repeats (xorshift, 32 bits), with the choices that templates make.

export class Random {
  #state

  constructor(seed) {
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ 0x5bd1e995) >>> 0 || 1
    for (let i = 0; i < 8; i++) this.next()
  }

  next() {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state
  }

  /** From 0 to n - 1. */
  below(n) {
    return this.next() % n
  }

  /** From lo to hi, both included. */
  between(lo, hi) {
    return lo + this.below(hi - lo + 1)
  }

  chance(percent) {
    return this.below(100) < percent
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  /** One of the keys of { name: weight }. */
  weighted(weights) {
    let total = 0
    for (const w of Object.values(weights)) total += w
    let at = this.below(total)
    for (const [name, w] of Object.entries(weights)) {
      if (at < w) return name
      at -= w
    }
    return Object.keys(weights)[0]
  }
}

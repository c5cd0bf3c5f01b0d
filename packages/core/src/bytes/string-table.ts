// SPDX-License-Identifier: BSD-2-Clause
import type { ByteView } from './view.ts'

/**
 * A string table whose total of decoded characters is bounded: names may overlap, so a file of n bytes could otherwise
 * ask for n/64 names of nearly n characters each.
 */
export class StringTable {
  private readonly view: ByteView
  private readonly cache = new Map<number, string>()
  private budget: number

  constructor(view: ByteView) {
    this.view = view
    this.budget = 1 << 20
    this.budget += 16 * view.length
  }

  get length(): number {
    return this.view.length
  }

  /** The string at `offset`; `what` names its user in errors. */
  at(offset: number, what: string): string {
    const known = this.cache.get(offset)
    if (known !== undefined) return known
    if (offset >= this.view.length) {
      // Offset 0 of an absent table is the empty name.
      if (offset === 0) return ''
      throw this.view.fail(`${what}: name offset 0x${offset.toString(16)} is outside of the string table`)
    }
    const text = this.view.cstring(offset, what)
    this.budget -= text.length
    if (this.budget < 0) throw this.view.fail(`${what}: names overlap too often`)
    this.cache.set(offset, text)
    return text
  }
}

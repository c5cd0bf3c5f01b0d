// SPDX-License-Identifier: BSD-2-Clause
import { type ByteView, decodeText } from './view.ts'

/**
 * A string table whose total of decoded characters is bounded: names may overlap, so a file of n bytes could otherwise
 * ask for n/64 names of nearly n characters each.
 */
export class StringTable {
  private readonly view: ByteView
  private readonly cache = new Map<number, string>()
  private budget: number
  /** The whole table as text, if it is ASCII: then byte offsets are text offsets. Decoding once is faster by far. */
  private readonly whole: string | undefined

  constructor(view: ByteView) {
    this.view = view
    this.budget = 1 << 20
    this.budget += 16 * view.length
    const text = decodeText(view.bytes)
    // As many characters as bytes, none of them for a bad byte: each is one byte, hence ASCII.
    this.whole = text.length === view.length && !text.includes('\ufffd') ? text : undefined
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
    const text = this.read(offset, what)
    this.budget -= text.length
    if (this.budget < 0) throw this.view.fail(`${what}: names overlap too often`)
    this.cache.set(offset, text)
    return text
  }

  private read(offset: number, what: string): string {
    const end = this.whole?.indexOf('\0', offset) ?? -1
    return end < 0 ? this.view.cstring(offset, what) : this.whole!.slice(offset, end)
  }
}

// SPDX-License-Identifier: BSD-2-Clause
/** Unpacks gzip (RFC 1952, RFC 1951): kernels show their configuration as `/proc/config.gz`, and core does no I/O that could. */
import { BpfError } from '../errors/index.ts'

const HEADER_SIZE = 10
const FLAG_HCRC = 2
const FLAG_EXTRA = 4
const FLAG_NAME = 8
const FLAG_COMMENT = 16
const MAX_BITS = 15

/** Bases and extra bits of length symbols 257… and of distance symbols. */
const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]
const DISTANCE_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]
/** Order in which the lengths of the code for code lengths are stored. */
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** A canonical Huffman code: symbols by length, and how many of each length there are. */
interface Code {
  readonly counts: Uint16Array
  readonly symbols: Uint16Array
}

function makeCode(lengths: readonly number[]): Code {
  const counts = new Uint16Array(MAX_BITS + 1)
  for (const length of lengths) counts[length]!++
  counts[0] = 0
  const offsets = new Uint16Array(MAX_BITS + 2)
  for (let i = 1; i <= MAX_BITS; i++) offsets[i + 1] = offsets[i]! + counts[i]!
  const symbols = new Uint16Array(lengths.length)
  lengths.forEach((length, symbol) => {
    if (length) symbols[offsets[length]!++] = symbol
  })
  return { counts, symbols }
}

const FIXED_LENGTHS = makeCode(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)))
const FIXED_DISTANCES = makeCode(Array.from({ length: 30 }, () => 5))

class Inflater {
  readonly #bytes: Uint8Array
  #at: number
  #bits = 0
  #have = 0
  #out = new Uint8Array(1 << 16)
  #length = 0

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  fail(message: string): BpfError {
    return new BpfError('unsupported', `unpack gzip: ${message} at 0x${this.#at.toString(16)}`)
  }

  bits(count: number): number {
    while (this.#have < count) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw this.fail('it ends early')
      this.#bits |= byte << this.#have
      this.#have += 8
    }
    const value = this.#bits & ((1 << count) - 1)
    this.#bits >>>= count
    this.#have -= count
    return value
  }

  symbol(code: Code): number {
    let value = 0
    let first = 0
    let index = 0
    for (let length = 1; length <= MAX_BITS; length++) {
      value |= this.bits(1)
      const count = code.counts[length]!
      if (value - count < first) return code.symbols[index + value - first]!
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    throw this.fail('a code that stands for nothing')
  }

  put(byte: number): void {
    if (this.#length === this.#out.length) {
      const larger = new Uint8Array(this.#out.length * 2)
      larger.set(this.#out)
      this.#out = larger
    }
    this.#out[this.#length++] = byte
  }

  stored(): void {
    this.#bits = 0
    this.#have = 0
    const length = this.bits(16)
    if ((this.bits(16) ^ 0xffff) !== length) throw this.fail('a stored block whose length is damaged')
    for (let i = 0; i < length; i++) this.put(this.bits(8))
  }

  compressed(lengths: Code, distances: Code): void {
    for (;;) {
      const symbol = this.symbol(lengths)
      if (symbol === 256) return
      if (symbol < 256) {
        this.put(symbol)
        continue
      }
      const base = LENGTHS[symbol - 257]
      if (base === undefined) throw this.fail('an unknown length')
      const length = base + this.bits(LENGTH_BITS[symbol - 257]!)
      const place = this.symbol(distances)
      const distance = (DISTANCES[place] ?? Number.POSITIVE_INFINITY) + this.bits(DISTANCE_BITS[place] ?? 0)
      if (distance > this.#length) throw this.fail('a distance before the start')
      for (let i = 0; i < length; i++) this.put(this.#out[this.#length - distance]!)
    }
  }

  dynamic(): void {
    const literals = this.bits(5) + 257
    const distances = this.bits(5) + 1
    const count = this.bits(4) + 4
    const codeLengths = new Array<number>(19).fill(0)
    for (let i = 0; i < count; i++) codeLengths[CODE_ORDER[i]!] = this.bits(3)
    const code = makeCode(codeLengths)
    const lengths: number[] = []
    while (lengths.length < literals + distances) this.lengthSymbol(code, lengths)
    this.compressed(makeCode(lengths.slice(0, literals)), makeCode(lengths.slice(literals, literals + distances)))
  }

  lengthSymbol(code: Code, lengths: number[]): void {
    const symbol = this.symbol(code)
    if (symbol < 16) {
      lengths.push(symbol)
      return
    }
    const last = lengths.at(-1)
    if (symbol === 16 && last === undefined) throw this.fail('a repetition of nothing')
    const times = symbol === 16 ? 3 + this.bits(2) : symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7)
    for (let i = 0; i < times; i++) lengths.push(symbol === 16 ? last! : 0)
  }

  run(): Uint8Array {
    let last = false
    while (!last) {
      last = this.bits(1) === 1
      const type = this.bits(2)
      if (type === 0) this.stored()
      else if (type === 1) this.compressed(FIXED_LENGTHS, FIXED_DISTANCES)
      else if (type === 2) this.dynamic()
      else throw this.fail('a block of unknown type')
    }
    return this.#out.slice(0, this.#length)
  }
}

/** Offset of the compressed data behind a gzip header. */
function headerEnd(bytes: Uint8Array): number {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8)
    throw new BpfError('unsupported', 'unpack gzip: no gzip header at 0x0')
  const flags = bytes[3]!
  let at = HEADER_SIZE
  if (flags & FLAG_EXTRA) at += 2 + bytes[at]! + (bytes[at + 1]! << 8)
  for (const flag of [FLAG_NAME, FLAG_COMMENT]) if (flags & flag) at = bytes.indexOf(0, at) + 1
  return flags & FLAG_HCRC ? at + 2 : at
}

/** Unpacks the first member of a gzip file. @throws BpfError where it is damaged */
export function gunzip(bytes: Uint8Array): Uint8Array {
  return new Inflater(bytes, headerEnd(bytes)).run()
}

// SPDX-License-Identifier: GPL-2.0-only
/**
 * Joins the data segments of a module. The compiler writes one for every string and table, thousands, and their addresses
 * compress badly: with the few zeros between them filled in, the module is larger by 3 % and its gzip smaller by 5 %.
 *   node scripts/pack-data.mjs build/skep.wasm
 */
import { readFileSync, writeFileSync } from 'node:fs'

const DATA = 11
/** Without this section no instruction can name a segment: one that did would make the packed module invalid. */
const DATA_COUNT = 12
const I32_CONST = 0x41
const END = 0x0b
/** Zeros between two segments up to which they become one. */
const MAX_GAP = 1024

class Reader {
  constructor(bytes) {
    this.bytes = bytes
    this.at = 0
  }

  unsigned() {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++]
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }

  take(length) {
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  expect(byte) {
    if (this.bytes[this.at++] !== byte)
      throw new Error(`unexpected byte at ${this.at - 1}: no active segment of memory 0`)
  }
}

function unsigned(value) {
  const bytes = []
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  return [...bytes, value]
}

/** Addresses stay below 2^31; the last byte's bit 6 is the sign. */
function signed(value) {
  const bytes = []
  for (; value > 0x3f; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  return [...bytes, value]
}

/** The segments of a data section, [address, bytes]. */
function segments(section) {
  const reader = new Reader(section)
  return Array.from({ length: reader.unsigned() }, () => {
    reader.expect(0)
    reader.expect(I32_CONST)
    const address = reader.unsigned()
    reader.expect(END)
    return [address, reader.take(reader.unsigned())]
  }).sort(([a], [b]) => a - b)
}

/** Runs of segments that lie close to each other. */
function joined(parts) {
  const runs = []
  let end = Number.NEGATIVE_INFINITY
  for (const [address, bytes] of parts) {
    if (address - end > MAX_GAP) runs.push({ address, pieces: [bytes] })
    else runs.at(-1).pieces.push(new Uint8Array(address - end), bytes)
    end = address + bytes.length
  }
  return runs.map(({ address, pieces }) => [address, Buffer.concat(pieces)])
}

function dataSection(section) {
  const runs = joined(segments(section))
  return Buffer.concat([
    Buffer.from(unsigned(runs.length)),
    ...runs.flatMap(([address, bytes]) => [
      Buffer.from([0, I32_CONST, ...signed(address), END, ...unsigned(bytes.length)]),
      bytes,
    ]),
  ])
}

function pack(module) {
  const reader = new Reader(module)
  const parts = [reader.take(8)]
  while (reader.at < module.length) {
    const [id] = reader.take(1)
    const body = reader.take(reader.unsigned())
    if (id === DATA_COUNT) continue
    const packed = id === DATA ? dataSection(body) : body
    parts.push(Buffer.from([id, ...unsigned(packed.length)]), packed)
  }
  return Buffer.concat(parts)
}

const [file] = process.argv.slice(2)
if (!file) throw new Error('which module?')
const packed = pack(readFileSync(file))
if (!WebAssembly.validate(packed)) throw new Error(`${file}: packing it made it invalid`)
writeFileSync(file, packed)

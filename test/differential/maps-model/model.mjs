// SPDX-License-Identifier: BSD-2-Clause
// One random sequence of map commands on two kernels: the same answers, bytes and errnos.

import { makePool, structOpsPool, TYPE_IDS } from './objects.mjs'
import { Random } from './random.mjs'
import { BATCH_MAX, createMap, RawMap } from './raw-map.mjs'
import { structOpsValue } from './struct-ops.mjs'

const hex = (bytes) => (bytes ? Buffer.from(bytes).toString('hex') : '')

function poolOf(kernel, row) {
  if (row.ops) return structOpsPool(kernel, row.ops)
  return row.pool ? makePool(kernel, row.pool) : { fds: [] }
}

/** The two maps of a row of types.mjs, and what the row's keys and values are. */
class Pair {
  constructor(kernels, row, cpus) {
    this.row = row
    this.userValue = row.percpu ? ((row.value + 7) & ~7) * cpus : row.value
    this.pools = kernels.map((kernel) => poolOf(kernel, row))
    this.btf = kernels.map((kernel) => (row.btf ? makePool(kernel, 'btf').fds[0] : 0))
    this.kernels = kernels
    this.fds = kernels.map((kernel, i) =>
      createMap(kernel, {
        ...row,
        inner: row.pool === 'inner' ? this.pools[i].fds[0] : 0,
        btf: this.btf[i],
        btfKey: row.btf && !row.ops ? TYPE_IDS.int : 0,
        btfValue: row.btf && !row.ops ? TYPE_IDS[row.btf] : 0,
        kernelValue: row.ops?.valueTypeId,
      }),
    )
    this.maps = this.fds.every((fd) => fd >= 0)
      ? this.fds.map((fd, i) => new RawMap(kernels[i], fd, row.key, this.userValue))
      : undefined
  }

  dispose() {
    for (const map of this.maps ?? []) map[Symbol.dispose]()
    this.kernels.forEach((kernel, i) => {
      for (const fd of this.pools[i].fds) kernel.close(fd)
      if (this.btf[i]) kernel.close(this.btf[i])
    })
  }

  /** An fd of the pool as bytes for kernel `i`; what is no number of an object is a bad fd. */
  fdBytes(i, index, size) {
    const out = new Uint8Array(size)
    const fd = this.pools[i].fds[index] ?? 0x7ffffff0 + (index % 4)
    new DataView(out.buffer).setInt32(0, fd, true)
    return out
  }

  /** Ids, which differ between the kernels, as the object's place in its pool. */
  neutral(i, bytes) {
    const { ids, slots } = this.pools[i]
    if (!ids || !bytes) return bytes
    if (slots) return this.#neutralSlots(ids, slots, bytes)
    const words = new Uint32Array(bytes.slice().buffer)
    return new Uint8Array(words.map((id) => ids.get(id) ?? id).buffer)
  }

  /** The same where only some places of a value are ids. */
  #neutralSlots(ids, slots, bytes) {
    const out = bytes.slice()
    const view = new DataView(out.buffer)
    for (const { offset } of slots) {
      if (offset + 4 > out.length) continue
      const id = view.getUint32(offset, true)
      if (id) view.setUint32(offset, ids.get(id) ?? 0xffffffff, true)
    }
    return out
  }
}

/** Keys: a list from which the walk picks, so that keys meet. */
function keyPool(row, random) {
  const count = row.keys === 'many' ? row.max * 3 : 60
  const keys = []
  for (let n = 0; n < count; n++) {
    const key = random.bytes(row.key)
    if (row.keys === 'index') new DataView(key.buffer).setUint32(0, n % (row.max + 3), true)
    if (row.keys === 'lpm') {
      const bits = (row.key - 4) * 8
      new DataView(key.buffer).setUint32(
        0,
        random.chance(3) ? bits + 1 + random.below(4) : random.below(bits + 1),
        true,
      )
      // few different bits, so that prefixes meet
      for (let b = 4; b < row.key; b++)
        key[b] = b === 4 ? random.pick([0x10, 0x11, 0x80]) : random.pick([0, 0x80, 0xff])
    }
    keys.push(key)
  }
  return keys
}

export class Walk {
  constructor(kernels, row, { seed, cpus }) {
    this.pair = new Pair(kernels, row, cpus)
    this.row = row
    this.random = new Random(seed)
    this.keys = keyPool(row, this.random)
    this.history = []
    this.cursors = [undefined, undefined]
  }

  get created() {
    return this.pair.fds
  }

  #key(i, index) {
    if (this.row.keys === 'none') return undefined
    return this.row.keys === 'fd' ? this.pair.fdBytes(i, index % 5, 4) : this.keys[index % this.keys.length]
  }

  #value(i, bytes, index) {
    const { row } = this
    if (row.pool && row.keys !== 'fd') return this.pair.fdBytes(i, index % 6, row.value)
    if (row.ops) return structOpsValue(row.ops, bytes, index, (place, other) => this.#program(i, place, other))
    const out = bytes.slice()
    const view = new DataView(out.buffer)
    if (row.values === 'ifindex') {
      view.setUint32(0, [0, 1, 1, 1, 77777][index % 5], true)
      if (row.value === 8) view.setInt32(4, [0, 0, -1, 0x7ffffff0][index % 4], true)
    }
    if (row.values === 'queue') {
      view.setUint32(0, [0, 1, 64, 16385, 8][index % 5], true)
      view.setInt32(4, [0, 0, -1][index % 3], true)
    }
    return out
  }

  /** fd of the program of a member, or of one that is for another. */
  #program(i, place, other) {
    const { fds } = this.pair.pools[i]
    return fds[other ? place + 1 : place] ?? 0x7ffffff0
  }

  /** One step on both: a text that says where they part, or undefined. */
  step() {
    const { random, pair } = this
    const index = random.next()
    const second = random.next()
    const bytes = random.bytes(pair.userValue)
    const kind = random.below(100)
    const flags = random.chance(70) ? 0 : random.pick([0, 1, 2, 3, 4, 5, 8, 1 << 20])
    const batch = {
      count: random.below(BATCH_MAX + 1),
      fresh: random.chance(40),
      elemFlags: random.chance(90) ? 0 : flags,
    }
    const run = (map, i) => this.#run(map, i, { kind, index, second, bytes, flags, batch })
    const answers = pair.maps.map(run)
    const texts = answers.map((answer, i) => this.#text(answer, i))
    this.history.push(`${answers[0].what} -> ${texts[0]}`)
    if (this.history.length > 12) this.history.shift()
    return texts[0] === texts[1] ? undefined : `${answers[0].what}\n    first:  ${texts[0]}\n    second: ${texts[1]}`
  }

  #text(answer, i) {
    const bytes = answer.value ? this.pair.neutral(i, answer.bytes) : answer.bytes
    const more = this.pair.neutral(i, answer.more)
    const count = answer.count === undefined ? '' : ` count ${answer.count}`
    const cookie = (this.row.pool === 'udp' || this.row.pool === 'reuseport') && this.row.value === 8 && answer.value
    return `${answer.result}${count} ${cookie && answer.result === 0 ? 'cookie' : hex(bytes)} ${hex(more)}`
  }

  #run(map, i, { kind, index, second, bytes, flags, batch }) {
    const key = this.#key(i, index)
    const what = (name) => `${name} key ${hex(this.#key(0, index))} flags ${flags}`
    if (kind < 34) {
      const value = this.#value(i, bytes, second)
      return { what: `${what('update')} value ${hex(value)}`, ...map.update(key, value, flags) }
    }
    if (kind < 58)
      return { what: what('lookup'), value: true, ...map.lookup(key, flags === 4 ? 4 : second % 20 ? 0 : flags) }
    if (kind < 72) return { what: what('delete'), ...map.delete(key, second % 20 ? 0 : flags) }
    if (kind < 82) return { what: what('next'), ...map.next(second % 8 ? key : undefined) }
    if (kind < 90)
      return { what: what('lookup and delete'), value: true, ...map.lookupAndDelete(key, second % 12 ? 0 : flags) }
    return this.#batch(map, i, kind, index, bytes, batch)
  }

  #batch(map, i, kind, index, bytes, { count, fresh, elemFlags }) {
    const what = `batch ${kind} count ${count} fresh ${fresh} flags ${elemFlags}`
    if (kind < 95) {
      const name = kind < 93 ? 'lookupBatch' : 'lookupAndDeleteBatch'
      const answer = map.batch(name, { count, cursor: fresh ? undefined : this.cursors[i], elemFlags })
      this.cursors[i] = answer.result === 0 ? answer.cursor : undefined
      return { what: `${name} ${what}`, ...answer }
    }
    const keys = new Uint8Array(this.row.key * BATCH_MAX)
    const values = new Uint8Array(this.pair.userValue * BATCH_MAX)
    for (let n = 0; n < count; n++) {
      const key = this.#key(i, index + n * 7)
      if (key) keys.set(key, n * this.row.key)
      const value = this.#value(i, bytes, index + n)
      values.set(value, n * this.pair.userValue)
    }
    const name = kind < 98 ? 'updateBatch' : 'deleteBatch'
    return { what: `${name} ${what}`, ...map.batch(name, { keys, values, count, elemFlags }) }
  }

  /** The last step: frozen maps take no writes of the caller. */
  freeze() {
    const answers = this.pair.maps.map((map) => map.freeze().result)
    const after = this.pair.maps.map((map, i) => {
      const value = this.#value(i, new Uint8Array(this.pair.userValue), 1)
      return map.update(this.#key(i, 1), value, 0).result
    })
    const texts = [0, 1].map((i) => `freeze ${answers[i]}, update ${after[i]}`)
    return texts[0] === texts[1] ? undefined : `freeze\n    first:  ${texts[0]}\n    second: ${texts[1]}`
  }

  dispose() {
    this.pair.dispose()
  }
}

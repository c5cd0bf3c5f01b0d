// SPDX-License-Identifier: BSD-2-Clause
// Map commands with attributes written by hand, as fast as the seam allows: one set of buffers a map.

const CMD = {
  create: 0,
  lookup: 1,
  update: 2,
  delete: 3,
  next: 4,
  lookupAndDelete: 21,
  freeze: 22,
  lookupBatch: 24,
  lookupAndDeleteBatch: 25,
  updateBatch: 26,
  deleteBatch: 27,
}
const BATCH_MAX = 16

/** A map's fd or -errno. `fields`: type, key, value, max, flags, inner, numa, extra, btf, btfKey, btfValue, kernelValue. */
export function createMap(kernel, fields) {
  const attr = new DataView(new ArrayBuffer(80))
  const put = (offset, value) => attr.setUint32(offset, value ?? 0, true)
  put(0, fields.type)
  put(4, fields.key)
  put(8, fields.value)
  put(12, fields.max)
  put(16, fields.flags)
  put(20, fields.inner)
  put(24, fields.numa)
  put(48, fields.btf)
  put(52, fields.btfKey)
  put(56, fields.btfValue)
  put(60, fields.kernelValue)
  attr.setBigUint64(64, BigInt(fields.extra ?? 0), true)
  return kernel.bpf(CMD.create, new Uint8Array(attr.buffer))
}

export class RawMap {
  constructor(kernel, fd, keySize, valueSize) {
    this.kernel = kernel
    this.fd = fd
    this.keySize = keySize
    this.valueSize = valueSize
    this.key = kernel.memory.alloc(Math.max(8, keySize * BATCH_MAX))
    this.value = kernel.memory.alloc(Math.max(8, valueSize * BATCH_MAX))
    this.cursor = kernel.memory.alloc(Math.max(8, keySize))
    this.nextCursor = kernel.memory.alloc(Math.max(8, keySize))
    this.attr = new Uint8Array(32)
    this.view = new DataView(this.attr.buffer)
    this.batchAttr = new Uint8Array(56)
    this.batchView = new DataView(this.batchAttr.buffer)
  }

  [Symbol.dispose]() {
    for (const buffer of [this.key, this.value, this.cursor, this.nextCursor]) buffer[Symbol.dispose]()
    this.kernel.close(this.fd)
  }

  #elem(cmd, key, second, flags) {
    this.view.setUint32(0, this.fd, true)
    this.view.setBigUint64(8, key ? this.key.address : 0n, true)
    this.view.setBigUint64(16, second?.address ?? 0n, true)
    this.view.setBigUint64(24, BigInt(flags), true)
    return this.kernel.bpf(cmd, this.attr)
  }

  #putKey(key) {
    if (key) this.key.bytes.set(key)
  }

  lookup(key, flags = 0, cmd = CMD.lookup) {
    this.#putKey(key)
    this.value.bytes.fill(0xa5, 0, this.valueSize)
    const result = this.#elem(cmd, key, this.value, flags)
    return { result, bytes: this.value.bytes.slice(0, this.valueSize) }
  }

  lookupAndDelete(key, flags = 0) {
    return this.lookup(key, flags, CMD.lookupAndDelete)
  }

  update(key, value, flags) {
    this.#putKey(key)
    this.value.bytes.set(value)
    return { result: this.#elem(CMD.update, key, this.value, flags) }
  }

  delete(key, flags = 0) {
    this.#putKey(key)
    return { result: this.#elem(CMD.delete, key, undefined, flags) }
  }

  next(key) {
    this.#putKey(key)
    this.value.bytes.fill(0xa5, 0, this.keySize)
    this.nextCursor.bytes.fill(0xa5)
    const result = this.#elem(CMD.next, key, this.nextCursor, 0)
    return { result, bytes: this.nextCursor.bytes.slice(0, this.keySize) }
  }

  freeze() {
    this.view.setBigUint64(8, 0n, true)
    this.attr.fill(0)
    this.view.setUint32(0, this.fd, true)
    return { result: this.kernel.bpf(CMD.freeze, this.attr) }
  }

  /** A batch: `keys` are bytes of `count` keys (or undefined), `cursor` where to go on (or undefined). */
  batch(name, { keys, values, count, cursor, elemFlags = 0, flags = 0 }) {
    const v = this.batchView
    if (keys) this.key.bytes.set(keys)
    if (values) this.value.bytes.set(values)
    if (cursor) this.cursor.bytes.set(cursor)
    this.nextCursor.bytes.fill(0xa5)
    const reads = name.startsWith('lookup')
    if (reads) {
      this.key.bytes.fill(0xa5)
      this.value.bytes.fill(0xa5)
    }
    v.setBigUint64(0, cursor ? this.cursor.address : 0n, true)
    v.setBigUint64(8, this.nextCursor.address, true)
    v.setBigUint64(16, this.key.address, true)
    v.setBigUint64(24, this.value.address, true)
    v.setUint32(32, count, true)
    v.setUint32(36, this.fd, true)
    v.setBigUint64(40, BigInt(elemFlags), true)
    v.setBigUint64(48, BigInt(flags), true)
    const result = this.kernel.bpf(CMD[name], this.batchAttr)
    const got = Math.min(v.getUint32(32, true), BATCH_MAX)
    return {
      result,
      count: v.getUint32(32, true),
      bytes: reads ? this.key.bytes.slice(0, got * this.keySize) : undefined,
      more: reads ? this.value.bytes.slice(0, got * this.valueSize) : undefined,
      cursor: reads ? this.nextCursor.bytes.slice(0, Math.max(4, this.keySize)) : undefined,
    }
  }
}

export { BATCH_MAX }

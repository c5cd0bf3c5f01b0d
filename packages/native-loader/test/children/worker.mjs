// SPDX-License-Identifier: BSD-2-Clause
// One worker thread: maps, mappings and waits of its own, in a loop.
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'

const addon = createRequire(import.meta.url)(workerData.addon)
const words = (...values) => new Uint8Array(new Uint32Array(values).buffer)
const MMAPABLE = 1 << 10

let sum = 0
for (let round = 0; round < workerData.rounds; round++) {
  const map = addon.bpf(0, words(2, 4, 8, 4, MMAPABLE))
  const mapping = addon.mmap(map, 4096, 0, 3, 0n)
  new BigUint64Array(mapping)[1] = BigInt(round)
  const memory = new ArrayBuffer(16)
  const bytes = new Uint32Array(memory)
  bytes[0] = 1
  const address = addon.address(memory)
  const [low, high] = [Number(address & 0xffffffffn), Number(address >> 32n)]
  if (addon.bpf(1, words(map, 0, low, high, low + 8, high)) !== 0) throw new Error('lookup')
  sum += bytes[2]
  // Every second mapping is left to the finalizer.
  if (round % 2 === 0 && addon.munmap(mapping) !== 0) throw new Error('munmap')
  addon.close(map)
}

const [a, b] = addon.socketpair(1, 1, 0)
const ready = await new Promise((resolve) => {
  addon.waitStart([b], resolve)
  setTimeout(() => addon.send(a, words(1), 0), 20)
})
const tid = addon.gettid()
addon.close(a)
// Two waits that never end: the thread must be able to leave all the same.
addon.waitStart([addon.socketpair(1, 1, 0)[0]], () => {})
addon.waitStart([addon.socketpair(1, 1, 0)[0]], () => {})
parentPort.postMessage({ sum, ready: ready.length === 1 && ready[0] === b, tid })
if (workerData.leave) process.exit(0)

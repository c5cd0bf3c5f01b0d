// SPDX-License-Identifier: BSD-2-Clause
// Everything that takes memory, many times, on this thread and in workers, for the leak check.
import { createRequire } from 'node:module'
import { runWorkers } from './workers.mjs'

const words = (...values) => new Uint8Array(new Uint32Array(values).buffer)

export async function load(path, rounds) {
  const addon = createRequire(import.meta.url)(path)
  for (let round = 0; round < rounds; round++) {
    const map = addon.bpf(0, words(2, 4, 8, 4, 1 << 10))
    const mapping = addon.mmap(map, 4096, 0, 3, 0n)
    if (round % 2 === 0) addon.munmap(mapping)
    const memory = new ArrayBuffer(64)
    addon.address(memory)
    if (round % 3 === 0) addon.detach(memory)
    addon.bpf(0, new Uint8Array(2000))
    addon.ioctl(-1, 1, new Uint8Array(100))
    addon.perfEventOpen(new Uint8Array(100), 0, 0, -1, 0)
    addon.open('/nonexistent', 0, 0)
    const [a, b] = addon.socketpair(1, 1, 0)
    const stopped = addon.waitStart([b], () => {})
    addon.waitStop(stopped)
    const ready = new Promise((resolve) => addon.waitStart([b], resolve))
    addon.send(a, words(1), 0)
    await ready
    for (const fd of [map, a, b]) addon.close(fd)
    for (const wrong of [[1.5], 'x', undefined]) {
      try {
        addon.waitStart(wrong, () => {})
      } catch {}
    }
  }
  // A wait that is never stopped ends with the process.
  addon.waitStart([addon.socketpair(1, 1, 0)[0]], () => {})
  await runWorkers(path, 2, 20)
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, 50))
  globalThis.gc?.()
  setTimeout(() => process.exit(0), 50)
  return 'done'
}

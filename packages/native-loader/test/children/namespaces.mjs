// SPDX-License-Identifier: BSD-2-Clause
// A worker thread leaves for a network namespace of its own; the main thread stays.
import { readlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const namespace = () => readlinkSync('/proc/thread-self/ns/net')

export async function unshareInWorker(addon) {
  const before = namespace()
  const worker = new Worker(new URL(import.meta.url), { workerData: { addon } })
  const inside = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))
  return { before, inside, after: namespace() }
}

if (!isMainThread) {
  const addon = createRequire(import.meta.url)(workerData.addon)
  const result = addon.unshare(0x40000000)
  parentPort.postMessage(result === 0 ? namespace() : `errno ${-result}`)
}

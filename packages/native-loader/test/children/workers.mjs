// SPDX-License-Identifier: BSD-2-Clause
// Worker threads at the same time; half of them leave by themselves, half are terminated while they wait.
import { Worker } from 'node:worker_threads'

export async function runWorkers(addon, count, rounds) {
  const run = (index) =>
    new Promise((resolve, reject) => {
      const leave = index % 2 === 0
      const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData: { addon, rounds, leave } })
      let answer
      worker.on('message', (message) => {
        answer = message
        if (!leave) worker.terminate()
      })
      worker.on('error', reject)
      worker.on('exit', () => resolve(answer))
    })
  return await Promise.all(Array.from({ length: count }, (_, index) => run(index)))
}

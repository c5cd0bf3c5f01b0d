// SPDX-License-Identifier: BSD-2-Clause
import { fileURLToPath } from 'node:url'
import { runInChild } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import { eachKernel, needIsolation } from './calls.ts'

const at = eachKernel()
const addon = fileURLToPath(new URL('../build/Release/skep.node', import.meta.url))
const workers = new URL('./children/workers.mjs', import.meta.url)

test('worker threads use the addon at the same time, and end while they wait', async () => {
  const result = await runInChild(workers, 'runWorkers', { args: [addon, 6, 200], timeoutMs: 55_000 })
  expect(result).toMatchObject({ status: 0, stderr: '' })
  const answers = result.value as { sum: number; ready: boolean; tid: number }[]
  expect(answers).toHaveLength(6)
  for (const { sum, ready } of answers) {
    // 0 + 1 + … + 199, read by the kernel from what the mapping wrote.
    expect(sum).toBe(19_900)
    expect(ready).toBe(true)
  }
  expect(new Set(answers.map(({ tid }) => tid)).size).toBe(6)
})

test('unshare moves the thread that calls it and none other', async (context) => {
  needIsolation(context)
  const module = new URL('./children/namespaces.mjs', import.meta.url)
  const { value } = await runInChild(module, 'unshareInWorker', { args: [addon] })
  const { before, inside, after } = value as Record<string, string>
  expect(after).toBe(before)
  expect(inside).toMatch(/^net:\[\d+\]$/)
  expect(inside).not.toBe(before)
})

test('the calling thread is known by its number, and can be bound to one CPU', () => {
  const { thread } = at.kernel
  expect(thread.getpid()).toBe(process.pid)
  expect(thread.gettid()).toBeGreaterThan(0)
  expect(thread.setAffinity(100_000)).toBe(-22)
  expect(thread.setAffinity(-1)).toBe(-22)
})

test('pidfd_open gives an fd of a process, ESRCH where there is none and EINVAL for flags that do not exist', () => {
  const { kernel } = at
  const fd = kernel.pidfdOpen(process.pid)
  expect(fd).toBeGreaterThan(2)
  expect(kernel.close(fd)).toBe(0)
  expect(kernel.pidfdOpen(0x3fffffff)).toBe(-3)
  expect(kernel.pidfdOpen(process.pid, 1)).toBe(-22)
  expect(() => kernel.pidfdOpen(1.5)).toThrow(RangeError)
})

// SPDX-License-Identifier: BSD-2-Clause
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInChild, skipOrFail } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import { eachKernel } from './calls.ts'

eachKernel()
const root = fileURLToPath(new URL('..', import.meta.url))
const built = (name: string) => join(root, 'build-asan', name)
const child = (name: string) => new URL(`./children/${name}`, import.meta.url)

const OURS = /native-loader\/src\/|skep\.node/

/** AddressSanitizer's library, which must come before everything else in a Node that was not built with it. */
function sanitizer(): string | undefined {
  const library = spawnSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim()
  return library?.startsWith('/') && existsSync(library) ? library : undefined
}

/** Blocks of a report that name sources or binary of an addon; what Node itself keeps to the end does not. */
function reports(stderr: string, addon: RegExp): string[] {
  return stderr.split('\n\n').filter((block) => addon.test(block))
}

test('no leak and no bad access under AddressSanitizer', { timeout: 420_000 }, async (context) => {
  const library = sanitizer()
  if (library === undefined) return context.skip(skipOrFail('g++ or its AddressSanitizer is missing'))
  execFileSync(process.execPath, ['scripts/asan.mjs'], { cwd: root })
  const options = {
    // A bad access ends with status 66; a leak report does not change the status, since Node has leaks of its own.
    env: {
      LD_PRELOAD: library,
      ASAN_OPTIONS: 'detect_leaks=1:exitcode=66',
      LSAN_OPTIONS: 'exitcode=0:report_objects=0',
    },
    execArgv: ['--expose-gc'],
    timeoutMs: 150_000,
  }
  const control = await runInChild(child('leaking.mjs'), 'leak', { ...options, args: [built('control.node')] })
  expect(reports(control.stderr, /control\/leak\.cc|control\.node/).join()).toContain(
    `${3 * 4321} byte(s) in 3 object(s)`,
  )

  const load = await runInChild(child('load.mjs'), 'load', { ...options, args: [built('skep.node'), 100] })
  expect(reports(load.stderr, OURS)).toEqual([])
  expect(load).toMatchObject({ status: 0, value: 'done' })

  const hostile = await runInChild(child('hostile.mjs'), 'hostile', { ...options, args: [built('skep.node')] })
  expect(reports(hostile.stderr, OURS)).toEqual([])
  expect(hostile.status).toBe(0)
})

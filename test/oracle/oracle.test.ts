// SPDX-License-Identifier: BSD-2-Clause
// What Linux answered, recorded by record.mjs: the virtual kernel must answer the same, with or without a Linux at hand.
// Where the running Linux is of the recorded release, the record itself is checked.
import { readFileSync } from 'node:fs'
import type { Kernel } from '@skep/core'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'
import { beforeAll, describe, expect, test } from 'vitest'
import { listed, listedUnsupported } from '../differential/divergences.mjs'
import { type Answer, COLLECTIONS, type CollectionName, releaseOf } from './collect.mjs'

interface Recorded {
  readonly release: string
  /** Possible CPUs: they are the range of a helper's result. */
  readonly cpus: number
  readonly answers: readonly Answer[]
}

const names = Object.keys(COLLECTIONS) as CollectionName[]

function recorded(name: string): Recorded {
  return JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8'))
}

/** What differs, a line each; what docs/divergences.md lists is left out. */
function differences(collection: string, answers: readonly Answer[], record: Recorded): string[] {
  const given = new Map(answers.map((answer) => [answer.what, answer]))
  return record.answers.flatMap((expected) => {
    const got = given.get(expected.what)
    if (got?.answer === 'ENOTSUPP' && listedUnsupported(String(got.message))) return []
    return Object.keys(expected).flatMap((part) => {
      const [theirs, ours] = [JSON.stringify(expected[part]), JSON.stringify(got?.[part])]
      if (theirs === ours || listed(`oracle ${collection} ${part}`, expected.what)) return []
      return [`${expected.what}: ${part}\n  linux ${theirs?.slice(0, 600)}\n  got   ${ours?.slice(0, 600)}`]
    })
  })
}

function compareWith(kernelOf: () => Kernel): void {
  test.each(names)('%s', (name) => {
    const answers = COLLECTIONS[name](kernelOf())
    const record = recorded(name)
    expect(answers.map(({ what }) => what)).toEqual(record.answers.map(({ what }) => what))
    expect(differences(name, answers, record).join('\n')).toBe('')
  })
}

const { release, cpus } = recorded('examples')

describe('the virtual kernel', () => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await createVirtualKernel({ cpus })
  })
  compareWith(() => kernel)
})

const noLinux = whyNoLinux()
const linux = noLinux ? undefined : await createLinuxKernel()

/** Why the record says nothing about this kernel. */
function whyOther(kernel: Kernel): string | undefined {
  const { facts } = kernel
  if (releaseOf(kernel) !== release) return `the record is of Linux ${release}`
  return facts.possibleCpus === cpus ? undefined : `the record is of a machine with ${cpus} CPUs`
}
const why = noLinux ?? whyOther(linux!)

describe.skipIf(why)(`the running Linux${why ? ` (skipped: ${why})` : ''}`, () => {
  compareWith(() => linux!)
})

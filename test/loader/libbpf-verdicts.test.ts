// SPDX-License-Identifier: BSD-2-Clause
/** The same verdicts as libbpf's loader gets, program by program, for the examples and the objects of Debian's libxdp1. */
import { existsSync, readFileSync } from 'node:fs'
import { openObject, verifyProgram } from '@skep/core'
import { expect, test } from 'vitest'
import { eachKernel, pathOf } from './fixtures.ts'

type Row = readonly [object: string, program: string, verdict: string, errno: number, insns: number, states: number]

const at = eachKernel()
const recorded = JSON.parse(readFileSync(pathOf('test/loader/libbpf-verdicts.json'), 'utf8')) as {
  readonly release: string
  readonly rows: readonly Row[]
}
const LIBXDP = '/usr/lib/x86_64-linux-gnu/bpf'

function locate(object: string): string | undefined {
  const name = object.replace('.bpf.o', '')
  return [pathOf(`examples/${name}/${object}`), `${LIBXDP}/${object}`].find((path) => existsSync(path))
}

test.each([...new Set(recorded.rows.map(([object]) => object))])('%s', (object) => {
  const path = locate(object)
  expect.hasAssertions()
  if (!path) {
    // Debian's package is not on every machine; its absence is a fact about the machine, not about the loader.
    expect(existsSync(LIBXDP), `${object} is neither an example nor is libxdp1 installed`).toBe(false)
    return
  }
  const spec = openObject(readFileSync(path), { name: object.replace(/\..*/, '') })
  const same = at.kernel.facts.release.split('-')[0] === recorded.release
  for (const [, program, verdict, errno, insns, states] of recorded.rows.filter((row) => row[0] === object)) {
    const found = verifyProgram(spec, program, at.kernel)
    expect([program, found.verdict, found.errno]).toEqual([program, verdict, errno])
    // Counts move between releases: only the one that libbpf was asked on must agree.
    if (same && insns >= 0) expect([program, found.processedInsns, found.totalStates]).toEqual([program, insns, states])
  }
})

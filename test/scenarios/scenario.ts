// SPDX-License-Identifier: BSD-2-Clause
/**
 * A scenario is a world action and its effect, written once: a function that observes, and what must be observed. It
 * runs in the simulated world and on the running Linux, and both must observe the same.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { whyNoIsolation } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import { inVirtualWorld, onLinux, type Rig } from './rig.ts'

const KERNEL_BTF = '/sys/kernel/btf/vmlinux'

/** What of the kernel's interface a scenario shows to have its effect: names of the UAPI. */
export interface Shows {
  readonly commands?: readonly string[]
  readonly programTypes?: readonly string[]
  readonly attachTypes?: readonly string[]
  readonly mapTypes?: readonly string[]
  readonly linkTypes?: readonly string[]
}

export interface Scenario<T> {
  readonly shows: Shows
  /** What both kernels must observe. */
  readonly expected: T
  /** Why the running Linux cannot show it, such as a part that is not built in. */
  readonly notOnLinux?: string
  /** Why the virtual kernel cannot show it: a divergence that spec/divergences.mjs lists. */
  readonly notOnVirtual?: string
  /** The virtual kernel is given the types of the running one. */
  readonly kernelTypes?: boolean
  readonly run: (rig: Rig) => Promise<T> | T
}

/** A scenario without its body: a source of docs/support.md. */
export interface Listed {
  readonly name: string
  readonly file: string
  readonly shows: Shows
  readonly notOnLinux?: string
  readonly notOnVirtual?: string
}

let listing: Listed[] | undefined
let listedFile = ''

/** Loads files of scenarios only to see what they show. */
export async function listScenarios(files: readonly string[], load: (file: string) => Promise<unknown>) {
  const list: Listed[] = []
  listing = list
  for (const file of files) {
    listedFile = `test/scenarios/${file}`
    await load(file)
  }
  listing = undefined
  return list
}

/** With SKEP_SUPPORT set, what passed is appended to that file, a JSON line each: the source of docs/support.md. */
function note(backend: string, listed: Listed): void {
  const path = process.env.SKEP_SUPPORT
  if (path !== undefined && path !== '') appendFileSync(path, `${JSON.stringify({ backend, ...listed })}\n`)
}

export function scenario<T>(name: string, facts: Scenario<T>): void {
  const { shows, expected, notOnLinux, notOnVirtual, kernelTypes = false, run } = facts
  const listed = (file: string): Listed => ({
    name,
    file,
    shows,
    ...(notOnLinux === undefined ? {} : { notOnLinux }),
    ...(notOnVirtual === undefined ? {} : { notOnVirtual }),
  })
  if (listing !== undefined) {
    listing.push(listed(listedFile))
    return
  }
  const here = () => listed((expect.getState().testPath ?? '').replace(/^.*\/test\//, 'test/'))
  test(`${name} [virtual]`, async (context) => {
    if (notOnVirtual !== undefined) return context.skip(notOnVirtual)
    if (kernelTypes && !existsSync(KERNEL_BTF)) return context.skip('the running kernel does not tell its types')
    expect(await inVirtualWorld(run, kernelTypes ? readFileSync(KERNEL_BTF) : undefined)).toEqual(expected)
    note('virtual', here())
  })
  test(`${name} [linux]`, async (context) => {
    if (notOnLinux !== undefined) return context.skip(notOnLinux)
    const reason = whyNoIsolation()
    if (reason !== undefined) return context.skip(reason)
    expect(await onLinux(run)).toEqual(expected)
    note('linux', here())
  })
}

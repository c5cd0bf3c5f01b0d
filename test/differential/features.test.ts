// SPDX-License-Identifier: BSD-2-Clause
// What both kernels say they offer: a difference is a row of docs/divergences.md.
import { type Features, features } from '@skep/core'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'
import { expect, test } from 'vitest'
import { listed } from './divergences.mjs'

const noLinux = whyNoLinux()
const GROUPS = ['commands', 'programTypes', 'mapTypes', 'attachTypes'] as const

/** Differences, as `group name: virtual, linux`. */
function differences(ours: Features, theirs: Features): string[] {
  const found: string[] = []
  const compare = (group: string, name: string, a: unknown, b: unknown) => {
    if (a !== b && !listed('features', `${group} ${name}`)) found.push(`${group} ${name}: ${a}, ${b}`)
  }
  for (const group of GROUPS) {
    for (const name of new Set([...ours[group].keys(), ...theirs[group].keys()]))
      compare(group, name, ours[group].get(name), theirs[group].get(name))
  }
  for (const type of new Set([...ours.helpers.keys(), ...theirs.helpers.keys()]))
    compare('helpers', type, ours.helpers.get(type)?.join(), theirs.helpers.get(type)?.join())
  return found
}

test.skipIf(noLinux)(`the kernels offer the same${noLinux ? ` (skipped: ${noLinux})` : ''}`, async () => {
  using virtual = await createVirtualKernel()
  using linux = await createLinuxKernel()
  expect(differences(features(virtual, { helpers: true }), features(linux, { helpers: true }))).toEqual([])
})

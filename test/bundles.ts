// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stalePackages } from '../tools/bundle/packages.mjs'

const BUNDLE = fileURLToPath(new URL('../tools/bundle/main.mjs', import.meta.url))

/** Some tests run what is shipped (the command, for one): it shall be what the sources say. */
export default function bundles(): void {
  const stale = stalePackages()
  if (!stale.length) return
  const { status, stderr } = spawnSync(process.execPath, [BUNDLE, ...stale], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`packages ${stale.join(', ')} cannot be bundled:\n${stderr}`)
}

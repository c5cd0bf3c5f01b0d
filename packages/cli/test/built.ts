// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../bin/skep.mjs', import.meta.url))

/** What the built command printed as a child process, as a shell would run it. */
export interface BuiltRun {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export function built(args: readonly string[], input = ''): BuiltRun {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { input, encoding: 'utf8' })
  return { code: status, out: stdout.trimEnd(), err: stderr.trimEnd() }
}

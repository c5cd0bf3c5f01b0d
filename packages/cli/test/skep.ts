// SPDX-License-Identifier: BSD-2-Clause
import { fileURLToPath } from 'node:url'
import { main } from '@skep/cli'

/** What a run of the command printed, and its exit code. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  /** Lines of standard output as JSON objects. */
  readonly json: Record<string, unknown>[]
}

/** Runs the command in this process. */
export async function skep(args: readonly string[], stdin: string | Uint8Array = ''): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const code = await main(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    stdin: async () => (typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin),
    interactive: false,
  })
  const json = args.includes('--json') ? out.map((line) => JSON.parse(line)) : []
  return { code, out: out.join('\n'), err: err.join('\n'), json }
}

/** Path of a file in examples/. */
export function example(path: string): string {
  return fileURLToPath(new URL(`../../../examples/${path}`, import.meta.url))
}

// SPDX-License-Identifier: BSD-2-Clause
/** The `skep` command as a function. */
import { BpfError } from '@skep/core/errors'
import { CommanderError } from 'commander'
import { EXIT_FINE, EXIT_REFUSED, EXIT_USAGE, UsageError } from './exit.ts'
import { type Io, processIo } from './io.ts'
import { buildProgram } from './program.ts'

export type { Io } from './io.ts'

/** Message of an error and of what caused it, one a line. */
function describe(error: unknown): string {
  const lines: string[] = []
  for (let at = error; at instanceof Error && lines.length < 8; at = at.cause) {
    if (!lines.includes(at.message)) lines.push(at.message)
  }
  return lines.join('\n  ') || String(error)
}

/** Runs the command with these arguments (without the names of node and script) and returns its exit code. */
export async function main(argv: readonly string[], io: Io = processIo): Promise<number> {
  let code = EXIT_FINE
  try {
    const program = await buildProgram(
      argv.find((word) => !word.startsWith('-')),
      io,
      (result) => {
        code = result
      },
    )
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_FINE : EXIT_USAGE
    if (error instanceof UsageError) {
      io.err(`skep: ${error.message}`)
      return EXIT_USAGE
    }
    io.err(`skep: ${describe(error)}`)
    // An error of ours is the answer; anything else is a defect, and its place helps to find it.
    if (!(error instanceof BpfError) && process.env.SKEP_DEBUG) io.err(String((error as Error)?.stack))
    return EXIT_REFUSED
  }
}

// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander'
import { asmCommand } from './commands/asm.ts'
import { conformancePluginCommand } from './commands/conformance-plugin.ts'
import { disasmCommand } from './commands/disasm.ts'
import { featuresCommand } from './commands/features.ts'
import { inspectCommand } from './commands/inspect.ts'
import { runCommand } from './commands/run.ts'
import { verifyCommand } from './commands/verify.ts'
import type { Io } from './io.ts'
import { VERSION } from './version.ts'

/** What a command gets: where to write, and how to say its exit code. */
export interface Context {
  readonly io: Io
  readonly exit: (code: number) => void
}

/** Builds one subcommand. */
export type CommandBuilder = (context: Context) => Command

const builders: readonly CommandBuilder[] = [
  inspectCommand,
  verifyCommand,
  runCommand,
  disasmCommand,
  asmCommand,
  featuresCommand,
  conformancePluginCommand,
]

/** The whole command line. */
export function buildProgram(io: Io, exit: (code: number) => void): Command {
  const program = new Command('skep')
    .description('The Linux BPF subsystem: objects read, verified and run on the virtual kernel and on Linux')
    .version(VERSION)
    .helpCommand(false)
    .addHelpText('after', '\nExit codes: 0 all fine, 1 refused or failed, 2 usage, 3 the kernels differ.')
  for (const build of builders) program.addCommand(build({ io, exit }))
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
  }
  return program
}

// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander'
import type { Io } from './io.ts'
import { VERSION } from './version.ts'

/** What a command gets: where to write, and how to say its exit code. */
export interface Context {
  readonly io: Io
  readonly exit: (code: number) => void
}

/** Builds one subcommand. */
export type CommandBuilder = (context: Context) => Command

/** What the list of commands says about one. Its code is loaded when it is called: the help of all needs none of it. */
interface CommandEntry {
  readonly name: string
  readonly args: string
  readonly description: string
  readonly load: () => Promise<CommandBuilder>
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'inspect',
    args: '<files...>',
    description: 'print programs, maps, licence, types, externs and relocations of objects',
    load: async () => (await import('./commands/inspect.ts')).inspectCommand,
  },
  {
    name: 'verify',
    args: '<files...>',
    description: 'ask a kernel for its verdict about each program',
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  {
    name: 'run',
    args: '<file>',
    description: 'run a program on given input (BPF_PROG_TEST_RUN) and print what it did',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  {
    name: 'disasm',
    args: '<file>',
    description: 'print the instructions of an object with their C lines',
    load: async () => (await import('./commands/disasm.ts')).disasmCommand,
  },
  {
    name: 'asm',
    args: '<file>',
    description: 'assemble text in LLVM style or in the mnemonic style of the conformance suite',
    load: async () => (await import('./commands/asm.ts')).asmCommand,
  },
  {
    name: 'features',
    args: '',
    description: 'measure which commands, program, map and attach types and helpers a kernel offers',
    load: async () => (await import('./commands/features.ts')).featuresCommand,
  },
  {
    name: 'conformance-plugin',
    args: '[memory]',
    description: 'run one case for the runner of the bpf_conformance suite',
    load: async () => (await import('./commands/conformance-plugin.ts')).conformancePluginCommand,
  },
]

/** The whole command line, of which only the called command can do something. */
export async function buildProgram(called: string | undefined, io: Io, exit: (code: number) => void): Promise<Command> {
  const program = new Command('skep')
    .description('The Linux BPF subsystem: objects read, verified and run on the virtual kernel and on Linux')
    .version(VERSION)
    .helpCommand(false)
    .configureHelp({
      subcommandTerm: (command) =>
        `${command.name()} ${COMMANDS.find(({ name }) => name === command.name())?.args}`.trimEnd(),
    })
    .addHelpText('after', '\nExit codes: 0 all fine, 1 refused or failed, 2 usage, 3 the kernels differ.')
  for (const { name, description, load } of COMMANDS) {
    const command = name === called ? (await load())({ io, exit }) : new Command(name)
    program.addCommand(command.description(description))
  }
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
  }
  return program
}

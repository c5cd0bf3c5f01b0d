// SPDX-License-Identifier: BSD-2-Clause
import {
  BpfError,
  type Kernel,
  kernelKconfig,
  kernelSymbols,
  type ObjectSpec,
  openObject,
  poisonMeaning,
  type Verdict,
  type VerifyOptions,
  verifyProgram,
} from '@skep/core'
import { explainRefusal } from '@skep/core/refusals'
import { Command } from 'commander'
import { EXIT_DIFFERENT, EXIT_FINE, EXIT_REFUSED } from '../exit.ts'
import { objectName, parseCount, readInput } from '../inputs.ts'
import type { Io } from '../io.ts'
import { type KernelName, kernelOption, openKernels, traceOption } from '../kernels.ts'
import { errnoText } from '../output/errno.ts'
import { formatJson } from '../output/json.ts'
import { attachTypeName, progTypeName } from '../output/names.ts'
import { formatTable } from '../output/table.ts'
import type { CommandBuilder } from '../program.ts'
import { applySettings, collect, parseSettings } from '../settings.ts'

interface VerifyCliOptions {
  program?: string
  kernel: string
  logLevel?: string
  set: string[]
  json?: boolean
  explain?: boolean
  trace?: boolean
}

/** A verdict with where it comes from. */
interface Row {
  readonly object: string
  readonly kernel: KernelName
  readonly spec: ObjectSpec
  readonly verdict: Verdict
}

const COLUMNS = [
  { title: 'program' },
  { title: 'type' },
  { title: 'kernel' },
  { title: 'verdict' },
  { title: 'errno' },
  { title: 'processed', align: 'right' },
  { title: 'states', align: 'right' },
  { title: 'time', align: 'right' },
  { title: 'last message' },
] as const

const figure = (value: number | undefined) => (value === undefined ? '' : String(value))

/** Refused programs with the message in plain words, once for all kernels that say the same. */
function explanations(rows: readonly Row[]): string[] {
  const refused = rows.filter(({ verdict }) => verdict.verdict === 'reject')
  const said = new Map(refused.map(({ verdict }) => [`${verdict.program}: ${verdict.message}`, verdict]))
  return [...said].flatMap(([title, { message, log }]) => {
    const found = explainRefusal(message, log)
    if (!found) return []
    const { problem, reason, suggestion } = found
    return [`${title}\n  problem: ${problem}\n  why: ${reason}\n  instead: ${suggestion}`]
  })
}

function tableRow({ kernel, spec, verdict }: Row): string[] {
  const program = spec.program(verdict.program)
  const time = verdict.verificationNs === undefined ? '' : `${(verdict.verificationNs / 1000).toFixed(0)} µs`
  const place = verdict.line ? ` (${verdict.line})` : ''
  return [
    verdict.program,
    progTypeName(program.type),
    kernel,
    verdict.verdict,
    verdict.errno ? errnoText(verdict.errno) : '',
    figure(verdict.processedInsns),
    figure(verdict.totalStates),
    time,
    verdict.verdict === 'accept' ? '' : verdict.message + poisonMeaning(verdict.message) + place,
  ]
}

function explainedJson({ message, log }: Verdict): object | undefined {
  const found = explainRefusal(message, log)
  return found && { id: found.id, problem: found.problem, reason: found.reason, suggestion: found.suggestion }
}

function jsonRow({ object, kernel, spec, verdict }: Row, options: VerifyCliOptions): object {
  const program = spec.program(verdict.program)
  return {
    object,
    section: program.section,
    program: verdict.program,
    type: progTypeName(program.type),
    attachType: attachTypeName(program.type, program.expectedAttachType),
    kernel,
    verdict: verdict.verdict,
    errno: verdict.errno,
    message: verdict.message,
    processedInsns: verdict.processedInsns ?? null,
    totalStates: verdict.totalStates ?? null,
    peakStates: verdict.peakStates ?? null,
    verificationNs: verdict.verificationNs ?? null,
    insns: verdict.insns,
    ...(options.logLevel === undefined ? {} : { log: verdict.log }),
    ...(options.explain ? { explanation: (verdict.verdict === 'reject' && explainedJson(verdict)) || null } : {}),
  }
}

/** Programs on which the kernels of one run disagree: what one of them does not support is no disagreement. */
function differences(rows: readonly Row[]): string[] {
  const answers = new Map<string, Set<string>>()
  for (const { object, verdict } of rows) {
    if (verdict.verdict === 'unsupported') continue
    const key = `${object}: ${verdict.program}`
    const known = answers.get(key) ?? new Set()
    answers.set(key, known.add(`${verdict.verdict} ${verdict.errno}`))
  }
  return [...answers].filter(([, given]) => given.size > 1).map(([key]) => key)
}

function exitCode(rows: readonly Row[], different: readonly string[]): number {
  if (different.length) return EXIT_DIFFERENT
  return rows.every(({ verdict }) => verdict.verdict === 'accept') ? EXIT_FINE : EXIT_REFUSED
}

function chooseLogLevel(options: VerifyCliOptions): number | undefined {
  return options.logLevel === undefined ? undefined : parseCount(options.logLevel, '--log-level', 0, 7)
}

/** Configuration and symbols of Linux, which both kernels get where they are compared. */
function settingsOf(linux: Kernel): VerifyOptions {
  const kconfig = kernelKconfig(linux)
  const kallsyms = kernelSymbols(linux)
  return { ...(kconfig ? { kconfig } : {}), ...(kallsyms ? { kallsyms } : {}) }
}

async function verifyFile(file: string, options: VerifyCliOptions, kernels: ReadonlyMap<KernelName, Kernel>, io: Io) {
  const spec = openObject(await readInput(file), { name: objectName(file) })
  applySettings(spec, parseSettings(options.set))
  const programs = options.program ? [spec.program(options.program)] : spec.programs
  const logLevel = chooseLogLevel(options)
  const level = logLevel === undefined ? {} : { logLevel }
  const likeLinux = kernels.size > 1 ? settingsOf(kernels.get('linux')!) : {}
  const rows: Row[] = []
  for (const program of programs) {
    for (const [kernel, opened] of kernels) {
      const verdict = verifyProgram(spec, program.name, opened, { ...level, ...likeLinux })
      const row: Row = { object: file, kernel, spec, verdict }
      rows.push(row)
      if (options.json) io.out(formatJson(jsonRow(row, options)))
    }
  }
  return rows
}

function printRows(file: string, rows: readonly Row[], options: VerifyCliOptions, io: Io): void {
  io.out(file)
  io.out(formatTable(COLUMNS, rows.map(tableRow)).replace(/^/gm, '  '))
  for (const text of explanations(rows)) io.out(`\n${text}`.replace(/^(?=.)/gm, '  '))
  if (options.logLevel === undefined) return
  for (const { kernel, verdict } of rows) {
    io.out(`\n  log of ${verdict.program} on ${kernel}:`)
    io.out(verdict.log.trimEnd().replace(/^/gm, '    '))
  }
}

/** `skep verify`: a kernel's verdict about each program of the objects. */
export const verifyCommand: CommandBuilder = ({ io, exit }) =>
  new Command('verify')
    .argument('<files...>', 'BPF object files')
    .option('--program <name>', 'only this program')
    .addOption(kernelOption(['virtual', 'linux', 'both'], 'virtual'))
    .option('--log-level <n>', 'print the log at this level: 1 path taken last, 2 every step, 4 figures')
    .option('--set <name=value>', 'set a global variable or constant before loading', collect, [])
    .option('--json', 'one JSON object a line')
    .option('--explain', 'with --json: what each refusal means, in plain words')
    .addOption(traceOption)
    .action(async (files: string[], options: VerifyCliOptions) => {
      chooseLogLevel(options)
      parseSettings(options.set)
      const kernels = await openKernels(options.kernel, io, options)
      try {
        const all: Row[] = []
        let unread = 0
        for (const [index, file] of files.entries()) {
          if (io.interactive && files.length > 1) io.err(`${index + 1}/${files.length} ${file}`)
          try {
            const rows = await verifyFile(file, options, kernels, io)
            if (!options.json) printRows(file, rows, options, io)
            all.push(...rows)
          } catch (error) {
            // one file that cannot be read is no reason to say nothing of the others
            if (files.length === 1 || !(error instanceof BpfError)) throw error
            io.err(`skep: ${file}: ${error.message}`)
            unread++
          }
        }
        const different = differences(all)
        for (const place of different) io.err(`the kernels differ on ${place}`)
        exit(unread && !different.length ? EXIT_REFUSED : exitCode(all, different))
      } finally {
        for (const kernel of kernels.values()) kernel[Symbol.dispose]()
      }
    })

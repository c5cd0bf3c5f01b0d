// SPDX-License-Identifier: BSD-2-Clause
/** Asks a kernel for its verdict about single programs, without keeping them. */
import {
  BpfError,
  EINVAL,
  ENOTSUPP,
  RelocationError,
  RuleError,
  SyscallError,
  UnsupportedError,
} from '../errors/index.ts'
import type { PlainValue } from '../maps/plain.ts'
import type { ObjectSpec } from '../object/object.ts'
import type { Kernel } from './kernel.ts'
import type { LoadOptions } from './loader.ts'
import { lastInstruction, lastMeaningfulLine, parseStats, sourceLine } from './log.ts'
import { attemptProgram, type ProgramAttempt } from './program-load.ts'
import { LoadSession } from './session.ts'

/** What a kernel says about a program. */
export interface Verdict {
  readonly program: string
  readonly verdict: 'accept' | 'reject' | 'unsupported'
  /** Positive errno of a refusal, 0 otherwise. */
  readonly errno: number
  /** Last meaningful line of the log, or why the program never reached the kernel. */
  readonly message: string
  /** Where the log ends: instruction and C line. */
  readonly insn?: number | undefined
  readonly line?: string | undefined
  readonly processedInsns?: number | undefined
  readonly totalStates?: number | undefined
  readonly peakStates?: number | undefined
  readonly verificationNs?: number | undefined
  /** Instructions after linking, 8-byte slots; 0 where linking failed. */
  readonly insns: number
  readonly log: string
}

/** Options of {@link verifyProgram}. */
export interface VerifyOptions extends LoadOptions {
  /**
   * Level of the log, 4 (figures) is always added. Without one, a program is loaded without a log, which is up to three
   * times as fast, and again with one at level 1 where it is refused.
   */
  readonly logLevel?: number
  /** Bytes of the log buffer at first. */
  readonly logSize?: number
  /** Constants and variables to set before. */
  readonly setValues?: Readonly<Record<string, PlainValue>>
}

const LOG_STATS = 4

function failure(program: string, error: unknown): Verdict {
  const base = { program, insns: 0, log: '' }
  if (error instanceof UnsupportedError) return { ...base, verdict: 'unsupported', errno: 0, message: error.message }
  if (error instanceof SyscallError) {
    return { ...base, verdict: 'reject', errno: error.errno, message: error.message }
  }
  // What libbpf answers where an object does not fit the kernel or itself.
  const errno = error instanceof RelocationError ? error.errno : EINVAL
  if (error instanceof BpfError) return { ...base, verdict: 'reject', errno, message: error.message }
  throw error
}

function verdictOf(program: string, attempt: ProgramAttempt, kernel: Kernel): Verdict {
  const { result, log, linked } = attempt
  const stats = parseStats(log)
  const accepted = result >= 0
  // The virtual kernel marks what it does not do by the errno that Linux keeps for itself and a line of its own.
  const unsupported = kernel.kind === 'virtual' && result === -ENOTSUPP && /^skep: unsupported/m.test(log)
  const insn = accepted ? undefined : lastInstruction(log)
  return {
    program,
    verdict: accepted ? 'accept' : unsupported ? 'unsupported' : 'reject',
    errno: accepted ? 0 : -result,
    message: accepted ? '' : lastMeaningfulLine(log),
    insn,
    line: insn === undefined ? undefined : sourceLine(linked, insn),
    processedInsns: stats.processedInsns,
    totalStates: stats.totalStates,
    peakStates: stats.peakStates,
    verificationNs: stats.verificationNs,
    insns: linked.slots.length,
    log,
  }
}

/** The verdict about one program: it is loaded and closed again. Nothing of the Spec is changed. */
export function verifyProgram(spec: ObjectSpec, name: string, kernel: Kernel, options: VerifyOptions = {}): Verdict {
  for (const [variable, value] of Object.entries(options.setValues ?? {})) spec.setVariable(variable, value)
  const program = spec.program(name)
  try {
    using session = new LoadSession(spec, kernel, options, false)
    const size = options.logSize ? { size: options.logSize } : {}
    const attemptAt = (level: number) => attemptProgram(session, program, { level: level | LOG_STATS, ...size })
    let attempt = attemptAt(options.logLevel ?? 0)
    if (attempt.result < 0 && options.logLevel === undefined) attempt = attemptAt(1)
    if (attempt.result >= 0) kernel.close(attempt.result)
    return verdictOf(name, attempt, kernel)
  } catch (error) {
    if (error instanceof RuleError && !spec.programs.includes(program)) throw error
    return failure(name, error)
  }
}

/** The verdicts about all programs of an object, in its order. */
export function* verifyObject(spec: ObjectSpec, kernel: Kernel, options: VerifyOptions = {}): Generator<Verdict> {
  for (const program of spec.programs) yield verifyProgram(spec, program.name, kernel, options)
}

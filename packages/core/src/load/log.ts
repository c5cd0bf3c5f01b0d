// SPDX-License-Identifier: BSD-2-Clause
/** Reads the verifier's log. */
import { describeErrno, type RuleError, VerifierError } from '../errors/index.ts'
import { type LinkedProgram, POISON_HELPER, POISON_KFUNC_BASE, POISON_MAP_BASE } from '../relo/index.ts'

/** Figures of the last lines of a log; undefined where the log does not have them. */
export interface VerifierStats {
  readonly processedInsns?: number
  readonly maxStatesPerInsn?: number
  readonly totalStates?: number
  readonly peakStates?: number
  readonly markRead?: number
  /** Needs log level 4. */
  readonly verificationNs?: number
}

const STATS =
  /^processed (\d+) insns \(limit \d+\) max_states_per_insn (\d+) total_states (\d+) peak_states (\d+) mark_read (\d+)/m
const TIME = /^verification time (\d+) usec/m
const FIGURES = /^(processed \d+ insns|verification time |stack depth |\s*$)/
const INSTRUCTION = /^(\d+): \([0-9a-f]{2}\)/
const SOURCE = /^; .*@ .+:\d+$/

/** Figures of a log. */
export function parseStats(log: string): VerifierStats {
  const stats = STATS.exec(log)
  const time = TIME.exec(log)
  return {
    ...(stats
      ? {
          processedInsns: Number(stats[1]),
          maxStatesPerInsn: Number(stats[2]),
          totalStates: Number(stats[3]),
          peakStates: Number(stats[4]),
          markRead: Number(stats[5]),
        }
      : {}),
    ...(time ? { verificationNs: Number(time[1]) * 1000 } : {}),
  }
}

/** The last line that says something, empty where there is none. */
export function lastMeaningfulLine(log: string): string {
  const lines = log.split('\n')
  const found = lines.findLast((line) => !FIGURES.test(line) && !SOURCE.test(line))
  return found?.trim() ?? ''
}

/** Index of the instruction at which the log ends. */
export function lastInstruction(log: string): number | undefined {
  const lines = log.split('\n')
  for (let i = lines.length - 1; i >= 0; i--) {
    const match = INSTRUCTION.exec(lines[i]!)
    if (match) return Number(match[1])
  }
  return undefined
}

/** `file:line: text` of an instruction, by the line records of the program. */
export function sourceLine(linked: LinkedProgram, insn: number): string | undefined {
  const record = linked.lineInfo.findLast((r) => r.slot <= insn)
  if (!record?.line) return undefined
  const file = record.file.split('/').at(-1)
  return `${file}:${record.line}: ${record.text.trim()}`
}

/** What a call of a helper that does not exist stands for, where the loader put it there; empty for other messages. */
export function poisonMeaning(reason: string): string {
  const helper = Number(/invalid func unknown#(\d+)/.exec(reason)?.[1] ?? 0)
  if (helper === POISON_HELPER)
    return ' (the kernel has nothing that the CO-RE relocation of this instruction asks for)'
  if (helper >= POISON_KFUNC_BASE) return ' (a weak kernel function that this kernel does not have)'
  if (helper >= POISON_MAP_BASE) return ' (a map that was not created)'
  return ''
}

/** The error of a refused program. */
export function verifierError(
  name: string,
  errno: number,
  log: string,
  linked?: LinkedProgram,
  rule?: RuleError,
): VerifierError {
  const insn = lastInstruction(log)
  const line = insn === undefined || !linked ? undefined : sourceLine(linked, insn)
  const said = lastMeaningfulLine(log)
  const reason = said ? `${said}${poisonMeaning(said)}` : describeErrno(errno)
  const place = insn === undefined ? '' : ` at instruction ${insn}`
  // Without a log the kernel only gave a number: a rule that the program breaks says more.
  const why = rule && !said ? `: ${rule.message}` : ''
  const message = `load '${name}': ${reason}${place}${line ? ` (${line})` : ''}${why}`
  return new VerifierError(message, { log, insn, errno, line }, rule ? { cause: rule } : undefined)
}

// SPDX-License-Identifier: BSD-2-Clause
// Asks a kernel what test/oracle records: record.mjs asks Linux and writes the answers, oracle.test.ts asks the virtual
// kernel and compares. Answers are plain data, sorted, the same from run to run.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openObject, verifyProgram } from '@skep/core'
import { errnoName } from '@skep/core/errors'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { MAP_TYPE_NAMES } from '@skep/core/uapi'
import { comparableTrace, lastMessage, RawLoader, stats } from '../differential/raw-load.mjs'
import { FD_BASE, MAPS, withDescriptors } from '../fuzz/verifier/maps.mjs'
import { commandAnswers } from './commands.mjs'
import { mapAnswers, packed } from './map-creation.mjs'
import { PROGRAMS } from './programs.mjs'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const RANDOM = new URL('./random-programs.json', import.meta.url)
/** Longer logs are recorded as a hash: enough to notice, and the two logs can be made again. */
const LINES_KEPT = 60

/** Programs that are longer on their way have no log here: writing it takes seconds. */
const MOST_TRACED = 50_000

const name = (result) => (result < 0 ? errnoName(-result) : 'ok')

/** What a log says, without addresses and times: its lines, or number of lines and hash. */
export function digest(log, kept = LINES_KEPT) {
  const lines = comparableTrace(log).filter((line) => line !== '' && !line.startsWith('verification time'))
  if (lines.length <= kept) return lines
  return { lines: lines.length, sha256: createHash('sha256').update(lines.join('\n')).digest('hex') }
}

/** The release of a kernel without what a distribution appends. */
export function releaseOf(kernel) {
  return /^[\d.]+/.exec(kernel.facts.release)[0]
}

function exampleObjects() {
  return readdirSync(EXAMPLES, { recursive: true })
    .filter((file) => file.endsWith('.bpf.o'))
    .sort()
}

/** Verdicts about the programs of examples/. */
function objectAnswers(kernel) {
  return exampleObjects().flatMap((file) => {
    const spec = openObject(readFileSync(EXAMPLES + file), { name: basename(file, '.bpf.o') })
    return spec.programs.map((program) => {
      const at = (logLevel) => verifyProgram(spec, program.name, kernel, { logLevel })
      const verdict = at(1)
      return {
        what: `${file} ${program.name}`,
        answer: verdict.errno ? errnoName(verdict.errno) : 'ok',
        message: verdict.message,
        counts: [verdict.processedInsns, verdict.totalStates, verdict.peakStates],
        log: digest(verdict.log),
        trace: digest(at(2).log),
      }
    })
  })
}

/** Loads bare programs whose maps are places in the fuzzer's list. */
export class ProgramSide {
  constructor(kernel) {
    this.kernel = kernel
    this.loader = new RawLoader(kernel, 1 << 20)
  }

  /** Maps are made for every program: the first that uses a program array decides which others may. */
  load(program, logLevel) {
    const used = new Set()
    const view = new DataView(program.insns.buffer, program.insns.byteOffset, program.insns.byteLength)
    for (let i = 0; i + 16 <= program.insns.length; i += 8) {
      if (program.insns[i] !== 0x18) continue
      used.add(view.getInt32(i + 4, true) - FD_BASE)
      i += 8
    }
    const fds = MAPS.map((map, place) => (used.has(place) ? this.loader.createMap(map) : -1))
    try {
      return this.loader.load({ ...program, insns: withDescriptors(program.insns, fds), logLevel })
    } finally {
      for (const fd of fds) if (fd >= 0) this.kernel.close(fd)
    }
  }

  answer(what, program, kept) {
    // Level 4 is figures and messages without instructions.
    const { result, log: figures } = this.load(program, 4)
    const { insns = 0, total, peak } = stats(figures) ?? {}
    const answer = {
      what,
      answer: name(result),
      message: result < 0 ? lastMessage(figures) : '',
      counts: [insns, total, peak],
    }
    if (insns > MOST_TRACED) return answer
    const { log } = this.load(program, 1)
    return {
      ...answer,
      log: digest(log, kept),
      trace: digest(this.load(program, 2).log, kept),
    }
  }
}

/** Whether the verifier is soon done with a program. */
export function isQuick(kernel, program) {
  const { log } = new ProgramSide(kernel).load(program, 4)
  return (stats(log)?.insns ?? 0) <= MOST_TRACED
}

const VALUE_BASE = FD_BASE + 0x100

/** Instructions of a program's text; `map N` and `value N` become loads with the source register that says so. */
export function insnsOf(text) {
  const plain = text
    .replace(/\bmap (\d+)/g, (_, place) => `${FD_BASE + Number(place)} ll`)
    .replace(/\bvalue (\d+)/g, (_, place) => `${VALUE_BASE + Number(place)} ll`)
  const bytes = encodeInstructions(assemble(plain).instructions)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i + 16 <= bytes.length; i += 8) {
    if (bytes[i] !== 0x18) continue
    const number = view.getInt32(i + 4, true)
    const isValue = number >= VALUE_BASE && number < VALUE_BASE + MAPS.length
    if (isValue) view.setInt32(i + 4, number - VALUE_BASE + FD_BASE, true)
    if (isValue || (number >= FD_BASE && number < FD_BASE + MAPS.length)) bytes[i + 1] |= (isValue ? 2 : 1) << 4
    i += 8
  }
  return bytes
}

function programAnswers(kernel) {
  const side = new ProgramSide(kernel)
  return PROGRAMS.map(([what, type, text]) => side.answer(what, { type, insns: insnsOf(text) }))
}

/** Programs that the fuzzer once made; they are kept, since its generator changes. */
function randomAnswers(kernel) {
  const side = new ProgramSide(kernel)
  return JSON.parse(readFileSync(RANDOM, 'utf8')).map(({ insns, ...program }, index) =>
    side.answer(`random program ${index}`, { ...program, insns: Uint8Array.from(Buffer.from(insns, 'hex')) }, 0),
  )
}

/** Files of records and what fills them. */
export const COLLECTIONS = {
  examples: objectAnswers,
  programs: programAnswers,
  'random-answers': randomAnswers,
  commands: (kernel) => commandAnswers(kernel).map(([what, result]) => ({ what, answer: name(result) })),
  'map-creation': (kernel) =>
    mapAnswers(kernel, MAP_TYPE_NAMES, name).map(([what, answers]) => ({ what, answer: packed(answers) })),
}

// SPDX-License-Identifier: BSD-2-Clause
/** The same input on the interpreter and on compiled code, and the WebAssembly text of the latter. */
import { loadRaw, type Program, progTestRun } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { BPF_PROG_TYPE_SOCKET_FILTER } from '@skep/core/uapi'
import type { Calls, Engine, EngineReport } from '../protocol.ts'
import { prepare } from './perform.ts'
import type { Session } from './session.ts'
import { formatWat } from './wat.ts'

const LEAST_RUNS = 20_000
const MOST_RUNS = 2_000_000
/** A browser's clock ticks in tenths of a millisecond: what is timed must last long beside that. */
const LASTING_MS = 30
const ROUNDS = 6
/** Bytes that a test run takes off a packet before a socket filter sees it (net/bpf/test_run.c). */
const ETHERNET = 14

type Ask = Calls['engines']['ask']

interface Timed {
  retval: number
  nanoseconds: number
  runs: number
}

/** Average time of a test run, all that the kernel does around the program included. */
function timeRuns(session: Session, program: Program, dataIn: Uint8Array, repeat: number): number {
  const start = performance.now()
  progTestRun(session.kernel, program.fd, { dataIn, repeat })
  return ((performance.now() - start) * 1e6) / repeat
}

/** How many runs last long enough to be timed. */
function lastingRuns(session: Session, program: Program, dataIn: Uint8Array): number {
  const nanoseconds = Math.max(1, timeRuns(session, program, dataIn, LEAST_RUNS))
  return Math.min(MOST_RUNS, Math.max(LEAST_RUNS, Math.ceil((LASTING_MS * 1e6) / nanoseconds)))
}

/** A program of that type that does nothing: what its runs cost is not the program's. */
function emptyProgram(session: Session, like: Program): Program {
  const insns = encodeInstructions(assemble('r0 = 0\nexit').instructions)
  return loadRaw(session.kernel, { type: like.type, insns, license: 'GPL' })
}

function timePacket(session: Session, program: Program, input: Ask['input'] & { kind: 'packet' }): Timed {
  const isFilter = program.type === BPF_PROG_TYPE_SOCKET_FILTER && input.socket
  const head = isFilter ? input.data.subarray(0, ETHERNET) : new Uint8Array()
  const dataIn = Uint8Array.of(...head, ...input.data)
  using empty = emptyProgram(session, program)
  const { retval } = progTestRun(session.kernel, program.fd, { dataIn })
  const runs = lastingRuns(session, program, dataIn)
  let around = Number.POSITIVE_INFINITY
  let whole = Number.POSITIVE_INFINITY
  // The browser compiles the kernel better as it runs, and others use the machine: the best of each counts.
  for (let round = 0; round < ROUNDS; round++) {
    around = Math.min(around, timeRuns(session, empty, dataIn, runs))
    whole = Math.min(whole, timeRuns(session, program, dataIn, runs))
  }
  return { retval, nanoseconds: Math.max(1, whole - around), runs }
}

function time(session: Session, { program, input, world }: Ask, engine: Engine): Timed {
  session.configure({ ...world, engine })
  if (input.kind === 'packet') return timePacket(session, session.program(program), input)
  using prepared = prepare(session, program, input)
  const start = performance.now()
  const { retval } = prepared.act()
  return { retval, nanoseconds: (performance.now() - start) * 1e6, runs: 1 }
}

/** Nothing of the runs stays: memory is put back. */
export function compareEngines(session: Session, ask: Ask): EngineReport {
  const { memory } = session.kernel.exports
  const kept = new Uint8Array(memory.buffer).slice()
  try {
    const interp = time(session, ask, 'interp')
    const compiled = time(session, ask, 'jit')
    const { jited } = session.program(ask.program).info({ jited: true })
    const jit = jited.length > 0 ? { ...compiled, bytes: jited.length } : undefined
    return { interp, jit, runs: Math.min(interp.runs, compiled.runs), wat: jited.length > 0 ? formatWat(jited) : '' }
  } finally {
    const all = new Uint8Array(memory.buffer)
    all.set(kept)
    all.fill(0, kept.length)
  }
}

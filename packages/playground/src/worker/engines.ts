// SPDX-License-Identifier: BSD-2-Clause
/** The same input on the interpreter and on compiled code, and the WebAssembly text of the latter. */
import { BPF_PROG_TYPE_SOCKET_FILTER } from '@skep/core/uapi'
import type { Calls, Engine, EngineReport } from '../protocol.ts'
import { prepare } from './perform.ts'
import type { Session } from './session.ts'
import { formatWat } from './wat.ts'

const REPEAT = 20_000

interface Timed {
  retval: number
  nanoseconds: number
}

/** Bytes that a test run takes off a packet before a socket filter sees it (net/bpf/test_run.c). */
const ETHERNET = 14

function time(
  session: Session,
  { program, input, world }: Calls['engines']['ask'],
  engine: Engine,
  runs: number,
): Timed {
  session.configure({ ...world, engine })
  const loaded = session.program(program)
  if (input.kind === 'packet') {
    const isFilter = loaded.type === BPF_PROG_TYPE_SOCKET_FILTER && input.socket
    const head = isFilter ? input.data.subarray(0, ETHERNET) : new Uint8Array()
    const dataIn = Uint8Array.of(...head, ...input.data)
    const { retval } = loaded.testRun({ dataIn })
    const start = performance.now()
    loaded.testRun({ dataIn, repeat: runs })
    return { retval, nanoseconds: ((performance.now() - start) * 1e6) / runs }
  }
  using prepared = prepare(session, program, input)
  const start = performance.now()
  const { retval } = prepared.act()
  return { retval, nanoseconds: (performance.now() - start) * 1e6 }
}

/** Nothing of the runs stays: memory is put back. */
export function compareEngines(session: Session, ask: Calls['engines']['ask']): EngineReport {
  const { memory } = session.kernel.exports
  const kept = new Uint8Array(memory.buffer).slice()
  const runs = ask.input.kind === 'packet' ? REPEAT : 1
  try {
    const interp = time(session, ask, 'interp', runs)
    const compiled = time(session, ask, 'jit', runs)
    const { jited } = session.program(ask.program).info({ jited: true })
    const jit = jited.length > 0 ? { ...compiled, bytes: jited.length } : undefined
    return { interp, jit, runs, wat: jited.length > 0 ? formatWat(jited) : '' }
  } finally {
    const all = new Uint8Array(memory.buffer)
    all.set(kept)
    all.fill(0, kept.length)
  }
}

// SPDX-License-Identifier: BSD-2-Clause
/** Makes an input happen to a program. */
import { SyscallError } from '@skep/core'
import { BPF_PROG_TYPE_SOCKET_FILTER } from '@skep/core/uapi'
import type { RunInput, RunResult } from '../protocol.ts'
import { prepareAddress } from './address.ts'
import { prepareEvent } from './event.ts'
import { meaningOf } from './hooks.ts'
import { prepareSocket } from './packet-socket.ts'
import type { Session } from './session.ts'

export type Outcome = Omit<RunResult, 'input'>

/** An input that is ready: the program attached where it must be. */
export interface Prepared extends Disposable {
  /** Lets it happen. Traps and refusals of the kernel are raised. */
  act(): Outcome
}

function prepareTestRun(session: Session, name: string, data: Uint8Array): Prepared {
  const program = session.program(name)
  return {
    act() {
      const { retval, dataOut } = program.testRun({ dataIn: data })
      return { retval, ...meaningOf(program.type, retval), dataIn: data, dataOut, problem: undefined }
    },
    [Symbol.dispose]() {},
  }
}

function prepareContext(session: Session, name: string, context: Uint8Array): Prepared {
  const program = session.program(name)
  return {
    act() {
      const { retval } = program.testRun(context.length > 0 ? { ctxIn: context } : {})
      return { retval, ...meaningOf(program.type, retval), dataIn: undefined, dataOut: undefined, problem: undefined }
    },
    [Symbol.dispose]() {},
  }
}

export function prepare(session: Session, name: string, input: RunInput): Prepared {
  switch (input.kind) {
    case 'packet': {
      const throughSocket = input.socket && session.program(name).type === BPF_PROG_TYPE_SOCKET_FILTER
      return throughSocket ? prepareSocket(session, name, input.data) : prepareTestRun(session, name, input.data)
    }
    case 'context':
      return prepareContext(session, name, input.context)
    case 'address':
      return prepareAddress(session, name, input)
    case 'event':
      return prepareEvent(session, name, input)
  }
}

/** Lets one input happen, with what the kernel objects to as a sentence. */
export function tryToPerform(session: Session, name: string, input: RunInput): Outcome {
  try {
    using prepared = prepare(session, name, input)
    return prepared.act()
  } catch (error) {
    const problem =
      error instanceof SyscallError && error.command === 'BPF_PROG_TEST_RUN' && input.kind === 'packet'
        ? `${error.message}: Linux does not run it on this packet (frames need 14 bytes at least)`
        : String((error as Error).message)
    return { retval: 0, verdict: 'did not run', tone: 'bad', dataIn: undefined, dataOut: undefined, problem }
  }
}

// SPDX-License-Identifier: BSD-2-Clause
/** Makes an input happen to a program. */
import { SyscallError } from '@skep/core'
import { errnoName } from '@skep/core/errors'
import type { RunInput, RunResult } from '../protocol.ts'
import { callWithAddress } from './address.ts'
import { fireEvent } from './event.ts'
import { meaningOf } from './hooks.ts'
import type { Session } from './session.ts'

export type Outcome = Omit<RunResult, 'input'>

const NOTHING = { dataIn: undefined, dataOut: undefined, problem: undefined }

function runOnPacket(session: Session, name: string, data: Uint8Array): Outcome {
  const program = session.program(name)
  const { retval, dataOut } = program.testRun({ dataIn: data })
  return { retval, ...meaningOf(program.type, retval), dataIn: data, dataOut, problem: undefined }
}

function runOnContext(session: Session, name: string, context: Uint8Array): Outcome {
  const program = session.program(name)
  const { retval } = program.testRun(context.length > 0 ? { ctxIn: context } : {})
  return { retval, ...meaningOf(program.type, retval), ...NOTHING }
}

/** Lets one input happen. Traps and refusals of the kernel are raised. */
export function perform(session: Session, name: string, input: RunInput): Outcome {
  switch (input.kind) {
    case 'packet':
      return runOnPacket(session, name, input.data)
    case 'context':
      return runOnContext(session, name, input.context)
    case 'address': {
      const result = callWithAddress(session, session.program(name), input)
      const verdict = result < 0 ? `refused: ${errnoName(-result)}` : 'allowed'
      return { retval: result, verdict, tone: result < 0 ? 'bad' : 'good', ...NOTHING }
    }
    case 'event':
      fireEvent(session, session.program(name), input)
      return { retval: 0, verdict: 'fired', tone: 'plain', ...NOTHING }
  }
}

/** The same, with what the kernel objects to as a sentence. */
export function tryToPerform(session: Session, name: string, input: RunInput): Outcome {
  try {
    return perform(session, name, input)
  } catch (error) {
    const problem =
      error instanceof SyscallError && error.command === 'BPF_PROG_TEST_RUN' && input.kind === 'packet'
        ? `${error.message}: Linux does not run it on this packet (frames need 14 bytes at least)`
        : String((error as Error).message)
    return { retval: 0, verdict: 'did not run', tone: 'bad', ...NOTHING, problem }
  }
}

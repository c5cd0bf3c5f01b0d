// SPDX-License-Identifier: BSD-2-Clause
/** Fires an event at a program's hook. */
import type { Program } from '@skep/core'
import type { RunInput } from '../protocol.ts'
import type { Session } from './session.ts'

export function fireEvent(session: Session, program: Program, input: RunInput & { kind: 'event' }): void {
  throw new Error(`${session.view.name}: ${program.name} cannot be fired with ${input.context.length} bytes`)
}

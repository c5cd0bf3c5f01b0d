// SPDX-License-Identifier: BSD-2-Clause
/** Events at a tracing program's hook: a process makes a system call, and the tracepoint fires. */
import type { VirtualKernel } from '@skep/wasm-vm'
import type { RunInput, SystemCall } from '../protocol.ts'
import { socketAddress } from './address.ts'
import type { Prepared } from './perform.ts'
import type { Session } from './session.ts'

const AF_INET = 2
const SOCK_DGRAM = 2
const O_RDONLY = 0
const NO_FD = -1

/** The calls fail where they may: what counts is that they are made. */
const CALLS: Readonly<Record<SystemCall, (kernel: VirtualKernel) => number>> = {
  socket: (kernel) => kernel.socket(AF_INET, SOCK_DGRAM, 0),
  bind: (kernel) => kernel.bind(NO_FD, socketAddress('127.0.0.1', 0)),
  connect: (kernel) => kernel.connect(NO_FD, socketAddress('127.0.0.1', 80)),
  listen: (kernel) => kernel.listen(NO_FD, 1),
  open: (kernel) => kernel.open('/sys/fs/cgroup', O_RDONLY),
  mkdir: (kernel) => kernel.mkdir('/sys/fs/cgroup/playground', 0o755),
  unlink: (kernel) => kernel.unlink('/sys/fs/bpf/nothing'),
  read: (kernel) => kernel.read(NO_FD, new Uint8Array(8)),
  write: (kernel) => kernel.write(NO_FD, new Uint8Array(8)),
}

const OPENS: ReadonlySet<SystemCall> = new Set(['socket', 'open'])

export function prepareEvent(session: Session, name: string, { call }: RunInput & { kind: 'event' }): Prepared {
  const { kernel } = session
  const link = session.program(name).attach()
  return {
    act() {
      const result = CALLS[call](kernel)
      if (result >= 0 && OPENS.has(call)) kernel.close(result)
      return {
        retval: result,
        verdict: `${call}() was made`,
        tone: 'plain',
        dataIn: undefined,
        dataOut: undefined,
        problem: undefined,
      }
    },
    [Symbol.dispose]: () => link[Symbol.dispose](),
  }
}

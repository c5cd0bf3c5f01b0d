// SPDX-License-Identifier: BSD-2-Clause
/** A socket filter where it belongs: on a packet socket that listens on lo, while another one sends. */
import { SyscallError } from '@skep/core'
import type { Prepared } from './perform.ts'
import type { Session } from './session.ts'

const AF_PACKET = 17
const SOCK_RAW = 3
const ETH_P_ALL = 0x0003
const LO = 1
const SOL_PACKET = 263
const PACKET_IGNORE_OUTGOING = 23
const MSG_DONTWAIT = 0x40
const EAGAIN = 11
const SOCKADDR_LL_SIZE = 20
/** Room for any frame that lo carries. */
const LARGEST_FRAME = 65_536 + 64

function must(result: number, call: string): number {
  if (result < 0) throw new SyscallError(call, -result)
  return result
}

function address(): Uint8Array {
  const view = new DataView(new ArrayBuffer(SOCKADDR_LL_SIZE))
  view.setUint16(0, AF_PACKET, true)
  view.setUint16(2, ETH_P_ALL)
  view.setInt32(4, LO, true)
  return new Uint8Array(view.buffer)
}

export function prepareSocket(session: Session, name: string, data: Uint8Array): Prepared {
  const { kernel } = session
  // The protocol is in network byte order.
  const listener = must(kernel.socket(AF_PACKET, SOCK_RAW, ETH_P_ALL << 8), 'socket')
  const sender = must(kernel.socket(AF_PACKET, SOCK_RAW, ETH_P_ALL << 8), 'socket')
  for (const fd of [listener, sender]) must(kernel.bind(fd, address()), 'bind')
  // A frame would pass the listener twice: on its way out, and when lo brings it back.
  must(kernel.setsockopt(listener, SOL_PACKET, PACKET_IGNORE_OUTGOING, Uint8Array.of(1, 0, 0, 0)), 'setsockopt')
  const link = session.program(name).attach({ socketFd: listener })
  return {
    act() {
      must(kernel.send(sender, data, 0), 'send')
      const room = new Uint8Array(LARGEST_FRAME)
      const received = kernel.recv(listener, room, MSG_DONTWAIT)
      if (received < 0 && received !== -EAGAIN) throw new SyscallError('recv', -received)
      const common = { dataIn: data, problem: undefined }
      if (received < 0)
        return { ...common, retval: 0, verdict: 'kept from the socket', tone: 'plain', dataOut: undefined }
      const verdict = received < data.length ? `${received} bytes received` : 'received whole'
      return { ...common, retval: received, verdict, tone: 'good', dataOut: room.slice(0, received) }
    },
    [Symbol.dispose]() {
      link[Symbol.dispose]()
      kernel.close(listener)
      kernel.close(sender)
    },
  }
}

// SPDX-License-Identifier: BSD-2-Clause
/** bind(2) and connect(2) of a process in the program's cgroup. */
import { errnoName } from '@skep/core/errors'
import * as U from '@skep/core/uapi'
import type { RunInput } from '../protocol.ts'
import type { Prepared } from './perform.ts'
import type { Session } from './session.ts'

const AF_INET = 2
const AF_INET6 = 10
const SOCK_DGRAM = 2
/** The process that makes the calls is in the root cgroup. */
const CGROUP = '/sys/fs/cgroup'

function ipv4Bytes(text: string): number[] {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    throw new Error(`address '${text}' is not of the form 127.0.0.1`)
  return parts
}

function ipv6Words(text: string): number[] {
  const [head, tail, more] = text.split('::')
  const words = (part: string | undefined) => (part ? part.split(':').map((word) => Number.parseInt(word, 16)) : [])
  const before = words(head)
  const after = words(tail)
  const missing = 8 - before.length - after.length
  const all = tail === undefined ? before : [...before, ...new Array(Math.max(missing, 0)).fill(0), ...after]
  if (more !== undefined || all.length !== 8 || all.some((word) => !(word >= 0 && word <= 0xffff)))
    throw new Error(`address '${text}' is not of the form fe80::1`)
  return all
}

/** struct sockaddr_in or sockaddr_in6. */
export function socketAddress(address: string, port: number): Uint8Array {
  const isV6 = address.includes(':')
  const view = new DataView(new ArrayBuffer(isV6 ? 28 : 16))
  view.setUint16(0, isV6 ? AF_INET6 : AF_INET, true)
  view.setUint16(2, port)
  if (isV6) ipv6Words(address).forEach((word, i) => void view.setUint16(8 + 2 * i, word))
  else ipv4Bytes(address).forEach((byte, i) => void view.setUint8(4 + i, byte))
  return new Uint8Array(view.buffer)
}

const CONNECTS: ReadonlySet<number> = new Set([U.BPF_CGROUP_INET4_CONNECT, U.BPF_CGROUP_INET6_CONNECT])

export function prepareAddress(session: Session, name: string, input: RunInput & { kind: 'address' }): Prepared {
  const { kernel } = session
  const program = session.program(name)
  const address = socketAddress(input.address, input.port)
  const family = address.length === 16 ? AF_INET : AF_INET6
  const connects = CONNECTS.has(program.spec?.expectedAttachType ?? -1)
  const link = program.attach({ cgroup: CGROUP })
  return {
    act() {
      const fd = kernel.socket(family, SOCK_DGRAM, 0)
      const result = fd < 0 ? fd : connects ? kernel.connect(fd, address) : kernel.bind(fd, address)
      if (fd >= 0) kernel.close(fd)
      return {
        retval: result,
        verdict: result < 0 ? `refused: ${errnoName(-result)}` : 'allowed',
        tone: result < 0 ? 'bad' : 'good',
        dataIn: undefined,
        dataOut: undefined,
        problem: undefined,
      }
    },
    [Symbol.dispose]: () => link[Symbol.dispose](),
  }
}

// SPDX-License-Identifier: BSD-2-Clause
/** Programs that see and rewrite the addresses of socket calls, beyond those for IPv4 in cgroup.test.ts. */
import type { Kernel } from '@skep/core'
import * as U from '@skep/core/uapi'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  attach,
  count,
  counter,
  createMap,
  detach,
  EINVAL,
  inet,
  inet6,
  load,
  MSG_DONTWAIT,
  mustLoad,
  portOf,
  returns,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from './calls.ts'
import { scenario } from './scenario.ts'

const SOCK_ADDR = ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR']
const USER_IP4 = 4
const USER_IP6 = 8
const USER_PORT = 24

const bigEndian16 = (port: number) => ((port & 0xff) << 8) | (port >> 8)
const bigEndian32 = (bytes: readonly number[]) => bytes.reduceRight((word, byte) => word * 256 + byte, 0)

/** A field of struct bpf_sock_addr gets a value. */
const writes = (offset: number, value: number) => `w2 = ${value | 0}\n*(u32 *)(r1 + ${offset}) = r2\n`
const writesPort = (port: number) => writes(USER_PORT, bigEndian16(port))
const writesIp4 = (...bytes: number[]) => writes(USER_IP4, bigEndian32(bytes))
/** An address of four words: zeros but for the first and last byte. */
const writesIp6 = (first: number, last: number) =>
  [first, 0, 0, last * 2 ** 24].map((word, i) => writes(USER_IP6 + 4 * i, word)).join('')

function attached(kernel: Kernel, cgroup: number, type: number, text: string, verdict = 1): () => void {
  const program = mustLoad(kernel, U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, `${text}\nr0 = ${verdict}\nexit`, {
    expectedAttachType: type,
  })
  const result = attach(kernel, cgroup, program, type)
  if (result < 0) throw new Error(`attach: errno ${-result}`)
  return () => void detach(kernel, cgroup, program, type)
}

const ip6Of = (name: Uint8Array) => [name[8], name[23]]

scenario('bind6 goes where the program says', {
  shows: { programTypes: SOCK_ADDR, attachTypes: ['BPF_CGROUP_INET6_BIND'] },
  expected: { bound: 0, address: [0, 1], port: 6060 },
  run: ({ kernel, cgroup, getsockname }) => {
    attached(kernel, cgroup.fd, U.BPF_CGROUP_INET6_BIND, writesIp6(0, 1) + writesPort(6060))
    const socket = kernel.socket(AF_INET6, SOCK_STREAM, 0)
    const bound = kernel.bind(socket, inet6('::', 7777))
    const name = getsockname(socket)
    return { bound, address: ip6Of(name), port: portOf(name) }
  },
})

scenario('connect6 is redirected', {
  shows: { programTypes: SOCK_ADDR, attachTypes: ['BPF_CGROUP_INET6_CONNECT'] },
  expected: { before: -111, connected: 0, accepted: true, peerPort: true },
  run: ({ kernel, cgroup, getsockname, getpeername, accept }) => {
    const listener = kernel.socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0)
    kernel.bind(listener, inet6('::1', 0))
    kernel.listen(listener, 2)
    const port = portOf(getsockname(listener))
    const before = kernel.connect(kernel.socket(AF_INET6, SOCK_STREAM, 0), inet6('::1', 9))
    attached(kernel, cgroup.fd, U.BPF_CGROUP_INET6_CONNECT, writesPort(port))
    const client = kernel.socket(AF_INET6, SOCK_STREAM, 0)
    const connected = kernel.connect(client, inet6('::1', 9))
    return { before, connected, accepted: accept(listener) > 0, peerPort: portOf(getpeername(client)) === port }
  },
})

scenario('sendmsg6 is redirected', {
  shows: { programTypes: SOCK_ADDR, attachTypes: ['BPF_CGROUP_UDP6_SENDMSG'] },
  expected: { sent: 3, received: 3 },
  run: async ({ kernel, cgroup, getsockname }) => {
    const receiver = kernel.socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, inet6('::1', 0))
    const port = portOf(getsockname(receiver))
    attached(kernel, cgroup.fd, U.BPF_CGROUP_UDP6_SENDMSG, writesIp6(0, 1) + writesPort(port))
    const sent = kernel.send(kernel.socket(AF_INET6, SOCK_DGRAM, 0), new Uint8Array(3), 0, inet6('::1', 9))
    await kernel.wait([receiver], 1000)
    return { sent, received: kernel.recv(receiver, new Uint8Array(8), MSG_DONTWAIT) }
  },
})

scenario('recvfrom tells the address that a program writes', {
  shows: { programTypes: SOCK_ADDR, attachTypes: ['BPF_CGROUP_UDP4_RECVMSG', 'BPF_CGROUP_UDP6_RECVMSG'] },
  // 0: a program for recvmsg may only allow
  expected: {
    four: { length: 3, address: [9, 8, 7, 6], port: 4321 },
    six: { length: 4, address: [0xfc, 9], port: 1234 },
    refusing: EINVAL,
  },
  run: async ({ kernel, cgroup, getsockname, recvfrom }) => {
    attached(kernel, cgroup.fd, U.BPF_CGROUP_UDP4_RECVMSG, writesIp4(9, 8, 7, 6) + writesPort(4321))
    attached(kernel, cgroup.fd, U.BPF_CGROUP_UDP6_RECVMSG, writesIp6(0xfc, 9) + writesPort(1234))
    const through = async (family: number, name: Uint8Array, length: number) => {
      const receiver = kernel.socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0)
      kernel.bind(receiver, name)
      kernel.send(kernel.socket(family, SOCK_DGRAM, 0), new Uint8Array(length), 0, getsockname(receiver))
      await kernel.wait([receiver], 1000)
      return recvfrom(receiver)
    }
    const four = await through(AF_INET, inet('127.0.0.1', 0), 3)
    const six = await through(AF_INET6, inet6('::1', 0), 4)
    return {
      four: { length: four.length, address: [...four.address.subarray(4, 8)], port: portOf(four.address) },
      six: { length: six.length, address: ip6Of(six.address), port: portOf(six.address) },
      refusing: load(kernel, U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, returns(0), {
        expectedAttachType: U.BPF_CGROUP_UDP4_RECVMSG,
      }),
    }
  },
})

scenario('names of sockets and of their peers are what programs write', {
  shows: {
    programTypes: SOCK_ADDR,
    attachTypes: [
      'BPF_CGROUP_INET4_GETPEERNAME',
      'BPF_CGROUP_INET6_GETPEERNAME',
      'BPF_CGROUP_INET4_GETSOCKNAME',
      'BPF_CGROUP_INET6_GETSOCKNAME',
    ],
  },
  expected: {
    written: [
      { own: [[1, 2, 3, 4], 11], peer: [[5, 6, 7, 8], 12] },
      { own: [[0xfc, 1], 13], peer: [[0xfd, 2], 14] },
    ],
    afterwards: [true, true],
  },
  run: ({ kernel, cgroup, getsockname, getpeername }) => {
    const pair = (family: number, name: Uint8Array) => {
      const receiver = kernel.socket(family, SOCK_DGRAM, 0)
      kernel.bind(receiver, name)
      const sender = kernel.socket(family, SOCK_DGRAM, 0)
      const target = getsockname(receiver)
      kernel.connect(sender, target)
      return { sender, port: portOf(target) }
    }
    const four = pair(AF_INET, inet('127.0.0.1', 0))
    const six = pair(AF_INET6, inet6('::1', 0))
    const undo = [
      attached(kernel, cgroup.fd, U.BPF_CGROUP_INET4_GETSOCKNAME, writesIp4(1, 2, 3, 4) + writesPort(11)),
      attached(kernel, cgroup.fd, U.BPF_CGROUP_INET4_GETPEERNAME, writesIp4(5, 6, 7, 8) + writesPort(12)),
      attached(kernel, cgroup.fd, U.BPF_CGROUP_INET6_GETSOCKNAME, writesIp6(0xfc, 1) + writesPort(13)),
      attached(kernel, cgroup.fd, U.BPF_CGROUP_INET6_GETPEERNAME, writesIp6(0xfd, 2) + writesPort(14)),
    ]
    const facts4 = (name: Uint8Array) => [[...name.subarray(4, 8)], portOf(name)]
    const facts6 = (name: Uint8Array) => [ip6Of(name), portOf(name)]
    const written = [
      { own: facts4(getsockname(four.sender)), peer: facts4(getpeername(four.sender)) },
      { own: facts6(getsockname(six.sender)), peer: facts6(getpeername(six.sender)) },
    ]
    for (const call of undo) call()
    return { written, afterwards: [four, six].map(({ sender, port }) => portOf(getpeername(sender)) === port) }
  },
})

scenario('unix sockets: programs run when names are asked for and datagrams taken', {
  shows: {
    programTypes: SOCK_ADDR,
    attachTypes: ['BPF_CGROUP_UNIX_RECVMSG', 'BPF_CGROUP_UNIX_GETPEERNAME', 'BPF_CGROUP_UNIX_GETSOCKNAME'],
  },
  expected: { received: 3, runs: [1, 1, 1] },
  run: ({ kernel, cgroup, getsockname, getpeername, recvfrom }) => {
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const types = [U.BPF_CGROUP_UNIX_RECVMSG, U.BPF_CGROUP_UNIX_GETPEERNAME, U.BPF_CGROUP_UNIX_GETSOCKNAME]
    const tag = new TextEncoder().encode(`skep-names-${Math.random().toString(36).slice(2)}`)
    const name = (end: number) => new Uint8Array([AF_UNIX, 0, 0, ...tag, end])
    const receiver = kernel.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, name(1))
    const sender = kernel.socket(AF_UNIX, SOCK_DGRAM, 0)
    kernel.bind(sender, name(2))
    kernel.connect(sender, name(1))
    for (const [i, type] of types.entries()) attached(kernel, cgroup.fd, type, count(facts, i))
    kernel.send(sender, new Uint8Array(3), 0)
    const { length } = recvfrom(receiver)
    getpeername(sender)
    getsockname(sender)
    return { received: length, runs: types.map((_, i) => counter(kernel, facts, i)) }
  },
})

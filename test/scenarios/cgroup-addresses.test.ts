// SPDX-License-Identifier: BSD-2-Clause
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
  EPERM,
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
  SOL_SOCKET,
} from './calls.ts'
import { scenario } from './scenario.ts'

function addrProgram(kernel: Kernel, attachType: number, text: string): number {
  return mustLoad(kernel, U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, text, { expectedAttachType: attachType })
}

scenario('bind refused by a program gives EPERM to the caller', {
  shows: {
    commands: ['BPF_PROG_ATTACH', 'BPF_PROG_DETACH'],
    programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR'],
    attachTypes: ['BPF_CGROUP_INET4_BIND', 'BPF_CGROUP_INET6_BIND'],
  },
  expected: { attached: [0, 0], refused: [EPERM, EPERM], allowed: [0, 0] },
  run: ({ kernel, cgroup }) => {
    const types = [U.BPF_CGROUP_INET4_BIND, U.BPF_CGROUP_INET6_BIND]
    const programs = types.map((type) => addrProgram(kernel, type, returns(0)))
    const attached = types.map((type, i) => attach(kernel, cgroup.fd, programs[i]!, type))
    const bind = () => [
      kernel.bind(kernel.socket(AF_INET, SOCK_DGRAM, 0), inet('127.0.0.1', 0)),
      kernel.bind(kernel.socket(AF_INET6, SOCK_DGRAM, 0), inet6('::1', 0)),
    ]
    const refused = bind()
    for (const [i, type] of types.entries()) detach(kernel, cgroup.fd, programs[i]!, type)
    return { attached, refused, allowed: bind() }
  },
})

scenario('bind goes where the program says', {
  shows: { programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR'], attachTypes: ['BPF_CGROUP_INET4_BIND'] },
  expected: { bound: 0, address: [127, 0, 0, 1], port: 4040 },
  run: ({ kernel, cgroup, getsockname }) => {
    const type = U.BPF_CGROUP_INET4_BIND
    const program = addrProgram(
      kernel,
      type,
      `r2 = ${0x0100007f}
       *(u32 *)(r1 + 4) = r2
       r2 = ${((4040 & 0xff) << 8) | (4040 >> 8)}
       *(u32 *)(r1 + 24) = r2
       r0 = 1
       exit`,
    )
    attach(kernel, cgroup.fd, program, type)
    const fd = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    const bound = kernel.bind(fd, inet('0.0.0.0', 9999))
    const name = getsockname(fd)
    return { bound, address: [...name.subarray(4, 8)], port: portOf(name) }
  },
})

scenario('a program lifts the privilege of low ports', {
  shows: { attachTypes: ['BPF_CGROUP_INET4_BIND'] },
  expected: { bound: 0, bad: -22 },
  run: ({ kernel, cgroup }) => {
    const type = U.BPF_CGROUP_INET4_BIND
    attach(kernel, cgroup.fd, addrProgram(kernel, type, returns(3)), type)
    return {
      bound: kernel.bind(kernel.socket(AF_INET, SOCK_DGRAM, 0), inet('127.0.0.1', 111)),
      bad: load(kernel, U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, returns(4), { expectedAttachType: type }),
    }
  },
})

scenario('post_bind sees the port and can take it away', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK'],
    attachTypes: ['BPF_CGROUP_INET4_POST_BIND', 'BPF_CGROUP_INET6_POST_BIND'],
  },
  expected: { results: [EPERM, 0, EPERM, 0], again: 0 },
  run: ({ kernel, cgroup }) => {
    // refuses ports other than 4098
    const program = (type: number) =>
      mustLoad(
        kernel,
        U.BPF_PROG_TYPE_CGROUP_SOCK,
        'r2 = *(u32 *)(r1 + 44)\nr0 = 1\nif r2 == 4098 goto +1\nr0 = 0\nexit',
        {
          expectedAttachType: type,
        },
      )
    for (const type of [U.BPF_CGROUP_INET4_POST_BIND, U.BPF_CGROUP_INET6_POST_BIND])
      attach(kernel, cgroup.fd, program(type), type)
    const v4 = kernel.socket(AF_INET, SOCK_STREAM, 0)
    const v6 = kernel.socket(AF_INET6, SOCK_STREAM, 0)
    const results = [
      kernel.bind(v4, inet('127.0.0.1', 4097)),
      kernel.bind(v4, inet('127.0.0.1', 4098)),
      kernel.bind(v6, inet6('::1', 4097)),
      kernel.bind(v6, inet6('::1', 4098)),
    ]
    kernel.close(v4)
    return { results, again: kernel.bind(kernel.socket(AF_INET, SOCK_STREAM, 0), inet('127.0.0.1', 4098)) }
  },
})

scenario('sockets are refused, counted and let go', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK'],
    attachTypes: ['BPF_CGROUP_INET_SOCK_CREATE', 'BPF_CGROUP_INET_SOCK_RELEASE'],
  },
  expected: { refused: [EPERM, true, true], marks: [7, 5], released: 1 },
  run: ({ kernel, cgroup }) => {
    const released = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    // datagrams of IPv4 are refused; the others get a mark and a priority
    const create = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_CGROUP_SOCK,
      `r2 = *(u32 *)(r1 + 4)
       r3 = *(u32 *)(r1 + 8)
       r0 = 0
       if r2 != ${AF_INET} goto +1
       if r3 == ${SOCK_DGRAM} goto +5
       r2 = 7
       *(u32 *)(r1 + 16) = r2
       r2 = 5
       *(u32 *)(r1 + 20) = r2
       r0 = 1
       exit`,
    )
    const release = mustLoad(kernel, U.BPF_PROG_TYPE_CGROUP_SOCK, `${count(released)}\nr0 = 1\nexit`, {
      expectedAttachType: U.BPF_CGROUP_INET_SOCK_RELEASE,
    })
    attach(kernel, cgroup.fd, create, U.BPF_CGROUP_INET_SOCK_CREATE)
    const v4 = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    const v6 = kernel.socket(AF_INET6, SOCK_DGRAM, 0)
    const local = kernel.socket(AF_UNIX, SOCK_DGRAM, 0)
    const option = (name: number) => {
      const value = new Uint8Array(4)
      kernel.getsockopt(v6, SOL_SOCKET, name, value)
      return value[0]
    }
    const marks = [option(36), option(12)]
    attach(kernel, cgroup.fd, release, U.BPF_CGROUP_INET_SOCK_RELEASE)
    kernel.close(v6)
    kernel.close(local)
    return { refused: [v4, v6 > 0, local > 0], marks, released: counter(kernel, released) }
  },
})

scenario('connect is refused and redirected', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR'],
    attachTypes: ['BPF_CGROUP_INET4_CONNECT', 'BPF_CGROUP_INET6_CONNECT'],
  },
  expected: { redirected: 0, accepted: true, v6: EPERM },
  run: ({ kernel, cgroup, getsockname, accept }) => {
    const listener = kernel.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    kernel.bind(listener, inet('127.0.0.1', 0))
    kernel.listen(listener, 4)
    const port = portOf(getsockname(listener))
    const v4 = addrProgram(
      kernel,
      U.BPF_CGROUP_INET4_CONNECT,
      `r2 = ${0x0100007f}
       *(u32 *)(r1 + 4) = r2
       r2 = ${((port & 0xff) << 8) | (port >> 8)}
       *(u32 *)(r1 + 24) = r2
       r0 = 1
       exit`,
    )
    attach(kernel, cgroup.fd, v4, U.BPF_CGROUP_INET4_CONNECT)
    attach(kernel, cgroup.fd, addrProgram(kernel, U.BPF_CGROUP_INET6_CONNECT, returns(0)), U.BPF_CGROUP_INET6_CONNECT)
    const client = kernel.socket(AF_INET, SOCK_STREAM, 0)
    const redirected = kernel.connect(client, inet('127.0.0.9', 7))
    return {
      redirected,
      accepted: accept(listener) > 0,
      v6: kernel.connect(kernel.socket(AF_INET6, SOCK_STREAM, 0), inet6('::1', 7)),
    }
  },
})

scenario('sendmsg is refused and redirected', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR'],
    attachTypes: ['BPF_CGROUP_UDP4_SENDMSG', 'BPF_CGROUP_UDP6_SENDMSG'],
  },
  expected: { sent: 3, received: 3, v6: EPERM, connected: 4 },
  run: async ({ kernel, cgroup, getsockname }) => {
    const receiver = kernel.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, inet('127.0.0.1', 0))
    const name = getsockname(receiver)
    const port = portOf(name)
    const program = addrProgram(
      kernel,
      U.BPF_CGROUP_UDP4_SENDMSG,
      `r2 = ${((port & 0xff) << 8) | (port >> 8)}
       *(u32 *)(r1 + 24) = r2
       r0 = 1
       exit`,
    )
    attach(kernel, cgroup.fd, program, U.BPF_CGROUP_UDP4_SENDMSG)
    attach(kernel, cgroup.fd, addrProgram(kernel, U.BPF_CGROUP_UDP6_SENDMSG, returns(0)), U.BPF_CGROUP_UDP6_SENDMSG)
    const sender = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    const sent = kernel.send(sender, new Uint8Array(3), 0, inet('127.0.0.1', 7))
    await kernel.wait([receiver], 1000)
    const received = kernel.recv(receiver, new Uint8Array(8), MSG_DONTWAIT)
    const v6 = kernel.send(kernel.socket(AF_INET6, SOCK_DGRAM, 0), new Uint8Array(3), 0, inet6('::1', 7))
    // a connected socket's datagrams pass by
    const other = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    kernel.connect(other, name)
    return { sent, received, v6, connected: kernel.send(other, new Uint8Array(4), 0) }
  },
})

scenario('getsockname shows what the program writes', {
  shows: { programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR'], attachTypes: ['BPF_CGROUP_INET4_GETSOCKNAME'] },
  expected: { address: [10, 9, 8, 7], port: 4321 },
  run: ({ kernel, cgroup, getsockname }) => {
    const type = U.BPF_CGROUP_INET4_GETSOCKNAME
    const program = addrProgram(
      kernel,
      type,
      `r2 = ${0x0708090a}
       *(u32 *)(r1 + 4) = r2
       r2 = ${((4321 & 0xff) << 8) | (4321 >> 8)}
       *(u32 *)(r1 + 24) = r2
       r0 = 1
       exit`,
    )
    const fd = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    kernel.bind(fd, inet('127.0.0.1', 0))
    attach(kernel, cgroup.fd, program, type)
    const name = getsockname(fd)
    return { address: [...name.subarray(4, 8)], port: portOf(name) }
  },
})

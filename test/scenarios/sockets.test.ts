// SPDX-License-Identifier: BSD-2-Clause
import * as U from '@skep/core/uapi'
import {
  AF_INET,
  AF_UNIX,
  counter,
  createMap,
  drain,
  EAGAIN,
  inet,
  keep,
  lookupElem,
  MSG_DONTWAIT,
  mustLoad,
  packetSocket,
  portOf,
  returns,
  SO_ATTACH_BPF,
  SO_ATTACH_FILTER,
  SO_ATTACH_REUSEPORT_EBPF,
  SO_DETACH_BPF,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  udpFrame,
  words,
} from './calls.ts'
import { scenario } from './scenario.ts'

const FILTER = U.BPF_PROG_TYPE_SOCKET_FILTER

scenario('a socket filter trims and drops datagrams of a unix socket', {
  shows: { commands: ['BPF_PROG_LOAD'], programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'] },
  expected: { lengths: [5, EAGAIN, 32], detach: [0, -2], wrongType: -22, notAProgram: -22, noFile: -9 },
  run: ({ kernel, socketpair }) => {
    const [a, b] = socketpair(AF_UNIX, SOCK_DGRAM)
    const room = new Uint8Array(64)
    const lengths = [5, 0, 0xffff].map((keepBytes) => {
      const program = mustLoad(kernel, FILTER, returns(keepBytes))
      kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, words(program))
      kernel.send(a, new Uint8Array(32), 0)
      return kernel.recv(b, room, MSG_DONTWAIT)
    })
    const detach = [0, 0].map(() => kernel.setsockopt(b, SOL_SOCKET, SO_DETACH_BPF, words(0)))
    const xdp = mustLoad(kernel, U.BPF_PROG_TYPE_XDP, returns(2))
    return {
      lengths,
      detach,
      wrongType: kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, words(xdp)),
      notAProgram: kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, words(a)),
      noFile: kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, words(999)),
    }
  },
})

scenario('a packet socket on lo sees what goes out and what comes in', {
  shows: { programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'], mapTypes: ['BPF_MAP_TYPE_ARRAY'] },
  // the sender sees only the copy that comes in; pkt_type 4 is outgoing, 2 multicast: lo has no
  // broadcast address
  expected: { own: [60], other: [60, 60], types: [0, 0, 1, 0, 1, 0, 0, 0], protocol: 8, ifindex: 1 },
  run: async ({ kernel }) => {
    const types = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 8, 8)
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 8, 2)
    const listener = packetSocket(kernel, 1)
    const program = mustLoad(
      kernel,
      FILTER,
      `r7 = r1
       r6 = *(u32 *)(r7 + 16)
       ${keep(facts, 0)}
       r6 = *(u32 *)(r7 + 40)
       ${keep(facts, 1)}
       r2 = *(u32 *)(r7 + 4)
       *(u32 *)(r10 - 4) = r2
       r2 = r10
       r2 += -4
       ld_pseudo r1, 1, ${types}
       call 1
       if r0 == 0 goto +2
       r1 = 1
       lock *(u64 *)(r0 + 0) += r1
       r0 = 65535
       exit`,
    )
    kernel.setsockopt(listener, SOL_SOCKET, SO_ATTACH_BPF, words(program))
    const sender = packetSocket(kernel, 1)
    kernel.send(sender, udpFrame(), 0)
    const lengths = async (fd: number) => (await drain(kernel, fd)).map((piece) => piece.length)
    return {
      own: await lengths(sender),
      other: await lengths(listener),
      types: [0, 1, 2, 3, 4, 5, 6, 7].map((type) => counter(kernel, types, type)),
      protocol: counter(kernel, facts, 0),
      ifindex: counter(kernel, facts, 1),
    }
  },
})

scenario('sockex1: bytes by IP protocol, counted on lo', {
  shows: { programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'], mapTypes: ['BPF_MAP_TYPE_ARRAY'] },
  expected: { udp: 60, tcp: 0 },
  run: async ({ kernel }) => {
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 8, 256)
    const listener = packetSocket(kernel, 1)
    const program = mustLoad(
      kernel,
      FILTER,
      `r6 = r1
       r0 = *(u32 *)(r6 + 4)
       if r0 != 4 goto +11
       r0 = *(u8 *)skb[23]
       *(u32 *)(r10 - 4) = r0
       r2 = r10
       r2 += -4
       ld_pseudo r1, 1, ${map}
       call 1
       if r0 == 0 goto +2
       r1 = *(u32 *)(r6 + 0)
       lock *(u64 *)(r0 + 0) += r1
       r0 = 0
       exit`,
    )
    kernel.setsockopt(listener, SOL_SOCKET, SO_ATTACH_BPF, words(program))
    const sender = packetSocket(kernel, 1)
    kernel.send(sender, udpFrame(), 0)
    await drain(kernel, sender)
    return { udp: counter(kernel, map, 17), tcp: counter(kernel, map, 6) }
  },
})

scenario('classic BPF is taken as Linux takes it', {
  shows: { programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'] },
  expected: { trims: 9, jumps: EAGAIN, bad: [-22, -22, -22, -22] },
  run: ({ kernel, socketpair }) => {
    const [a, b] = socketpair(AF_UNIX, SOCK_DGRAM)
    const set = (...insns: [number, number, number, number][]) => {
      using code = kernel.memory.alloc(insns.length * 8)
      const view = new DataView(code.bytes.buffer, code.bytes.byteOffset)
      insns.forEach(([op, jt, jf, k], i) => {
        view.setUint16(i * 8, op, true)
        view.setUint8(i * 8 + 2, jt)
        view.setUint8(i * 8 + 3, jf)
        view.setUint32(i * 8 + 4, k, true)
      })
      const fprog = new Uint8Array(16)
      new DataView(fprog.buffer).setUint16(0, insns.length, true)
      new DataView(fprog.buffer).setBigUint64(8, code.address, true)
      return kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_FILTER, fprog)
    }
    const room = new Uint8Array(64)
    const send = () => {
      kernel.send(
        a,
        Uint8Array.from({ length: 32 }, (_, i) => i),
        0,
      )
      return kernel.recv(b, room, MSG_DONTWAIT)
    }
    // A = byte 3; X = A; A = 6; A += X; M[2] = A; A = 0; A = M[2]; return A
    set(
      [0x30, 0, 0, 3],
      [0x07, 0, 0, 0],
      [0x00, 0, 0, 6],
      [0x0c, 0, 0, 0],
      [0x02, 0, 0, 2],
      [0x00, 0, 0, 0],
      [0x60, 0, 0, 2],
      [0x16, 0, 0, 0],
    )
    const trims = send()
    // if word 0 == 0x00010203 drop, else keep; the comparison is with a big-endian word
    set([0x20, 0, 0, 0], [0x15, 0, 1, 0x00010203], [0x06, 0, 0, 0], [0x06, 0, 0, 0xffff])
    return {
      trims,
      jumps: send(),
      bad: [
        set([0x06, 0, 0, 1], [0x00, 0, 0, 0]),
        set([0x60, 0, 0, 3], [0x16, 0, 0, 0]),
        set([0x34, 0, 0, 0], [0x16, 0, 0, 0]),
        set([0x15, 5, 0, 0], [0x06, 0, 0, 0]),
      ],
    }
  },
})

scenario('a filter on a UDP socket sees the datagram from its header on', {
  shows: { programTypes: ['BPF_PROG_TYPE_SOCKET_FILTER'] },
  expected: { received: 2, dport: true, length: 12 },
  run: async ({ kernel, getsockname }) => {
    const receiver = kernel.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, inet('127.0.0.1', 0))
    const name = getsockname(receiver)
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = mustLoad(
      kernel,
      FILTER,
      `r6 = r1
       r7 = r1
       r0 = *(u16 *)skb[2]
       r8 = r0
       r6 = r8
       ${keep(map, 0)}
       r6 = *(u32 *)(r7 + 0)
       ${keep(map, 1)}
       r0 = 10
       exit`,
    )
    kernel.setsockopt(receiver, SOL_SOCKET, SO_ATTACH_BPF, words(program))
    const sender = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    kernel.send(sender, new Uint8Array(4), 0, name)
    await kernel.wait([receiver], 1000)
    return {
      received: kernel.recv(receiver, new Uint8Array(16), MSG_DONTWAIT),
      dport: counter(kernel, map, 0) === portOf(name),
      length: counter(kernel, map, 1),
    }
  },
})

scenario('a program chooses among sockets that share a port', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_SK_REUSEPORT'],
    attachTypes: ['BPF_SK_REUSEPORT_SELECT', 'BPF_SK_REUSEPORT_SELECT_OR_MIGRATE'],
    mapTypes: ['BPF_MAP_TYPE_REUSEPORT_SOCKARRAY'],
  },
  expected: { first: [0, 0, 3], dropped: [0, 0, 0], cookies: true },
  run: async ({ kernel, getsockname }) => {
    const array = createMap(kernel, U.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 8, 3)
    const sockets: number[] = []
    let port = 0
    for (let i = 0; i < 3; i++) {
      const fd = kernel.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)
      kernel.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, words(1))
      kernel.bind(fd, inet('127.0.0.1', port))
      port = portOf(getsockname(fd))
      const key = words(i)
      const value = new Uint8Array(8)
      value.set(words(fd))
      using k = kernel.memory.alloc(4)
      using v = kernel.memory.alloc(8)
      k.bytes.set(key)
      v.bytes.set(value)
      const attr = new Uint8Array(32)
      const view = new DataView(attr.buffer)
      view.setUint32(0, array, true)
      view.setBigUint64(8, k.address, true)
      view.setBigUint64(16, v.address, true)
      kernel.bpf(U.BPF_MAP_UPDATE_ELEM, attr)
      sockets.push(fd)
    }
    const choose = (verdict: number) => `
      *(u32 *)(r10 - 4) = 2
      r3 = r10
      r3 += -4
      ld_pseudo r2, 1, ${array}
      r4 = 0
      call 82
      r0 = ${verdict}
      exit`
    const send = async (verdict: number) => {
      const expectedAttachType = verdict ? U.BPF_SK_REUSEPORT_SELECT : U.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE
      const program = mustLoad(kernel, U.BPF_PROG_TYPE_SK_REUSEPORT, choose(verdict), { expectedAttachType })
      kernel.setsockopt(sockets[0]!, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, words(program))
      const sender = kernel.socket(AF_INET, SOCK_DGRAM, 0)
      kernel.send(sender, new Uint8Array(3), 0, inet('127.0.0.1', port))
      await kernel.wait(sockets, 50)
      return sockets.map((fd) => Math.max(0, kernel.recv(fd, new Uint8Array(8), MSG_DONTWAIT)))
    }
    const first = await send(1)
    const dropped = await send(0)
    const cookie = lookupElem(kernel, array, words(1), 8)
    const own = new Uint8Array(8)
    kernel.getsockopt(sockets[1]!, SOL_SOCKET, 57, own)
    return { first, dropped, cookies: typeof cookie !== 'number' && Buffer.compare(cookie, own) === 0 }
  },
})

scenario('tcp on lo: data, end and refusal', {
  shows: {},
  expected: { connect: [0, -111], data: 'skep', end: 0 },
  run: async ({ kernel, accept, getsockname }) => {
    const listener = kernel.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    kernel.bind(listener, inet('127.0.0.1', 0))
    kernel.listen(listener, 4)
    const client = kernel.socket(AF_INET, SOCK_STREAM, 0)
    const ok = kernel.connect(client, getsockname(listener))
    const server = accept(listener)
    kernel.send(client, new TextEncoder().encode('skep'), 0)
    await kernel.wait([server], 1000)
    const room = new Uint8Array(8)
    const n = kernel.recv(server, room, MSG_DONTWAIT)
    kernel.close(client)
    await kernel.wait([server], 1000)
    const end = kernel.recv(server, new Uint8Array(8), MSG_DONTWAIT)
    kernel.close(listener)
    const second = kernel.socket(AF_INET, SOCK_STREAM, 0)
    const refused = kernel.connect(second, inet('127.0.0.1', 9))
    return { connect: [ok, refused], data: new TextDecoder().decode(room.subarray(0, n)), end }
  },
})

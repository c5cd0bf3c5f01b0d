// SPDX-License-Identifier: BSD-2-Clause
import { inetAddress, interfaceIndex, isolated, must, portOf } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import * as bpf from './calls.ts'
import { needIsolation } from './calls.ts'

const at = bpf.eachKernel()
const AF_UNIX = 1
const AF_INET = 2
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOL_SOCKET = 1
const SO_TYPE = 3
const SO_RCVBUF = 8
const SO_ATTACH_BPF = 50
const SO_DETACH_BPF = 27
const MSG_DONTWAIT = 0x40
const EPIPE = -32
const EINPROGRESS = -115

test('a socket filter trims, drops and leaves packets of a socketpair', () => {
  const { kernel } = at
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM, 0) as [number, number]
  const data = Uint8Array.from({ length: 32 }, (_, i) => i)
  const room = new Uint8Array(64)
  for (const [keep, received] of [
    [5, 5],
    [0, bpf.EAGAIN],
    [0xffff, 32],
  ] as const) {
    const program = bpf.loadFilter(kernel, bpf.returns(keep))
    expect(kernel.setsockopt(b, SOL_SOCKET, SO_ATTACH_BPF, bpf.words(program))).toBe(0)
    // The sender does not learn of a drop.
    expect(kernel.send(a, data, 0)).toBe(32)
    expect(kernel.recv(b, room, MSG_DONTWAIT)).toBe(received)
  }
  expect([...room.subarray(0, 32)]).toEqual([...data])
  expect(kernel.setsockopt(b, SOL_SOCKET, SO_DETACH_BPF, bpf.words(0))).toBe(0)
  expect(kernel.setsockopt(b, SOL_SOCKET, SO_DETACH_BPF, bpf.words(0))).toBe(bpf.ENOENT)
})

test('udp through lo of a network namespace of the test', async (context) => {
  needIsolation(context)
  await isolated({ network: true }, async ({ kernel }) => {
    expect(interfaceIndex(kernel, 'lo')).toBe(1)
    const receiver = must(kernel.socket(AF_INET, SOCK_DGRAM, 0), 'socket')
    expect(kernel.bind(receiver, inetAddress('127.0.0.1', 0))).toBe(0)
    const address = new Uint8Array(16)
    expect(kernel.getsockname(receiver, address)).toBe(16)
    expect(portOf(address)).toBeGreaterThan(0)
    // The filter sees the datagram from its UDP header on: 8 bytes of it and 2 of the payload.
    const program = bpf.loadFilter(kernel, bpf.returns(10))
    expect(kernel.setsockopt(receiver, SOL_SOCKET, SO_ATTACH_BPF, bpf.words(program))).toBe(0)
    const sender = must(kernel.socket(AF_INET, SOCK_DGRAM, 0), 'socket')
    expect(kernel.send(sender, new Uint8Array([1, 2, 3, 4]), 0, address)).toBe(4)
    expect(await kernel.wait([receiver], 5000)).toEqual([receiver])
    const room = new Uint8Array(16)
    expect(kernel.recv(receiver, room, MSG_DONTWAIT)).toBe(2)
    expect([...room.subarray(0, 2)]).toEqual([1, 2])
  })
})

test('tcp: listen, connect, accept', async (context) => {
  needIsolation(context)
  await isolated({ network: true }, async ({ kernel }) => {
    const listener = must(kernel.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), 'socket')
    const address = inetAddress('127.0.0.1', 8080)
    expect(kernel.bind(listener, address)).toBe(0)
    expect(kernel.listen(listener, 4)).toBe(0)
    expect(kernel.accept(listener)).toBe(bpf.EAGAIN)
    const client = must(kernel.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), 'socket')
    expect([0, EINPROGRESS]).toContain(kernel.connect(client, address))
    expect(await kernel.wait([listener], 5000)).toEqual([listener])
    const server = must(kernel.accept(listener, SOCK_NONBLOCK), 'accept')
    expect(kernel.send(server, new TextEncoder().encode('skep'), 0)).toBe(4)
    expect(await kernel.wait([client], 5000)).toEqual([client])
    const room = new Uint8Array(8)
    expect(kernel.recv(client, room, MSG_DONTWAIT)).toBe(4)
    expect(new TextDecoder().decode(room.subarray(0, 4))).toBe('skep')
  })
})

test('options are written and read with their length', () => {
  const { kernel } = at
  const socket = must(kernel.socket(AF_UNIX, SOCK_DGRAM, 0), 'socket')
  const value = new Uint8Array(8)
  expect(kernel.getsockopt(socket, SOL_SOCKET, SO_TYPE, value)).toBe(4)
  expect(bpf.word(value, 0)).toBe(SOCK_DGRAM)
  expect(kernel.setsockopt(socket, SOL_SOCKET, SO_RCVBUF, bpf.words(8192))).toBe(0)
  expect(kernel.getsockopt(socket, SOL_SOCKET, SO_RCVBUF, value)).toBe(4)
  // Linux doubles what it is given.
  expect(bpf.word(value, 0)).toBe(16384)
  expect(kernel.getsockopt(socket, SOL_SOCKET, SO_TYPE, new Uint8Array(0))).toBe(0)
  expect(kernel.setsockopt(socket, SOL_SOCKET, SO_RCVBUF, new Uint8Array(2))).toBe(bpf.EINVAL)
})

test('errors are answers: bad fds, closed peers, wrong addresses', () => {
  const { kernel } = at
  const bytes = new Uint8Array(16)
  expect(kernel.socket(9999, SOCK_STREAM, 0)).toBe(-97)
  expect(kernel.socketpair(AF_INET, SOCK_STREAM, 0)).toBe(-95)
  for (const answer of [
    kernel.bind(-1, bytes),
    kernel.connect(-1, bytes),
    kernel.listen(-1, 1),
    kernel.accept(-1),
    kernel.getsockname(-1, bytes),
    kernel.getpeername(-1, bytes),
    kernel.getsockopt(-1, SOL_SOCKET, SO_TYPE, bytes),
    kernel.setsockopt(-1, SOL_SOCKET, SO_TYPE, bytes),
    kernel.send(-1, bytes, 0),
    kernel.recv(-1, bytes, 0),
    kernel.recvfrom(-1, bytes, 0, bytes),
  ]) {
    expect(answer).toBe(bpf.EBADF)
  }
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM, 0) as [number, number]
  kernel.close(b)
  // No SIGPIPE.
  expect(kernel.send(a, bytes, 0)).toBe(EPIPE)
  expect(kernel.bind(a, new Uint8Array(0))).toBe(bpf.EINVAL)
  expect(kernel.bind(a, new Uint8Array(4096))).toBe(bpf.EINVAL)
})

// SPDX-License-Identifier: GPL-2.0-only
/** TCP over links that lose packets and are slow: what RFC 5681, 6298 and 6582 say, with Linux's numbers. */
import { expect, test } from 'vitest'
import { createVirtualKernel, type VirtualKernel, World } from '../src/index.ts'

const SOL_TCP = 6
const TCP_INFO = 11
const TCP_CONGESTION = 13
const AF_INET = 2
const STREAM_NONBLOCK = 1 | 0o4000
const MS = 1_000_000n
const MSS = 1448
const [OPEN, , , RECOVERY, LOSS] = [0, 1, 2, 3, 4]

const address = (text: string, port: number) => {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint16(0, AF_INET, true)
  new DataView(bytes.buffer).setUint16(2, port)
  bytes.set(text.split('.').map(Number), 4)
  return bytes
}

/** Two hosts joined by a link; each end is a namespace. */
async function hosts(control?: string) {
  const kernel = await createVirtualKernel({ virtualTime: 0n })
  const world = new World(kernel)
  const near = world.netns
  const far = world.createNetns()
  const [a, b] = world.veth('a', 'b', far)
  a.addAddress('10.0.0.1/24')
  world.inNetns(far, () => b.addAddress('10.0.0.2/24'))
  const listener = world.inNetns(far, () => {
    const fd = kernel.socket(AF_INET, STREAM_NONBLOCK, 0)
    expect(kernel.bind(fd, address('10.0.0.2', 80))).toBe(0)
    expect(kernel.listen(fd, 8)).toBe(0)
    return fd
  })
  const client = kernel.socket(AF_INET, STREAM_NONBLOCK, 0)
  if (control) {
    expect(kernel.setsockopt(client, SOL_TCP, TCP_CONGESTION, new TextEncoder().encode(control))).toBe(0)
  }
  const connect = () => kernel.connect(client, address('10.0.0.2', 80))
  const accept = () => world.sockets.accept4(listener, 0o4000)
  return { kernel, world, a, b, near, far, client, connect, accept }
}

function info(kernel: VirtualKernel, fd: number) {
  const bytes = new Uint8Array(248)
  expect(kernel.getsockopt(fd, SOL_TCP, TCP_INFO, bytes)).toBe(248)
  const view = new DataView(bytes.buffer)
  return {
    caState: bytes[1],
    retransmits: bytes[2],
    rtoUs: view.getUint32(8, true),
    unacked: view.getUint32(24, true),
    rttMs: view.getUint32(68, true) / 1000,
    ssthresh: view.getUint32(76, true),
    cwnd: view.getUint32(80, true),
    totalRetrans: view.getUint32(100, true),
  }
}

const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255)

function receiveAll(kernel: VirtualKernel, fd: number): Uint8Array {
  const parts: number[] = []
  const room = new Uint8Array(65536)
  for (;;) {
    const n = kernel.recv(fd, room, 0x40)
    if (n <= 0) return Uint8Array.from(parts)
    parts.push(...room.subarray(0, n))
  }
}

test('the time of a round trip is measured, and the timeout is that and at least 200 ms', async () => {
  const { kernel, world, a, b, far, client, connect, accept } = await hosts()
  a.setLink({ delay: 30n * MS })
  world.inNetns(far, () => b.setLink({ delay: 20n * MS }))
  expect(connect()).toBe(-115)
  world.advance(50n * MS)
  world.advance(50n * MS)
  const server = accept()
  expect(server).toBeGreaterThan(0)
  kernel.send(client, pattern(100), 0)
  world.advance(50n * MS)
  expect(info(kernel, client)).toMatchObject({ rttMs: 50, rtoUs: 250_000, caState: OPEN, unacked: 0 })
  expect(receiveAll(kernel, server)).toEqual(pattern(100))
  kernel[Symbol.dispose]()
})

test('a SYN and its answer are sent again after a second, then two', async () => {
  const { kernel, world, a, b, far, connect, accept } = await hosts()
  a.setLink({ drop: 1 })
  expect(connect()).toBe(-115)
  world.advance(999n * MS)
  expect(accept()).toBe(-11)
  world.inNetns(far, () => b.setLink({ drop: 1 }))
  // the SYN arrives now, its answer is lost
  world.advance(1n * MS)
  expect(accept()).toBe(-11)
  // the listener's side sends again after its second
  world.advance(1000n * MS)
  expect(accept()).toBeGreaterThan(0)
  kernel[Symbol.dispose]()
})

test('three duplicate acknowledgements send a lost segment again before its time is over', async () => {
  const { kernel, world, a, client, connect, accept } = await hosts('reno')
  a.setLink({ delay: 10n * MS })
  connect()
  world.advance(20n * MS)
  const server = accept()
  // of ten segments, the first window, the third is lost
  a.setLink({ drop: 1, after: 2, delay: 10n * MS })
  const data = pattern(10 * MSS)
  expect(kernel.send(client, data, 0)).toBe(data.length)
  world.advance(10n * MS)
  const inRecovery = info(kernel, client)
  // half of the window of twelve: two were acknowledged before the hole
  expect(inRecovery).toMatchObject({ caState: RECOVERY, ssthresh: 6, totalRetrans: 1 })
  world.advance(20n * MS)
  expect(receiveAll(kernel, server)).toEqual(data)
  expect(info(kernel, client)).toMatchObject({ caState: OPEN, cwnd: 6, totalRetrans: 1, unacked: 0 })
  kernel[Symbol.dispose]()
})

test('CUBIC gives up three tenths of its window', async () => {
  const { kernel, world, a, client, connect, accept } = await hosts('cubic')
  a.setLink({ delay: 10n * MS })
  connect()
  world.advance(20n * MS)
  accept()
  a.setLink({ drop: 1, after: 2, delay: 10n * MS })
  kernel.send(client, pattern(10 * MSS), 0)
  world.advance(10n * MS)
  // 12 * 717 / 1024
  expect(info(kernel, client)).toMatchObject({ caState: RECOVERY, ssthresh: 8 })
  kernel[Symbol.dispose]()
})

test('silence doubles the timeout, and the window begins anew with one segment', async () => {
  const { kernel, world, a, client, connect, accept } = await hosts('reno')
  connect()
  const server = accept()
  a.setLink({ drop: 3 })
  kernel.send(client, pattern(MSS), 0)
  const first = info(kernel, client).rtoUs
  const step = BigInt(first) * 1000n
  expect(first).toBeGreaterThanOrEqual(200_000)
  world.advance(step)
  expect(info(kernel, client)).toMatchObject({ caState: LOSS, retransmits: 1, cwnd: 1, ssthresh: 5, rtoUs: 2 * first })
  world.advance(2n * step)
  expect(info(kernel, client)).toMatchObject({ retransmits: 2, rtoUs: 4 * first })
  world.advance(4n * step)
  expect(receiveAll(kernel, server)).toEqual(pattern(MSS))
  expect(info(kernel, client)).toMatchObject({ caState: OPEN, retransmits: 0, totalRetrans: 3 })
  kernel[Symbol.dispose]()
})

test('a segment that was only late costs nothing in the end', async () => {
  const { kernel, world, a, client, connect, accept } = await hosts('reno')
  a.setLink({ delay: 10n * MS })
  connect()
  world.advance(20n * MS)
  const server = accept()
  a.setLink({ delay: 5000n * MS })
  kernel.send(client, pattern(MSS), 0)
  a.setLink({ delay: 10n * MS })
  world.advance(1000n * MS)
  // sent again and answered, while the first is still under way
  expect(receiveAll(kernel, server)).toEqual(pattern(MSS))
  expect(info(kernel, client).totalRetrans).toBe(1)
  kernel[Symbol.dispose]()
})

test('much data arrives whole over a link that loses much', async () => {
  const { kernel, world, a, b, far, client, connect, accept } = await hosts()
  a.setLink({ delay: 5n * MS })
  connect()
  world.advance(10n * MS)
  const server = accept()
  const data = pattern(60 * MSS)
  expect(kernel.send(client, data, 0)).toBe(data.length)
  for (let round = 0; round < 40; round++) {
    a.setLink({ drop: 1, after: round % 4, delay: 5n * MS })
    if (round % 5 === 0) world.inNetns(far, () => b.setLink({ drop: 1, after: 1 }))
    world.advance(400n * MS)
  }
  a.setLink()
  world.advance(200_000n * MS)
  expect(receiveAll(kernel, server)).toEqual(data)
  expect(info(kernel, client)).toMatchObject({ caState: OPEN, unacked: 0 })
  kernel[Symbol.dispose]()
})

test('a connection that nobody answers ends with ETIMEDOUT', async () => {
  const { kernel, world, a, client, connect, accept } = await hosts()
  connect()
  accept()
  a.setLink({ drop: 1000 })
  kernel.send(client, pattern(10), 0)
  world.advance(2_000_000n * MS)
  expect(kernel.recv(client, new Uint8Array(4), 0x40)).toBe(-110)
  kernel[Symbol.dispose]()
})

test('names of congestion controls', async () => {
  const { kernel, client } = await hosts()
  const name = () => {
    const room = new Uint8Array(16)
    kernel.getsockopt(client, SOL_TCP, TCP_CONGESTION, room)
    return new TextDecoder().decode(room).replace(/\0.*$/s, '')
  }
  const set = (text: string) => kernel.setsockopt(client, SOL_TCP, TCP_CONGESTION, new TextEncoder().encode(text))
  expect(name()).toBe('cubic')
  expect(set('reno')).toBe(0)
  expect(name()).toBe('reno')
  expect(set('skep_none')).toBe(-2)
  expect(name()).toBe('reno')
  kernel[Symbol.dispose]()
})

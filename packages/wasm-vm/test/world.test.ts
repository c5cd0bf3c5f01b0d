// SPDX-License-Identifier: GPL-2.0-only
/** The world API, and that everything it makes is given back. */
import { expect, test } from 'vitest'
import { createVirtualKernel, OPTION, type VirtualKernel, World } from '../src/index.ts'
import { load, memoryUsed, returns, words } from './calls.ts'

const AF_UNIX = 1
const AF_INET = 2
const AF_PACKET = 17
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_RAW = 3
const XDP = 6
const CGROUP_SKB = 8
const EGRESS = 1
const PROG_ATTACH = 8
const LINK_CREATE = 28

function inet(port: number): Uint8Array {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint16(0, AF_INET, true)
  new DataView(bytes.buffer).setUint16(2, port)
  bytes.set([127, 0, 0, 1], 4)
  return bytes
}

/** What a round of calls leaves in use, after one round that makes what is made once. */
function leak(kernel: VirtualKernel, round: () => void, rounds: number): number {
  round()
  const before = memoryUsed(kernel)
  for (let i = 0; i < rounds; i++) round()
  return memoryUsed(kernel) - before
}

test('10,000 sockets with filters and packets leave nothing behind', async () => {
  using kernel = await createVirtualKernel()
  const room = new Uint8Array(64)
  const round = () => {
    const program = load(kernel, returns(8))
    const receiver = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    kernel.bind(receiver, inet(5000))
    kernel.setsockopt(receiver, 1, 50, words(program))
    const tap = kernel.socket(AF_PACKET, SOCK_RAW, 0x0300)
    const sender = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    kernel.send(sender, new Uint8Array(20), 0, inet(5000))
    kernel.recv(receiver, room, 0)
    // datagrams that nobody reads, and one that nobody listens for
    kernel.send(sender, new Uint8Array(20), 0, inet(5000))
    kernel.send(sender, new Uint8Array(20), 0, inet(5001))
    for (const fd of [program, receiver, tap, sender]) expect(kernel.close(fd)).toBe(0)
  }
  expect(leak(kernel, round, 3000)).toBe(0)
})

test('connections come and go without leaving memory', async () => {
  using kernel = await createVirtualKernel()
  const { sockets } = new World(kernel)
  const round = () => {
    const listener = kernel.socket(AF_INET, SOCK_STREAM, 0)
    expect(kernel.bind(listener, inet(8080))).toBe(0)
    expect(kernel.listen(listener, 4)).toBe(0)
    const client = kernel.socket(AF_INET, SOCK_STREAM, 0)
    expect(kernel.connect(client, inet(8080))).toBe(0)
    const server = kernel.accept(listener)
    const waiting = kernel.socket(AF_INET, SOCK_STREAM, 0)
    kernel.connect(waiting, inet(8080))
    kernel.send(client, new Uint8Array(100), 0)
    const pair = sockets.socketpair(AF_UNIX, SOCK_STREAM)
    if (typeof pair === 'number') throw new Error('socketpair')
    kernel.send(pair[0], new Uint8Array(10), 0)
    for (const fd of [client, server, listener, waiting, ...pair]) expect(kernel.close(fd)).toBe(0)
  }
  expect(leak(kernel, round, 500)).toBe(0)
})

test('cgroups, links and devices leave nothing behind', async () => {
  using kernel = await createVirtualKernel()
  const world = new World(kernel)
  const round = () => {
    const program = load(kernel, returns(1), CGROUP_SKB)
    const cgroup = world.createCgroup('a')
    const child = world.createCgroup('a/b')
    const attr = new Uint8Array(32)
    attr.set(words(cgroup, program, EGRESS, 2))
    expect(kernel.bpf(PROG_ATTACH, attr)).toBe(0)
    const linkAttr = new Uint8Array(64)
    linkAttr.set(words(program, child, EGRESS, 0))
    const link = kernel.bpf(LINK_CREATE, linkAttr)
    expect(link).toBeGreaterThan(0)
    for (const fd of [cgroup, child, program]) kernel.close(fd)
    expect(world.sockets.rmdir('/sys/fs/cgroup/a')).toBe(-16)
    expect(world.sockets.rmdir('/sys/fs/cgroup/a/b')).toBe(0)
    expect(world.sockets.rmdir('/sys/fs/cgroup/a')).toBe(0)
    kernel.close(link)
    const xdp = load(kernel, returns(2), XDP)
    const [a] = world.veth()
    a.setXdp(xdp)
    a.addAddress('10.0.0.1/24').addNeighbour('10.0.0.2', '02:00:00:00:00:02').addRoute('10.1.0.0/16', '10.0.0.2')
    a.capture = true
    a.send(new Uint8Array(60))
    a.remove()
    kernel.close(xdp)
  }
  expect(leak(kernel, round, 1000)).toBe(0)
})

test('a tap carries frames in and out, as capture files too', async () => {
  using kernel = await createVirtualKernel()
  const world = new World(kernel)
  const tap = world.createTap('t')
  expect([tap.name, tap.up, tap.mtu]).toEqual(['t', true, 1500])
  expect(tap.mac).toMatch(/^02:73:6b:/)
  tap.send(Uint8Array.from({ length: 60 }, (_, i) => i))
  const [frame] = tap.take()
  expect(frame?.length).toBe(60)
  expect(tap.take()).toEqual([])
  tap.send(new Uint8Array(60))
  expect(tap.receivePcap(tap.takePcap())).toBe(1)
  expect(tap.counters).toMatchObject({ txPackets: 2n, rxPackets: 1n })
})

test('an echo request is answered', async () => {
  using kernel = await createVirtualKernel()
  const world = new World(kernel)
  const tap = world.createTap('t').addAddress('10.0.0.1/24')
  tap.addNeighbour('10.0.0.2', '02:00:00:00:00:02')
  const frame = new Uint8Array(14 + 20 + 8 + 4)
  frame.set(tap.mac.split(':').map((part) => Number.parseInt(part, 16)))
  frame.set([8, 0], 12)
  frame.set([0x45, 0, 0, 32, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1], 14)
  const view = new DataView(frame.buffer)
  let sum = 0
  for (let i = 14; i < 34; i += 2) sum += view.getUint16(i)
  view.setUint16(24, ~((sum & 0xffff) + (sum >> 16)) & 0xffff)
  frame.set([8, 0, 0, 0, 0, 1, 0, 2, 1, 2, 3, 4], 34)
  tap.receive(frame)
  const [reply] = tap.take()
  expect(reply).toBeDefined()
  // to the sender, an echo reply with the same content
  expect([...reply!.subarray(0, 6)]).toEqual([2, 0, 0, 0, 0, 2])
  expect(reply![34]).toBe(0)
  expect([...reply!.subarray(38)]).toEqual([0, 1, 0, 2, 1, 2, 3, 4])
})

test('namespaces keep devices and sockets apart', async () => {
  using kernel = await createVirtualKernel()
  const world = new World(kernel)
  const other = world.createNetns()
  const [a, b] = world.veth('a', 'b', other)
  a.addAddress('10.0.0.1/24')
  b.addAddress('10.0.0.2/24')
  expect(() => world.device('b')).toThrow('ENODEV')
  const receiver = world.inNetns(other, () => {
    const fd = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    const address = inet(7000)
    address.set([10, 0, 0, 2], 4)
    expect(kernel.bind(fd, address)).toBe(0)
    return fd
  })
  const address = inet(7000)
  address.set([10, 0, 0, 2], 4)
  expect(kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(5), 0, address)).toBe(5)
  const { length, address: from } = world.sockets.recvfrom(receiver, new Uint8Array(16))
  expect(length).toBe(5)
  expect([...from.subarray(4, 8)]).toEqual([10, 0, 0, 1])
})

test('tasks have names, users and signals, and end', async () => {
  using kernel = await createVirtualKernel()
  const world = new World(kernel)
  const first = world.task
  const second = world.createTask({ name: 'worker', uid: 1000, gid: 100 })
  second.switch()
  expect(world.task.pid).toBe(second.pid)
  expect(() => second.exit()).toThrow('EINVAL')
  first.switch()
  second.exit()
  expect(() => second.switch()).toThrow('ESRCH')
})

test('the world is in snapshots and forks', async () => {
  using kernel = await createVirtualKernel()
  const world = new World(kernel)
  const tap = world.createTap('t')
  tap.send(new Uint8Array(60))
  const snapshot = kernel.snapshot()
  expect(tap.take().length).toBe(1)
  kernel.restore(snapshot)
  expect(tap.take().length).toBe(1)
  kernel.restore(snapshot)
  using fork = await kernel.fork()
  expect(new World(fork).device('t').take().length).toBe(1)
  expect(tap.take().length).toBe(1)
})

test('hostile arguments are errnos', async () => {
  using kernel = await createVirtualKernel()
  const { exports } = kernel as unknown as { exports: Record<string, (...args: number[]) => number> }
  const EFAULT = -14
  expect(kernel.socket(99, 1, 0)).toBe(-97)
  expect(kernel.socket(AF_INET, 99, 0)).toBe(-22)
  expect(kernel.socket(AF_INET, SOCK_STREAM, 99)).toBe(-93)
  const fd = kernel.socket(AF_INET, SOCK_DGRAM, 0)
  expect(exports.sys_bind?.(fd, 0xfffffff0, 16)).toBe(EFAULT)
  expect(exports.sys_sendto?.(fd, 0xfffffff0, 64, 0, 0, 0)).toBe(EFAULT)
  expect(exports.sys_recvfrom?.(fd, 4, 64, 0)).toBe(EFAULT)
  expect(exports.sys_open?.(0, 0, 0)).toBe(EFAULT)
  expect(exports.sys_perf_event_open?.(0, 0, 0, -1, 0)).toBe(EFAULT)
  expect(kernel.bind(fd, new Uint8Array(3))).toBe(-22)
  expect(kernel.send(fd, new Uint8Array(70000), 0, inet(1))).toBe(-90)
  expect(kernel.read(999, new Uint8Array(4))).toBe(-9)
  expect(kernel.exports.get_option(OPTION.cpus)).toBe(1n)
})

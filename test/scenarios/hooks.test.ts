// SPDX-License-Identifier: BSD-2-Clause
/** Hooks that only the simulated world has here, or that need more than a system call. */
import { type Kernel, progTestRun } from '@skep/core'
import * as U from '@skep/core/uapi'
import { must } from '@skep/native-loader/testing'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  attach,
  count,
  counter,
  createMap,
  detach,
  drain,
  EPERM,
  inet,
  inet6,
  keep,
  link,
  mustLoad,
  packetSocket,
  portOf,
  query,
  returns,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  udpFrame,
  updateElem,
  words,
} from './calls.ts'
import type { Rig } from './rig.ts'
import { scenario } from './scenario.ts'

const PERF_TYPE_KPROBE = 6
const PERF_TYPE_UPROBE = 7
const PERF_TYPE_SOFTWARE = 1
const IOC_ENABLE = 0x2400
const IOC_SET_BPF = 0x40042408

const AF_XDP = 44
const SOCK_RAW = 3
const SOL_XDP = 283
const XDP_MMAP_OFFSETS = 1
const XDP_RX_RING = 2
const XDP_TX_RING = 3
const XDP_UMEM_REG = 4
const XDP_UMEM_FILL_RING = 5
const XDP_UMEM_COMPLETION_RING = 6
const XDP_PGOFF_RX_RING = 0
const XDP_UMEM_PGOFF_FILL_RING = 0x100000000
const XDP_FLAGS_SKB_MODE = 2
const XDP_PASS = 2
const LOOPBACK = 1
const FRAME = 4096
const PROT_READ_WRITE = 3

function ring(kernel: Kernel, socket: number, offset: number): DataView {
  const mapping = kernel.mmap(socket, FRAME, offset, PROT_READ_WRITE)
  if (typeof mapping === 'number') throw new Error(`a ring of an AF_XDP socket is not mapped: ${mapping}`)
  return new DataView(mapping.bytes.buffer, mapping.bytes.byteOffset, mapping.bytes.byteLength)
}

const simulated = ({ world }: Rig) => {
  if (!world) throw new Error('only in the simulated world')
  return world
}

for (const [direction, type] of [
  ['out', U.BPF_PROG_TYPE_LWT_OUT],
  ['xmit', U.BPF_PROG_TYPE_LWT_XMIT],
] as const) {
  scenario(`a route's program (${direction}) sees and drops packets`, {
    shows: { programTypes: [`BPF_PROG_TYPE_LWT_${direction.toUpperCase()}`] },
    // BPF_OK 0, BPF_DROP 2; the first byte is that of the IP header
    expected: { seen: 1, first: 0x45, passed: 1, dropped: 0, sent: [3, EPERM] },
    run: async ({ kernel, veth, addAddress, addTunnelRoute }) => {
      const [, b] = veth('a', 'b')
      addAddress('a', '10.7.0.1/24')
      const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
      const program = (verdict: number) =>
        mustLoad(
          kernel,
          type,
          `r7 = r1
           ${count(facts, 0)}
           r2 = *(u32 *)(r7 + 76)
           r3 = *(u32 *)(r7 + 80)
           r4 = r2
           r4 += 1
           if r4 > r3 goto end
           r6 = *(u8 *)(r2 + 0)
           ${keep(facts, 1)}
         end:
           r0 = ${verdict}
           exit`,
        )
      addTunnelRoute('10.8.0.0/24', 'a', direction, program(0))
      addTunnelRoute('10.9.0.0/24', 'a', direction, program(2))
      const tap = packetSocket(kernel, b)
      const send = (address: string) =>
        kernel.send(kernel.socket(AF_INET, SOCK_DGRAM, 0), new Uint8Array(3), 0, inet(address, 2000))
      const first = send('10.8.0.5')
      const seen = counter(kernel, facts)
      const passed = (await drain(kernel, tap)).length
      const second = send('10.9.0.5')
      return {
        seen,
        first: counter(kernel, facts, 1),
        passed,
        dropped: (await drain(kernel, tap)).length,
        sent: [first, second],
      }
    },
  })
}

scenario('an infrared receiver hands pulses to programs, which report keys', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_LIRC_MODE2'],
    attachTypes: ['BPF_LIRC_MODE2'],
    commands: ['BPF_PROG_ATTACH', 'BPF_PROG_DETACH', 'BPF_PROG_QUERY'],
  },
  notOnLinux: 'LIRC is not built into this kernel',
  expected: { attached: 0, again: -17, count: 1, sample: 0x01000384, key: [5, 0x1234n], detached: 0, after: -11 },
  run: (rig) => {
    const world = simulated(rig)
    const { kernel } = rig
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const lirc = kernel.open('/dev/lirc0', 0)
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_LIRC_MODE2,
      `r7 = r1
       r6 = *(u32 *)(r7 + 0)
       ${keep(facts)}
       r1 = r7
       r2 = 5
       r3 = ${0x1234}
       r4 = 0
       call 78
       r0 = 0
       exit`,
    )
    const type = U.BPF_LIRC_MODE2
    const attached = attach(kernel, lirc, program, type)
    const again = attach(kernel, lirc, program, type)
    const count = query(kernel, lirc, type).count
    world.infraredPulse(0x01000384)
    const event = new Uint8Array(32)
    kernel.read(lirc, event)
    const view = new DataView(event.buffer)
    const detached = detach(kernel, lirc, program, type)
    world.infraredPulse(1)
    return {
      attached,
      again,
      count,
      sample: counter(kernel, facts),
      key: [view.getUint32(0, true), view.getBigUint64(8, true)],
      detached,
      after: kernel.read(lirc, event),
    }
  },
})

scenario('kprobes and uprobes get the registers of the caller', {
  shows: {
    linkTypes: ['BPF_LINK_TYPE_KPROBE_MULTI'],
    programTypes: ['BPF_PROG_TYPE_KPROBE'],
    attachTypes: ['BPF_PERF_EVENT', 'BPF_TRACE_KPROBE_MULTI', 'BPF_TRACE_UPROBE_MULTI'],
  },
  notOnLinux: 'kprobes are not built into this kernel, and nothing here may be probed',
  expected: { argument: 4711, ran: [1, 0, 1, 1], multi: 2, cookie: 99 },
  run: (rig) => {
    const world = simulated(rig)
    const { kernel } = rig
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = mustLoad(kernel, U.BPF_PROG_TYPE_KPROBE, `r6 = *(u64 *)(r1 + 112)\n${keep(facts)}\nr0 = 0\nexit`)
    const open = (type: number, name: string, offset: number, config = 0) => {
      using text = kernel.memory.alloc(64)
      text.bytes.set(new TextEncoder().encode(name))
      const attr = new Uint8Array(112)
      const view = new DataView(attr.buffer)
      view.setUint32(0, type, true)
      view.setUint32(4, attr.length, true)
      view.setBigUint64(8, BigInt(config), true)
      view.setBigUint64(56, text.address, true)
      view.setBigUint64(64, BigInt(offset), true)
      return kernel.perfEventOpen(attr, -1, 0, -1, 0)
    }
    const kprobe = open(PERF_TYPE_KPROBE, 'do_unlinkat', 0)
    kernel.ioctl(kprobe, IOC_SET_BPF, program)
    kernel.ioctl(kprobe, IOC_ENABLE, 0)
    const uprobe = open(PERF_TYPE_UPROBE, '/bin/true', 0x40)
    link(kernel, program, uprobe, U.BPF_PERF_EVENT)
    const uretprobe = open(PERF_TYPE_UPROBE, '/bin/true', 0x40, 1)
    link(kernel, program, uretprobe, U.BPF_PERF_EVENT)
    const ran = [
      world.fireKprobe('do_unlinkat', { di: 4711 }),
      world.fireKprobe('do_mkdirat', { di: 1 }),
      world.fireUprobe('/bin/true', 0x40, { di: 4711 }),
      world.fireUprobe('/bin/true', 0x40, { di: 4711 }, { isReturn: true }),
    ]
    const argument = counter(kernel, facts)
    // many probes at once, each with a cookie
    const multi = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_KPROBE,
      `r7 = r1\n${count(facts, 1)}\nr1 = r7\ncall 174\nr6 = r0\n${keep(facts, 2)}\nr0 = 0\nexit`,
      {
        expectedAttachType: U.BPF_TRACE_KPROBE_MULTI,
      },
    )
    using names = kernel.memory.alloc(64)
    using list = kernel.memory.alloc(16)
    using cookies = kernel.memory.alloc(16)
    names.bytes.set(new TextEncoder().encode('vfs_read\0vfs_write\0'))
    list.bytes.set(new Uint8Array(BigUint64Array.of(names.address, names.address + 9n).buffer))
    cookies.bytes.set(new Uint8Array(BigUint64Array.of(98n, 99n).buffer))
    const attr = new Uint8Array(64)
    const view = new DataView(attr.buffer)
    attr.set(words(multi, 0, U.BPF_TRACE_KPROBE_MULTI, 0, 0, 2))
    view.setBigUint64(24, list.address, true)
    view.setBigUint64(40, cookies.address, true)
    kernel.bpf(U.BPF_LINK_CREATE, attr)
    world.fireKprobe('vfs_read')
    world.fireKprobe('vfs_write')
    return { argument, ran, multi: counter(kernel, facts, 1), cookie: counter(kernel, facts, 2) }
  },
})

scenario('a perf event program sees registers, period and address', {
  shows: { programTypes: ['BPF_PROG_TYPE_PERF_EVENT'] },
  notOnLinux: 'when an event overflows is not in the hands of the test',
  expected: { returned: 1, ip: 0x1000, period: 7, address: 0x2000 },
  run: (rig) => {
    const world = simulated(rig)
    const { kernel } = rig
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_PERF_EVENT,
      `r7 = r1
       r6 = *(u64 *)(r7 + 128)
       ${keep(facts, 0)}
       r6 = *(u64 *)(r7 + 168)
       ${keep(facts, 1)}
       r6 = *(u64 *)(r7 + 176)
       ${keep(facts, 2)}
       r0 = 1
       exit`,
    )
    const attr = new Uint8Array(112)
    const view = new DataView(attr.buffer)
    view.setUint32(0, PERF_TYPE_SOFTWARE, true)
    view.setUint32(4, attr.length, true)
    view.setBigUint64(16, 7n, true)
    const event = kernel.perfEventOpen(attr, -1, 0, -1, 0)
    kernel.ioctl(event, IOC_SET_BPF, program)
    kernel.ioctl(event, IOC_ENABLE, 0)
    const returned = world.samplePerf(event, { ip: 0x1000 }, 0x2000n)
    return {
      returned,
      ip: counter(kernel, facts, 0),
      period: counter(kernel, facts, 1),
      address: counter(kernel, facts, 2),
    }
  },
})

scenario('a writable raw tracepoint changes what it is shown', {
  shows: { programTypes: ['BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE'], commands: ['BPF_RAW_TRACEPOINT_OPEN'] },
  notOnLinux: 'no tracepoint of this kernel may be written to from a test',
  expected: { opened: [true, -22], value: 4242 },
  run: (rig) => {
    const world = simulated(rig)
    const { kernel } = rig
    world.defineTracepoint({ category: 'skep', name: 'skep_writable', args: 1, writableSize: 8 })
    const open = (text: string) => {
      const program = mustLoad(kernel, U.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, text)
      using name = kernel.memory.alloc(32)
      name.bytes.set(new TextEncoder().encode('skep_writable'))
      const attr = new Uint8Array(24)
      const view = new DataView(attr.buffer)
      view.setBigUint64(0, name.address, true)
      view.setUint32(8, program, true)
      return kernel.bpf(U.BPF_RAW_TRACEPOINT_OPEN, attr)
    }
    const fd = open('r2 = *(u64 *)(r1 + 0)\nr3 = 4242\n*(u32 *)(r2 + 0) = r3\nr0 = 0\nexit')
    const far = open('r2 = *(u64 *)(r1 + 0)\nr3 = 1\n*(u32 *)(r2 + 8) = r3\nr0 = 0\nexit')
    using buffer = kernel.memory.alloc(16)
    world.fireTracepoint({ name: 'skep_writable', args: [buffer.address] })
    return {
      opened: [fd > 0, far],
      value: new DataView(buffer.bytes.buffer, buffer.bytes.byteOffset).getUint32(0, true),
    }
  },
})

scenario('a tracepoint of the host fires with its record', {
  shows: { programTypes: ['BPF_PROG_TYPE_TRACEPOINT'] },
  notOnLinux: 'tracepoints are defined by the host only in the simulated world',
  expected: { value: 99, tooFar: -13 },
  run: (rig) => {
    const world = simulated(rig)
    const { kernel } = rig
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const id = world.defineTracepoint({ category: 'skep', name: 'skep_event', recordSize: 16 })
    const attr = new Uint8Array(112)
    const view = new DataView(attr.buffer)
    view.setUint32(0, 2, true)
    view.setUint32(4, attr.length, true)
    view.setBigUint64(8, BigInt(id), true)
    const event = () => kernel.perfEventOpen(attr, -1, 0, -1, 0)
    const program = mustLoad(kernel, U.BPF_PROG_TYPE_TRACEPOINT, `r6 = *(u64 *)(r1 + 8)\n${keep(facts)}\nr0 = 0\nexit`)
    link(kernel, program, event(), U.BPF_PERF_EVENT)
    const record = new Uint8Array(16)
    record[8] = 99
    world.fireTracepoint({ category: 'skep', name: 'skep_event', record })
    const far = mustLoad(kernel, U.BPF_PROG_TYPE_TRACEPOINT, 'r6 = *(u64 *)(r1 + 16)\nr0 = 0\nexit')
    return { value: counter(kernel, facts), tooFar: link(kernel, far, event(), U.BPF_PERF_EVENT) }
  },
})

scenario('a flow dissector decides what the flow of a packet is', {
  shows: { programTypes: ['BPF_PROG_TYPE_FLOW_DISSECTOR'], attachTypes: ['BPF_FLOW_DISSECTOR'] },
  notOnLinux: 'what a dissection says shows only in a hash with a secret key',
  expected: { same: true, other: false, ran: 2 },
  run: (rig) => {
    const world = simulated(rig)
    const { kernel } = rig
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const tap = world.createTap('t')
    const hashes = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const ask = (index: number) => {
      const fd = link(
        kernel,
        mustLoad(kernel, U.BPF_PROG_TYPE_SCHED_CLS, `call 34\nr6 = r0\n${keep(hashes, index)}\nr0 = 0\nexit`),
        tap.index,
        U.BPF_TCX_INGRESS,
      )
      return fd
    }
    const hashOf = (index: number, frame: Uint8Array) => {
      const fd = ask(index)
      tap.receive(frame)
      kernel.close(fd)
      return counter(kernel, hashes, index)
    }
    const plain = [hashOf(0, udpFrame({ sport: 1 })), hashOf(1, udpFrame({ sport: 2 }))]
    // every packet is of one flow: nothing but the protocol is told
    const dissector = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_FLOW_DISSECTOR,
      `r7 = r1
       ${count(facts)}
       r1 = *(u64 *)(r7 + 144)
       r2 = ${0x0008}
       *(u16 *)(r1 + 10) = r2
       r0 = 0
       exit`,
    )
    attach(kernel, 0, dissector, U.BPF_FLOW_DISSECTOR)
    const flat = [hashOf(2, udpFrame({ sport: 1 })), hashOf(3, udpFrame({ sport: 2 }))]
    return { same: flat[0] === flat[1], other: plain[0] === plain[1], ran: counter(kernel, facts) }
  },
})

scenario('an action of the traffic control runs behind a classifier', {
  shows: { programTypes: ['BPF_PROG_TYPE_SCHED_ACT', 'BPF_PROG_TYPE_SCHED_CLS'] },
  notOnLinux: 'act_bpf is not built into this kernel',
  expected: { passed: 1, dropped: 0, classified: 2 },
  run: (rig) => {
    const world = simulated(rig)
    const { kernel } = rig
    const facts = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const tap = world.createTap('t')
    const listener = packetSocket(kernel, tap.index)
    tap.addFilter('egress', mustLoad(kernel, U.BPF_PROG_TYPE_SCHED_CLS, `${count(facts)}\nr0 = -1\nexit`))
    tap.send(udpFrame())
    const passed = tap.take().length
    tap.addFilter('egress', mustLoad(kernel, U.BPF_PROG_TYPE_SCHED_ACT, returns(2)))
    tap.send(udpFrame())
    kernel.close(listener)
    return { passed, dropped: tap.take().length, classified: counter(kernel, facts) }
  },
})

scenario('frames reach an AF_XDP socket through its map', {
  shows: { mapTypes: ['BPF_MAP_TYPE_XSKMAP'], programTypes: ['BPF_PROG_TYPE_XDP'] },
  expected: {
    update: 0,
    wrongSocket: -95,
    missing: XDP_PASS,
    offsets: [0, 128, 320, 196],
    taken: 1,
    given: 1,
    // headers of Ethernet, IP and UDP, and what was sent; behind the headroom of a frame
    length: 14 + 20 + 8 + 18,
    address: FRAME + 256,
  },
  run: ({ kernel }) => {
    const map = createMap(kernel, U.BPF_MAP_TYPE_XSKMAP, 4, 4, 2)
    const socket = must(kernel.socket(AF_XDP, SOCK_RAW, 0), 'socket', 'AF_XDP')
    using area = kernel.memory.alloc(FRAME * 5)
    // What frames are written to: begins at a page, as the kernel wants it
    const base = (area.address + BigInt(FRAME - 1)) & ~BigInt(FRAME - 1)
    const registration = new Uint8Array(32)
    const view = new DataView(registration.buffer)
    view.setBigUint64(0, base, true)
    view.setBigUint64(8, BigInt(FRAME * 4), true)
    view.setUint32(16, FRAME, true)
    must(kernel.setsockopt(socket, SOL_XDP, XDP_UMEM_REG, registration), 'setsockopt', 'XDP_UMEM_REG')
    for (const ring of [XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING])
      must(kernel.setsockopt(socket, SOL_XDP, ring, words(4)), 'setsockopt', `ring ${ring}`)
    const address = new Uint8Array(16)
    new DataView(address.buffer).setUint16(0, AF_XDP, true)
    new DataView(address.buffer).setUint32(4, LOOPBACK, true)
    must(kernel.bind(socket, address), 'bind', 'AF_XDP')
    const update = updateElem(kernel, map, words(0), words(socket))
    const wrongSocket = updateElem(kernel, map, words(1), words(kernel.socket(AF_INET, SOCK_DGRAM, 0)))
    const redirect = (key: number) =>
      mustLoad(kernel, U.BPF_PROG_TYPE_XDP, `r2 = ${key}\nld_pseudo r1, 1, ${map}\nr3 = 2\ncall 51\nexit`)
    const missing = progTestRun(kernel, redirect(1), { dataIn: udpFrame() }).retval
    // Where things are in a ring; Linux says it four times, once for each
    const offsets = new BigUint64Array(16)
    must(kernel.getsockopt(socket, SOL_XDP, XDP_MMAP_OFFSETS, new Uint8Array(offsets.buffer)), 'getsockopt', 'offsets')
    const [producer = 0, consumer = 0, descriptors = 0, ringFlags = 0] = Array.from(offsets.subarray(0, 4), Number)
    const fill = ring(kernel, socket, XDP_UMEM_PGOFF_FILL_RING)
    const receive = ring(kernel, socket, XDP_PGOFF_RX_RING)
    fill.setBigUint64(descriptors, BigInt(FRAME), true)
    fill.setUint32(producer, 1, true)
    const attached = link(kernel, redirect(0), LOOPBACK, U.BPF_XDP, XDP_FLAGS_SKB_MODE)
    const sender = kernel.socket(AF_INET, SOCK_DGRAM, 0)
    must(kernel.send(sender, new Uint8Array(18), 0, inet('127.0.0.1', 9)), 'send', 'UDP')
    kernel.close(attached)
    return {
      update,
      wrongSocket,
      missing,
      offsets: [producer, consumer, descriptors, ringFlags],
      taken: fill.getUint32(consumer, true),
      given: receive.getUint32(producer, true),
      length: receive.getUint32(descriptors + 8, true),
      address: Number(receive.getBigUint64(descriptors, true)),
    }
  },
})

scenario('unix sockets: connect, sendmsg and names through programs', {
  shows: {
    attachTypes: ['BPF_CGROUP_UNIX_CONNECT', 'BPF_CGROUP_UNIX_SENDMSG', 'BPF_CGROUP_UNIX_GETSOCKNAME'],
    programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR'],
  },
  expected: { connect: EPERM, sendmsg: EPERM, without: [0, 3] },
  run: ({ kernel, cgroup }) => {
    const name = (text: string) => {
      const bytes = new Uint8Array(2 + 1 + text.length)
      bytes[0] = AF_UNIX
      bytes.set(new TextEncoder().encode(text), 3)
      return bytes
    }
    const tag = `skep-${Math.random().toString(36).slice(2)}`
    const listener = kernel.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)
    kernel.bind(listener, name(tag))
    kernel.listen(listener, 2)
    const receiver = kernel.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)
    kernel.bind(receiver, name(`${tag}-d`))
    const refuse = (type: number) => {
      const program = mustLoad(kernel, U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, returns(0), { expectedAttachType: type })
      attach(kernel, cgroup.fd, program, type)
      return () => detach(kernel, cgroup.fd, program, type)
    }
    const connect = () => kernel.connect(kernel.socket(AF_UNIX, SOCK_STREAM, 0), name(tag))
    const sendmsg = () => kernel.send(kernel.socket(AF_UNIX, SOCK_DGRAM, 0), new Uint8Array(3), 0, name(`${tag}-d`))
    const undo = [refuse(U.BPF_CGROUP_UNIX_CONNECT), refuse(U.BPF_CGROUP_UNIX_SENDMSG)]
    const refused = { connect: connect(), sendmsg: sendmsg() }
    for (const call of undo) call()
    return { ...refused, without: [connect(), sendmsg()] }
  },
})

scenario('names of IPv6 and unix sockets are written by programs', {
  shows: {
    programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK_ADDR'],
    attachTypes: ['BPF_CGROUP_INET6_GETSOCKNAME'],
  },
  expected: { port: 4321 },
  run: ({ kernel, cgroup, getsockname }) => {
    const type = U.BPF_CGROUP_INET6_GETSOCKNAME
    const program = mustLoad(
      kernel,
      U.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
      `r2 = ${((4321 & 0xff) << 8) | (4321 >> 8)}\n*(u32 *)(r1 + 24) = r2\nr0 = 1\nexit`,
      { expectedAttachType: type },
    )
    const fd = kernel.socket(AF_INET6, SOCK_DGRAM, 0)
    kernel.bind(fd, inet6('::1', 0))
    attach(kernel, cgroup.fd, program, type)
    return { port: portOf(getsockname(fd)) }
  },
})

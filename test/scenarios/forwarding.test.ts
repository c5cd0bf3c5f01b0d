// SPDX-License-Identifier: BSD-2-Clause
/** Programs of routes that packets from outside meet on their way from device to device. */
import type { Kernel } from '@skep/core'
import * as U from '@skep/core/uapi'
import { count, counter, createMap, drain, mustLoad, packetSocket, udpFrame } from './calls.ts'
import { scenario } from './scenario.ts'

const SIOCGIFHWADDR = 0x8927
const ETHERNET = 14
const IPV6 = 40
const IPV6_TO = ETHERNET + 24

function macOf(kernel: Kernel, name: string): number[] {
  const request = new Uint8Array(40)
  request.set(new TextEncoder().encode(name))
  const fd = kernel.socket(2, 2, 0)
  const result = kernel.ioctl(fd, SIOCGIFHWADDR, request)
  if (result < 0) throw new Error(`ioctl: errno ${-result}`)
  kernel.close(fd)
  return [...request.subarray(18, 24)]
}

/** The datagrams that the scenario sends; Linux may say something of its own. */
const isOwn = (frame: Uint8Array) => frame.length >= 38 && frame[23] === 17 && frame[36] === 7 && frame[37] === 0xd0

scenario("a route's program (in) sees and drops packets", {
  shows: { programTypes: ['BPF_PROG_TYPE_LWT_IN'] },
  // BPF_OK 0, BPF_DROP 2
  expected: { passed: 1, dropped: 0, seen: 2 },
  run: async ({ kernel, veth, addAddress, addTunnelRoute, forward }) => {
    const [, outside] = veth('near', 'outside')
    const [, beyond] = veth('far', 'beyond')
    addAddress('near', '10.0.0.1/24')
    addAddress('far', '10.1.0.1/24')
    forward()
    const seen = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = (verdict: number) =>
      mustLoad(kernel, U.BPF_PROG_TYPE_LWT_IN, `${count(seen)}\nr0 = ${verdict}\nexit`)
    addTunnelRoute('10.8.0.0/24', 'far', 'in', program(0))
    addTunnelRoute('10.9.0.0/24', 'far', 'in', program(2))
    const destination = macOf(kernel, 'near')
    const sender = packetSocket(kernel, outside)
    const receiver = packetSocket(kernel, beyond)
    const through = async (to: string) => {
      kernel.send(sender, udpFrame({ from: '10.0.0.7', to, destination }), 0)
      return (await drain(kernel, receiver, 50)).filter(isOwn).length
    }
    return { passed: await through('10.8.0.5'), dropped: await through('10.9.0.5'), seen: counter(kernel, seen) }
  },
})

/** An empty UDP datagram from fc00:1::7 by way of the segment fc00:1::`segment` to fc00:2::5. */
function segmentFrame(destination: readonly number[], segment: number): Uint8Array {
  const bytes = new Uint8Array(ETHERNET + IPV6 + 40 + 8)
  bytes.set(destination)
  bytes.set([0x86, 0xdd], 12)
  bytes.set([0x60, 0, 0, 0, 0, 48, 43, 64], ETHERNET)
  bytes.set([0xfc, 0, 0, 1], ETHERNET + 8)
  bytes[ETHERNET + 23] = 7
  bytes.set([0xfc, 0, 0, 1], IPV6_TO)
  bytes[IPV6_TO + 15] = segment
  // routing header: next UDP, 4 units of 8 bytes behind the first, type 4, one segment left, last entry 1
  bytes.set([17, 4, 4, 1, 1, 0, 0, 0], ETHERNET + IPV6)
  bytes.set([0xfc, 0, 0, 2], 62)
  bytes[62 + 15] = 5
  bytes.set([0xfc, 0, 0, 1], 78)
  bytes[78 + 15] = segment
  bytes.set([0, 7, 0, 8, 0, 8, 0, 0], 94)
  return bytes
}

scenario('segment routing: a program at its segment', {
  shows: { programTypes: ['BPF_PROG_TYPE_LWT_SEG6LOCAL'] },
  // the packet goes on to the next segment; BPF_DROP 2 ends its way
  expected: { passed: 1, next: [0xfc, 0, 0, 2, 5], seen: [1, 2], dropped: 0 },
  run: async ({ kernel, veth, addAddress, addSegment, forward }) => {
    const [, outside] = veth('near', 'outside')
    const [, beyond] = veth('far', 'beyond')
    addAddress('near', 'fc00:1::1/64')
    addAddress('far', 'fc00:2::1/64')
    forward()
    const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY)
    const program = (verdict: number) =>
      mustLoad(kernel, U.BPF_PROG_TYPE_LWT_SEG6LOCAL, `${count(map)}\nr0 = ${verdict}\nexit`)
    addSegment('fc00:1::99/128', 'near', program(0))
    addSegment('fc00:1::98/128', 'near', program(2))
    const mac = macOf(kernel, 'near')
    const sender = packetSocket(kernel, outside)
    const receiver = packetSocket(kernel, beyond)
    // the kernel may say something of its own there: only datagrams with a routing header count
    const through = async (segment: number) => {
      kernel.send(sender, segmentFrame(mac, segment), 0)
      return (await drain(kernel, receiver, 50)).filter((piece) => piece[ETHERNET + 6] === 43)
    }
    const passed = await through(0x99)
    const seen = [counter(kernel, map)]
    const dropped = await through(0x98)
    seen.push(counter(kernel, map))
    const [first] = passed
    const next = first ? [...first.subarray(IPV6_TO, IPV6_TO + 4), first[IPV6_TO + 15]] : []
    return { passed: passed.length, next, seen, dropped: dropped.length }
  },
})

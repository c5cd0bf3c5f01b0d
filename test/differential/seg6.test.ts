// SPDX-License-Identifier: BSD-2-Clause
/** Programs at a segment (LWT_SEG6LOCAL) on both kernels: what the helpers answer, and the packet that goes on. */
import * as U from '@skep/core/uapi'
import { whyNoLinux } from '@skep/native-loader/testing'
import { addressBytes } from '@skep/wasm-vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMap, drain, lookupElem, mustLoad, packetSocket, updateElem, words } from '../scenarios/calls.ts'
import { inVirtualWorld, onLinux, type Rig } from '../scenarios/rig.ts'

const STORE_BYTES = 'lwt_seg6_store_bytes'
const ACTION = 'lwt_seg6_action'
const ADJUST = 'lwt_seg6_adjust_srh'
const BPF_OK = 0
const BPF_DROP = 2
const BPF_REDIRECT = 7

const ETHERNET = 14
const MAC = '02:00:00:00:01:01'
const NEXT_MAC = '02:00:00:00:02:0b'
const OTHER_MAC = '02:00:00:00:02:0c'
/** Where the TLVs start: IPv6 header, routing header of 8 bytes, two segments. */
const TLVS = 40 + 8 + 32

type Call =
  | { readonly name: typeof STORE_BYTES; readonly offset: number; readonly bytes: readonly number[] }
  | { readonly name: typeof ADJUST; readonly offset: number; readonly delta: number }
  | { readonly name: typeof ACTION; readonly action: number; readonly param: readonly number[] }

interface Case {
  readonly calls: readonly Call[]
  readonly returns: number
  /** What follows the routing header: a datagram, or a packet of IPv6 within. */
  readonly inner?: boolean
  /** TLVs of the packet, 8 bytes each. */
  readonly tlvs?: number
  readonly segmentsLeft?: number
}

const store = (offset: number, ...bytes: number[]): Call => ({ name: STORE_BYTES, offset, bytes })
const adjust = (offset: number, delta: number): Call => ({ name: ADJUST, offset, delta })
const action = (number: number, ...param: number[]): Call => ({ name: ACTION, action: number, param })
const address = (text: string) => [...addressBytes(text)]
/** A routing header with these segments, the last first. */
const header = (left: number, first: number, ...segments: string[]) => [
  17,
  segments.length * 2,
  4,
  left,
  first,
  0,
  0,
  0,
  ...segments.flatMap(address),
]
const u32 = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)]

const PAD = [4, 6, 0, 0, 0, 0, 0, 0]

function cases(): Case[] {
  const all: Case[] = []
  for (const returns of [BPF_OK, 1, BPF_DROP, BPF_REDIRECT, 128]) all.push({ calls: [], returns })
  for (const offset of [0, 40, 44, 45, 46, 47, 48, TLVS - 8, TLVS - 1, TLVS, TLVS + 4, TLVS + 7, 200, 0xffffffff])
    for (const bytes of [[1], [1, 2, 3], PAD]) all.push({ calls: [store(offset, ...bytes)], returns: BPF_OK, tlvs: 1 })
  for (const offset of [0, 40, TLVS - 1, TLVS, TLVS + 8, TLVS + 16, TLVS + 17])
    for (const delta of [-16, -8, -4, 0, 4, 8, 16]) {
      all.push({ calls: [adjust(offset, delta)], returns: BPF_OK, tlvs: 2 })
      if (delta > 0) all.push({ calls: [adjust(offset, delta), store(offset, ...PAD)], returns: BPF_OK, tlvs: 2 })
    }
  all.push({ calls: [adjust(TLVS, 8), store(TLVS, ...PAD)], returns: BPF_OK })
  all.push({
    calls: [adjust(TLVS, 8), store(TLVS, 10, 6, 1, 2, 3, 4, 5, 6), action(3, ...u32(254))],
    returns: BPF_REDIRECT,
  })
  all.push({ calls: [adjust(TLVS, 4), adjust(TLVS, 4), store(TLVS, ...PAD)], returns: BPF_OK })
  all.push({ calls: [adjust(TLVS, 8), action(3, ...u32(0))], returns: BPF_REDIRECT })
  for (const returns of [BPF_OK, BPF_REDIRECT]) {
    for (const to of ['fc00:2::5', 'fc00:2::6', 'fc00:1::1', 'fc00:9::9', 'fc00:3::5', 'fc00:4::5'])
      all.push({ calls: [action(2, ...address(to))], returns })
    for (const table of [0, 254, 100, 77, 255]) all.push({ calls: [action(3, ...u32(table))], returns })
    for (const table of [0, 254, 100, 77]) {
      all.push({ calls: [action(7, ...u32(table))], returns, inner: true })
      all.push({ calls: [action(7, ...u32(table))], returns })
    }
    for (const kind of [9, 10]) {
      all.push({ calls: [action(kind, ...header(0, 0, 'fc00:2::6'))], returns })
      all.push({ calls: [action(kind, ...header(1, 1, 'fc00:2::5', 'fc00:2::6'))], returns })
      all.push({ calls: [action(kind, ...header(1, 1, 'fc00:2::5', 'fc00:1::1'))], returns })
      all.push({ calls: [action(kind, ...header(1, 1, 'fc00:2::5', 'fc00:9::9'))], returns })
      all.push({ calls: [action(kind, ...header(2, 1, 'fc00:2::5', 'fc00:2::6'))], returns })
      all.push({ calls: [action(kind, ...header(1, 2, 'fc00:2::5', 'fc00:2::6'))], returns })
      all.push({ calls: [action(kind, 17, 2, 3, 0, 0, 0, 0, 0, ...address('fc00:2::6'))], returns })
      all.push({ calls: [action(kind, ...header(0, 0, 'fc00:2::6').slice(0, 16))], returns })
    }
    for (const kind of [0, 1, 4, 5, 6, 8, 11, 15, 16, 99]) all.push({ calls: [action(kind, ...u32(0))], returns })
    for (const kind of [2, 3, 7]) all.push({ calls: [action(kind, 1, 2)], returns })
  }
  for (const segmentsLeft of [0, 1, 2]) all.push({ calls: [], returns: BPF_OK, segmentsLeft })
  return all
}

/** An empty UDP datagram from fc00:1::7 by way of the segment fc00:1::99 to fc00:2::5. */
function frame({ inner = false, tlvs = 0, segmentsLeft = 1 }: Case): Uint8Array {
  const datagram = [0, 7, 0, 8, 0, 8, 0, 0]
  const ipv6 = (next: number, length: number, from: string, to: string) => [
    0x60,
    0,
    0,
    0,
    0,
    length,
    next,
    64,
    ...address(from),
    ...address(to),
  ]
  const behind = inner ? [...ipv6(17, 8, 'fc00:7::7', 'fc00:2::6'), ...datagram] : datagram
  const padding = Array.from({ length: tlvs }, () => PAD).flat()
  const segments = [...address('fc00:2::5'), ...address('fc00:1::99')]
  const routing = [inner ? 41 : 17, 4 + tlvs, 4, segmentsLeft, 1, 0, 0, 0, ...segments, ...padding]
  const destination = MAC.split(':').map((part) => Number.parseInt(part, 16))
  return Uint8Array.from([
    ...destination,
    2,
    0,
    0,
    0,
    9,
    9,
    0x86,
    0xdd,
    ...ipv6(43, routing.length + behind.length, 'fc00:1::7', 'fc00:1::99'),
    ...routing,
    ...behind,
  ])
}

/** Puts bytes on the stack below `top` and points r3 at them. */
function onStack(bytes: readonly number[]): string {
  const size = (bytes.length + 7) & ~7
  const stores = bytes.map((byte, i) => `*(u8 *)(r10 - ${size - i}) = ${byte}`)
  return `${stores.join('\n')}\nr3 = r10\nr3 += -${size}`
}

function callText(call: Call, index: number, map: number): string {
  const body =
    call.name === ADJUST
      ? `r2 = ${call.offset | 0}\nr3 = ${call.delta}`
      : call.name === STORE_BYTES
        ? `${onStack(call.bytes)}\nr2 = ${call.offset | 0}\nr4 = ${call.bytes.length}`
        : `${onStack(call.param)}\nr2 = ${call.action}\nr4 = ${call.param.length}`
  return `r1 = r6
    ${body}
    call bpf_${call.name}
    *(u64 *)(r10 - 80) = r0
    *(u32 *)(r10 - 84) = ${index}
    ld_pseudo r1, 1, ${map}
    r2 = r10
    r2 += -84
    r3 = r10
    r3 += -80
    r4 = 0
    call bpf_map_update_elem`
}

const PACKET_WAIT_MS = 20

async function answers(rig: Rig): Promise<string[]> {
  const { kernel } = rig
  const [, outside] = rig.veth('near', 'outside')
  const [, beyond] = rig.veth('far', 'beyond')
  rig.setMac('near', MAC)
  rig.setMac('far', '02:00:00:00:02:01')
  rig.addAddress('near', 'fc00:1::1/64')
  rig.addAddress('far', 'fc00:2::1/64')
  rig.addNeighbour('far', 'fc00:2::5', NEXT_MAC)
  rig.addNeighbour('far', 'fc00:2::6', OTHER_MAC)
  rig.addRoute('fc00:3::/64', 'far', { via: 'fc00:2::6' })
  rig.addRoute('fc00:4::/64', 'far', { type: 'prohibit' })
  rig.addRoute('fc00:2::/64', 'far', { via: 'fc00:2::6', table: 100 })
  rig.forward()
  const sender = packetSocket(kernel, outside)
  const receiver = packetSocket(kernel, beyond)
  const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, 8, 4)
  const lines: string[] = []
  for (const [i, c] of cases().entries()) {
    const text = `r6 = r1\n${c.calls.map((call, at) => callText(call, at, map)).join('\n')}\nr0 = ${c.returns}\nexit`
    const program = mustLoad(kernel, U.BPF_PROG_TYPE_LWT_SEG6LOCAL, text)
    const remove = rig.addSegment('fc00:1::99/128', 'near', program)
    for (let at = 0; at < 4; at++) updateElem(kernel, map, words(at), words(0x7777, 0))
    kernel.send(sender, frame(c), 0)
    const frames = (await drain(kernel, receiver, PACKET_WAIT_MS)).filter((bytes) => isOurs(bytes))
    const results = c.calls.map((_, at) =>
      Buffer.from(lookupElem(kernel, map, words(at), 8) as Uint8Array).readInt32LE(0),
    )
    lines.push(`${i} ${JSON.stringify(c)} -> ${results} ${frames.map((bytes) => Buffer.from(bytes).toString('hex'))}`)
    remove()
    kernel.close(program)
  }
  return lines
}

/** Linux says something of its own there too: only what comes from where the frames are from. */
const isOurs = (bytes: Uint8Array) =>
  bytes[12] === 0x86 && [0x07, 0x01].includes(bytes[ETHERNET + 23] ?? 0) && bytes[ETHERNET + 6] !== 58

const reason = whyNoLinux()
describe.skipIf(reason !== undefined)(`segment routing${reason ? ` (${reason})` : ''}`, () => {
  const lines: { linux: string[]; virtual: string[] } = { linux: [], virtual: [] }
  beforeAll(async () => {
    lines.linux = await onLinux(answers)
    lines.virtual = await inVirtualWorld(answers)
  }, 120_000)
  afterAll(() => {
    lines.linux = []
  })

  test('helpers answer, and packets go on, as on Linux', () => {
    expect(lines.linux.length).toBeGreaterThan(150)
    // not a setup that failed on both sides: packets come through, and are refused
    const through = lines.linux.filter((line) => line.split(' -> ')[1]?.includes('86dd'))
    expect(through.length).toBeGreaterThan(40)
    expect(lines.linux.length - through.length).toBeGreaterThan(40)
    const different = lines.linux.flatMap((line, i) => (line === lines.virtual[i] ? [] : [[line, lines.virtual[i]]]))
    expect(different).toEqual([])
  })
})

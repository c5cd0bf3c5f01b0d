// SPDX-License-Identifier: BSD-2-Clause
/** bpf_fib_lookup over the same devices, routes, rules and neighbours on both kernels: result and structure compared. */
import { assemble, encodeInstructions } from '@skep/core/isa'
import { type Kernel, loadRaw } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { whyNoLinux } from '@skep/native-loader/testing'
import { addressBytes } from '@skep/wasm-vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMap, lookupElem, updateElem, words } from '../scenarios/calls.ts'
import { inVirtualWorld, onLinux, type Rig } from '../scenarios/rig.ts'

const DIRECT = 1
const OUTPUT = 2
const SKIP_NEIGH = 4
const TBID = 8
const SRC = 16
const MARK = 32

const SIZE = 64
const ARRIVED_AT = 'near'
const MAC_A = '02:00:00:00:00:0a'
const MAC_B = '02:00:00:00:00:0b'

interface Case {
  readonly to: string
  readonly from?: string
  readonly flags?: number
  readonly length?: number
  readonly device?: 'near' | 'far' | 'lo' | 'none'
  readonly tbid?: number
  readonly mark?: number
  readonly family?: number
  /** Length of the structure that the program says. */
  readonly size?: number
  /** Bytes of the packet. */
  readonly packet?: number
}

/** Devices `near` (10.0.0.1/24, fc00:1::1/64) and `far` (10.1.0.1/24, fc00:2::1/64) with routes of every kind. */
function build(rig: Rig): { near: number; far: number; lo: number; none: number } {
  const [near] = rig.veth('near', 'nearer')
  const [far] = rig.veth('far', 'farther')
  rig.setMac('near', '02:00:00:00:01:01')
  rig.setMac('far', '02:00:00:00:02:01')
  // first, since Linux changes the routes of a device with its MTU
  rig.setMtu('far', 1400)
  rig.addAddress('near', '10.0.0.1/24')
  rig.addAddress('far', '10.1.0.1/24')
  rig.addAddress('far', '10.7.0.1/16')
  rig.addAddress('near', 'fc00:1::1/64')
  rig.addAddress('far', 'fc00:2::1/64')
  rig.addNeighbour('far', '10.1.0.2', MAC_A)
  rig.addNeighbour('far', '10.7.0.2', MAC_A)
  rig.addNeighbour('near', '10.0.0.2', MAC_B)
  rig.addNeighbour('far', 'fc00:2::2', MAC_B)
  rig.addRoute('10.20.0.0/16', 'far', { via: '10.1.0.2' })
  rig.addRoute('10.21.0.0/16', 'far', { via: '10.1.0.2', metric: 50 })
  rig.addRoute('10.21.0.0/16', 'near', { via: '10.0.0.2', metric: 20 })
  rig.addRoute('10.22.0.0/16', 'far', { type: 'blackhole' })
  rig.addRoute('10.23.0.0/16', 'far', { type: 'unreachable' })
  rig.addRoute('10.24.0.0/16', 'far', { type: 'prohibit' })
  rig.addRoute('10.25.0.0/16', 'far', { via: '10.1.0.2', mtu: 1000 })
  rig.addRoute('10.26.0.0/16', 'far', { via: '10.1.0.2', mtu: 1000, lockMtu: true })
  rig.addRoute('10.27.0.0/16', 'far', { via: '10.1.0.2', source: '10.7.0.1' })
  rig.addRoute('10.28.0.0/16', 'far', { via: '10.7.0.2' })
  rig.addRoute('10.29.0.0/16', 'far', { via: 'fc00:2::2' })
  rig.addRoute('10.30.0.0/16', 'far', { via: '10.1.0.2', table: 100 })
  rig.addRoute('10.31.0.0/16', 'far', { via: '10.1.0.2', table: 101 })
  rig.addRoute('10.20.5.0/24', 'near', { via: '10.0.0.2' })
  rig.addRule({ table: 100, priority: 1000, mark: 7 })
  rig.addRule({ table: 101, priority: 1001 })
  rig.addRoute('fc00:20::/64', 'far', { via: 'fc00:2::2' })
  rig.addRoute('fc00:21::/64', 'far', { via: 'fc00:2::2', metric: 10 })
  rig.addRoute('fc00:22::/64', 'far', { type: 'blackhole' })
  rig.addRoute('fc00:23::/64', 'far', { type: 'unreachable' })
  rig.addRoute('fc00:24::/64', 'far', { type: 'prohibit' })
  rig.addRoute('fc00:25::/64', 'far', { via: 'fc00:2::2', mtu: 1300 })
  rig.addRoute('fc00:26::/64', 'far', { via: 'fc00:2::2', mtu: 1300, lockMtu: true })
  rig.addRoute('fc00:27::/64', 'far', { via: 'fc00:2::2', source: 'fc00:1::1' })
  rig.addRoute('fc00:30::/64', 'far', { via: 'fc00:2::2', table: 100 })
  rig.addRule({ table: 100, priority: 1000, mark: 7, family: 'ipv6' })
  rig.forward()
  return { near, far, lo: 1, none: 99 }
}

/** Every flag that changes what is found, on every kind of destination; then what is special. */
function cases(): Case[] {
  const v4 = [
    '10.0.0.1',
    '10.0.0.2',
    '10.0.0.9',
    '10.0.0.255',
    '10.0.0.0',
    '10.1.0.1',
    '10.1.0.2',
    '127.0.0.1',
    '127.1.2.3',
  ]
  for (let net = 20; net <= 31; net++) v4.push(`10.${net}.1.1`)
  v4.push('10.20.5.5', '8.8.8.8', '255.255.255.255', '224.0.0.1', '0.0.0.0')
  const v6 = ['fc00:1::1', 'fc00:1::2', 'fc00:2::2', 'fc00:2::9', '::1', 'fe80::1', 'ff02::1', 'fc00:99::1']
  for (const net of ['20', '21', '22', '23', '24', '25', '26', '27', '30']) v6.push(`fc00:${net}::5`)
  const all: Case[] = []
  const flagSets = [
    0,
    DIRECT,
    OUTPUT,
    SKIP_NEIGH,
    SRC,
    SKIP_NEIGH | SRC,
    DIRECT | SKIP_NEIGH,
    OUTPUT | SKIP_NEIGH | SRC,
  ]
  for (const to of [...v4, ...v6]) {
    for (const flags of flagSets) for (const length of [0, 100, 1350]) all.push({ to, flags, length })
    all.push({ to, flags: DIRECT | TBID | SKIP_NEIGH, tbid: 100 }, { to, flags: DIRECT | TBID, tbid: 254 })
    all.push(
      { to, flags: DIRECT | TBID, tbid: 255 },
      { to, flags: DIRECT | TBID, tbid: 77 },
      { to, flags: TBID, tbid: 100 },
    )
    all.push({ to, flags: MARK, mark: 7 }, { to, flags: MARK, mark: 8 }, { to, flags: MARK | DIRECT, mark: 7 })
    all.push(
      { to, mark: 7 },
      { to, device: 'far' },
      { to, device: 'far', flags: OUTPUT },
      { to, device: 'lo', flags: OUTPUT },
    )
    all.push(
      { to, device: 'none' },
      { to, length: 1000 },
      { to, length: 1001 },
      { to, length: 1301 },
      { to, length: 1400 },
    )
    all.push(
      { to, length: 1401 },
      { to, length: 65535 },
      { to, packet: 1300 },
      { to, packet: 1418 },
      { to, packet: 1419 },
    )
    all.push({ to, from: to.includes(':') ? 'fc00:1::7' : '10.0.0.7' }, { to, flags: 64 }, { to, size: 60 })
  }
  all.push({ to: '10.20.1.1', family: 0 }, { to: '10.20.1.1', family: 17 }, { to: 'fc00:20::5', from: 'fe80::7' })
  return all
}

/** A classifier that copies the structure out of a map, looks up, and stores it there again. */
const program = (map: number, size: number) => `
  r6 = r1
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  ld_pseudo r1, 1, ${map}
  call bpf_map_lookup_elem
  if r0 == 0 goto out
  r7 = r0
  r4 = *(u32 *)(r7 + 64)
  r1 = r6
  r2 = r7
  r3 = ${size}
  call bpf_fib_lookup
  exit
out:
  r0 = -1
  exit`

function paramsOf(c: Case, devices: Record<string, number>): Uint8Array {
  const bytes = new Uint8Array(SIZE + 8)
  const view = new DataView(bytes.buffer)
  const to = addressBytes(c.to)
  bytes[0] = c.family ?? (to.length === 4 ? 2 : 10)
  bytes[1] = 17
  view.setUint16(6, c.length ?? 0, true)
  view.setUint32(8, devices[c.device ?? ARRIVED_AT] ?? 0, true)
  if (c.from) bytes.set(addressBytes(c.from), 16)
  bytes.set(to, 32)
  view.setUint32(48, c.tbid ?? 0, true)
  view.setUint32(52, c.mark ?? 0, true)
  view.setUint32(64, c.flags ?? 0, true)
  return bytes
}

function answers(kernel: Kernel, devices: Record<string, number>, type: number): string[] {
  const map = createMap(kernel, U.BPF_MAP_TYPE_ARRAY, 4, SIZE + 8, 1)
  const load = (size: number) => {
    const { instructions } = assemble(program(map, size))
    return loadRaw(kernel, { type, insns: encodeInstructions(instructions), license: 'GPL' })
  }
  using whole = load(SIZE)
  using short = load(SIZE - 4)
  const names = new Map(Object.entries(devices).map(([name, index]) => [index, name]))
  return cases().map((c) => {
    updateElem(kernel, map, words(0), paramsOf(c, devices))
    const packet = new Uint8Array(c.packet ?? 60)
    packet.set([8, 0, 0x45], 12)
    const { retval } = (c.size === 60 ? short : whole).testRun({ dataIn: packet })
    const after = lookupElem(kernel, map, words(0), SIZE + 8)
    if (typeof after === 'number') throw new Error(`lookup: errno ${-after}`)
    const device = new DataView(after.buffer).getUint32(8, true)
    after.fill(0, 8, 12)
    return `${JSON.stringify(c)} -> ${retval | 0} ${names.get(device)} ${Buffer.from(after.subarray(0, SIZE)).toString('hex')}`
  })
}

const reason = whyNoLinux()
describe.skipIf(reason !== undefined)(`bpf_fib_lookup${reason ? ` (${reason})` : ''}`, () => {
  const linux = new Map<number, string[]>()
  const virtual = new Map<number, string[]>()
  beforeAll(async () => {
    for (const type of [U.BPF_PROG_TYPE_SCHED_CLS, U.BPF_PROG_TYPE_XDP]) {
      await onLinux((rig) => void linux.set(type, answers(rig.kernel, build(rig), type)))
      await inVirtualWorld((rig) => void virtual.set(type, answers(rig.kernel, build(rig), type)))
    }
  }, 60_000)
  afterAll(() => {
    linux.clear()
    virtual.clear()
  })

  test.each([
    ['a classifier', U.BPF_PROG_TYPE_SCHED_CLS],
    ['XDP', U.BPF_PROG_TYPE_XDP],
  ])('%s: every lookup answers as on Linux', (_name, type) => {
    const expected = linux.get(type) ?? []
    expect(expected.length).toBeGreaterThan(1000)
    // no setup that failed on both sides: most results occur
    const results = new Set(expected.map((line) => line.split(' -> ')[1]?.split(' ')[0]))
    expect([...results].length).toBeGreaterThanOrEqual(9)
    const different = expected.filter((line, i) => line !== virtual.get(type)?.[i])
    const pairs = different.slice(0, 20).map((line) => [line, virtual.get(type)?.[expected.indexOf(line)]])
    expect(pairs).toEqual([])
  })
})

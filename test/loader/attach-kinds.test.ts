// SPDX-License-Identifier: BSD-2-Clause
/** Each way to attach, with the smallest program that the kernel takes there. */
import { BpfMap, loadRaw, type Program, type RawProgram, SyscallError } from '@skep/core'
import * as U from '@skep/core/uapi'
import { isolated, must } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import { eachKernel, ipv4Frame, needIsolation } from './fixtures.ts'

type Kernel = Parameters<typeof loadRaw>[0]

const SOL_SOCKET = 1
const SO_REUSEPORT = 15
const PERF_SOFTWARE = 1
const PERF_SW_DUMMY = 9

/** `r0 = value; exit`. */
function returns(kernel: Kernel, value: number, raw: Omit<RawProgram, 'insns'>): Program {
  const insns = Uint8Array.from([0xb7, 0, 0, 0, value, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0])
  return loadRaw(kernel, { ...raw, insns })
}

test('network namespace: socket lookup and flow dissector', async (context) => {
  needIsolation(context)
  await isolated({ network: true }, ({ kernel }) => {
    const netnsFd = must(kernel.open('/proc/thread-self/ns/net', 0), 'open')
    for (const [type, attachType] of [
      [U.BPF_PROG_TYPE_SK_LOOKUP, U.BPF_SK_LOOKUP],
      [U.BPF_PROG_TYPE_FLOW_DISSECTOR, U.BPF_FLOW_DISSECTOR],
    ] as const) {
      using program = returns(kernel, type === U.BPF_PROG_TYPE_SK_LOOKUP ? 1 : 0, {
        type,
        expectedAttachType: attachType,
      })
      using link = program.attach({ attachType, netnsFd })
      expect(link.target).toContain('network namespace')
    }
  })
})

test('netfilter', async (context) => {
  needIsolation(context)
  await isolated({ network: true }, ({ kernel }) => {
    using program = returns(kernel, 1, { type: U.BPF_PROG_TYPE_NETFILTER, expectedAttachType: U.BPF_NETFILTER })
    const target = { attachType: U.BPF_NETFILTER, netfilter: { pf: 2, hook: 1, priority: -5 } }
    using link = program.attach(target)
    expect(link.target).toBe('netfilter hook 1 of protocol 2')
    expect(() => program.attach(target)).toThrow('EBUSY')
    expect(() => program.attach({ attachType: U.BPF_NETFILTER })).toThrow('set netfilter')
  })
})

test('sockmap', async (context) => {
  needIsolation(context)
  await isolated({ network: true }, ({ kernel }) => {
    using map = BpfMap.create(kernel, { type: U.BPF_MAP_TYPE_SOCKMAP, keySize: 4, valueSize: 4, maxEntries: 1 })
    const attachType = U.BPF_SK_SKB_STREAM_VERDICT
    using program = returns(kernel, 1, { type: U.BPF_PROG_TYPE_SK_SKB, expectedAttachType: attachType })
    {
      using link = program.attach({ attachType, mapFd: map.fd })
      expect(link.target).toContain('BPF_SK_SKB_STREAM_VERDICT')
    }
    program.attach({ attachType, mapFd: map.fd }).detach()
  })
})

test('a group of sockets', async (context) => {
  needIsolation(context)
  await isolated({ network: true }, ({ kernel }) => {
    const socketFd = must(kernel.socket(2, 2, 0), 'socket')
    must(kernel.setsockopt(socketFd, SOL_SOCKET, SO_REUSEPORT, Uint8Array.from([1, 0, 0, 0])), 'setsockopt')
    const bound = new Uint8Array(16)
    bound[0] = 2
    must(kernel.bind(socketFd, bound), 'bind')
    using program = returns(kernel, 1, { type: U.BPF_PROG_TYPE_SK_REUSEPORT })
    using link = program.attach({ socketFd })
    expect(link.target).toBe(`socket ${socketFd}`)
  })
})

const at = eachKernel()

/** Counts its runs in an array map. Tracepoints are seen by all: other processes' test runs are counted as well. */
function counter(kernel: Kernel, type: number): { program: Program; map: BpfMap } {
  const map = BpfMap.create(kernel, { type: U.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 8, maxEntries: 1 })
  const fd = map.fd
  // r1 = &value; r2 = 1; lock *(u64 *)r1 += r2; r0 = 0; exit
  const insns = [
    [0x18, 0x21, 0, 0, fd & 255, fd >> 8, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0xb7, 2, 0, 0, 1, 0, 0, 0],
    [0xdb, 0x21, 0, 0, 0, 0, 0, 0],
    [0xb7, 0, 0, 0, 0, 0, 0, 0],
    [0x95, 0, 0, 0, 0, 0, 0, 0],
  ].flat()
  return { program: loadRaw(kernel, { type, insns: Uint8Array.from(insns) }), map }
}

const count = (map: BpfMap) => new DataView(map.lookupBytes(0)!.buffer).getBigUint64(0, true)

test('raw tracepoint that only test runs reach', () => {
  const { kernel } = at
  const { program, map } = counter(kernel, U.BPF_PROG_TYPE_RAW_TRACEPOINT)
  using run = returns(kernel, 0, { type: U.BPF_PROG_TYPE_SOCKET_FILTER })
  {
    using link = program.attach({ tracepoint: 'bpf_test_finish' })
    expect(link.target).toBe('raw tracepoint bpf_test_finish')
    const before = count(map)
    run.testRun({ dataIn: ipv4Frame(6) })
    expect(count(map)).toBeGreaterThan(before)
  }
  const after = count(map)
  run.testRun({ dataIn: ipv4Frame(6) })
  expect(count(map)).toBe(after)
  expect(() => program.attach({ tracepoint: 'no_such_tracepoint' })).toThrow(SyscallError)
  expect(() => program.attach()).toThrow('set tracepoint')
  program[Symbol.dispose]()
  map[Symbol.dispose]()
})

test('tracepoint of tracefs', async (context) => {
  needIsolation(context)
  await isolated({ mounts: true }, ({ kernel }) => {
    const event = 'bpf_test_run/bpf_test_finish'
    must(kernel.thread.mount('tracefs', '/sys/kernel/tracing', 'tracefs', 0), 'mount', 'tracefs')
    const { program, map } = counter(kernel, U.BPF_PROG_TYPE_TRACEPOINT)
    using run = returns(kernel, 0, { type: U.BPF_PROG_TYPE_SOCKET_FILTER })
    {
      using link = program.attach({ tracepoint: event })
      expect(link.target).toBe(`tracepoint ${event}`)
      const before = count(map)
      run.testRun({ dataIn: ipv4Frame(6) })
      expect(count(map)).toBeGreaterThan(before)
    }
    expect(() => program.attach({ tracepoint: 'no/such' })).toThrow('have no such event')
    expect(() => program.attach({ tracepoint: '../x' })).toThrow('expected category/name')
    program[Symbol.dispose]()
    map[Symbol.dispose]()
  })
})

test('a perf event of this process', () => {
  const attr = new Uint8Array(136)
  const view = new DataView(attr.buffer)
  view.setUint32(0, PERF_SOFTWARE, true)
  view.setUint32(4, 136, true)
  view.setBigUint64(8, BigInt(PERF_SW_DUMMY), true)
  const event = must(at.kernel.perfEventOpen(attr, 0, -1, -1, 8), 'perf_event_open')
  using program = returns(at.kernel, 0, { type: U.BPF_PROG_TYPE_PERF_EVENT })
  using link = program.attach({ perfEventFd: event })
  expect(link.target).toBe(`perf event fd ${event}`)
  expect(() => program.attach()).toThrow('set perfEventFd')
})

test('what is missing is named', () => {
  const names = ['BPF_PROG_TYPE_SOCKET_FILTER needs a socket', 'BPF_PROG_TYPE_TRACEPOINT needs category/name']
  const types = [U.BPF_PROG_TYPE_SOCKET_FILTER, U.BPF_PROG_TYPE_TRACEPOINT]
  types.forEach((type, i) => {
    using program = returns(at.kernel, 0, { type })
    expect(() => program.attach()).toThrow(names[i])
  })
})

// SPDX-License-Identifier: BSD-2-Clause
/** Ways to attach that the running Linux does not offer here, on the virtual kernel; the others on both. */
import { readFileSync } from 'node:fs'
import {
  type AttachTarget,
  type BpfLink,
  type IterLink,
  type Kernel,
  loadRaw,
  openObject,
  type Program,
  progQuery,
} from '@skep/core'
import * as U from '@skep/core/uapi'
import { interfaceIndex, isolated } from '@skep/native-loader/testing'
import { createVirtualKernel, World } from '@skep/wasm-vm'
import { describe, expect, test } from 'vitest'
import { ipv4Frame, needIsolation, pathOf } from './fixtures.ts'

const BEFORE = 8
const AF_INET = 2
const SOCK_STREAM = 1
const SOL_TCP = 6
const TCP_CONGESTION = 13
const ENOENT = 2

const compiled = (name: string) => openObject(readFileSync(pathOf(`test/scenarios/programs/${name}.bpf.o`)), { name })

function classifier(kernel: Kernel): Program {
  const insns = Uint8Array.from([0xb7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x95, 0, 0, 0, 0, 0, 0, 0])
  return loadRaw(kernel, { type: U.BPF_PROG_TYPE_SCHED_CLS, insns })
}

/** Programs one before the other, by fd, by id, and only in the revision that is given. */
function orderChecks(kernel: Kernel, ifindex: number, target: AttachTarget, attachType: number): void {
  using first = classifier(kernel)
  using second = classifier(kernel)
  using third = classifier(kernel)
  const ids = () => progQuery(kernel, ifindex, attachType).progIds
  using _a = first.attach(target)
  using _b = second.attach({ ...target, flags: BEFORE, relativeFd: first.fd })
  expect(ids()).toEqual([second.info().id, first.info().id])
  const { revision } = progQuery(kernel, ifindex, attachType)
  expect(() => third.attach({ ...target, expectedRevision: revision + 1n })).toThrow('ESTALE')
  {
    using _c = third.attach({
      ...target,
      flags: BEFORE,
      relativeId: first.info().id,
      expectedRevision: revision,
    })
    expect(ids()).toEqual([second.info().id, third.info().id, first.info().id])
  }
  expect(() => third.attach({ ...target, flags: BEFORE, relativeId: 0x7fffffff })).toThrow('ENOENT')
  expect(() => third.attach({ ...target, relativeFd: first.fd, relativeId: 1 })).toThrow('relativeFd or relativeId')
}

describe('programs in an order', () => {
  test('netkit [virtual]', async () => {
    using kernel = await createVirtualKernel()
    const [primary, peer] = new World(kernel).netkit('nk0', 'nk1')
    const netkit = primary.index
    orderChecks(kernel, netkit, { netkit }, U.BPF_NETKIT_PRIMARY)
    orderChecks(kernel, netkit, { netkit, peer: true }, U.BPF_NETKIT_PEER)
    using program = classifier(kernel)
    using link = program.attach({ netkit, peer: true }) as BpfLink
    expect(link.info()).toMatchObject({ typeName: 'BPF_LINK_TYPE_NETKIT', details: { ifindex: peer.index } })
    expect(() => program.attach({ netkit: peer.index })).toThrow('EACCES')
  })

  test('tcx [virtual]', async () => {
    using kernel = await createVirtualKernel()
    const [device] = new World(kernel).veth('a', 'b')
    const attachType = U.BPF_TCX_EGRESS
    orderChecks(kernel, device.index, { ifindex: device.index, attachType }, attachType)
  })

  test('tcx [linux]', async (context) => {
    needIsolation(context)
    await isolated({ network: true }, ({ kernel }) => {
      const ifindex = interfaceIndex(kernel, 'lo')
      orderChecks(kernel, ifindex, { ifindex, attachType: U.BPF_TCX_EGRESS }, U.BPF_TCX_EGRESS)
    })
  })
})

/** The object with one table, under a name of its own, in the section without links. */
function loadPlainTable(kernel: Kernel, kernelBtf?: Uint8Array) {
  const object = compiled('congestion')
  for (const map of object.maps) if (map.origin === 'struct_ops') map.autocreate = map.name === 'skep_test'
  const table = object.map('skep_test')
  table.flags &= ~U.BPF_F_LINK
  const text = Buffer.from(table.data!.buffer, table.data!.byteOffset, table.data!.length)
  text.write('skep_bare', text.indexOf('skep_test'))
  return object.load(kernel, kernelBtf ? { kernelBtf } : {})
}

function registrationChecks(kernel: Kernel): void {
  const socket = kernel.socket(AF_INET, SOCK_STREAM, 0)
  const choose = () => kernel.setsockopt(socket, SOL_TCP, TCP_CONGESTION, new TextEncoder().encode('skep_bare'))
  const loaded = loadPlainTable(kernel)
  expect(choose()).toBe(-ENOENT)
  const first = loaded.map('skep_test').registerStructOps(loaded.programs)
  expect(choose()).toBe(0)
  expect(() => loaded.map('skep_test').registerStructOps(loaded.programs)).toThrow('EBUSY')
  // what is registered outlives the object's fds, until it is deleted
  loaded[Symbol.dispose]()
  const other = kernel.socket(AF_INET, SOCK_STREAM, 0)
  const chooseAgain = () => kernel.setsockopt(other, SOL_TCP, TCP_CONGESTION, new TextEncoder().encode('skep_bare'))
  expect(chooseAgain()).toBe(0)
  kernel.close(socket)
  kernel.close(other)
  first.detach()
  const last = kernel.socket(AF_INET, SOCK_STREAM, 0)
  expect(kernel.setsockopt(last, SOL_TCP, TCP_CONGESTION, new TextEncoder().encode('skep_bare'))).toBe(-ENOENT)
  kernel.close(last)
}

describe('a table that its element registers', () => {
  test('[virtual]', async () => {
    using kernel = await createVirtualKernel()
    new World(kernel)
    registrationChecks(kernel)
  })

  test('[linux]', async (context) => {
    needIsolation(context)
    await isolated({ network: true }, ({ kernel }) => registrationChecks(kernel))
  })
})

describe('what the section names', () => {
  const seenOf = (loaded: { map(name: string): { lookup(key: number): unknown } }) =>
    (loaded.map('.bss').lookup(0) as { seen: number[] }).seen

  function only(kernel: Kernel, name: string) {
    const object = compiled('trampolines')
    for (const program of object.programs) program.autoload = program.name === name
    return object.load(kernel)
  }

  test('fentry and fexit, with the cookie of the link', async () => {
    using kernel = await createVirtualKernel()
    new World(kernel)
    {
      using loaded = only(kernel, 'entered')
      const program = loaded.program('entered')
      using link = program.attach() as BpfLink
      program.testRun()
      // the kernel calls bpf_fentry_test3(4, 5, 6)
      expect(seenOf(loaded).slice(0, 4)).toEqual([4, 5, 6, 3])
      expect(link.info().typeName).toBe('BPF_LINK_TYPE_TRACING')
    }
    using loaded = only(kernel, 'left')
    const program = loaded.program('left')
    using _link = program.attach({ cookie: 77n })
    program.testRun()
    expect(seenOf(loaded).slice(4, 7)).toEqual([15, 15, 77])
  })

  test('a typed tracepoint and a security hook', async () => {
    using kernel = await createVirtualKernel()
    const world = new World(kernel)
    {
      using loaded = only(kernel, 'born')
      using _link = loaded.program('born').attach()
      const task = world.createTask()
      expect(seenOf(loaded)[0]).toBe(task.pid)
    }
    using loaded = only(kernel, 'binding')
    const address = new Uint8Array(16)
    address[0] = AF_INET
    {
      using _link = loaded.program('binding').attach()
      const fd = kernel.socket(AF_INET, SOCK_STREAM, 0)
      expect(kernel.bind(fd, address)).toBe(0)
      expect(seenOf(loaded).slice(0, 2)).toEqual([SOCK_STREAM, 16])
      kernel.close(fd)
    }
    loaded.map('.bss').update(0, { ...(loaded.map('.bss').lookup(0) as object), seen: [0, 0, 0, 0, 0, 0, 0, 0] })
    kernel.bind(kernel.socket(AF_INET, SOCK_STREAM, 0), address)
    expect(seenOf(loaded)[0]).toBe(0)
  })

  test('an iterator', async () => {
    using kernel = await createVirtualKernel()
    using loaded = openObject(readFileSync(pathOf('test/loader/fixtures/iter.bpf.o')), { name: 'iter' }).load(kernel)
    using link = loaded.program('dump_maps').attach() as IterLink
    expect(link.info().typeName).toBe('BPF_LINK_TYPE_ITER')
    expect(link.readText().length).toBeGreaterThan(0)
  })

  test('a function that an extension replaces, by section, name and id', async () => {
    using kernel = await createVirtualKernel()
    using target = compiled('replaced').load(kernel)
    const whole = target.program('whole')
    const object = compiled('extension')
    for (const program of object.programs) program.attachProgFd = whole.fd
    using loaded = object.load(kernel)
    const extension = loaded.program('instead')
    const run = () => whole.testRun({ dataIn: ipv4Frame(17) }).retval
    // XDP_PASS + 10; twice the queue (0) plus 20, + 10
    expect(run()).toBe(12)
    const progFd = whole.fd
    const ways: AttachTarget[] = [{}, { freplace: { progFd } }, { freplace: { progFd, function: 'verdict' } }]
    for (const way of ways) {
      using link = extension.attach(way) as BpfLink
      expect(run()).toBe(50)
      expect(link.info().typeName).toBe('BPF_LINK_TYPE_TRACING')
    }
    expect(() => extension.attach({ freplace: { progFd, function: 'none' } })).toThrow('no such function')
    expect(run()).toBe(12)
  })
})

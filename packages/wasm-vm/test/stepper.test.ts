// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, readFileSync } from 'node:fs'
import { loadRaw, openObject, progTestRun } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { BPF_PROG_TYPE_SOCKET_FILTER } from '@skep/core/uapi'
import { createVirtualKernel, type VirtualKernel } from '@skep/wasm-vm'
import { type StepExports, Stepper } from '@skep/wasm-vm/debug'
import { describe, expect, it } from 'vitest'

const file = process.env.SKEP_WASM ?? new URL('../build/skep.wasm', import.meta.url)
const built = existsSync(file)
const PACKET = new Uint8Array(64)

const newKernel = () => createVirtualKernel({ module: readFileSync(file), virtualTime: 1n, randomSeed: 1n })

function start(kernel: VirtualKernel, source: string): { stepper: Stepper; run: () => number } {
  const program = loadRaw(kernel, {
    type: BPF_PROG_TYPE_SOCKET_FILTER,
    insns: encodeInstructions(assemble(source).instructions),
    license: 'GPL',
  })
  return startProgram(kernel, program.fd, program.info().id)
}

function startProgram(kernel: VirtualKernel, fd: number, id: number) {
  const run = () => progTestRun(kernel, fd, { dataIn: PACKET }).retval
  const machine = { memory: kernel.exports.memory, exports: kernel.exports as unknown as StepExports }
  return { stepper: Stepper.start(machine, run, id)!, run }
}

const LOOP = `
  r0 = 0
  r1 = 5000
again:
  r0 += 3
  r1 -= 1
  if r1 != 0 goto again
  exit
`

const SUBPROGRAM = `
  r1 = 7
  call double
  r0 += 1
  exit
double:
  r0 = r1
  r0 += r0
  exit
`

/** Loads an example and starts stepping its program on a frame. */
function startExample(kernel: VirtualKernel, name: string, program: string, frame: Uint8Array) {
  const bytes = readFileSync(new URL(`../../../examples/${name}/${name}.bpf.o`, import.meta.url))
  const object = openObject(bytes).load(kernel)
  const loaded = object.programs.get(program)!
  const machine = { memory: kernel.exports.memory, exports: kernel.exports as unknown as StepExports }
  const stepper = Stepper.start(machine, () => void loaded.testRun({ dataIn: frame }), loaded.info().id)!
  return { object, stepper }
}

describe.skipIf(!built)('stepper', () => {
  it('executes one instruction at a time, and takes each back', async () => {
    using kernel = await newKernel()
    const { stepper } = start(kernel, SUBPROGRAM)
    const seen: [number, bigint][] = []
    while (!stepper.atEnd) {
      const view = stepper.view()!
      seen.push([view.insn, view.registers[0]!])
      stepper.forward()
    }
    // RFC 9669: the callee's r1 is the caller's, r0 carries the result back.
    expect(seen.map(([insn]) => insn)).toEqual([0, 1, 4, 5, 6, 2, 3])
    expect(stepper.end).toEqual({ position: 7, r0: 15n, trap: 0 })
    for (let i = 6; i >= 0; i--) {
      stepper.back()
      const view = stepper.view()!
      expect([view.insn, view.registers[0]]).toEqual(seen[i])
    }
    expect(stepper.position).toBe(0)
  })

  it('leaves the kernel as it was, and the run can be made', async () => {
    using kernel = await newKernel()
    const { stepper, run } = start(kernel, SUBPROGRAM)
    stepper.forward(3)
    stepper[Symbol.dispose]()
    expect(run()).toBe(15)
  })

  it('steps over and out of subprograms, and back over them', async () => {
    using kernel = await newKernel()
    const { stepper } = start(kernel, SUBPROGRAM)
    stepper.forward()
    stepper.over()
    expect(stepper.view()).toMatchObject({ insn: 2, position: 5 })
    stepper.backOver()
    expect(stepper.view()).toMatchObject({ insn: 1, position: 1 })
    stepper.forward()
    expect(stepper.view()!.insn).toBe(4)
    expect(stepper.frames().map(({ insn }) => insn)).toEqual([1, 4])
    stepper.out()
    expect(stepper.view()).toMatchObject({ insn: 2, position: 5 })
  })

  it('goes into callbacks, and shows both levels', async () => {
    using kernel = await newKernel()
    // bpf_loop() calls the callback for each of the 64 bytes, and once more for the one that is not there.
    const { object, stepper } = startExample(kernel, 'payload-sum', 'add_bytes', new Uint8Array(64).fill(3))
    stepper.goTo(11)
    expect(stepper.view()).toMatchObject({ insn: 12, level: 1 })
    stepper.forward()
    expect(stepper.view()).toMatchObject({ insn: 23, level: 2 })
    expect(stepper.frames().map(({ level, insn }) => [level, insn])).toEqual([
      [1, 12],
      [2, 23],
    ])
    stepper.out()
    expect(stepper.view()).toMatchObject({ insn: 13, level: 1 })
    expect(stepper.view()!.registers[0]).toBe(65n)
    stepper.backOver()
    expect(stepper.view()).toMatchObject({ insn: 12, level: 1, position: 11 })
    stepper.goTo(13)
    stepper.back()
    expect(stepper.view()).toMatchObject({ insn: 23, level: 2 })
    stepper.continue()
    expect(stepper.inspect(() => [...object.maps.get('total')!.entries()])).toEqual([[0, 192n]])
  })

  it('stops at breakpoints in both directions', async () => {
    using kernel = await newKernel()
    const { stepper } = start(kernel, LOOP)
    const { progId } = stepper.view()!
    stepper.setBreakpoints([{ progId, insn: 3 }])
    stepper.continue()
    expect(stepper.position).toBe(3)
    stepper.continue()
    expect(stepper.view()).toMatchObject({ insn: 3, position: 6 })
    expect(stepper.view()!.registers[0]).toBe(6n)
    stepper.backContinue()
    expect(stepper.position).toBe(3)
    stepper.setBreakpoints([])
    stepper.continue()
    expect(stepper.end).toMatchObject({ position: 15003, r0: 15000n })
  })

  it('shows the same at a position whichever way it is reached', async () => {
    using kernel = await newKernel()
    const { stepper } = start(kernel, LOOP)
    stepper.goTo(12_002)
    const there = stepper.view()
    stepper.goTo(15_003)
    stepper.goTo(77)
    stepper.goTo(12_002)
    expect(stepper.view()).toEqual(there)
    expect(there!.registers[0]).toBe(3n * (5000n - there!.registers[1]!))
  })

  it('takes 10,000 steps forward and back in less than a second each', async () => {
    using kernel = await newKernel()
    const { stepper } = start(kernel, LOOP)
    let start0 = performance.now()
    for (let i = 0; i < 10_000; i++) {
      stepper.forward()
      stepper.view()
    }
    expect(performance.now() - start0).toBeLessThan(1000)
    start0 = performance.now()
    for (let i = 0; i < 10_000; i++) {
      stepper.back()
      stepper.view()
    }
    expect(performance.now() - start0).toBeLessThan(1000)
    expect(stepper.view()!.insn).toBe(0)
  })

  it('steps an object with maps and looks at them in the middle', async () => {
    using kernel = await newKernel()
    // BPF_PROG_TEST_RUN shows a socket filter the packet without its Ethernet header (net/bpf/test_run.c).
    const frame = new Uint8Array(64)
    frame.set([0x08, 0x00], 14 + 12)
    frame.set([10, 0, 0, 1], 14 + 26)
    const { object, stepper } = startExample(kernel, 'sockex2', 'count_sources', frame)
    const entries = () => stepper.inspect(() => [...object.maps.get('traffic_by_source')!.entries()])
    expect(entries()).toEqual([])
    stepper.continue()
    expect(stepper.end!.r0).toBe(0n)
    expect(entries()).toEqual([[0x0a000001, { packets: 1n, bytes: 50n }]])
    stepper.goTo(3)
    expect(entries()).toEqual([])
  })
})

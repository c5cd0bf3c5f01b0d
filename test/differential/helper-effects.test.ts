// SPDX-License-Identifier: BSD-2-Clause
/** What helpers do outside the program: records in perf rings, stacks in maps, the same on both kernels. */
import { BpfMap, PerfBuffer } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { type Kernel, loadRaw } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { createLinuxKernel } from '@skep/native-loader'
import { whyNoLinux } from '@skep/native-loader/testing'
import { createVirtualKernel } from '@skep/wasm-vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FRAME } from './helper-cases/run.ts'

const reason = whyNoLinux()
const kernels: Kernel[] = []

beforeAll(async () => {
  if (reason) return
  const linux = await createLinuxKernel()
  kernels.push(linux, await createVirtualKernel({ cpus: linux.facts.possibleCpus }))
})
afterAll(() => {
  for (const kernel of kernels) kernel[Symbol.dispose]()
})

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** Runs assembly on a kernel; MAP is the map's fd. */
function run(kernel: Kernel, map: BpfMap, code: string, type: number, repeat = 1): number {
  const { instructions } = assemble(code.replaceAll('MAP', String(map.fd)))
  using program = loadRaw(kernel, { type, insns: encodeInstructions(instructions) })
  const packet = type === U.BPF_PROG_TYPE_RAW_TRACEPOINT ? {} : { dataIn: FRAME }
  return program.testRun({ ...packet, ...(repeat > 1 ? { repeat } : {}) }).retval | 0
}

/** Records of `repeat` runs of a program that calls bpf_perf_event_output with these flags. */
function records(kernel: Kernel, type: number, flags: string, size: number, repeat: number): string[] {
  using map = BpfMap.create(kernel, {
    type: U.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    keySize: 4,
    valueSize: 4,
    maxEntries: kernel.facts.possibleCpus,
  })
  const seen: string[] = []
  using buffer = new PerfBuffer(map)
  const stack = Array.from({ length: 8 }, (_, i) => `*(u64 *)(r10 - ${64 - i * 8}) = ${i * 0x01010101}`).join('\n')
  const code = `${stack}
    ld_pseudo r2, 1, MAP
    r3 = ${flags}
    r4 = r10
    r4 += -64
    r5 = ${size}
    call bpf_perf_event_output
    exit`
  seen.push(`retval ${run(kernel, map, code, type, repeat)}`)
  buffer.consume({
    sample: (data) => seen.push(hex(data.subarray(0, 24))),
    lost: (count) => seen.push(`lost ${count}`),
  })
  return seen
}

const CURRENT = '0xffffffff ll'
const WITH_20_BYTES = '0x14ffffffff ll'
const CLS = U.BPF_PROG_TYPE_SCHED_CLS

describe.skipIf(reason)(`effects${reason ? ` (skipped: ${reason})` : ''}`, () => {
  test.each([
    [CLS, CURRENT, 8, 1],
    [CLS, CURRENT, 3, 2],
    [CLS, CURRENT, 64, 1],
    [CLS, WITH_20_BYTES, 12, 1],
    [CLS, '0xfffffffffff ll', 8, 1],
    [U.BPF_PROG_TYPE_XDP, WITH_20_BYTES, 12, 1],
    [U.BPF_PROG_TYPE_RAW_TRACEPOINT, CURRENT, 16, 1],
    [CLS, CURRENT, 64, 2000],
  ])('perf records of program type %i, flags %s, %i bytes, %i runs', (type, flags, size, repeat) => {
    const [linux, virtual] = kernels.map((kernel) => records(kernel, type, flags, size, repeat))
    expect(virtual).toEqual(linux)
  })

  // Stacks of different programs meet in one of the map's places by their addresses: never, or always.
  test.each([
    ['with room', 1 << 16, ['0', '0x200', '0x400', '0x800', '0x1000', '255']],
    ['in a full map', 1, ['0', '0x200', '0', '0x400', '0x600', '0', '0x1000', '255']],
  ] as const)('stack ids: flags %s', (_where, maxEntries, flags) => {
    const answers = kernels.map((kernel) => {
      using map = BpfMap.create(kernel, {
        type: U.BPF_MAP_TYPE_STACK_TRACE,
        keySize: 4,
        valueSize: 8 * 16,
        maxEntries,
      })
      return flags.map((flag) => {
        const code = `ld_pseudo r2, 1, MAP\nr3 = ${flag}\ncall bpf_get_stackid\nif r0 s< 0 goto out\nr0 = 0\nout:\nexit`
        return run(kernel, map, code, U.BPF_PROG_TYPE_RAW_TRACEPOINT)
      })
    })
    expect(answers[1]).toEqual(answers[0])
  })
})

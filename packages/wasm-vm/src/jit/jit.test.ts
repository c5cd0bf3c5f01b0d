// SPDX-License-Identifier: GPL-2.0-only
import { loadRaw, mapCreate, mapLookupElem, mapUpdateElem } from '@skep/core'
import { assemble, encodeInstructions, isWide, loadImm64 } from '@skep/core/isa'
import {
  BPF_F_TEST_RUN_ON_CPU,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_SOCKET_FILTER,
} from '@skep/core/uapi'
import { describe, expect, test } from 'vitest'
import { createVirtualKernel } from '../create.ts'
import { OPTION } from '../exports.ts'
import type { VirtualKernel } from '../kernel.ts'
import { compilingKernel, loadText } from './jit.fixtures.ts'

const PACKET = Uint8Array.from({ length: 64 }, (_, i) => i)
/** Kernel memory in use, bytes. */
const OPTION_USED = 64
/** Meaning of src in a 64-bit load: the immediate is a map's fd. */
const BPF_PSEUDO_MAP_FD = 1
/** Linux runs a program and 33 more that it reaches by tail calls (MAX_TAIL_CALL_CNT). */
const TAIL_CALLS = 33

/** Instructions of a text whose 64-bit loads all stand for the map. */
function withMap(text: string, fd: number): Uint8Array {
  const instructions = assemble(text).instructions.map((insn) =>
    isWide(insn) ? loadImm64(insn.dst, BigInt(fd), BPF_PSEUDO_MAP_FD) : insn,
  )
  return encodeInstructions(instructions)
}

/** A program that counts its runs in the context's cb[0], then calls itself through the array. */
function selfCaller(fd: number): Uint8Array {
  const text = `r6 = r1
    r2 = *(u32 *)(r6 + 48)
    r2 += 1
    *(u32 *)(r6 + 48) = r2
    r2 = 0 ll
    r3 = 0
    call 12
    r0 = *(u32 *)(r6 + 48)
    exit`
  return withMap(text, fd)
}

function countTailCalls(kernel: VirtualKernel): number {
  const fd = mapCreate(kernel, { type: BPF_MAP_TYPE_PROG_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1 })
  using program = loadRaw(kernel, { type: BPF_PROG_TYPE_SOCKET_FILTER, insns: selfCaller(fd) })
  mapUpdateElem(kernel, fd, new Uint8Array(4), new Uint8Array(new Uint32Array([program.fd]).buffer))
  return program.testRun({ dataIn: PACKET }).retval
}

describe('tail calls', () => {
  test.each(['interp', 'checked', 'jit'] as const)('end where Linux ends them: %s', async (engine) => {
    using kernel = await createVirtualKernel({ engine })
    expect(countTailCalls(kernel)).toBe(TAIL_CALLS + 1)
  })
  test('compiled', async () => {
    using kernel = await compilingKernel()
    expect(countTailCalls(kernel)).toBe(TAIL_CALLS + 1)
  })
})

describe('an array per CPU', () => {
  const TEXT = `*(u32 *)(r10 - 4) = 1
    r1 = 0 ll
    r2 = r10
    r2 += -4
    call 1
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)
    r1 += 1
    *(u64 *)(r0 + 0) = r1
    out:
    r0 = 0
    exit`
  const kernels = {
    interpreted: () => createVirtualKernel({ engine: 'interp', cpus: 3 }),
    checked: () => createVirtualKernel({ engine: 'checked', cpus: 3 }),
    compiled: () => compilingKernel({ cpus: 3 }),
  }
  test.each(['interpreted', 'checked', 'compiled'] as const)('each CPU counts its own: %s', async (engine) => {
    using kernel = await kernels[engine]()
    const fd = mapCreate(kernel, { type: BPF_MAP_TYPE_PERCPU_ARRAY, keySize: 4, valueSize: 8, maxEntries: 2 })
    using program = loadRaw(kernel, { type: BPF_PROG_TYPE_RAW_TRACEPOINT, insns: withMap(TEXT, fd) })
    for (const cpu of [1, 2, 2]) program.testRun({ cpu, flags: BPF_F_TEST_RUN_ON_CPU })
    const counts = new BigUint64Array(3)
    mapLookupElem(kernel, fd, Uint8Array.of(1, 0, 0, 0), new Uint8Array(counts.buffer))
    expect(Array.from(counts)).toEqual([0n, 1n, 2n])
  })
})

describe('packet loads', () => {
  test('big endian, beyond the end the program returns 0', async () => {
    using kernel = await compilingKernel()
    // A socket filter's packet begins behind the 14 bytes of the Ethernet header
    using inside = loadText(kernel, 'r6 = r1\nr0 = *(u16 *)skb[2]\nexit')
    expect(inside.testRun({ dataIn: PACKET }).retval).toBe((16 << 8) | 17)
    using outside = loadText(kernel, 'r6 = r1\nr0 = *(u32 *)skb[60]\nr0 = 7\nexit')
    expect(outside.testRun({ dataIn: PACKET }).retval).toBe(0)
  })
})

test('a program says how long its module is, and gives its bytes', async () => {
  using kernel = await compilingKernel()
  using program = loadText(kernel, 'r0 = 42\nexit')
  const { jitedLength, jited } = program.info({ jited: true })
  expect(jited).toHaveLength(jitedLength)
  expect(Array.from(jited!.subarray(0, 4))).toEqual([0, 0x61, 0x73, 0x6d])
  expect(program.testRun({ dataIn: PACKET }).retval).toBe(42)
})

test('where the host cannot compile, the interpreter serves', async () => {
  using kernel = await createVirtualKernel({
    engine: 'jit',
    wasi: {
      imports: () => ({ clock_time_get: () => 0, random_get: () => 0, fd_write: () => 8 }) as never,
    },
  })
  kernel.exports.set_option(OPTION.jitThreshold, -1n)
  using program = loadText(kernel, 'r0 = 42\nexit')
  expect(program.info().jitedLength).toBe(0)
  expect(program.testRun({ dataIn: PACKET }).retval).toBe(42)
})

test('programs that come and go leave neither memory nor table entries behind', async () => {
  using kernel = await compilingKernel()
  const insns = encodeInstructions(assemble('r0 = *(u32 *)(r1 + 0)\nr0 += 1\nexit').instructions)
  const turn = () => loadRaw(kernel, { type: BPF_PROG_TYPE_SOCKET_FILTER, insns })[Symbol.dispose]()
  for (let i = 0; i < 10; i++) turn()
  const used = kernel.exports.get_option(OPTION_USED)
  const { length } = kernel.exports.table
  const pages = kernel.exports.memory.buffer.byteLength
  for (let i = 0; i < 5000; i++) turn()
  expect(kernel.exports.get_option(OPTION_USED)).toBe(used)
  expect(kernel.exports.table.length).toBe(length)
  expect(kernel.exports.memory.buffer.byteLength).toBe(pages)
})

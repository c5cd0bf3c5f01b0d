// SPDX-License-Identifier: GPL-2.0-only
/** What helpers do to the virtual kernel where no Linux is at hand: trace pipe, timers, types as text. */
import { BpfMap } from '@skep/core'
import { assemble, encodeInstructions } from '@skep/core/isa'
import { loadRaw, tryBtfLoad } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import { expect, test } from 'vitest'
import { createVirtualKernel, type VirtualKernel } from '../src/index.ts'

const insns = (code: string) => encodeInstructions(assemble(code).instructions)
const PACKET = new Uint8Array(64)

const STRINGS = '\0int\0u64\0bpf_timer\0value\0t\0n\0main\0each\0'
const at = (name: string) => STRINGS.indexOf(`\0${name}\0`) + 1
const kind = (k: number, vlen = 0) => (k << 24) | vlen

/** int, u64, bpf_timer, value { timer at 0, n at 16 }, and two functions without arguments (types 6 and 7). */
function loadTypes(kernel: VirtualKernel): number {
  const types = [
    [at('int'), kind(1), 4, (1 << 24) | 32],
    [at('u64'), kind(1), 8, 64],
    [at('bpf_timer'), kind(4), 16],
    [at('value'), kind(4, 2), 24, at('t'), 3, 0, at('n'), 2, 128],
    [0, kind(13), 1],
    [at('main'), kind(12), 5],
    [at('each'), kind(12), 5],
  ].flat()
  const head = [0xeb9f | (1 << 16), 24, 0, types.length * 4, types.length * 4, STRINGS.length]
  return tryBtfLoad(
    kernel,
    Buffer.concat([new Uint8Array(new Uint32Array([...head, ...types]).buffer), Buffer.from(STRINGS)]),
  ).result
}

function printing(format: string, args: readonly number[]): string {
  const bytes = Buffer.alloc(48)
  bytes.write(format, 'latin1')
  const words = Array.from(
    { length: 6 },
    (_, i) => `r1 = ${bytes.readBigUInt64LE(i * 8)} ll\n*(u64 *)(r10 - ${48 - i * 8}) = r1`,
  )
  const loads = args.map((arg, i) => `r${i + 3} = ${arg}`).join('\n')
  return `${words.join('\n')}\nr1 = r10\nr1 += -48\nr2 = ${format.length + 1}\n${loads}\ncall bpf_trace_printk\nexit`
}

test('bpf_trace_printk writes a line as the trace pipe of Linux has it', async () => {
  using kernel = await createVirtualKernel({ virtualTime: 12_345_678_900n })
  using program = loadRaw(kernel, {
    type: U.BPF_PROG_TYPE_SOCKET_FILTER,
    insns: insns(printing('value %d of %x', [-5, 0xbeef])),
  })
  expect(program.testRun({ dataIn: PACKET }).retval).toBe('value -5 of beef'.length)
  expect(kernel.readTracePipe()).toMatch(
    /^ {12}\S+-\d+ +\[000\] \.\.\.11 +12\.345678: bpf_trace_printk: value -5 of beef\n$/,
  )
  expect(kernel.readTracePipe()).toBe('')
})

test('the trace pipe keeps the newest text when nobody reads', async () => {
  using kernel = await createVirtualKernel({ virtualTime: 1n })
  using program = loadRaw(kernel, { type: U.BPF_PROG_TYPE_SOCKET_FILTER, insns: insns(printing('line', [])) })
  program.testRun({ dataIn: PACKET, repeat: 30_000 })
  const text = kernel.readTracePipe()
  expect(text.length).toBeLessThanOrEqual(1 << 20)
  expect(text.endsWith('bpf_trace_printk: line\n')).toBe(true)
})

test('a timer fires when the virtual clock reaches it, once', async () => {
  using kernel = await createVirtualKernel({ virtualTime: 1000n })
  const btfFd = loadTypes(kernel)
  using map = BpfMap.create(kernel, {
    type: U.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 24,
    maxEntries: 1,
    btfFd,
    btfKeyTypeId: 1,
    btfValueTypeId: 4,
  })
  const code = `
    *(u32 *)(r10 - 4) = 0
    ld_pseudo r1, 1, ${map.fd}
    r2 = r10
    r2 += -4
    call bpf_map_lookup_elem
    if r0 == 0 goto out
    r6 = r0
    r1 = r6
    ld_pseudo r2, 1, ${map.fd}
    r3 = 1
    call bpf_timer_init
    r1 = r6
    r2 = each ll
    call bpf_timer_set_callback
    r1 = r6
    r2 = 5000
    r3 = 0
    call bpf_timer_start
  out:
    r0 = 0
    exit
  each:
    r1 = *(u64 *)(r3 + 16)
    r1 += 1
    *(u64 *)(r3 + 16) = r1
    r0 = 0
    exit`
  const { instructions, labels } = assemble(code)
  using program = loadRaw(kernel, {
    type: U.BPF_PROG_TYPE_SCHED_CLS,
    insns: encodeInstructions(instructions),
    btfFd,
    funcInfo: { bytes: new Uint8Array(new Uint32Array([0, 6, labels.get('each') ?? 0, 7]).buffer), recordSize: 8 },
  })
  const fired = () => new DataView(map.lookupBytes(0)?.buffer ?? new ArrayBuffer(24)).getBigUint64(16, true)
  program.testRun({ dataIn: PACKET })
  kernel.advance(4999n)
  expect(fired()).toBe(0n)
  kernel.advance(1n)
  expect(fired()).toBe(1n)
  kernel.advance(100_000n)
  expect(fired()).toBe(1n)
  kernel.close(btfFd)
})

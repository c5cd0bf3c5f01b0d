// SPDX-License-Identifier: BSD-2-Clause
/** bpf_snprintf_btf: types of the running kernel shown by both kernels, the same bytes in, the same text out. */
import { BpfMap } from '@skep/core'
import { type BtfKind, parseBtf } from '@skep/core/btf'
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
  const kernelBtf = linux.kernelBtf
  if (!kernelBtf) throw new Error('the running kernel shows no BTF')
  kernels.push(linux, await createVirtualKernel({ kernelBtf }))
})
afterAll(() => {
  for (const kernel of kernels) kernel[Symbol.dispose]()
})

const OBJECT = 256
const TEXT = 2048

/** The text (and r0) of an object of this type whose bytes are given. */
function shown(kernel: Kernel, typeId: number, bytes: Uint8Array, flags: number, room: number): string {
  using map = BpfMap.create(kernel, { type: U.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: OBJECT + TEXT, maxEntries: 1 })
  const value = new Uint8Array(OBJECT + TEXT)
  value.set(bytes)
  map.update(0, value)
  const code = `
    *(u32 *)(r10 - 4) = 0
    ld_pseudo r1, 1, ${map.fd}
    r2 = r10
    r2 += -4
    call bpf_map_lookup_elem
    if r0 == 0 goto out
    *(u64 *)(r10 - 24) = r0
    *(u32 *)(r10 - 16) = ${typeId}
    *(u32 *)(r10 - 12) = 0
    r1 = r0
    r1 += ${OBJECT}
    r2 = ${room}
    r3 = r10
    r3 += -24
    r4 = 16
    r5 = ${flags}
    call bpf_snprintf_btf
  out:
    exit`
  using program = loadRaw(kernel, {
    type: U.BPF_PROG_TYPE_SCHED_CLS,
    insns: encodeInstructions(assemble(code).instructions),
  })
  const { retval } = program.testRun({ dataIn: FRAME })
  const after = map.lookupBytes(0) ?? new Uint8Array()
  return `${retval | 0} ${Buffer.from(after.subarray(OBJECT)).toString('latin1').replace(/\0+$/, '')}`
}

const zeros = new Uint8Array(OBJECT)
const counting = Uint8Array.from({ length: OBJECT }, (_, i) => (i * 37 + 1) & 0xff)
const letters = Uint8Array.from({ length: OBJECT }, (_, i) => (i < 5 ? 97 + i : i < 8 ? 0 : i & 1))
const sparse = Uint8Array.from({ length: OBJECT }, (_, i) => (i === 20 || i === 3 ? 1 : 0))
const RAW = 4

const TYPES: readonly [string, BtfKind][] = [
  ['iphdr', 'STRUCT'],
  ['ethhdr', 'STRUCT'],
  ['in6_addr', 'STRUCT'],
  ['ipv6hdr', 'STRUCT'],
  ['tcphdr', 'STRUCT'],
  ['list_head', 'STRUCT'],
  ['timespec64', 'STRUCT'],
  ['bpf_insn', 'STRUCT'],
  ['bpf_map_info', 'STRUCT'],
  ['bpf_timer', 'STRUCT'],
  ['sockaddr_in', 'STRUCT'],
  ['bpf_prog_type', 'ENUM'],
  ['u64', 'TYPEDEF'],
  ['__be16', 'TYPEDEF'],
  ['int', 'INT'],
  ['char', 'INT'],
  ['bpf_flow_keys', 'STRUCT'],
  ['rb_node', 'STRUCT'],
  ['hlist_head', 'STRUCT'],
  ['bpf_tunnel_key', 'STRUCT'],
]

describe.skipIf(reason)(`types as text${reason ? ` (skipped: ${reason})` : ''}`, () => {
  test.each(TYPES)('%s (%s)', (name, kind) => {
    const btf = parseBtf(kernels[0]?.kernelBtf ?? new Uint8Array())
    const id = btf.find(name, kind)
    expect(id, name).toBeDefined()
    for (const bytes of [zeros, counting, letters, sparse]) {
      for (const flags of [0, 1, 2, 3, 8, 9, 16]) {
        const [linux, virtual] = kernels.map((kernel) =>
          shown(kernel, id ?? 0, bytes, flags | (flags < 16 ? RAW : 0), 1500),
        )
        expect(virtual).toBe(linux)
      }
      const [linux, virtual] = kernels.map((kernel) => shown(kernel, id ?? 0, bytes, RAW, 20))
      expect(virtual).toBe(linux)
    }
  })

  test('no such type', () => {
    for (const id of [0, -1, 0x7ffffff0]) {
      const [linux, virtual] = kernels.map((kernel) => shown(kernel, id, zeros, 0, 100))
      expect(virtual).toBe(linux)
    }
  })
})

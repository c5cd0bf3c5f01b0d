// SPDX-License-Identifier: BSD-2-Clause
/** The sequence of system calls of a load, on kernels that are made up: an old one, one that refuses. */
import { describe, expect, test } from 'vitest'
import { type FakeKernel, fakeKernel } from '../../test-fixtures/fake-kernel.ts'
import { BtfBuilder, parseBtf } from '../btf/index.ts'
import { VerifierError } from '../errors/index.ts'
import * as U from '../gen/uapi-enums.gen.ts'
import { ATTR_BTF_LOAD, ATTR_MAP_CREATE, ATTR_PROG_LOAD } from '../gen/uapi-layouts.gen.ts'
import { ObjectSpec } from '../object/object.ts'
import type { MapSpec } from '../object/spec.ts'
import { getBigField, getField } from './attr.ts'

const EINVAL = -22

function map(name: string, changes: Partial<MapSpec>): MapSpec {
  return {
    name,
    origin: 'btf',
    section: '.maps',
    offset: 0,
    type: U.BPF_MAP_TYPE_HASH,
    keySize: 4,
    valueSize: 4,
    maxEntries: 1,
    flags: 0,
    numaNode: 0,
    mapExtra: 0n,
    pinByName: false,
    keyTypeId: 1,
    valueTypeId: 1,
    initial: [],
    autocreate: true,
    variables: [],
    ...changes,
  }
}

function object(maps: MapSpec[]): ObjectSpec {
  const builder = new BtfBuilder()
  const int = builder.add({ kind: 'INT', name: 'int', size: 4, bits: 32, bitOffset: 0, encoding: 1 })
  builder.add({ kind: 'FLOAT', name: 'float', size: 4 })
  const proto = builder.add({ kind: 'FUNC_PROTO', name: '', returnType: int, params: [] })
  const func = builder.add({ kind: 'FUNC', name: 'main', type: proto, linkage: 1 })
  const program = {
    name: 'main',
    section: 'socket',
    offset: 0,
    isStatic: false,
    slots: [
      { code: 0xb7, dst: 0, src: 0, off: 0, imm: 0 },
      { code: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
    ],
    references: [],
    funcInfo: [{ slot: 0, typeId: func }],
    lineInfo: [{ slot: 0, file: 'a.c', text: 'return 0;', line: 3, column: 2 }],
    coreRelos: [],
    type: U.BPF_PROG_TYPE_SOCKET_FILTER,
    expectedAttachType: 0,
    flags: 0,
    attachTo: '',
    attachBtf: false,
    attachTypeOptional: false,
    autoload: true,
  }
  const parts = { name: 'o', littleEndian: true, license: 'GPL', kernVersion: 0, externs: [], functions: [] }
  return new ObjectSpec({ ...parts, btf: builder.build(), programs: [program], maps })
}

/** A kernel of before 5.13: it knows no FLOAT. */
function oldKernel(refuseProgram = false): FakeKernel {
  let fd = 10
  return fakeKernel((call, memory, attr) => {
    if (call.cmd === U.BPF_BTF_LOAD) {
      const bytes = memory.at(getBigField(ATTR_BTF_LOAD, attr, 'btf', true))
      const btf = parseBtf(bytes.subarray(0, getField(ATTR_BTF_LOAD, attr, 'btf_size', true)))
      return [...btf.ids()].some((id) => btf.kindOf(id) === 'FLOAT') ? EINVAL : fd++
    }
    if (call.cmd === U.BPF_PROG_LOAD && refuseProgram && getField(ATTR_PROG_LOAD, attr, 'func_info_cnt', true)) {
      const log = getBigField(ATTR_PROG_LOAD, attr, 'log_buf', true)
      if (log) memory.at(log).set(new TextEncoder().encode('0: (b7) r0 = 0\nno good\nprocessed 1 insns\n'))
      return -13
    }
    return fd++
  })
}

const named = (kernel: FakeKernel, cmd: number) => kernel.calls.filter((call) => call.cmd === cmd)

describe('an old kernel', () => {
  test('gets types without what it does not know', () => {
    const kernel = oldKernel()
    using loaded = object([map('m', {})]).load(kernel)
    expect(loaded.program('main').fd).toBeGreaterThan(0)
    const program = named(kernel, U.BPF_PROG_LOAD).at(-1)!.attr
    expect(getField(ATTR_PROG_LOAD, program, 'func_info_cnt', true)).toBe(1)
    expect(getField(ATTR_PROG_LOAD, program, 'line_info_rec_size', true)).toBe(16)
    const created = named(kernel, U.BPF_MAP_CREATE).at(-1)!.attr
    expect(getField(ATTR_MAP_CREATE, created, 'btf_key_type_id', true)).toBe(1)
    expect(getField(ATTR_MAP_CREATE, created, 'btf_fd', true)).toBe(
      getField(ATTR_PROG_LOAD, program, 'prog_btf_fd', true),
    )
  })

  test('everything that was opened is closed', () => {
    const kernel = oldKernel()
    const opened = new Set<number>()
    const loaded = object([map('m', {})]).load(kernel)
    for (const fd of [loaded.program('main').fd, loaded.map('m').fd]) opened.add(fd)
    for (const fd of opened) expect(kernel.closed).not.toContain(fd)
    loaded[Symbol.dispose]()
    for (const fd of opened) expect(kernel.closed).toContain(fd)
    expect(new Set(kernel.closed).size).toBe(kernel.closed.length)
    // The block that every call uses.
    expect(kernel.userMemory.buffers.size).toBe(1)
  })
})

describe('maps', () => {
  test('ring buffers are rounded to pages, perf arrays sized by the CPUs', () => {
    const kernel = oldKernel()
    const ring = { type: U.BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 5000 }
    const perf = { type: U.BPF_MAP_TYPE_PERF_EVENT_ARRAY, maxEntries: 0 }
    object([map('ring', ring), map('perf', perf)])
      .load(kernel)
      [Symbol.dispose]()
    const sizes = named(kernel, U.BPF_MAP_CREATE).map(({ attr }) => [
      getField(ATTR_MAP_CREATE, attr, 'map_type', true),
      getField(ATTR_MAP_CREATE, attr, 'max_entries', true),
      getField(ATTR_MAP_CREATE, attr, 'btf_key_type_id', true),
    ])
    expect(sizes).toContainEqual([U.BPF_MAP_TYPE_RINGBUF, 8192, 1])
    // Types are refused there, so none are given.
    expect(sizes).toContainEqual([U.BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 0])
  })

  test('the inner map comes first and goes again', () => {
    const kernel = oldKernel()
    const inner = map('outer.inner', { origin: 'inner', valueSize: 8 })
    const outer = map('outer', { type: U.BPF_MAP_TYPE_ARRAY_OF_MAPS, inner })
    object([outer]).load(kernel)[Symbol.dispose]()
    const [first, second] = named(kernel, U.BPF_MAP_CREATE).map(({ attr }) => attr) as [Uint8Array, Uint8Array]
    expect(getField(ATTR_MAP_CREATE, first, 'value_size', true)).toBe(8)
    const innerFd = getField(ATTR_MAP_CREATE, second, 'inner_map_fd', true)
    expect(innerFd).toBeGreaterThan(0)
    expect(kernel.closed.filter((fd) => fd === innerFd)).toHaveLength(1)
  })
})

test('a refusal is asked for a second time with a log, and leaves nothing open', () => {
  const kernel = oldKernel(true)
  expect(() => object([map('m', {})]).load(kernel)).toThrow(VerifierError)
  expect(() => object([]).load(oldKernel(true))).toThrow("load 'main': no good at instruction 0 (a.c:3: return 0;)")
  const levels = named(kernel, U.BPF_PROG_LOAD)
    .filter(({ attr }) => getField(ATTR_PROG_LOAD, attr, 'func_info_cnt', true))
    .map(({ attr }) => getField(ATTR_PROG_LOAD, attr, 'log_level', true))
  expect(levels).toEqual([0, 1])
})

test('an object of the other byte order is refused before anything is asked', () => {
  const kernel = fakeKernel(() => 1, { littleEndian: false })
  expect(() => object([]).load(kernel)).toThrow('the object is little endian, the kernel takes big endian')
  expect(kernel.calls).toHaveLength(0)
})
